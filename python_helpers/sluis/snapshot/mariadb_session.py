"""One held MariaDB session, spoken through the client: no driver is needed on any host.

The password goes through a 0600 file, the SQL through a pipe: neither is ever an argument.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from ..errors import InputError, SnapshotError
from ..programs import PATH, Command, Words, fixed, option
from .children import Account, Children
from .gave_words import gave_words
from .mariadb_programs import need_program
from .server_login import OF_A_DATABASE, Login, mariadb_login

if TYPE_CHECKING:
    from typing import Self

_END = "sluis-end-of-answer"
_SETTINGS = """
set names utf8mb4;
set session sql_mode = '';
set session time_zone = '+00:00';
set session max_statement_time = 0;
set session wait_timeout = 86400;
set session net_write_timeout = 86400;
set session lock_wait_timeout = 30;
set session group_concat_max_len = 1073741824
"""
_ESCAPED = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
#: Where servers put their socket in a folder that was named instead of a socket.
_SOCKETS = ("mysqld.sock", "mysql.sock", "mariadb.sock", "s")


class MariadbError(SnapshotError):
    """The server refused a statement. ``number`` is its code, such as 1142."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(
            "mariadb-query-failed",
            f"MariaDB refused a query: error {number}: {message}",
            "Look up what the server says, put it right, and run this again.",
        )
        self.number = number
        self.words = message


@dataclass(frozen=True)
class MariadbConnection:
    """How to reach one server: ``host`` is a socket, a folder with one, an address or None."""

    host: Optional[str]
    port: int
    user: str
    password: Optional[str] = None
    #: what the inventory has for a password, in words
    gave: str = "no password was given"
    #: whose connection it is; None: a server of our own
    asset: Optional[str] = None

    @staticmethod
    def of(asset: Dict[str, Any], secrets: Dict[str, Any]) -> MariadbConnection:
        """From the asset's connection data and secrets.

        Raises:
            InputError: a value holds a character that cannot be passed on safely.
        """
        host, password = asset.get("host_address"), secrets.get("password")
        for value in (host, asset.get("user"), password, asset["location"]):
            if value is not None and re.search(r"[\x00\r\n]", str(value)):
                raise InputError(
                    "mariadb-connection",
                    f"A connection value of {asset['id']} holds a line break or a zero byte.",
                    "Correct the connection data of this asset.",
                )
        return MariadbConnection(
            str(host) if host else None,
            int(asset.get("port") or 3306),
            str(asset.get("user") or "root"),
            str(password) if password else None,
            gave_words(password),
            str(asset["id"]),
        )

    @property
    def account(self) -> Optional[Account]:
        """The system user to become: as root, over a socket, without a password.

        The packages' default for local users is the plugin ``unix_socket``, which asks
        the system who is calling.
        """
        over_socket = self.host is None or self.host.startswith("/")
        if os.geteuid() != 0 or not over_socket or self.password or self.user == "root":
            return None
        return Account.named(self.user)

    def options(self, children: Children) -> List[Words]:
        """Arguments for any MariaDB client program; they hold no secret."""
        if self.password is not None:
            options = [option("--defaults-file", _option_file(children.private, self.password))]
        else:
            options = [fixed("--no-defaults")]
        options.append(option("--user", self.user))
        if self.host is None:
            return options
        if not self.host.startswith("/"):
            where = [option("--host", self.host), option("--port", self.port)]
            return [*options, fixed("--protocol=TCP"), *where]
        return [*options, fixed("--protocol=SOCKET"), option("--socket", _socket(self.host))]


