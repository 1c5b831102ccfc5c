"""A throw-away MariaDB server to restore into: private, without network, gone after.

It listens on a unix socket in a folder of its own that only its user may enter, runs no
events, writes no binary log, and as root runs in a network namespace of its own: a restored
database must not be able to reach anybody's real servers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Type, Union

from ..errors import SnapshotError
from ..programs import PATH, Command, fixed, option
from .children import Account, Children, confined_words
from .mariadb_programs import knows_option, need_program
from .mariadb_session import MariadbConnection, MariadbSession, plain_environment, quoted
from .plain_dump import open_dump

if TYPE_CHECKING:
    from typing import Self

#: Where a socket's path stays short.
_SHORT = "/tmp"  # noqa: S108  a folder of our own, 0700, is made in it
_SETTINGS = fixed(
    "--skip-networking", "--event-scheduler=OFF", "--skip-log-bin", "--skip-slave-start",
    "--local-infile=0", "--log-bin-trust-function-creators=1", "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--max-allowed-packet=1G",
    "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=512M", "--performance-schema=OFF",
    "--aria-log-purge-type=immediate", "--character-set-server=utf8mb4",
    "--innodb-stats-persistent=0",
)  # fmt: skip


#: what the source may say of these settings, and what is taken when it says nothing
_LIKE: Dict[str, Tuple[Union[str, int], ...]] = {
    "lower-case-table-names": (0, 1, 2),
    "innodb-page-size": (16384, 4096, 8192, 32768, 65536),
    "innodb-strict-mode": (0, 1),
    "innodb-default-row-format": ("dynamic", "compact", "redundant"),
}


def like_source(database: Mapping[str, Any]) -> Dict[str, Union[str, int]]:
    """Choose the settings that a scratch server must share with the source.

    The source may be in strange hands, and ``mariadb-install-db`` is a shell script that
    splits its arguments into words (version 10.11): only listed values pass.

    Raises:
        SnapshotError: ``bad-facts``.
    """
    chosen = {}
    for name, values in _LIKE.items():
        said = database.get(name.replace("-", "_"), values[0])
        if isinstance(said, bool) or said not in values:
            raise SnapshotError(
                "bad-facts",
                f"The source says that its {name} is {str(said)[:40]!r}, which MariaDB cannot be.",
                "Make a new snapshot. If it happens again, look for who alters that host.",
            )
        chosen[name] = values[values.index(said)]
    return chosen


class ScratchMariadb:
    """A running scratch server; a context manager that always ends it.

    Args:
        children: the block whose private folder holds the data; it removes it as well.
        account: the user to run as, None for ourselves.
        bin_dir: where to look for programs first.
        database: what the source says of itself, or empty.
    """

    def __init__(
        self,
        children: Children,
        account: Optional[Account],
        bin_dir: Optional[str],
        database: Dict[str, Any],
    ) -> None:
        self.ran: List[str] = []
        self._children = children
        self._account = account
        self._bin_dir = bin_dir
        self._data = os.path.join(children.private, "data")
        self._log = os.path.join(children.private, "server.log")
        self._closed_folder = os.path.join(children.private, "files")
        self._socket = ""
        self._server: Optional[subprocess.Popen[bytes]] = None
        like = like_source(database)
        self._like = [
            option("--lower-case-table-names", like["lower-case-table-names"]),
            option("--innodb-page-size", like["innodb-page-size"]),
            option("--innodb-strict-mode", like["innodb-strict-mode"]),
            option("--innodb-default-row-format", like["innodb-default-row-format"]),
        ]

    def __enter__(self) -> Self:
        try:
            self._init()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    @property
    def data(self) -> str:
        """Its data folder."""
        return self._data

    def session(self, database: Optional[str] = None) -> MariadbSession:
        """A session as its superuser."""
        return MariadbSession(
            self._children, self._connection(), database, self._bin_dir, self._account
        )

    def load(self, path: str, database: Optional[str]) -> str:
        """Run a plain dump, also a compressed one; what went wrong, or nothing.

        The client may touch no file and run no program, whatever the dump tells it to.
        """
        return load_dump(
            self._children, self._connection(), path, database, self._bin_dir, self._account
        )

    def start(self) -> None:
        """Start it on the data it has and wait until it answers."""
        self._socket = self._socket or self._socket_path()
        command = Command(
            need_program("mariadbd", self._bin_dir),
            fixed("--no-defaults"),
            option("--datadir", self._data),
            option("--socket", self._socket),
            option("--pid-file", f"{self._socket}.pid"),
            option("--tmpdir", self._closed_folder),
            option("--secure-file-priv", self._closed_folder),
            _SETTINGS,
            *self._like,
        )
        with open(self._log, "ab") as log:
            self._server = self._children.start(
                command, _plain(), self._account, stdout=log, stderr=log
            )
        words = confined_words(self._account)
        self.ran.append(f"mariadbd (scratch, unix socket only, events off{words})")
        until = time.monotonic() + 120
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > until:
                raise SnapshotError(
                    "scratch-server-failed",
                    f"The scratch MariaDB server did not start: {self._log_tail()}",
                    "Put right what its log says on the verifier, then verify again.",
                )
            time.sleep(0.02)

    def stop(self, *, orderly: bool = False) -> None:
        """Stop it; at once, unless its data are to be used again."""
        server, self._server = self._server, None
        if server is not None:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM if orderly else signal.SIGKILL)
            self._children.wait(server)

    def _connection(self) -> MariadbConnection:
        return MariadbConnection(self._socket, 3306, "root")

    def _init(self) -> None:
        os.mkdir(self._closed_folder, 0o700)
        if self._account is not None:
            os.chown(self._closed_folder, self._account.uid, self._account.gid)
        done = self._children.run(
            Command(
                need_program("mariadb-install-db", self._bin_dir),
                fixed("--no-defaults", "--auth-root-authentication-method=normal"),
                fixed("--skip-test-db", "--skip-name-resolve"),
                option("--datadir", self._data),
                option("--tmpdir", self._closed_folder),
                *self._like[:2],
            ),
            # A starting server removes the temporary tables of others in a shared folder.
            {**_plain(), "TMPDIR": self._closed_folder},
            self._account,
        )
        if done.status != 0:
            said = (done.output + done.errors)[-800:]
            raise SnapshotError(
                "scratch-server-failed",
                f"mariadb-install-db could not make a scratch server: {said}",
                "Check space and rights of the verifier's scratch folder.",
            )

    def _socket_path(self) -> str:
        # A socket's path may be 107 bytes at most; scratch folders are often longer.
        home = self._children.private
        if len(os.fsencode(home)) > 80:
            home = self._children.also_remove(tempfile.mkdtemp(prefix="sluis-", dir=_SHORT))
            if self._account is not None:
                os.chown(home, self._account.uid, self._account.gid)
        return os.path.join(home, "s")

    def _answers(self) -> bool:
        if not os.path.exists(self._socket):
            return False
        command = Command(
            need_program("mariadb", self._bin_dir),
            *self._connection().options(self._children),
            fixed("--execute=select 1"),
        )
        return self._children.run(command, plain_environment(), self._account).status == 0

    def _log_tail(self) -> str:
        try:
            with open(self._log, "rb") as log:
                return log.read().decode("utf-8", "replace")[-1500:]
        except OSError:
            return "it left no log"


def load_dump(
    children: Children,
    connection: MariadbConnection,
    path: str,
    database: Optional[str],
    bin_dir: Optional[str],
    account: Optional[Account] = None,
) -> str:
    """Run a plain dump through the client; what went wrong, or nothing.

    The client gets the open file, so its user need not be able to enter the folder.
    """
    client = need_program("mariadb", bin_dir)
    command = Command(
        client,
        *connection.options(children),
        fixed("--binary-mode", "--local-infile=0"),
        fixed("--default-character-set=utf8mb4", "--max-allowed-packet=1G"),
        fixed("--sandbox") if knows_option(client, "--sandbox") else fixed(),
        fixed() if database is None else option("--database", database),
    )
    runs_as = account or connection.account
    with open_dump(path) as source:
        if isinstance(source.fileno(), int) and type(source).__module__ == "_io":
            done = children.run(command, plain_environment(), runs_as, stdin=source)
            return done.errors.strip() or "no reason given" if done.status != 0 else ""
        return _feed(children, command, runs_as, source)


def _feed(children: Children, command: Command, account: Optional[Account], source: Any) -> str:
    with tempfile.TemporaryFile() as errors:
        child = children.start(
            command, plain_environment(), account, stdin=subprocess.PIPE, stderr=errors
        )
        if child.stdin is None:
            raise AssertionError("it was asked for")
        try:
            while True:
                piece = source.read(1 << 20)
                if not piece:
                    break
                child.stdin.write(piece)
            child.stdin.close()
        except OSError:
            pass  # the client ended; its status and text say why
        status = children.wait(child)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    return said or "no reason given" if status != 0 else ""


def create_definers(session: MariadbSession, definers: List[str]) -> None:
    """Make the users that views and routines run as, locked, so that those can be checked."""
    for definer in definers:
        user, at, host = definer.rpartition("@")
        if not at or not user:
            continue  # a role; nothing needs it here
        session.rows(f"create user if not exists {quoted(user)}@{quoted(host)} account lock")


def _plain() -> Dict[str, str]:
    return {"PATH": PATH, "LC_ALL": "C.UTF-8"}
