"""A throw-away PostgreSQL server to restore into: private, without network, gone after.

It listens on a unix socket in a folder of its own that only its user may enter, archives
nothing, sends nothing anywhere, and as root runs in a network namespace of its own: a
restored database must not be able to reach anybody's real servers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from types import TracebackType
from typing import TYPE_CHECKING, Dict, List, Optional, Type

from ..errors import SnapshotError
from ..programs import PATH, Command, fixed, option
from .children import Account, Children, confined_words
from .postgresql_programs import Programs
from .postgresql_session import Connection, Session, identifier

if TYPE_CHECKING:
    from typing import Self

#: Nothing here has to survive a crash, and nothing may leave the machine.
_SETTINGS = {
    "listen_addresses": "",
    "archive_mode": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_replication_slots": "0",
    "max_logical_replication_workers": "0",
    "autovacuum": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1d",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "20",
    "max_locks_per_transaction": "4096",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_destination": "stderr",
}
#: Where a socket's path stays short.
_SHORT = "/tmp"  # noqa: S108  a folder of our own, 0700, is made in it
#: Not known to the oldest versions we speak to.
_SINCE = {"jit": 11}


class ScratchServer:
    """A running scratch server; a context manager that always ends it.

    Args:
        children: the block whose private folder holds the data; it removes it as well.
        programs: of the source's major version.
        account: the user to run as, None for ourselves.
        superuser: the name of the source's first superuser, which owns what it owned there.
    """

    def __init__(
        self,
        children: Children,
        programs: Programs,
        account: Optional[Account],
        superuser: str,
    ) -> None:
        self.programs = programs
        self.ran: List[str] = []
        self._children = children
        self._account = account
        self._superuser = _role_name(superuser)
        self._data = os.path.join(children.private, "data")
        self._log = os.path.join(children.private, "server.log")
        self._socket = ""
        self._server: Optional[subprocess.Popen[bytes]] = None

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
    def connection(self) -> Connection:
        """How to reach it, as its superuser."""
        return Connection(self._socket, 5432, self._superuser)

    @property
    def account(self) -> Optional[Account]:
        """Who its clients run as."""
        return self._account

    @property
    def environment(self) -> Dict[str, str]:
        """The environment of its clients."""
        return {**self.connection.environment(self._children), "PATH": PATH}

    @property
    def data(self) -> str:
        """Its data folder."""
        return self._data

    def session(self, database: str = "postgres") -> Session:
        """A session as superuser."""
        return Session(self._children, self.programs, self.connection, database, self._account)

    def start(self) -> None:
        """Start it on the data it has and wait until it answers."""
        self._socket = self._socket or self._socket_folder()
        settings = [
            option("-c", f"{name}={value}")
            for name, value in _SETTINGS.items()
            if self.programs.major >= _SINCE.get(name, 0)
        ]
        command = Command(
            self.programs.path("postgres"),
            option("-D", self._data),
            option("-k", self._socket),
            *settings,
        )
        with open(self._log, "ab") as log:
            self._server = self._children.start(
                command, _plain(), self._account, stdout=log, stderr=log
            )
        self.ran.append(
            f"postgres {self.programs.major} (scratch, unix socket only"
            f"{confined_words(self._account)})"
        )
        until = time.monotonic() + 120
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > until:
                raise SnapshotError(
                    "scratch-server-failed",
                    f"The scratch PostgreSQL server did not start: {self._log_tail()}",
                    "Put right what its log says on the verifier, then verify again.",
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once: nothing in it is worth an orderly end."""
        server, self._server = self._server, None
        if server is not None:
            if server.poll() is None:
                server.send_signal(3)  # SIGQUIT: immediate shutdown, shared memory is freed
            self._children.wait(server)
        if self._socket:
            shutil.rmtree(self._socket, ignore_errors=True)
            self._socket = ""

    def _init(self) -> None:
        done = self._children.run(
            Command(
                self.programs.path("initdb"),
                option("--pgdata", self._data),
                option("--username", self._superuser),
                fixed("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
            ),
            _plain(),
            self._account,
        )
        if done.status != 0:
            raise SnapshotError(
                "scratch-server-failed",
                f"initdb could not make a scratch PostgreSQL server: {done.errors[-800:]}",
                "Check space and rights of the verifier's scratch folder.",
            )

    def _socket_folder(self) -> str:
        # A socket's path may be 107 bytes at most; scratch folders are often longer.
        home = self._children.private
        if len(os.fsencode(home)) > 80:
            home = self._children.also_remove(tempfile.mkdtemp(prefix="sluis-", dir=_SHORT))
        folder = os.path.join(home, "s")
        os.mkdir(folder, 0o700)
        if self._account is not None:
            os.chown(home, self._account.uid, self._account.gid)
            os.chown(folder, self._account.uid, self._account.gid)
        return folder

    def _answers(self) -> bool:
        if not os.path.exists(os.path.join(self._socket, ".s.PGSQL.5432")):
            return False
        command = Command(
            self.programs.path("psql"),
            fixed("-X", "-A", "-t", "-w", "-c", "select 1", "-d", "postgres"),
        )
        return self._children.run(command, self.environment, self._account).status == 0

    def _log_tail(self) -> str:
        try:
            with open(self._log, "rb") as log:
                return log.read().decode("utf-8", "replace")[-1500:]
        except OSError:
            return "it left no log"


def _role_name(name: str) -> str:
    """A name that the source gives to its superuser; initdb writes it into a script."""
    if not 0 < len(name.encode("utf-8", "surrogatepass")) < 64 or not name.isprintable():
        raise SnapshotError(
            "bad-facts",
            f"The source says that its superuser is {name[:80]!r}, which PostgreSQL refuses.",
            "Make a new snapshot. If it happens again, look for who alters that host.",
        )
    return name


def create_roles(session: Session, roles: List[str]) -> None:
    """Create the roles that the dump speaks of, without any right to log in.

    A role may be named more than once: as an owner, and as one that has rights.
    """
    there = set(session.rows("select to_json(rolname) from pg_roles"))
    for role in dict.fromkeys(roles):
        if role not in there:
            session.run(f"create role {identifier(role)} nologin;")


def _plain() -> Dict[str, str]:
    return {"PATH": PATH, "LC_ALL": "C"}
