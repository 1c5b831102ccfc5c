"""Figures of a MariaDB database: what two copies must have in common to be equal.

The content of a table is the sum over its rows of 64 bits of an MD5 over every column, so
the order of rows does not matter, while each value and duplicate does. FLOAT columns are
hashed with all their bits: mariadb-dump writes six digits of them, and so can lose what
the source holds; that shows as a difference, as it should.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence

from ..errors import SnapshotError
from .mariadb_objects import read_objects
from .mariadb_programs import series_of
from .mariadb_session import MariadbSession, quoted, text

#: Engines whose rows are part of a consistent snapshot.
SNAPSHOT_ENGINES = frozenset({"InnoDB", "ROCKSDB"})
#: Engines whose rows live elsewhere; mariadb-dump leaves them out.
_ELSEWHERE = frozenset({"FEDERATED", "MRG_MYISAM", "MRG_MyISAM", "SPIDER", "CONNECT", "BLACKHOLE"})
_SYSTEM = ("information_schema", "performance_schema", "mysql", "sys")
_LARGE = frozenset(
    {"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob"}
)
_STRINGS = frozenset({"char", "varchar", "binary", "varbinary", "enum", "set"})
_SHAPES = frozenset(
    {
        "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
        "multipolygon", "geometrycollection", "vector",
    }
)  # fmt: skip
#: A row's text must fit, or its hash is NULL (string functions, MariaDB knowledge base).
_SMALLEST_PACKET = 1 << 20


@dataclass(frozen=True)
class Table:
    """One table, sequence included: its engine, size, and how a row of it is hashed."""

    name: str
    kind: str
    engine: str
    bytes: int
    row: str
    history: bool = False

    @property
    def in_snapshots(self) -> bool:
        """Whether its rows are the same for everybody who holds the same snapshot."""
        return self.kind != "SEQUENCE" and self.engine in SNAPSHOT_ENGINES

    @property
    def elsewhere(self) -> bool:
        """Whether its rows live outside this server's own files."""
        return self.engine in _ELSEWHERE


def same_schema(column: str, database: str) -> str:
    """A condition on a schema name; the plain comparison there ignores upper and lower case."""
    return f"{column} = {text(database)} and binary {column} = binary {text(database)}"


def read_database(session: MariadbSession, database: str) -> Dict[str, Any]:
    """Name, character set, size, version and the server's settings that a copy needs.

    Raises:
        SnapshotError: there is no such database, or this is not a MariaDB server.
    """
    rows = session.rows(
        "select default_character_set_name, default_collation_name, @@version,"
        " @@lower_case_table_names, @@innodb_page_size, @@innodb_strict_mode,"
        " @@innodb_default_row_format, @@max_allowed_packet,"
        " (select ifnull(sum(data_length + index_length), 0) from information_schema.tables"
        f"   where {same_schema('table_schema', database)})"
        f" from information_schema.schemata where {same_schema('schema_name', database)}"
    )
    if not rows:
        raise SnapshotError(
            "mariadb-database-missing",
            f"There is no database {database}, or this user may not see it.",
            "Check the asset's location and its user's rights.",
        )
    character_set, collation, version, names, page, strict, row_format, packet, size = rows[0]
    series = series_of(version)
    if series is None:
        raise SnapshotError(
            "mariadb-not-mariadb",
            f"The server of {database} calls itself {version}, which is not MariaDB.",
            "Adopt a dump that was made and tested by hand, or record a waiver.",
        )
    if int(packet) < _SMALLEST_PACKET:
        raise SnapshotError(
            "mariadb-packet-small",
            f"max_allowed_packet of the server is {packet}; rows could not be hashed.",
            "Set max_allowed_packet to 1 MiB or more.",
        )
    return {
        "name": database,
        "character_set": character_set,
        "collation": collation,
        "version": version,
        "series": series,
        "lower_case_table_names": int(names),
        "innodb_page_size": int(page),
        "innodb_strict_mode": int(strict),
        "innodb_default_row_format": row_format,
        "bytes": int(float(size)),
    }


def server_identity(session: MariadbSession) -> str:
    """What tells this server from another: its unique id if it has one, host and folder."""
    known = session.rows("show global variables like 'server_uid'")
    place = session.rows("select @@hostname, @@datadir")[0]
    return " ".join([*(row[1] for row in known), *place])


def other_databases(session: MariadbSession, database: str) -> List[Dict[str, Any]]:
    """The other databases of this server: kind, location and bytes.

    Bytes are ``None`` where no table is seen: it is empty, or this user may not look into it.
    """
    system = ", ".join(text(name) for name in _SYSTEM)
    rows = session.rows(
        "select s.schema_name, if(count(t.table_name) = 0, '', sum(t.data_length + t.index_length))"
        " from information_schema.schemata s left join information_schema.tables t"
        f" on t.table_schema = s.schema_name where s.schema_name not in ({system})"
        " group by s.schema_name order by s.schema_name"
    )
    return [
        {"kind": "mariadb", "location": name, "bytes": int(float(size)) if size else None}
        for name, size in rows
        if name != database
    ]


def dumps_history(session: MariadbSession) -> bool:
    """Whether mariadb-dump can take the history of versioned tables along: since 10.11."""
    version = re.match(r"(\d+)\.(\d+)", session.value("select @@version") or "")
    return version is not None and (int(version.group(1)), int(version.group(2))) >= (10, 11)


