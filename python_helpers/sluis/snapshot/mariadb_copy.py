"""A MariaDB database of our own making: how it is marked, and what it still has to get.

A copy beside the live database holds tables and rows only. Its routines, triggers, events
and views wait as text in a table of ours until the swap: an event would start to run at
once, and a table with a trigger cannot be moved to another database (error 1435).
"""

from __future__ import annotations

import base64
from typing import List, Optional, Sequence

from .mariadb_figures import same_schema
from .mariadb_objects import list_code
from .mariadb_session import MariadbSession, quoted, text

MARK = "sluis_copy"
CODE = "sluis_code"
OURS = (MARK, CODE)
UNFINISHED = "unfinished"
FINISHED = "finished"
#: Well below the smallest packet that we work with.
_PIECE = 300_000


def exists(session: MariadbSession, database: str) -> bool:
    """Whether there is such a database."""
    return bool(
        session.rows(
            "select 1 from information_schema.schemata"
            f" where {same_schema('schema_name', database)}"
        )
    )


def tables_of(session: MariadbSession, database: str) -> List[str]:
    """Tables and sequences, ours left out; no views."""
    rows = session.rows(
        "select table_name from information_schema.tables"
        f" where {same_schema('table_schema', database)}"
        " and table_type in ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED') order by table_name"
    )
    return [name for (name,) in rows if name not in OURS]


def is_empty(session: MariadbSession, database: str, ours: Sequence[str] = OURS) -> bool:
    """Whether nothing is in a database but tables named ``ours``: no view and no code either."""
    rows = session.rows(
        "select table_name from information_schema.tables"
        f" where {same_schema('table_schema', database)}"
    )
    return all(name in ours for (name,) in rows) and not list_code(session, database)


def has_table(session: MariadbSession, database: str, table: str) -> bool:
    """Whether the database has this table."""
    return bool(
        session.rows(
            "select 1 from information_schema.tables where"
            f" {same_schema('table_schema', database)} and table_name = {text(table)}"
        )
    )


def read_mark(session: MariadbSession, database: str) -> Optional[str]:
    """``unfinished`` or ``finished`` for a copy of ours, None for anything else."""
    if not has_table(session, database, MARK):
        return None
    return session.value(f"select state from {quoted(database)}.{MARK}")


def begin_copy(session: MariadbSession, database: str) -> None:
    """Mark a new database as a copy of ours that is not finished."""
    home = quoted(database)
    session.rows(f"create table {home}.{MARK} (state varchar(20) not null) engine=InnoDB")
    session.rows(f"insert into {home}.{MARK} values ({text(UNFINISHED)})")


def finish_copy(session: MariadbSession, database: str) -> None:
    """Mark it as finished."""
    session.rows(f"update {quoted(database)}.{MARK} set state = {text(FINISHED)}")


def keep_code(session: MariadbSession, database: str, which: str, path: str) -> None:
    """Keep a file of definitions in the database, in pieces.

    Args:
        session: any session of the server.
        database: where to keep it.
        which: ``copy`` or ``displaced``.
        path: the file.
    """
    home = f"{quoted(database)}.{CODE}"
    session.rows(
        f"create table if not exists {home} (which varchar(20) character set ascii not null,"
        " piece int not null, body mediumblob not null, primary key (which, piece)) engine=InnoDB"
    )
    session.rows(f"delete from {home} where which = {text(which)}")
    with open(path, "rb") as file:
        for number, data in enumerate(iter(lambda: file.read(_PIECE), b"")):
            body = base64.b64encode(data).decode("ascii")
            session.rows(
                f"insert into {home} values ({text(which)}, {number}, from_base64('{body}'))"
            )


def fetch_code(session: MariadbSession, database: str, which: str, path: str) -> bool:
    """Write a kept file of definitions out again; False when none was kept."""
    home = f"{quoted(database)}.{CODE}"
    if not has_table(session, database, CODE):
        return False
    count = session.value(f"select count(*) from {home} where which = {text(which)}")
    with open(path, "wb") as file:
        for number in range(int(count or 0)):
            body = session.value(
                f"select to_base64(body) from {home}"
                f" where which = {text(which)} and piece = {number}"
            )
            file.write(base64.b64decode(body or ""))
    return int(count or 0) > 0
