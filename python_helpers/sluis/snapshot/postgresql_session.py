"""One held PostgreSQL session, spoken through psql: no driver is needed on any host.

The password goes through a 0600 file, the SQL through a pipe: neither is ever an argument.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Dict, List, Optional

from ..errors import InputError, SnapshotError
from ..programs import PATH, Command, fixed, option
from .children import Account, Children
from .gave_words import gave_words
from .postgresql_programs import Programs
from .server_login import Login, postgresql_login

if TYPE_CHECKING:
    from typing import Self

_END = "sluis-end-of-answer"
_SETTINGS = """
\\set VERBOSITY verbose
set client_encoding = 'UTF8';
set datestyle = 'ISO, YMD';
set intervalstyle = 'postgres';
set timezone = 'UTC';
set extra_float_digits = 3;
set bytea_output = 'hex';
set xmlbinary = 'base64';
set lc_monetary = 'C';
set search_path = pg_catalog;
set row_security = off;
set statement_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set lock_timeout = '60s';
"""


class QueryError(SnapshotError):
    """The server refused a statement. ``sqlstate`` is its code, such as ``42501``."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(
            "postgresql-query-failed",
            f"PostgreSQL refused a query: {message}",
            "Look up what the server says, put it right, and run this again.",
        )
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Connection:
    """How to reach one server.

    ``host`` is a socket folder or an address; None is the programs' own default. As root
    over a socket without a password the clients run as the system user of that name, so
    that ``peer`` authentication, the packages' default, works.
    """

    host: Optional[str]
    port: int
    user: str
    password: Optional[str] = None
    #: what the inventory has for a password, in words
    gave: str = "no password was given"
    #: whose connection it is; None: a server of our own
    asset: Optional[str] = None

    @staticmethod
    def of(asset: Dict[str, Any], secrets: Dict[str, Any]) -> Connection:
        """From the asset's connection data and secrets.

        Raises:
            InputError: a value holds a character that cannot be passed on safely.
        """
        host, password = asset.get("host_address"), secrets.get("password")
        for value in (host, asset.get("user"), password, asset["location"]):
            if value is not None and re.search(r"[\x00\r\n]", str(value)):
                raise InputError(
                    "postgresql-connection",
                    f"A connection value of {asset['id']} holds a line break or a zero byte.",
                    "Correct the connection data of this asset.",
                )
        return Connection(
            str(host) if host else None,
            int(asset.get("port") or 5432),
            str(asset.get("user") or "postgres"),
            str(password) if password else None,
            gave_words(password),
            str(asset["id"]),
        )

    @property
    def account(self) -> Optional[Account]:
        """The system user to become for this connection, or None to stay who we are."""
        over_socket = self.host is None or self.host.startswith("/")
        if os.geteuid() != 0 or not over_socket or self.password:
            return None
        return Account.named(self.user)

    def environment(self, children: Children) -> Dict[str, str]:
        """What libpq reads, from nothing but our own data."""
        values = {
            "PATH": PATH,
            "LC_ALL": "C.UTF-8",
            "LC_MESSAGES": "C",
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGCONNECT_TIMEOUT": "30",
            "PGAPPNAME": "sluis",
            "PGCLIENTENCODING": "UTF8",
            "PGPASSFILE": os.path.join(children.private, "no-passwords"),
        }
        if self.host is not None:
            values["PGHOST"] = self.host
        if self.password is not None:
            values["PGPASSFILE"] = _password_file(children.private, self.password)
        return values


def _password_file(folder: str, password: str) -> str:
    path = os.path.join(folder, "pgpass")
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    if not os.path.exists(path):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"*:*:*:*:{escaped}\n")
    return path


def database_word(name: str) -> str:
    """A database name as connection string; programs take a bare ``a=b`` for one."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{escaped}'"


def literal(text: str) -> str:
    """A SQL string constant, whatever ``standard_conforming_strings`` says."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def identifier(name: str) -> str:
    """A quoted SQL name."""
    return '"' + name.replace('"', '""') + '"'


class Session:
    """One open session; every query answers with one JSON value in each row."""

    def __init__(
        self,
        children: Children,
        programs: Programs,
        connection: Connection,
        database: str,
        account: Optional[Account] = None,
    ) -> None:
        self._children = children
        where = (connection.host, connection.port)
        self._login = Login(
            "PostgreSQL", *where, connection.user, database, connection.gave, connection.asset
        )
        self._is_in = False
        errors = os.path.join(children.private, f"psql-{os.urandom(6).hex()}")
        descriptor = os.open(errors, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._errors: IO[bytes] = os.fdopen(descriptor, "w+b")
        os.unlink(errors)
        self._psql = children.start(
            Command(
                programs.path("psql"),
                fixed("-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"),
                option("--dbname", database_word(database)),
            ),
            connection.environment(children),
            account or connection.account,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        if self._psql.stdin is None or self._psql.stdout is None:
            raise AssertionError("both were asked for")
        self._stdin, self._stdout = self._psql.stdin, self._psql.stdout
        self._closed = False
        self.run(_SETTINGS)
        self._is_in = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, statements: str) -> None:
        """Run statements whose answers nobody needs."""
        self._say(statements)
        self._hear()

    def rows(self, query: str) -> List[Any]:
        """The rows of a query that gives one JSON text in each row (no final semicolon)."""
        self._say(query + ";")
        return [json.loads(line) for line in self._hear()]

    def row(self, query: str) -> Any:
        """The only row of a query, or None when there is none."""
        rows = self.rows(query)
        return rows[0] if rows else None

    def rows_of_each(self, query: str) -> List[Any]:
        """Run a query whose rows are queries, and give the rows of all of those.

        The server writes the inner queries itself, so no name is ever quoted by us.
        """
        self._say(query + " \\gexec")
        return [json.loads(line) for line in self._hear()]

    def close(self) -> None:
        """End the session; an open transaction is rolled back by the server."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):  # psql may have ended first
            self._stdin.close()
        self._children.wait(self._psql)
        self._stdout.close()
        self._errors.close()

    def _say(self, text: str) -> None:
        try:
            self._stdin.write(f"{text}\n\\echo {_END}\n".encode())
            self._stdin.flush()
        except OSError:
            raise self._failed() from None

    def _hear(self) -> List[str]:
        lines: List[str] = []
        for raw in self._stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line == _END:
                return lines
            if line:
                lines.append(line)
        raise self._failed()

    def _failed(self) -> SnapshotError:
        status = self._children.wait(self._psql)
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "backslashreplace").strip()
        found = re.search(r"(?:ERROR|FATAL):\s+([0-9A-Z]{5}): (.*)", text)
        if found:
            return QueryError(found.group(1), found.group(2))
        if not self._is_in:
            return postgresql_login(self._login, text)
        return SnapshotError(
            "postgresql-session-lost",
            f"The session of the user {self._login.user} with the PostgreSQL server at "
            f"{self._login.where} ended while it was in use (psql status {status}): {text[-600:]}",
            "Look into the log of that server: it stopped, or somebody ended the session. Then run "
            "this again.",
        )
