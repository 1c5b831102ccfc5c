"""What a MariaDB user cannot see, and so would leave out of a dump without a word.

MariaDB hides what a user has no rights on: mariadb-dump of a user who may read one table
gives a dump of that one table, with status 0. So we ask for the rights themselves.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Set, Tuple

from ..errors import SnapshotError
from .mariadb_session import MariadbError, MariadbSession, quoted

_GRANT = re.compile(
    r"^GRANT (?P<rights>.+?) ON (?P<schema>\*|`(?:[^`]|``)*`)\.\* TO (?P<who>`(?:[^`]|``)*`\S*)"
)
_SHOWS = frozenset({"ALL PRIVILEGES", "SHOW DATABASES", "SELECT", "LOCK TABLES", "SHOW VIEW"})
_DENIED = 1142
_NO_SUCH_TABLE = 1146
_NOWHERE = "sluis_there_is_no_such_table"


def demand_select(open_session: Callable[[], MariadbSession], database: str, asset: str) -> None:
    """Make sure that the user may read every table of the database, seen and unseen.

    The server says "no such table" to somebody who may read all tables of a database, and
    "denied" to anybody else (error 1146 against 1142).

    Raises:
        SnapshotError: it may not.
    """
    try:
        # In a session of its own: the client ends at the first error.
        with open_session() as session:
            session.rows(f"select 1 from {quoted(database)}.{quoted(_NOWHERE)}")
    except MariadbError as error:
        if error.number == _NO_SUCH_TABLE:
            return
        if error.number != _DENIED:
            raise
    raise SnapshotError(
        "mariadb-unreadable",
        f"The user of {asset} may not read all tables of {database}; a dump would leave some out.",
        f"GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON {quoted(database)}.* to it.",
    )


def unseen(session: MariadbSession, database: str) -> List[str]:
    """Which kinds of objects the user would not see all of: ``triggers``, and so on.

    Views are not among them: whoever may read the database sees their names, and asking
    for a definition without the right to it is an error.
    """
    rights = database_rights(session, database)
    everything = "ALL PRIVILEGES" in rights
    hidden = [
        f"{what}s"
        for what, right in (("trigger", "TRIGGER"), ("event", "EVENT"))
        if not everything and right not in rights
    ]
    if "SHOW CREATE ROUTINE" not in rights and not _reads_routines(session):
        hidden.append("routines")
    return hidden


def sees_databases(session: MariadbSession) -> bool:
    """Whether the list of databases is whole: otherwise it has those of the user's own rights.

    One right on all of them is enough (SHOW DATABASES, MariaDB knowledge base).
    """
    return any(
        found and found["schema"] == "*" and _SHOWS & set(found["rights"].split(", "))
        for found in (_GRANT.match(line) for (line,) in session.rows("show grants"))
    )


def rights_everywhere(session: MariadbSession) -> Set[str]:
    """The rights that the session's user and role have on the whole server."""
    return {
        right.strip()
        for found in (_GRANT.match(line) for (line,) in session.rows("show grants"))
        if found and found["schema"] == "*"
        for right in found["rights"].split(",")
    }


def database_rights(session: MariadbSession, database: str) -> Set[str]:
    """The rights that the session's user and role have on a whole database.

    Of several patterns that match a database the server takes one only, the most exact;
    where that is not plain to see, what all of them give.
    """
    everywhere: Set[str] = set()
    here: Dict[str, List[Tuple[bool, Set[str]]]] = {}
    for (line,) in session.rows("show grants"):
        found = _GRANT.match(line)
        if not found or not _covers(found.group("schema"), database):
            continue
        rights = {right.strip() for right in found.group("rights").split(",")}
        if found.group("schema") == "*":
            everywhere |= rights
        else:
            exact = not re.search(r"(?<!\\)[_%]", found.group("schema"))
            here.setdefault(found.group("who"), []).append((exact, rights))
    for patterns in here.values():
        exactly = [rights for exact, rights in patterns if exact]
        everywhere |= set.intersection(*(exactly or [rights for _, rights in patterns]))
    return everywhere


def _reads_routines(session: MariadbSession) -> bool:
    """Reading ``mysql.proc`` shows every routine, whoever made it."""
    rights = database_rights(session, "mysql")
    if rights & {"ALL PRIVILEGES", "SELECT"}:
        return True
    grants = session.rows("show grants")
    return any(re.match(r"GRANT SELECT.* ON `mysql`\.`proc` TO", line) for (line,) in grants)


def _covers(pattern: str, database: str) -> bool:
    """Whether the schema of a grant means this database: it is a LIKE pattern."""
    if pattern == "*":
        return True
    # How many characters may have been matched so far. No regular expression: with many ``%`` in
    # it, it tries each division of the name among them.
    matched = {0}
    escaped = False
    for character in pattern[1:-1].replace("``", "`"):
        if not escaped and character == "\\":
            escaped = True
            continue
        if not escaped and character == "%":
            matched = set(range(min(matched, default=len(database) + 1), len(database) + 1))
            continue
        anyone = not escaped and character == "_"
        matched = {at + 1 for at in matched if anyone or database[at : at + 1] == character}
        escaped = False
    return len(database) in matched
