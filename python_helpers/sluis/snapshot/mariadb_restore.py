"""Put a MariaDB dump back into its own server: beside the live database, then swapped in.

Nothing is ever dropped but a copy that we made ourselves and did not finish. The swap
itself is in `mariadb_swap`.
"""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Optional, Sequence

from ..errors import SnapshotError
from .children import Children
from .database_proof import without_data
from .mariadb_copy import (
    OURS,
    UNFINISHED,
    begin_copy,
    exists,
    finish_copy,
    is_empty,
    keep_code,
    read_mark,
)
from .mariadb_dump_file import inspect_mariadb_dump
from .mariadb_figures import read_database, read_figures, read_tables
from .mariadb_proof import CODE_FILE, DUMP_FILE, FLOATS_FILE
from .mariadb_scratch import load_dump
from .mariadb_session import MariadbConnection, MariadbSession, quoted
from .mariadb_source import Source
from .mariadb_swap import check_names, look_at_swap, swap, swap_state, undo_swap

__all__ = ("figures", "look_at_swap", "restore_beside", "swap", "swap_state", "undo_swap")


def restore_beside(
    asset: Dict[str, Any],
    files: Sequence[str],
    new_name: str,
    secrets: Dict[str, Any],
    facts: Optional[Dict[str, Any]] = None,
) -> Dict[str, Any]:
    """Restore tables and rows into a new database on the asset's own server.

    Views, routines, triggers and events are kept with it as text, for the swap.

    Args:
        asset: connection data and ``location``, the live database's name.
        files: the dump's files as they came back from the store.
        new_name: the copy's name. A copy that an earlier run left unfinished is made anew.
        secrets: ``password``, optional. The user must be allowed to create databases.
        facts: what `dump` returned for this snapshot; without it the character set is that
            of the live database.

    Returns:
        ``database``, ``ran``, ``seconds``, ``warnings``.

    Raises:
        SnapshotError: nothing usable was restored.
    """
    began = time.monotonic()
    check_names(asset, new_name)
    found = {os.path.basename(path): path for path in files}
    data = _whole(asset, found.get(DUMP_FILE))
    rows = [data, *(_whole(asset, found[n]) for n in (FLOATS_FILE,) if n in found)]
    code = _whole(asset, found[CODE_FILE]) if CODE_FILE in found else None
    with Children(os.path.dirname(os.path.abspath(data))) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.anywhere() as session:
            like = facts["database"] if facts else read_database(session, source.database)
            begin = _make_room(session, new_name)
            session.rows(
                f"{begin} database {quoted(new_name)} character set {like['character_set']}"
                f" collate {like['collation']}"
            )
            begin_copy(session, new_name)
            for path in rows:
                errors = load_dump(children, source.connection, path, new_name, source.bin_dir)
                if errors:
                    raise SnapshotError(
                        "mariadb-restore-failed",
                        f"Loading {os.path.basename(path)} into {new_name} said: "
                        f"{without_data(errors)}",
                        "The live database was not touched. Put right what it says, then restore "
                        "again.",
                    )
            if code is not None:
                keep_code(session, new_name, "copy", code)
            finish_copy(session, new_name)
    warnings: List[str] = []
    if code is None:
        warnings.append(f"There is no {CODE_FILE}, so views, routines and events will be missing.")
    return {
        "database": new_name,
        "ran": [f"create database {new_name}", "mariadb --sandbox --binary-mode"],
        "seconds": round(time.monotonic() - began, 3),
        "warnings": warnings,
    }


def figures(
    asset: Dict[str, Any], secrets: Dict[str, Any], workdir: str, name: Optional[str] = None
) -> Dict[str, Any]:
    """The figures of a database as it is now, in one snapshot, like ``facts`` of `dump`.

    Args:
        asset: connection data.
        secrets: ``password``, optional.
        workdir: a folder for the time being, for the password file.
        name: which database; default the asset's own. A copy of ours is marked
            ``code_pending``: it gets views, routines, triggers and events with the swap.
    """
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        database = name or source.database
        with source.session(database) as session:
            session.rows("start transaction with consistent snapshot, read only")
            tables = [one for one in read_tables(session, database) if one.name not in OURS]
            found = read_figures([session], database, tables)
            if read_mark(session, database) is not None:
                found["code_pending"] = True
            return {**found, "kind": "mariadb", "database": read_database(session, database)}


def _make_room(session: MariadbSession, new_name: str) -> str:
    """Drop an unfinished copy of our own; refuse anything else under that name.

    Returns:
        How to begin: ``create``, or ``alter`` for a database in which nothing is. A kill between
        its making and its mark leaves such a one, and so may somebody else: it is not dropped.
    """
    if not exists(session, new_name):
        return "create"
    marked = read_mark(session, new_name)
    if marked is None and is_empty(session, new_name, ()):
        return "alter"
    # a finished one in which only our own tables are was swapped in before
    if marked != UNFINISHED and not (marked is not None and is_empty(session, new_name)):
        raise SnapshotError(
            "mariadb-name-taken",
            f"There is already a database {new_name}, and it is not an unfinished copy of ours.",
            "Choose another name for the copy; nothing was touched.",
        )
    session.rows(f"drop database {quoted(new_name)}")
    return "create"


def _whole(asset: Dict[str, Any], path: Optional[str]) -> str:
    dump_file = inspect_mariadb_dump(path) if path else None
    if path is None or dump_file is None or dump_file.whole is not True:
        said = dump_file.detail if dump_file else f"there is no {DUMP_FILE}"
        raise SnapshotError(
            "mariadb-dump-not-whole",
            f"The dump of {asset['id']} cannot be restored: {said}",
            "Fetch the snapshot again, or choose an older one that was verified.",
        )
    return path
