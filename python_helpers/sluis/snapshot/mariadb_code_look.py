"""What keeps a MariaDB user from dumping views and code: asked by doing what the dump does.

mariadb-dump asks for the columns of each view (SHOW FIELDS), and the server then looks at all that
a view refers to: without EXECUTE on a function in it that is error 1370, and 1356 when a table is
gone. One such view ends the whole dump. The definitions are read in a transaction that only reads.
"""

from __future__ import annotations

import contextlib
import re
from typing import Iterator, List, Optional, Tuple

from ..border.verbs.asset_check import Need, Privilege
from .mariadb_objects import list_code, read_objects
from .mariadb_session import MariadbError, MariadbSession, quoted
from .mariadb_source import Source

#: need, what it is about, and what to grant
CodeNeed = Tuple[Need, str, Tuple[Privilege, ...]]

_NO_RIGHT = frozenset({1142, 1143, 1227})
_MAY_NOT_RUN = 1370
_REFERS_TO_NOTHING = 1356
#: so many views are named at most
_MOST = 20
#: characters at the end of an error in which the name of a routine and its database stand
_LONGEST = 600
_ROUTINE = re.compile(r"'((?:[^'.]|'')+)\.(?:[^'.]|'')+'[^']*\Z")


def lacking_for_code(source: Source, database: str) -> Tuple[bool, List[CodeNeed]]:
    """Read what the dump reads of views, triggers, routines and events.

    Args:
        source: the asset's server and user.
        database: its name.

    Returns:
        Whether definitions that the dump needs may not be read, and what is lacking for views.

    Raises:
        MariadbError: the server refuses it for another reason, and would refuse the dump.
    """
    try:
        with source.session() as session:
            session.rows("start transaction read only")
            views = [name for kind, name, _ in list_code(session, database) if kind == "view"]
            read_objects(session, database, ())
    except MariadbError as error:
        if error.number not in _NO_RIGHT:
            raise
        return True, []
    found: List[CodeNeed] = []
    with contextlib.ExitStack() as sessions:
        for need in _of_views(source, database, views, sessions):
            if need not in found:
                found.append(need)
    return False, found[:_MOST]


def _of_views(
    source: Source, database: str, views: List[str], sessions: contextlib.ExitStack
) -> Iterator[CodeNeed]:
    session: Optional[MariadbSession] = None
    for view in views:
        if session is None:  # the client ends at an error
            session = sessions.enter_context(source.session())
        try:
            session.rows(f"show fields from {quoted(view)}")
        except MariadbError as error:
            session = None
            if error.number == _MAY_NOT_RUN:
                yield "run functions", _database_in(error.what, database), ("EXECUTE",)
            elif error.number == _REFERS_TO_NOTHING:
                yield "repair a view", view, ()
            else:
                raise


def _database_in(said: str, otherwise: str) -> str:
    """Where the function is, as the server names it at the end of what it says."""
    found = _ROUTINE.search(said[-_LONGEST:])
    return found.group(1) if found else otherwise
