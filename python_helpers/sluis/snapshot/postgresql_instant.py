"""Dump and figures of one PostgreSQL database, out of the very same snapshot.

TRUNCATE and ALTER TABLE do not care about snapshots: a table emptied between snapshot and
lock would be dumped empty (PostgreSQL documentation, 13.6 Caveats). So our own session
locks every table before it exports the snapshot, and pg_dump locks them again. When
somebody asks for an exclusive lock in the blink between, pg_dump queues behind them, they
behind us, and we wait for pg_dump: nobody would ever see that. Then we let go and start
again.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any, Dict, List, Tuple

from ..errors import SnapshotError
from ..programs import Command, fixed, option
from .children import Children
from .postgresql_figures import TABLES, read_figures, read_sequences
from .postgresql_programs import Programs
from .postgresql_session import Connection, QueryError, Session, database_word, literal

_ATTEMPTS = 8
#: Longer and the one who queues between us and pg_dump holds everybody up behind them.
_LOCK_SECONDS = 3
#: Enough to meet a missing right; a dump that failed for another reason is not read for hours.
_LOOK_SECONDS = 60
_NOT_ALLOWED = "42501"
#: lock_not_available, undefined_table (it was dropped meanwhile), deadlock_detected
_COLLIDED = frozenset({"55P03", "42P01", "40P01"})

_LOCKS = f"""
select to_json(format('lock table only %I.%I in access share mode;', x.nspname, x.relname))
from ({TABLES}) x where x.kind = 'r' order by x.oid
"""
_LOCKED = """
select to_json(count(distinct l.relation))
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where a.application_name = {name} and l.granted and l.locktype = 'relation'
  and l.mode = 'AccessShareLock' and l.relation >= 16384
"""


class _CollisionError(Exception):
    """Somebody wanted a table for themselves at just this moment."""


def dump_in_snapshot(
    asset: Dict[str, Any],
    children: Children,
    programs: Programs,
    connection: Connection,
    target: str,
) -> Tuple[Dict[str, Any], List[str]]:
    """Dump into ``target`` and read the figures in the same snapshot.

    Returns:
        The facts, and what was run.

    Raises:
        SnapshotError: part of the database cannot be read, pg_dump failed, or its tables
            are too busy.
    """
    said = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(0.3 * attempt)
        try:
            with Session(children, programs, connection, str(asset["location"])) as held:
                return _attempt(asset, children, programs, connection, held, target)
        except _CollisionError as error:
            said = str(error)
        except QueryError as error:
            if error.sqlstate not in _COLLIDED:
                raise _unreadable(asset, error) from error
            said = error.what
    raise SnapshotError(
        "postgresql-busy",
        f"{_ATTEMPTS} times somebody wanted tables of {asset['id']} for themselves just when "
        f"the snapshot was taken. {said}",
        "Make the snapshot while no program truncates, alters or drops tables.",
    )


def _attempt(
    asset: Dict[str, Any],
    children: Children,
    programs: Programs,
    connection: Connection,
    held: Session,
    target: str,
) -> Tuple[Dict[str, Any], List[str]]:
    snapshot, tables = _open_snapshot(held)
    before = read_sequences(held)
    command = Command(
        programs.path("pg_dump"),
        fixed("--format=custom", "--compress=0", "--no-password"),
        option("--snapshot", snapshot),
        option("--lock-wait-timeout", f"{_LOCK_SECONDS}s"),
        option("--dbname", database_word(str(asset["location"]))),
    )
    name = f"sluis-{os.urandom(6).hex()}"
    environment = {**connection.environment(children), "PGAPPNAME": name}
    # Not compressed: the store compresses better, and unchanged parts are stored once.
    with open(target, "wb") as output, open(target + ".errors", "w+b") as errors:
        dumping = children.start(
            command, environment, connection.account, stdout=output, stderr=errors
        )
        try:
            with Session(children, programs, connection, str(asset["location"])) as watch:
                _wait_for_locks(dumping, watch, name, tables)
            facts = read_figures(held) if dumping.poll() is None else {}
        except BaseException:
            dumping.kill()
            raise
        finally:
            status = children.wait(dumping)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
        os.fsync(output.fileno())
    if status != 0:
        if "due to statement timeout" in said or "due to lock timeout" in said:
            raise _CollisionError(said[-300:])
        if not facts:
            _blame_rights(held)
        raise SnapshotError(
            "postgresql-dump-failed",
            f"pg_dump of {asset['id']} ended with status {status}: {said[-800:]}",
            "Nothing was kept. Put right what it says and make the snapshot again.",
        )
    facts = facts or read_figures(held)  # it was done before we looked
    facts.update(sequences=before, sequences_after=read_sequences(held))
    return facts, [f"pg_dump --format=custom --snapshot={snapshot} (figures in the same snapshot)"]


def _open_snapshot(held: Session) -> Tuple[str, int]:
    """Lock every table, then export a snapshot: its name, and how many tables there are."""
    locks = held.rows(_LOCKS)
    held.run(f"set lock_timeout = '{_LOCK_SECONDS}s';")
    held.run("begin isolation level repeatable read read only;" + "".join(locks))
    snapshot = str(held.row("select to_json(pg_export_snapshot())"))
    if held.rows(_LOCKS) != locks:
        raise _CollisionError("A table was made meanwhile.")
    return snapshot, len(locks)


def _wait_for_locks(
    dumping: subprocess.Popen[bytes], watch: Session, name: str, tables: int
) -> None:
    """Until pg_dump holds its locks, or has ended.

    Not for ever: a server that does not show us that session shows no locks either.
    """
    until = time.monotonic() + 3 * _LOCK_SECONDS
    while dumping.poll() is None and time.monotonic() < until:
        if watch.row(_LOCKED.format(name=literal(name))) >= tables:
            return
        time.sleep(0.01)


def _blame_rights(held: Session) -> None:
    """Raise what reading meets, when pg_dump was stopped by a missing right before we read.

    Which of the two meets it first is chance; what the operator is told is not.
    """
    try:
        held.run(f"set local statement_timeout = '{_LOOK_SECONDS}s';")
        read_figures(held)
    except QueryError as error:
        if error.sqlstate == _NOT_ALLOWED:
            raise


def _unreadable(asset: Dict[str, Any], error: QueryError) -> SnapshotError:
    if error.sqlstate != _NOT_ALLOWED:
        return error
    return SnapshotError(
        "postgresql-unreadable",
        f"The user of {asset['id']} may not read all of it: {error.what}",
        "Give this user the right to read everything (GRANT pg_read_all_data; before PostgreSQL 14 "
        "GRANT SELECT on the tables of each schema), or use the owner.",
    )
