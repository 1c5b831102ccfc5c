"""A real MariaDB server of one's own, in a folder, gone when the block ends.

with RealMariadb(server_folder("lab-maria-")) as server:
    server.sql("create database shop")
    server.sql("select count(*) from photo", database="shop")
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from .server_process import ServerError, ServerProcess, binary, free_port, give, run_as, server_user

_CONFIG = """[mariadbd]
# A rehearsal server: quick to make, nothing to keep.
innodb_flush_log_at_trx_commit = 0
innodb_flush_method = nosync
innodb_doublewrite = 0
innodb_buffer_pool_size = 128M
innodb_log_file_size = 64M
performance_schema = OFF
skip_name_resolve = ON
character_set_server = utf8mb4
"""


class RealMariadb:
    """A MariaDB server in ``folder``, on a unix socket and, if given, on an address.

    Starting again in the same folder finds the same data. ``root`` has no password and
    may come in over the socket only; make users for anything else.

    Args:
        folder: holds the data and the log; must be reachable for the server's user.
        port: TCP port; a free one when ``address`` is given without it.
        address: IP address to listen on as well; without it there is no network at all.
        settings: further server settings, by name.

    Attributes:
        socket: path of the unix socket, also as ``host_address`` of an asset.
        superuser: ``root``.
        user: the system user that the server runs as, or ``None`` for ourselves.
    """

    superuser = "root"

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        address: str | None = None,
        *,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.address = address
        self.port = port or (free_port(address) if address else 3306)
        self.data = folder / "data"
        self.user = server_user("mysql")
        self.socket = ""
        self._settings = settings or {}
        self._server: ServerProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._server.pid if self._server else None

    def start(self) -> None:
        """Make the data folder if there is none, start, and wait for an answer."""
        give(self.folder, self.user)
        if not self.socket:
            # A socket's path may be 107 bytes at most, so it never lies in the given folder.
            home = Path(tempfile.mkdtemp(prefix="sluis-maria-"))
            give(home, self.user)
            home.chmod(0o755)
            self.socket = str(home / "s")
        config = self.folder / "server.cnf"
        lines = [_CONFIG, *(f"{name} = {value}" for name, value in self._settings.items())]
        config.write_text("\n".join(lines) + "\n")
        config.chmod(0o644)
        if not (self.data / "mysql").exists():
            self._init(config)
        network = ["--skip-networking"]
        if self.address:
            network = [f"--bind-address={self.address}", f"--port={self.port}"]
        self._server = ServerProcess(
            [
                str(binary("mariadbd", [])), f"--defaults-file={config}",
                f"--datadir={self.data}", f"--socket={self.socket}",
                f"--pid-file={self.folder / 'server.pid'}", f"--tmpdir={self.folder}", *network,
            ],
            self.user,
            _environment(),
            self.folder / "server.log",
        )  # fmt: skip
        self._server.start(self._ready)

    def stop(self, *, crash: bool = False) -> None:
        """Stop (``crash``: at once, as after a power cut) and remove the socket directory."""
        if self._server is not None:
            self._server.stop(signal.SIGKILL if crash else signal.SIGTERM)
            self._server = None
        if self.socket:
            shutil.rmtree(Path(self.socket).parent, ignore_errors=True)
            self.socket = ""

    def sql(self, statements: str, database: str = "mysql", user: str | None = None) -> str:
        """Run SQL as root (or ``user``) and return its tab-separated output, stripped.

        Raises:
            ServerError: the client ended with an error; the message is its own.
        """
        done = subprocess.run(
            [
                str(binary("mariadb", [])), "--no-defaults", "--batch", "--skip-column-names",
                "--raw", "--default-character-set=utf8mb4", f"--socket={self.socket}",
                f"--user={user or self.superuser}", f"--database={database}",
            ],
            input=statements, env=_environment(), capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise ServerError(done.stderr.strip())
        return done.stdout.strip()

    def program(self, name: str) -> str:
        """Full path of one of MariaDB's programs, such as ``mariadb-dump``."""
        return str(binary(name, []))

    def _init(self, config: Path) -> None:
        run_as(
            [
                str(binary("mariadb-install-db", [])), f"--defaults-file={config}",
                f"--datadir={self.data}", "--auth-root-authentication-method=normal",
                "--skip-test-db", "--skip-name-resolve", f"--tmpdir={self.folder}",
            ],
            self.user,
            # A starting server removes the temporary tables of others in a shared folder.
            {**_environment(), "TMPDIR": str(self.folder)},
        )  # fmt: skip

    def _ready(self) -> bool:
        asked = subprocess.run(
            [
                str(binary("mariadb", [])), "--no-defaults", f"--socket={self.socket}",
                f"--user={self.superuser}", "--execute=select 1",
            ],
            env=_environment(), capture_output=True,
        )  # fmt: skip
        return asked.returncode == 0


def _environment() -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {**keep, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
