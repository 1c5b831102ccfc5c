"""Ask a SQLite file one query that can only read. Nothing is written beside it either."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import Callable, Optional, Union
from urllib.parse import quote

from .answer import Answer
from .sql_client import MOST_BYTES, MOST_ROWS, not_answered

#: action codes of the authorizer: https://www.sqlite.org/c3ref/c_alter_table.html
_PRAGMA, _READ, _SELECT, _FUNCTION, _RECURSIVE = 19, 20, 21, 31, 33
#: pragmas that only read, as long as they are given no value
_PRAGMAS = frozenset({
    "application_id", "encoding", "foreign_key_check", "foreign_key_list", "freelist_count",
    "index_info", "index_list", "integrity_check", "page_count", "page_size", "quick_check",
    "schema_version", "table_info", "table_list", "table_xinfo", "user_version",
})  # fmt: skip
#: those of them whose value is the name of a table or a number of lines
_TAKE_A_NAME = frozenset({
    "foreign_key_check", "foreign_key_list", "index_info", "index_list", "integrity_check",
    "quick_check", "table_info", "table_list", "table_xinfo",
})  # fmt: skip
_NO_FUNCTION = frozenset({"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"})


class _UnfinishedError(Exception):
    """Reading the database would finish what a crash left, and so write."""


def ask_sqlite(path: str, query: str, timeout: float) -> Union[str, Answer]:
    """Ask one query.

    Args:
        path: the database file.
        query: the query; a second statement is refused by Python's ``sqlite3`` itself.
        timeout: seconds, for a lock and for the query together.

    Returns:
        The answer as text, or what prevented one.
    """
    if not os.path.isfile(path):
        return Answer(False, "the database file is not there", "not there")
    ends = time.monotonic() + timeout
    try:
        with contextlib.closing(_open(path, timeout)) as connection:
            connection.execute("PRAGMA query_only = 1")
            connection.set_authorizer(_only_reads)
            connection.set_progress_handler(_after(ends), 10_000)
            rows = connection.execute(query).fetchmany(MOST_ROWS + 1)
    except _UnfinishedError:
        return not_answered(
            "its last changes are in a -wal file that nobody has open; reading them would write "
            "beside the database. Start and stop the program that it belongs to",
        )
    except OSError as error:
        return not_answered(f"the database file cannot be read: {error.strerror}")
    except (sqlite3.Error, sqlite3.Warning) as error:
        if time.monotonic() > ends:
            return Answer(False, f"no answer within {timeout:g} s", "not answered")
        if "not authorized" in str(error) or "prohibited" in str(error):
            refused = "the query does more than read, and SQLite refused it"
            return Answer(False, refused, "not answered")
        if "one statement" in str(error):
            return not_answered("the query is not one statement that only reads")
        return Answer(
            False,
            f"SQLite answered with an error ({type(error).__name__})",
            "not there" if str(error).startswith("no such ") else "not answered",
        )
    if len(rows) > MOST_ROWS:
        return not_answered(f"the answer has more than {MOST_ROWS:,} rows")
    answer = "\n".join("\t".join("" if v is None else str(v) for v in row) for row in rows)
    if len(answer) > MOST_BYTES:
        return not_answered(f"the answer is larger than {MOST_BYTES:,} bytes")
    return answer


def _open(path: str, timeout: float) -> sqlite3.Connection:
    """Open it so that no file appears beside it.

    A database in WAL mode that nobody has open has no ``-wal`` file, or an empty one. SQLite
    would make one, and a ``-shm``, owned by us, and the application could not use its own
    database any more.

    Raises:
        _UnfinishedError: a crash left a ``-wal`` with changes in it.
    """
    with open(path, "rb") as file:
        head = file.read(20)
    in_wal_mode = head[18:19] == b"\x02"
    pending = _size(path + "-wal")
    if in_wal_mode and pending and not os.path.exists(path + "-shm"):
        raise _UnfinishedError
    alone = in_wal_mode and not pending
    uri = f"file:{quote(path)}?mode=ro" + ("&immutable=1" if alone else "")
    connection = sqlite3.connect(uri, uri=True, timeout=timeout)
    if hasattr(connection, "setlimit"):  # Python 3.11; 0 is SQLITE_LIMIT_LENGTH
        connection.setlimit(0, MOST_BYTES)
    return connection


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _only_reads(
    action: int, first: Optional[str], second: Optional[str], _where: object, _by: object
) -> int:
    if action in (_SELECT, _READ, _RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == _FUNCTION and str(second).lower() not in _NO_FUNCTION:
        return sqlite3.SQLITE_OK
    if action == _PRAGMA:
        name = str(first).lower()
        if name in _PRAGMAS and (second is None or name in _TAKE_A_NAME):
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _after(ends: float) -> Callable[[], int]:
    return lambda: int(time.monotonic() > ends)
