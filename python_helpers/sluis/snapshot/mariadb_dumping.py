"""Dump and figures of one MariaDB database, of the very same instant."""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import Any, Dict, List, Sequence, Tuple

from ..errors import SnapshotError
from ..programs import Command, fixed
from .mariadb_figures import Table, read_figures, read_sequences, read_tables
from .mariadb_floats import dump_floats
from .mariadb_instant import Instant, moved, open_readers
from .mariadb_objects import read_objects
from .mariadb_proof import CODE_FILE, DUMP_FILE, FLOATS_FILE
from .mariadb_session import MariadbError, MariadbSession, plain_environment, text
from .mariadb_source import Source, demand_whole, dump_code

_ATTEMPTS = 4
_READERS = 2
#: mariadb-dump says this once its own snapshot is open (--verbose, client/mysqldump.cc).
_SNAPSHOT_IS_OPEN = (b"-- Setting savepoint", b"-- Retrieving ")
_OPENING_SECONDS = 60
#: How long mariadb-dump may queue for a table before we take it for stuck.
_STUCK_SECONDS = 60
_MOVED = re.compile(r"\b(?:1412|1146)\b")
_WAITING = """
select count(*) from information_schema.processlist where binary db = binary {database}
and state like 'Waiting for table metadata lock%' and time > {seconds}
and info like 'SELECT /*!40001 SQL_NO_CACHE */%'
"""


class _MovedError(Exception):
    """A table was made, altered or dropped while we were at it."""


def dump_one_instant(
    source: Source, folder: str, warnings: List[str]
) -> Tuple[Dict[str, Any], List[str]]:
    """Dump into the files of `mariadb_proof.FILES` in a folder, and read the figures.

    Returns:
        The facts, and what was run.

    Raises:
        SnapshotError: mariadb-dump failed, or the tables are too busy.
    """
    said = ""
    for _ in range(_ATTEMPTS):
        try:
            said_here: List[str] = []
            answer = _attempt(source, folder, said_here)
            warnings += said_here
            return answer
        except _MovedError as error:
            said = str(error)
        except MariadbError as error:
            if not moved(error):
                raise
            said = error.what
    raise SnapshotError(
        "mariadb-schema-restless",
        f"Tables of {source.id} kept being made, altered or dropped meanwhile: {said[-300:]}",
        "Make the snapshot while no program changes the schema.",
    )


def _attempt(source: Source, folder: str, warnings: List[str]) -> Tuple[Dict[str, Any], List[str]]:
    with source.session() as session:
        tables = read_tables(session, source.database)
        # Before any lock, so that nobody waits for it: what changes from here on is seen.
        defined = read_objects(session, source.database, tables)[0]
    instant = Instant(source.session, source.id)
    readers: List[MariadbSession] = []
    try:
        instant.hold(tables)
        with source.session() as session:
            again = read_tables(session, source.database)
            before = read_sequences(session, source.database, tables)
        if {(one.name, one.row) for one in again} != {(one.name, one.row) for one in tables}:
            raise _MovedError("the list of tables changed")
        readers = open_readers(source.session, _READERS)
        facts = _dump_rows(source, folder, instant, readers, tables, warnings)
        with source.session() as session:
            after = read_sequences(session, source.database, tables)
            # A column that was added at once shows in older snapshots too, without error.
            still = read_objects(session, source.database, tables)[0]
            if not defined == facts["objects"] == still:
                raise _MovedError("a definition changed")
    finally:
        instant.close()
        for reader in readers:
            reader.close()
    slow = [t.name for t in tables if not (t.in_snapshots or t.elsewhere or t.kind == "SEQUENCE")]
    if slow and instant.how is not None:
        warnings.append(f"Without transactions, so locked until dumped: {', '.join(slow)}.")
    lost = [one.name for one in tables if one.kind == "SYSTEM VERSIONED" and not one.history]
    if lost:
        warnings.append(f"The history of {', '.join(lost)} is not in the dump (before 10.11).")
    facts.update(sequences=before, sequences_after=after, held_seconds=instant.held)
    if instant.how is None:
        _explain_two_instants(tables, facts, warnings)
    how = f"{instant.how} for {instant.held} s" if instant.how else "no lock"
    return facts, [
        f"{how}, until every snapshot was open",
        "mariadb-dump --single-transaction (figures of the same instant)",
        "mariadb-dump --routines --events --triggers, and views",
        "both files end with the line that says completed",
    ]


