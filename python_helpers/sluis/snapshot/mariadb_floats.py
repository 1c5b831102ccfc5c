"""FLOAT values with all their digits, which mariadb-dump does not write.

MariaDB prints a FLOAT with six digits, and mariadb-dump writes what is printed: 1234567
comes back as 1234570 (measured, 10.11). So for the rows that this would change we write
the value out as a double, in a file of its own that is loaded after the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Dict, List, Sequence

from ..counted import counted
from .mariadb_figures import Table, same_schema
from .mariadb_session import MariadbSession, quoted, text

_HEAD = """-- MariaDB dump supplement: FLOAT values with all their digits
set names utf8mb4;
set session sql_mode = '', session time_zone = '+00:00', session foreign_key_checks = 0;
start transaction;
"""
_TAIL = """commit;

-- Dump completed
"""
_COLUMNS = """
select table_name, column_name, data_type, ifnull(character_set_name, 'binary'), column_key,
       extra like '%on update%', ifnull(generation_expression, '')
from information_schema.columns where {same} order by table_name, ordinal_position
"""
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})


@dataclass
class _Floating:
    """What is needed of one table: its FLOAT columns, its key, what updates itself."""

    floats: List[str] = field(default_factory=list)
    key: Dict[str, str] = field(default_factory=dict)
    moving: List[str] = field(default_factory=list)


def dump_floats(
    session: MariadbSession,
    database: str,
    tables: Sequence[Table],
    target: IO[bytes],
    warnings: List[str],
) -> int:
    """Write what mariadb-dump would lose; how many rows that is.

    Args:
        session: with the snapshot of the dump open and the database in use.
        database: its name.
        tables: those that are dumped.
        target: where to write; nothing is written when nothing would be lost.
        warnings: gets a line for each table whose rows cannot be told apart.
    """
    plain = {table.name for table in tables if table.kind == "BASE TABLE" and not table.elsewhere}
    written = 0
    for name, one in _floating(session, database).items():
        if name not in plain:
            continue
        lossy = " or ".join(f"cast(concat({c}) as float) <> {c}" for c in map(quoted, one.floats))
        session.rows("savepoint floats")
        if not one.key:
            count = session.value(f"select count(*) from {quoted(name)} where {lossy}")
            if count != "0":
                warnings.append(
                    f"Table {name} has no primary key to tell its rows apart, so the last digits "
                    f"of the FLOAT values in {counted(int(str(count)), 'row')} cannot be kept."
                )
            session.rows("rollback to savepoint floats")
            continue
        for (statement,) in session.stream(
            f"select {_update(name, one)} from {quoted(name)} where {lossy}"
        ):
            target.write((statement if written else _HEAD + statement).encode() + b";\n")
            written += 1
        session.rows("rollback to savepoint floats")  # lets go of the table's shape
    if written:
        target.write(_TAIL.encode())
    return written


def _floating(session: MariadbSession, database: str) -> Dict[str, _Floating]:
    found: Dict[str, _Floating] = {}
    query = _COLUMNS.format(same=same_schema("table_schema", database))
    for table, column, kind, character_set, key, moving, generated in session.rows(query):
        one = found.setdefault(table, _Floating())
        if kind == "float" and not generated:
            one.floats.append(column)
        if key == "PRI":
            one.key[column] = _spelled(column, kind, character_set)
        if moving == "1":
            one.moving.append(column)
    floating = {name: one for name, one in found.items() if one.floats}
    for one in floating.values():
        if set(one.key) & set(one.floats):
            one.key = {}
    return floating


def _spelled(column: str, kind: str, character_set: str) -> str:
    """SQL that gives this column's value as a SQL constant."""
    name = quoted(column)
    if kind in _TEXTS:
        return f"concat({text(f'_{character_set} x')}, quote(hex({name})))"
    if kind in _BYTES:
        return f"concat('x', quote(hex({name})))"
    if kind == "bit":
        return f"({name} + 0)"
    return f"quote({name})"


def _update(name: str, one: _Floating) -> str:
    """SQL that gives the UPDATE statement of a row."""
    parts = [text(f"update {quoted(name)} set ")]
    for number, column in enumerate(one.floats):
        parts += [text(f"{', ' if number else ''}{quoted(column)} = ")]
        parts += [f"ifnull(cast({quoted(column)} as double), 'null')"]
    parts += [text("".join(f", {quoted(column)} = {quoted(column)}" for column in one.moving))]
    for number, (column, value) in enumerate(one.key.items()):
        parts += [text(f" {'and' if number else 'where'} {quoted(column)} = "), value]
    return f"concat({', '.join(parts)})"
