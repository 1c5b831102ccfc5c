"""A real PostgreSQL server of one's own, in a folder, gone when the block ends.

with RealPostgres(server_folder("lab-pg-")) as server:
    server.sql("create database practice")
    server.sql("select count(*) from patient", database="practice")
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

_CONFIG = """
# A rehearsal server: quick to make, nothing to keep.
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 4GB
shared_buffers = 128MB
max_connections = 60
log_min_messages = warning
"""


class RealPostgres:
    """A PostgreSQL server in ``folder``, on a unix socket and, if given, on an address.

    Starting again in the same folder finds the same data. Over the socket everybody is
    trusted; over ``address`` a password (SCRAM) is needed.

    Args:
        folder: holds the data and the log; must be reachable for the server's user.
        port: socket number and TCP port; a free one when ``address`` is given without it.
        address: IP address to listen on as well, such as ``127.0.10.2``.
        bin_dir: folder with the server's programs; default the newest installed.
        settings: further lines for ``postgresql.conf``, by name.

    Attributes:
        host: the socket directory, for ``-h`` and as ``host_address`` of an asset.
        superuser: the name of the superuser, ``postgres``.
        user: the system user that the server runs as, or ``None`` for ourselves.
    """

    superuser = "postgres"

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        address: str | None = None,
        *,
        bin_dir: Path | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.address = address
        self.port = port or (free_port(address) if address else 5432)
        self.bin_dir = bin_dir or newest_postgresql()
        self.data = folder / "data"
        self.user = server_user("postgres")
        self.host = ""
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
        # A socket's path may be 107 bytes at most, so it never lies in the given folder.
        self.host = self.host or tempfile.mkdtemp(prefix="sluis-pg-")
        give(Path(self.host), self.user)
        Path(self.host).chmod(0o755)
        if not (self.data / "PG_VERSION").exists():
            self._init()
        self._server = ServerProcess(
            [
                str(self.bin_dir / "postgres"), "-D", str(self.data), "-k", self.host,
                "-p", str(self.port), "-h", self.address or "",
            ],
            self.user,
            _environment(),
            self.folder / "server.log",
        )  # fmt: skip
        self._server.start(self._ready)

    def stop(self, *, crash: bool = False) -> None:
        """Stop (``crash``: at once, as after a power cut) and remove the socket directory."""
        if self._server is not None:
            self._server.stop(signal.SIGQUIT if crash else signal.SIGINT)
            self._server = None
        if self.host:
            shutil.rmtree(self.host, ignore_errors=True)
            self.host = ""

    def sql(self, statements: str, database: str = "postgres", user: str | None = None) -> str:
        """Run SQL as superuser (or ``user``) and return its unaligned output, stripped.

        Raises:
            ServerError: psql ended with an error; the message is psql's own.
        """
        done = subprocess.run(
            [
                str(self.bin_dir / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                "-h", self.host, "-p", str(self.port), "-U", user or self.superuser,
                "-d", _connection_word(database),
            ],
            input=statements, env=_environment(), capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise ServerError(done.stderr.strip())
        return done.stdout.strip()

    def program(self, name: str) -> str:
        """Full path of one of this server's programs, such as ``pgbench``."""
        return str(self.bin_dir / name)

    def _init(self) -> None:
        run_as(
            [
                str(self.bin_dir / "initdb"), "-D", str(self.data), "-U", self.superuser,
                "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
            ],
            self.user,
            _environment(),
        )  # fmt: skip
        lines = [_CONFIG, *(f"{name} = '{value}'" for name, value in self._settings.items())]
        with (self.data / "postgresql.conf").open("a") as config:
            config.write("\n".join(lines) + "\n")
        access = "local all all trust\nlocal replication all trust\n"
        if self.address:
            access += "host all all samenet scram-sha-256\nhost all all samehost scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(access)

    def _ready(self) -> bool:
        asked = subprocess.run(
            [
                str(self.bin_dir / "psql"), "-X", "-A", "-t", "-c", "select 1", "-h", self.host,
                "-p", str(self.port), "-U", self.superuser, "-d", "postgres",
            ],
            env=_environment(), capture_output=True,
        )  # fmt: skip
        return asked.returncode == 0


def newest_postgresql() -> Path:
    """The folder with the programs of the newest installed PostgreSQL server.

    Debian keeps each major version in ``/usr/lib/postgresql/<major>/bin``.
    """
    found = sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: float(path.parent.name)
    )
    return binary("postgres", list(reversed(found))).parent


def _connection_word(database: str) -> str:
    """psql takes a word with ``=`` in it, or like a URI, for a connection string."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _environment() -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {**keep, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PGCLIENTENCODING": "UTF8"}