def read_tables(session: MariadbSession, database: str) -> List[Table]:
    """Every table and sequence of the database, the largest first.

    Raises:
        SnapshotError: the server cannot open one of them.
    """
    keeps_history = dumps_history(session)
    columns: Dict[str, List[str]] = {}
    named_period = set()
    for table, column, kind, generation in session.rows(
        "select table_name, column_name, data_type, ifnull(generation_expression, '')"
        f" from information_schema.columns where {same_schema('table_schema', database)}"
        " order by table_name, column_name"
    ):
        period = generation in ("ROW START", "ROW END")
        if period:
            named_period.add(table)
        # Without its history the period of a versioned table is set by whoever inserts.
        if keeps_history or not period:
            columns.setdefault(table, []).append(_hashed(column, kind))
    tables: List[Table] = []
    for name, kind, engine, size, comment in session.rows(
        "select table_name, table_type, ifnull(engine, ''), ifnull(data_length, 0),"
        f" ifnull(table_comment, '') from information_schema.tables"
        f" where {same_schema('table_schema', database)}"
        " and table_type in ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED')"
        " order by data_length desc, table_name"
    ):
        if not engine:
            raise SnapshotError(
                "mariadb-unreadable",
                f"The server cannot open the table {name} of {database}: {comment}",
                "Repair or remove that table first; a dump would leave it out.",
            )
        history = keeps_history and kind == "SYSTEM VERSIONED"
        hashed = columns.get(name, [text("")])
        if history and name not in named_period:
            hashed = [*hashed, "row_start", "row_end"]
        row = f"concat_ws('|', {', '.join(hashed)})"
        tables.append(Table(name, kind, engine, int(size), row, history))
    return tables


def read_figures(
    sessions: Sequence[MariadbSession], database: str, tables: Sequence[Table]
) -> Dict[str, Any]:
    """All figures of the database.

    Args:
        sessions: one or more, with this database in use and a transaction open on the same
            instant; the tables are spread over them.
        database: its name.
        tables: what `read_tables` gave.

    Returns:
        JSON-able, in the shape of the PostgreSQL figures.
    """
    session = sessions[0]
    objects, definers = read_objects(session, database, tables)
    counted = _count(sessions, [t for t in tables if t.kind != "SEQUENCE" and not t.elsewhere])
    return {
        "tables": counted,
        "recomputed": {},
        "sequences": read_sequences(session, database, tables),
        "objects": objects,
        "definers": definers,
        "engines": sorted({table.engine for table in tables}),
        "extensions": {},
        "foreign_tables": sorted(table.name for table in tables if table.elsewhere),
        "probe": session.value(f"select {_hash(text('sluis'))}"),
    }


def read_sequences(
    session: MariadbSession, database: str, tables: Sequence[Table]
) -> Dict[str, Dict[str, Any]]:
    """Where each sequence and each AUTO_INCREMENT stands *now*, outside any snapshot."""
    found: Dict[str, Dict[str, Any]] = {}
    for table in tables:
        if table.kind == "SEQUENCE":
            last, step = session.rows(
                f"select next_not_cached_value, increment from {quoted(table.name)}"
            )[0]
            found[table.name] = {"last": last, "called": True, "step": step}
    for name, value in session.rows(
        "select table_name, auto_increment from information_schema.tables"
        f" where {same_schema('table_schema', database)} and auto_increment is not null"
    ):
        found[f"{name} (auto_increment)"] = {"last": value, "called": True, "step": "1"}
    return found


def _count(
    sessions: Sequence[MariadbSession], tables: Sequence[Table]
) -> Dict[str, Dict[str, Any]]:
    shares: List[List[Table]] = [[] for _ in sessions]
    loads = [0] * len(sessions)
    for table in tables:  # the largest first, each to the session with the least to do
        turn = loads.index(min(loads))
        shares[turn].append(table)
        loads[turn] += table.bytes + 1
    counted: Dict[str, Dict[str, Any]] = {}
    for position in range(max(map(len, shares), default=0)):
        asked = [
            (session, shares[turn][position])
            for turn, session in enumerate(sessions)
            if position < len(shares[turn])
        ]
        for session, table in asked:
            session.rows("savepoint sluis")
            session.ask(_counting(table))
        for session, table in asked:
            rows, checksum = session.hear()[0]
            # Lets go of the table's shape: who alters it waits for us no longer than needed,
            # and mariadb-dump does not queue behind them for ever.
            session.rows("rollback to savepoint sluis")
            counted[table.name] = {"rows": int(rows), "checksum": checksum}
    return dict(sorted(counted.items()))


def _counting(table: Table) -> str:
    history = " for system_time all" if table.history else ""
    return f"select count(*), ifnull(sum({_hash(table.row)}), 0) from {quoted(table.name)}{history}"


def _hash(row: str) -> str:
    return f"cast(conv(left(md5({row}), 16), 16, 10) as unsigned)"


def _hashed(column: str, kind: str) -> str:
    """One column as text that no two values share; NULL is N, which no value is."""
    name = quoted(column)
    if kind in _LARGE:
        return f"ifnull(md5({name}), 'N')"
    if kind in _STRINGS:
        return f"ifnull(concat(length({name}), ':', cast({name} as binary)), 'N')"
    if kind in _SHAPES:
        return f"ifnull(md5(hex({name})), 'N')"
    if kind == "bit":
        return f"ifnull({name} + 0, 'N')"
    if kind == "float":
        return f"ifnull(cast({name} as double), 'N')"
    return f"ifnull({name}, 'N')"
