"""Every object of a MariaDB database as kind, name and a digest of its definition."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from .mariadb_session import quoted, text

if TYPE_CHECKING:
    from .mariadb_figures import Table
    from .mariadb_session import MariadbSession

#: Where the next number stands is compared apart.
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
#: Ends a text of code, which has semicolons of its own.
_END = "//sluis//"
#: What SHOW CREATE gives for each kind, by column: which of them make up the definition.
_SHOWN = {
    "view": (1, 2, 3),
    "trigger": (1, 2, 3, 4),
    "procedure": (1, 2, 3, 4),
    "function": (1, 2, 3, 4),
    "package": (1, 2, 3, 4),
    "package body": (1, 2, 3, 4),
    "event": (1, 2, 3, 4, 5),
}


def list_code(session: MariadbSession, database: str) -> List[Tuple[str, str, str]]:
    """Views, triggers, routines and events: kind, name, definer."""
    same = "{column} = {name} and binary {column} = binary {name}"
    name = text(database)
    found: List[Tuple[str, str, str]] = []
    for query in (
        "select 'view', table_name, definer from information_schema.views where "
        + same.format(column="table_schema", name=name),
        "select 'trigger', trigger_name, definer from information_schema.triggers where "
        + same.format(column="trigger_schema", name=name),
        "select lower(routine_type), routine_name, definer from information_schema.routines where "
        + same.format(column="routine_schema", name=name),
        "select 'event', event_name, definer from information_schema.events where "
        + same.format(column="event_schema", name=name),
    ):
        found += [(kind, one, definer) for kind, one, definer in session.rows(query)]
    return sorted(found)


def show_code(session: MariadbSession, kind: str, name: str) -> str:
    """The text that makes a piece of code of the session's database again, for the client.

    It may be run twice: what is there of that name goes first.
    """
    row = session.rows(f"show create {kind} {quoted(name)}")[0]
    mode = "" if kind == "view" else f"set sql_mode = {text(row[1])};\n"
    zone = f"set time_zone = {text(row[2])};\n" if kind == "event" else ""
    made = row[{"view": 1, "event": 3}.get(kind, 2)]
    return (
        f"drop {kind} if exists {quoted(name)};\n{mode}{zone}"
        f"delimiter {_END}\n{made}\n{_END}\ndelimiter ;\n"
    )


def read_objects(
    session: MariadbSession, database: str, tables: Sequence[Table]
) -> Tuple[Dict[str, str], List[str]]:
    """Every object, ``"kind name"`` with a digest of its definition; and all definers."""
    objects: Dict[str, str] = {}
    for table in tables:
        shown = session.rows(f"show create table {quoted(table.name)}")[0][1]
        kind = "sequence" if table.kind == "SEQUENCE" else "table"
        objects[f"{kind} {table.name}"] = _digest(_COUNTER.sub("", shown))
    definers = set()
    for kind, name, definer in list_code(session, database):
        row = session.rows(f"show create {kind} {quoted(name)}")[0]
        objects[f"{kind} {name}"] = _digest("\n".join(row[column] for column in _SHOWN[kind]))
        definers.add(definer)
    return objects, sorted(definers)


def _digest(definition: str) -> str:
    return hashlib.sha256(definition.encode("utf-8", "surrogatepass")).hexdigest()[:16]
