"""Which rights a MariaDB user lacks to put a database back: beside the live one, then swapped in.

The copy and the quarantine only ever hold tables and rows; views, triggers, routines and events
are dropped from the live database and made there again. Each right was found by leaving it out.
"""

from __future__ import annotations

import re
from typing import List, Set, Tuple

from ..border.own_databases import COPY, DISPLACED, name_beside
from ..border.verbs.asset_check import Need, Privilege
from ..errors import SnapshotError
from .mariadb_objects import list_code
from .mariadb_rights import database_rights, rights_everywhere
from .mariadb_session import MariadbSession

BESIDE: Tuple[Privilege, ...] = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "LOCK TABLES",
)  # fmt: skip
LIVE: Tuple[Privilege, ...] = (
    "SELECT", "LOCK TABLES", "SHOW VIEW", "TRIGGER", "EVENT", "CREATE", "INSERT", "EXECUTE",
    "DROP", "ALTER", "CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE",
)  # fmt: skip
#: a change's id and the start of a snapshot's, short and long: a long name is cut
_MARKS = ("C1_01234567", "CHG_2026_1042_01234567_and_more_of_it")
#: what may make code in the name of another user, by the version it came with
_OF_OTHERS_SINCE = (10, 5, 2)
_DEFINER = re.compile(rb"DEFINER=(`[^`]*(?:``[^`]*)*`)(?:@(`[^`]*(?:``[^`]*)*`))?")


def lacking_to_put_back(
    session: MariadbSession, database: str, *, hidden: bool
) -> List[Tuple[Need, Tuple[Privilege, ...]]]:
    """The rights that putting a database back would lack.

    Args:
        session: any session of the server.
        database: the live one.
        hidden: whether there may be routines that the user does not see, and so whose they are.
    """
    found: List[Tuple[Need, Tuple[Privilege, ...]]] = []
    beside = {
        name_beside(database, kind + mark) for kind in (COPY, DISPLACED) for mark in _MARKS
    }  # fmt: skip
    if any(_rest(BESIDE, database_rights(session, name)) for name in sorted(beside)):
        # all of them: of two grants that fit a name, the server takes the more exact one only
        found.append(("put back beside", BESIDE))
    rest = _rest(LIVE, database_rights(session, database))
    if rest:
        found.append(("swap in", rest))
    others = hidden or bool(set(definers_of(session, database)) - {_me(session)})
    if others and not makes_code_of_others(session):
        found.append(("make code of others", (_right_for_others(session),)))
    return found


def definers_of(session: MariadbSession, database: str) -> Set[str]:
    """Whose the views, triggers, routines and events of a database are, as ``user@host``."""
    return {definer for _, _, definer in list_code(session, database)}


def definers_in(path: str) -> Set[str]:
    """Whose the code in a file of definitions is, as ``user@host``."""
    with open(path, "rb") as file:
        found = set(_DEFINER.findall(file.read()))
    return {"@".join(_plain(part) for part in parts if part) for parts in found}


def makes_code_of_others(session: MariadbSession) -> bool:
    """Whether the user may make a view or a routine whose definer is another user."""
    return bool(rights_everywhere(session) & {"ALL PRIVILEGES", "SET USER", "SUPER"})


def demand_code_of(session: MariadbSession, asset: str, definers: Set[str]) -> None:
    """Refuse, before any table is moved, what could not be made again afterwards.

    Raises:
        SnapshotError: ``mariadb-definers``.
    """
    me = _me(session)
    others = sorted(definers - {me})
    if not others or makes_code_of_others(session):
        return
    user, _, host = me.rpartition("@")
    to = "@".join("'" + one.replace("\\", "\\\\").replace("'", "''") + "'" for one in (user, host))
    raise SnapshotError(
        "mariadb-definers",
        f"Views, triggers, routines or events of {asset} belong to {', '.join(others)[:200]}, and "
        f"the user {me} may not make code in the name of another user. No table was moved by this "
        "call.",
        f"Run there as an administrator: GRANT {_right_for_others(session)} ON *.* TO {to}; "
        "Then call this again.",
    )


def _me(session: MariadbSession) -> str:
    return str(session.value("select current_user()"))


def _right_for_others(session: MariadbSession) -> Privilege:
    digits = re.match(r"(\d+)\.(\d+)\.(\d+)", str(session.value("select version()")))
    version = tuple(int(one) for one in digits.groups()) if digits else _OF_OTHERS_SINCE
    return "SET USER" if version >= _OF_OTHERS_SINCE else "SUPER"


def _rest(wanted: Tuple[Privilege, ...], had: Set[str]) -> Tuple[Privilege, ...]:
    return () if "ALL PRIVILEGES" in had else tuple(one for one in wanted if one not in had)


def _plain(quoted: bytes) -> str:
    return quoted[1:-1].decode("utf-8", "replace").replace("``", "`")