def _dump_rows(
    source: Source,
    folder: str,
    instant: Instant,
    readers: List[MariadbSession],
    tables: Sequence[Table],
    warnings: List[str],
) -> Dict[str, Any]:
    target, code, floats = (
        os.path.join(folder, name) for name in (DUMP_FILE, CODE_FILE, FLOATS_FILE)
    )
    with open(target, "wb") as output, open(target + ".said", "w+b") as said:
        dumping = source.children.start(
            _command(source, tables),
            plain_environment(),
            source.connection.account,
            stdout=output,
            stderr=said,
        )
        try:
            _wait_for_snapshot(source, dumping, target + ".said")
            instant.let_go()
            facts = read_figures(readers, source.database, tables)
            with open(floats, "wb") as file:
                facts["float_rows"] = dump_floats(
                    readers[0], source.database, tables, file, warnings
                )
                os.fsync(file.fileno())
            dump_code(source, readers[0], code)
            _wait_for_end(source, dumping)
        except BaseException:
            dumping.kill()
            raise
        finally:
            status = source.children.wait(dumping)
        os.fsync(output.fileno())
        said.seek(0)
        lines = [line for line in said.read().splitlines() if not line.startswith(b"-- ")]
    errors = b"\n".join(lines).decode("utf-8", "replace")
    if status != 0 and _MOVED.search(errors):
        raise _MovedError(errors)
    demand_whole(source, target, status, errors)
    if facts["float_rows"] == 0:
        os.unlink(floats)
    return facts


def _command(source: Source, tables: Sequence[Table]) -> Command:
    more = fixed(
        "--single-transaction", "--skip-lock-tables", "--skip-triggers", "--quick", "--verbose"
    )
    history = any(table.history for table in tables)
    # The list was taken under the lock: a table made later is not of this instant.
    return source.dump_command(
        more,
        fixed("--dump-history") if history else fixed(),
        tables=[table.name for table in tables],
    )


def _wait_for_snapshot(source: Source, dumping: subprocess.Popen[bytes], said: str) -> None:
    """Until mariadb-dump says that its snapshot is open, or has ended."""
    until = time.monotonic() + _OPENING_SECONDS
    while dumping.poll() is None:
        with open(said, "rb") as file:
            lines = file.read()
        if any(sign in lines for sign in _SNAPSHOT_IS_OPEN):
            return
        if time.monotonic() > until:
            raise SnapshotError(
                "mariadb-busy",
                f"mariadb-dump of {source.id} opened no snapshot in {_OPENING_SECONDS} s.",
                "Make the snapshot at a quieter time.",
            )
        time.sleep(0.005)


def _wait_for_end(source: Source, dumping: subprocess.Popen[bytes]) -> None:
    """Until mariadb-dump has ended, or is stuck behind somebody who is stuck behind us.

    Who wants to alter a table that we keep locked waits for us; mariadb-dump then queues
    behind them, and the server cannot see that we in turn wait for mariadb-dump.
    """
    asking = time.monotonic() + _STUCK_SECONDS
    while dumping.poll() is None:
        try:
            dumping.wait(0.05)
        except subprocess.TimeoutExpired:
            if time.monotonic() < asking:
                continue
            asking = time.monotonic() + _STUCK_SECONDS
            query = _WAITING.format(database=text(source.database), seconds=_STUCK_SECONDS // 2)
            with source.session() as session:
                if session.value(query) != "0":
                    raise _MovedError("somebody alters a table that is being dumped") from None


def _explain_two_instants(
    tables: Sequence[Table], facts: Dict[str, Any], warnings: List[str]
) -> None:
    warnings.append(
        "The user may neither LOCK TABLES nor RELOAD, so dump and figures are of two instants. "
        "GRANT LOCK TABLES on the database to it."
    )
    # Equal figures still prove that the copy is the source at the figures' instant; only
    # what has no snapshot at all may be a mixture.
    facts["two_instants"] = True
    loose = sorted(
        table.name for table in tables if not table.in_snapshots and table.kind != "SEQUENCE"
    )
    if loose:
        facts["unlocked"] = loose