def quoted(name: str) -> str:
    """A quoted SQL name."""
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    """A SQL string constant, for sessions with an empty ``sql_mode``."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def plain_environment() -> Dict[str, str]:
    """The environment of every MariaDB program that we start."""
    return {"PATH": PATH, "LC_ALL": "C.UTF-8"}


class MariadbSession:
    """One open session; every query answers with rows of text."""

    def __init__(
        self,
        children: Children,
        connection: MariadbConnection,
        database: Optional[str] = None,
        bin_dir: Optional[str] = None,
        account: Optional[Account] = None,
    ) -> None:
        self._children = children
        where = (connection.host, connection.port)
        self._login = Login(
            "MariaDB", *where, connection.user, database, connection.gave, connection.asset
        )
        self._is_in = False
        errors = os.path.join(children.private, f"mariadb-{os.urandom(6).hex()}")
        descriptor = os.open(errors, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._errors: IO[bytes] = os.fdopen(descriptor, "w+b")
        os.unlink(errors)
        self._client = children.start(
            Command(
                need_program("mariadb", bin_dir),
                *connection.options(children),
                fixed("--batch", "--skip-column-names", "--unbuffered", "--no-auto-rehash"),
                fixed("--binary-mode", "--quick", "--connect-timeout=30"),
                fixed("--default-character-set=utf8mb4", "--max-allowed-packet=1G"),
            ),
            plain_environment(),
            account or connection.account,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        if self._client.stdin is None or self._client.stdout is None:
            raise AssertionError("both were asked for")
        self._stdin, self._stdout = self._client.stdin, self._client.stdout
        self._closed = False
        self.rows(_SETTINGS)
        self._is_in = True
        if database is not None:
            self._use(database)

    def _use(self, database: str) -> None:
        try:
            self.rows(f"use {quoted(database)}")
        except MariadbError as error:
            if error.number not in OF_A_DATABASE:
                raise
            raise mariadb_login(self._login, error.number, error.words) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, query: str) -> List[List[str]]:
        """The rows of one query, each column as text; NULL is the word ``NULL``."""
        self.ask(query)
        return self.hear()

    def value(self, query: str) -> Optional[str]:
        """The first column of the first row, or None when there is no row."""
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def ask(self, query: str) -> None:
        """Send a query; `hear` gives its rows. So several sessions can work at once."""
        try:
            self._stdin.write(f"{query};\nselect '{_END}';\n".encode("utf-8", "surrogatepass"))
            self._stdin.flush()
        except OSError:
            raise self._failed() from None

    def hear(self) -> List[List[str]]:
        """The rows of the oldest query that was sent and not yet heard."""
        return list(self._answers())

    def stream(self, query: str) -> Iterator[List[str]]:
        """The rows of one query that may be very long, one by one."""
        self.ask(query)
        return self._answers()

    def _answers(self) -> Iterator[List[str]]:
        for raw in self._stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line == _END:
                return
            yield [_unescaped(cell) for cell in line.split("\t")]
        raise self._failed()

    def close(self) -> None:
        """End the session; locks and open transactions end with it."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):  # the client may have ended first
            self._stdin.close()
        self._children.wait(self._client)
        self._stdout.close()
        self._errors.close()

    def _failed(self) -> SnapshotError:
        status = self._children.wait(self._client)
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        found = re.search(r"ERROR (\d+) \(\w+\) at line \d+: (.*)", said, re.DOTALL)
        if found:
            return MariadbError(int(found.group(1)), found.group(2)[:600])
        if not self._is_in:
            begun = re.search(r"ERROR (\d+)(?: \(\w+\))?: (.*)", said, re.DOTALL)
            number, words = (int(begun.group(1)), begun.group(2)) if begun else (0, said[-600:])
            return mariadb_login(self._login, number, words)
        return SnapshotError(
            "mariadb-session-lost",
            f"The session of the user {self._login.user} with the MariaDB server at "
            f"{self._login.where} ended while it was in use (client status {status}): "
            f"{said[-600:]}",
            "Look into the log of that server: it stopped, or somebody ended the session. Then run "
            "this again.",
        )


def _unescaped(cell: str) -> str:
    if "\\" not in cell:
        return cell
    return re.sub(r"\\([nt0\\])", lambda found: _ESCAPED[found.group(1)], cell)


def _socket(host: str) -> str:
    if os.path.isdir(host):
        for name in _SOCKETS:
            if os.path.exists(os.path.join(host, name)):
                return os.path.join(host, name)
    return host


def _option_file(folder: str, password: str) -> str:
    path = os.path.join(folder, "client.cnf")
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    if not os.path.exists(path):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f'[client]\npassword="{escaped}"\n')
    return path
