"""Why a database server did not let us in: what happened, to whom, where, and what to do.

A client program says it in words of its own and of the server, of which the last may be in the
server's language. What is not known here is said in those words; a password is in none of them.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import SnapshotError
from .gave_words import gave_words

_MOST_WORDS = 400
#: what the server itself says: a severity, which may be translated, and two spaces
_OF_THE_SERVER = re.compile(r"(?:^|failed: |error: |psql: )[^\s:]+:  +(\S.*)", re.MULTILINE)
#: how the client program begins; newer ones name the place as well
_OF_THE_CLIENT = re.compile(r"^psql: (?:error: )?(?:connection to server .*? failed: )?")
_ADDRESS = re.compile(r'for host "([^"]+)"')
_FULL = re.compile(r"too many (?:clients|connections)|remaining connection slots")
_NOT_READY = re.compile(r"database system is (?:starting|shutting|in recovery|not (?:yet )?accept)")
_MAIN = "Correct {what} of {asset} in snapshot_and_verify_{where}"
_VAULT = ", in a vault file"
#: numbers of MariaDB for a server that has no room for one more session
_MARIADB_FULL = frozenset({1040, 1203, 1226})
#: only who the system user is counts for this user, or there is no such user
_BY_SYSTEM_USER = 1698
_WRONG_PASSWORD, _LOCKED = 1045, 4151
_NO_RIGHT_ON_DATABASE, NO_SUCH_DATABASE = 1044, 1049
#: errors of a ``use`` that are of the login, not of a query
OF_A_DATABASE = frozenset({_NO_RIGHT_ON_DATABASE, NO_SUCH_DATABASE})


@dataclass(frozen=True)
class Login:
    """An attempt to log in.

    Attributes:
        server: its name, ``PostgreSQL`` or ``MariaDB``.
        host: a socket, its folder or an address; ``None`` for the default.
        port: its port.
        user: who.
        database: into what; ``None``: into none.
        gave: what there was for a password, in words.
        asset: whose connection it is; ``None``: a server of our own.
    """

    server: str
    host: Optional[str]
    port: int
    user: str
    database: Optional[str]
    gave: str
    asset: Optional[str] = None

    @property
    def where(self) -> str:
        """The place, as a person would write it."""
        if self.host is None:
            return "its socket on that machine"
        if self.host.startswith("/"):
            port = f", port {self.port}" if self.server == "PostgreSQL" else ""
            return f"the socket {self.host}{port}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def named(self) -> str:
        """The asset in a remedy."""
        return self.asset or "the asset"

    @property
    def into(self) -> str:
        """The database, to go on a sentence."""
        return f" to the database {self.database}" if self.database else ""


def postgresql_login(login: Login, said: str) -> SnapshotError:
    """The error for what ``psql`` said in place of logging in."""
    found = _OF_THE_SERVER.search(said)
    if found is None:
        words = _OF_THE_CLIENT.sub("", said.strip().split("\n")[-1 if "\npsql" in said else 0])
        if "no password supplied" in words:
            return _refused(login, "the server asks for a password", _no_password(login))
        return _not_reached(login, words)
    words = found.group(1).strip()
    if _FULL.search(words):
        return _full(login, words)
    if _NOT_READY.search(words):
        return _not_reached(login, words, "Run this again when the server is up.")
    missing = re.fullmatch(r'database "(.*)" does not exist', words)
    if missing:
        return _no_database(login, words)
    return _refused(login, words, _of_postgresql(login, words))


def mariadb_login(login: Login, number: int, words: str) -> SnapshotError:
    """The error for a number and words of MariaDB or its client in place of logging in.

    Args:
        login: the attempt.
        number: such as 1045; 0 when the program gave none.
        words: what was said behind the number.
    """
    if number in _MARIADB_FULL:
        return _full(login, words)
    if number == NO_SUCH_DATABASE:
        return _no_database(login, words)
    if number == 0 or 2000 <= number < 3000:
        return _not_reached(login, words)
    return _refused(login, words, _of_mariadb(login, number, words))


def every_remedy(room: str) -> Iterator[str]:
    """Each remedy that a login can end with, so that whoever hears one knows it for ours.

    Args:
        room: stands where a name of the client's would.
    """
    quoted = _quoted(room)
    postgresql = (
        "password authentication failed", "Peer authentication failed",
        f"role {quoted} does not exist", "not permitted to log in",
        "permission denied for database", "not currently accepting connections", "pg_hba.conf",
        f'pg_hba.conf for host "{room}"', f'pg_hba.conf for host "{room}:"', "anything else",
    )  # fmt: skip
    mariadb = (
        (_NO_RIGHT_ON_DATABASE, f"'{room}'@'{room}'"), (_NO_RIGHT_ON_DATABASE, ""),
        (_BY_SYSTEM_USER, ""), (_LOCKED, ""), (_WRONG_PASSWORD, "using password: NO"),
        (_WRONG_PASSWORD, ""),
    )  # fmt: skip
    for asset in (room, None):
        for gave in (gave_words(None), gave_words(room)):
            login = Login("", None, 0, room, room, gave, asset)
            yield _no_password(login)
            yield from (_of_postgresql(login, words) for words in postgresql)
            yield from (_of_mariadb(login, number, words) for number, words in mariadb)
            yield _not_reached(login, "").remedy
            yield _no_database(login, "").remedy


def _refused(login: Login, words: str, remedy: str) -> SnapshotError:
    return SnapshotError(
        "database-login-refused",
        f"The {login.server} server at {login.where} refused the login of the user {login.user}"
        f"{login.into} ({login.gave}): {_short(words)}",
        remedy,
    )


def _not_reached(login: Login, words: str, remedy: Optional[str] = None) -> SnapshotError:
    return SnapshotError(
        "database-not-reached",
        f"No {login.server} server could be reached at {login.where}, for the user {login.user}: "
        f"{_short(words) or 'its client program said nothing'}",
        remedy
        or "Check that the server runs there and listens on that; host_address and port of "
        f"{login.named} stand in snapshot_and_verify_connections.",
    )


def _full(login: Login, words: str) -> SnapshotError:
    return SnapshotError(
        "database-full",
        f"The {login.server} server at {login.where} takes no more sessions of the user "
        f"{login.user}: {_short(words)}",
        "Run this again when fewer programs are connected, or let the server take more: Sluis "
        "needs a few sessions at once.",
    )


def _no_database(login: Login, words: str) -> SnapshotError:
    return SnapshotError(
        "database-missing",
        f"The {login.server} server at {login.where} has no database {login.database}, it says "
        f"to the user {login.user}: {_short(words)}",
        f"Correct the location of {login.named} in scope.yml.",
    )


def _no_password(login: Login) -> str:
    return f"Write the password of {login.named} into snapshot_and_verify_secrets{_VAULT}."


def _wrong(login: Login, more: str) -> str:
    password = _MAIN.format(what="the password", asset=login.named, where="secrets") + _VAULT
    return f"{password}, or its user in snapshot_and_verify_connections: {more}"


def _of_postgresql(login: Login, words: str) -> str:
    user, database = _quoted(login.user), _quoted(login.database or "")
    said = (
        ("password authentication failed" in words,
         _wrong(login, "the server says the same of a user that it does not have.")),
        ("Peer authentication failed" in words or "Ident authentication failed" in words,
         _as_system_user(login)),
        ('role "' in words and '" does not exist' in words,
         _MAIN.format(what="the user", asset=login.named, where="connections")
         + f", or make it, with a password: CREATE ROLE {user} LOGIN; docs/examples.md has the "
         "rights that it needs."),
        ("not permitted to log in" in words, f"Let it log in: ALTER ROLE {user} LOGIN;"),
        ("permission denied for database" in words,
         f"Let it in: GRANT CONNECT ON DATABASE {database} TO {user};"),
        ("not currently accepting connections" in words,
         f"Open it again: ALTER DATABASE {database} ALLOW_CONNECTIONS true;"),
        ("pg_hba.conf" in words, _line_of_hba(login, words)),
    )  # fmt: skip
    otherwise = _wrong(login, "the server's own words say which.")
    return next((remedy for is_said, remedy in said if is_said), otherwise)


def _of_mariadb(login: Login, number: int, words: str) -> str:
    if number == _NO_RIGHT_ON_DATABASE:
        who = re.search("'([^']*)'@'([^']*)'", words)
        name = f"'{who[1]}'@'{who[2]}'" if who else f"'{login.user}'"
        return (
            f"Correct the location of {login.named} in scope.yml, or give the rights that a copy "
            f"needs to {name}: docs/examples.md has them."
        )
    if number == _BY_SYSTEM_USER:
        return (
            f"{_MAIN.format(what='the user', asset=login.named, where='connections')}: there is no "
            f"such user, or the server lets it in only by its socket and without a password, as "
            "the system user of that name."
        )
    if number == _LOCKED:
        return f"Unlock it: ALTER USER '{login.user}'@'...' ACCOUNT UNLOCK;"
    if number == _WRONG_PASSWORD and "using password: NO" in words:
        return _no_password(login)
    return _wrong(
        login,
        "the server says the same of a user that it does not have, or that may not come from "
        "there.",
    )


def _as_system_user(login: Login) -> str:
    by = f"By its socket this server lets in {login.user} only as the system user of that name"
    address = "write host_address: 127.0.0.1 for it into snapshot_and_verify_connections"
    if login.gave == gave_words(None):
        return (
            f"{by}, and it says the same of a user that it does not have. "
            f"{_MAIN.format(what='the user', asset=login.named, where='connections')}; or "
            f"{address}, and its password into snapshot_and_verify_secrets."
        )
    return (
        f"{by}. Leave the password of {login.named} away, so that Sluis comes as that user (as "
        f"root it can), or {address}."
    )


def _line_of_hba(login: Login, words: str) -> str:
    database, user = _in_hba(login.database or "all"), _in_hba(login.user)
    found = _ADDRESS.search(words)
    line = f"local {database} {user} peer"
    if found and found[1] != "[local]":
        bits = 128 if ":" in found[1] else 32
        line = f"host {database} {user} {found[1]}/{bits} scram-sha-256"
    return (
        f'Add the line "{line}" to the pg_hba.conf of that server, above each line that rejects '
        "it, and let the server read it: SELECT pg_reload_conf();"
    )


def _in_hba(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _short(words: str) -> str:
    return " ".join(words.split())[:_MOST_WORDS]
