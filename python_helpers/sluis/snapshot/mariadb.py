"""MariaDB assets: a dump of one instant, and the proof that it restores.

`dump` runs on the managed host. It places the nonce, holds writers up for the blink in
which the dump and our own sessions open their snapshots, and reads the figures in those.
`check` runs on the verifier: it restores into a scratch server of the same version series,
reads the same figures there, has the server check every table, and compares. What could
not be checked is "not verified".

Two files: ``mariadb.sql`` holds tables and rows, ``mariadb-code.sql`` routines, events,
triggers and views. A restore beside the live data loads the first only: an event of a copy
would start to run. User accounts belong to the server and are in neither.

Both need the client programs only, no driver. Standard library, Python 3.8.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import InputError, SnapshotError
from .children import Children
from .mariadb_figures import (
    Table,
    other_databases,
    read_database,
    read_figures,
    read_sequences,
    read_tables,
    server_identity,
)
from .mariadb_instant import Instant, open_readers, vanished
from .mariadb_programs import knows_option
from .mariadb_proof import CODE_FILE, DUMP_FILE, prove
from .mariadb_rights import demand_select, unseen
from .mariadb_session import (
    MariadbConnection,
    MariadbError,
    MariadbSession,
    plain_environment,
    text,
)
from .mariadb_source import Source, demand_whole, dump_code

#: mariadb-dump says this once its own snapshot is open (--verbose, client/mysqldump.cc).
_SNAPSHOT_IS_OPEN = (b"-- Setting savepoint", b"-- Retrieving ")
_READERS = 2
_NONCE = (
    """create table if not exists sluis_nonce (only_one tinyint primary key,
    value varchar(128) character set ascii not null, placed_at timestamp not null) engine=InnoDB""",
    """insert into sluis_nonce values (1, {value}, now())
    on duplicate key update value = {value}, placed_at = now()""",
)


def dump(
    asset: Dict[str, Any], workdir: str, nonce: str, secrets: Dict[str, Any]
) -> Dict[str, Any]:
    """Dump one database to files, with the figures that a restored copy must have.

    Args:
        asset: ``id``, ``location`` (database name), and of its connection ``host_address``
            (socket, folder with a socket, or address), ``port``, ``user``, ``bin_dir``.
        workdir: folder for the files, on a volume with room for the whole database.
        nonce: this run's one-time value, 16 to 128 letters, digits, ``-`` or ``_``. It is
            written to the table ``sluis_nonce`` first; only its SHA-256 is returned.
        secrets: ``password``, optional.

    Returns:
        ``files``, ``facts``, ``system_identifier``, ``ran``, ``seconds``, ``warnings``,
        ``found``. All numbers that may pass 2**53 are text.

    Raises:
        SnapshotError: no dump could be made, or not of everything: nothing is left behind.
        InputError: the nonce or a connection value cannot be used.
    """
    began = time.monotonic()
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", nonce):
        raise InputError(
            "nonce-malformed",
            f"The nonce for {asset['id']} is not 16 to 128 plain characters.",
            "Make it with secrets.token_urlsafe(32).",
        )
    name = str(asset["location"])
    warnings: List[str] = []
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.session() as session:
            database = read_database(session, name)
            demand_select(source.session, name, source.id)
            hidden = unseen(session, name)
            found, identity = other_databases(session, name), server_identity(session)
        placed = _place_nonce(source, nonce, warnings)
        partial = os.path.join(children.private, DUMP_FILE)
        code = os.path.join(children.private, CODE_FILE)
        facts, ran = _dump_one_instant(source, partial, code, warnings)
        files = [_keep(path, workdir) for path in (partial, code)]
    if hidden:
        facts["unseen"] = hidden
        warnings.append(
            f"The user of {asset['id']} cannot see all {', '.join(hidden)}. Give it SHOW VIEW, "
            "TRIGGER and EVENT on the database and SELECT on mysql.proc."
        )
    facts.update(
        kind="mariadb",
        database=database,
        nonce_sha256=placed,
        files={os.path.basename(path): os.path.getsize(path) for path in files},
    )
    return {
        "files": files,
        "facts": facts,
        "system_identifier": identity,
        "ran": ran,
        "seconds": round(time.monotonic() - began, 3),
        "warnings": warnings,
        "found": found,
    }


def check(
    asset: Dict[str, Any],
    restored: str,
    facts: Dict[str, Any],
    nonce: Optional[str],
    scratch: str,
    secrets: Dict[str, Any],
) -> Dict[str, Any]:
    """Restore a dump into a scratch server and hold it against the figures of its source.

    Args and returns as for ``postgresql.check``.
    """
    del secrets  # the scratch server has nobody else's
    began = time.monotonic()
    return prove(asset, restored, facts, scratch).answer(nonce, began)


def _dump_one_instant(
    source: Source, target: str, code: str, warnings: List[str]
) -> Tuple[Dict[str, Any], List[str]]:
    instant, tables = _hold(source)
    readers: List[MariadbSession] = []
    try:
        readers = open_readers(source.session, tables, _READERS)
        before = read_sequences(readers[0], source.database, tables)
        with open(target, "wb") as output, open(target + ".said", "w+b") as said:
            command = _data_command(source, tables)
            dumping = source.children.start(
                command,
                plain_environment(),
                source.connection.account,
                stdout=output,
                stderr=said,
            )
            _wait_for_snapshot(dumping, target + ".said")
            instant.let_go()
            facts = read_figures(readers, source.database, tables)
            dump_code(source, readers[0], code)
            status = source.children.wait(dumping)
            os.fsync(output.fileno())
            said.seek(0)
            errors = [line for line in said.read().splitlines() if not line.startswith(b"-- ")]
        with source.session() as session:
            facts["sequences"] = before
            facts["sequences_after"] = read_sequences(session, source.database, tables)
    finally:
        instant.close()
        for reader in readers:
            reader.close()
    demand_whole(source, target, status, b"\n".join(errors).decode("utf-8", "replace"))
    facts["held_seconds"] = instant.held
    _explain_instant(instant, tables, facts, warnings)
    how = instant.how or "nothing"
    return facts, [
        f"{how} for {instant.held} s, until every snapshot was open",
        "mariadb-dump --single-transaction (figures of the same instant)",
        "mariadb-dump --routines --events --triggers, and views",
        "both files end with the line that says completed",
    ]


def _hold(source: Source) -> Tuple[Instant, List[Table]]:
    """List the tables, hold writers up, and see that the list still holds."""
    for _ in range(5):
        with source.session() as session:
            tables = read_tables(session, source.database)
        instant = Instant(source.session, source.id)
        try:
            instant.hold(tables)
            with source.session() as session:
                again = read_tables(session, source.database)
        except MariadbError as error:
            instant.close()
            if vanished(error):
                continue
            raise
        except BaseException:
            instant.close()
            raise
        if {(one.name, one.row) for one in again} == {(one.name, one.row) for one in tables}:
            return instant, again
        instant.close()
    raise SnapshotError(
        "mariadb-schema-restless",
        f"Tables of {source.id} kept being made and dropped while the snapshot was taken.",
        "Make the snapshot while no program changes the schema.",
    )


def _data_command(source: Source, tables: Sequence[Table]) -> List[str]:
    more = [
        "--single-transaction", "--skip-lock-tables", "--skip-triggers", "--quick", "--verbose",
    ]  # fmt: skip
    if any(table.kind == "SYSTEM VERSIONED" for table in tables) and knows_option(
        source.dump_program, "--dump-history"
    ):
        more.append("--dump-history")
    # The list was taken under the lock: a table made later is not of this instant.
    return source.dump_command(*more, "--", source.database, *(table.name for table in tables))


def _wait_for_snapshot(dumping: Any, said: str) -> None:
    """Until mariadb-dump says that its snapshot is open, or has ended."""
    until = time.monotonic() + 60
    while dumping.poll() is None and time.monotonic() < until:
        with open(said, "rb") as file:
            lines = file.read()
        if any(sign in lines for sign in _SNAPSHOT_IS_OPEN):
            return
        time.sleep(0.005)


def _explain_instant(
    instant: Instant, tables: Sequence[Table], facts: Dict[str, Any], warnings: List[str]
) -> None:
    if instant.how is not None:
        return
    warnings.append(
        "The user may neither LOCK TABLES nor RELOAD, so dump and figures are of two instants. "
        "GRANT LOCK TABLES on the database to it."
    )
    # Equal figures still prove that the copy is the source at the figures' instant; only
    # what has no snapshot at all may be a mixture.
    facts["two_instants"] = True
    loose = sorted(table.name for table in tables if not table.in_snapshots)
    if loose:
        facts["unlocked"] = loose


def _place_nonce(source: Source, nonce: str, warnings: List[str]) -> Optional[str]:
    """Write the nonce; its SHA-256, or None with a warning when that was not allowed."""
    try:
        with source.session() as session:
            for statement in _NONCE:
                session.rows(statement.format(value=text(nonce)))
    except SnapshotError as error:
        warnings.append(f"The nonce could not be placed, so freshness is not proven. {error.what}")
        return None
    return hashlib.sha256(nonce.encode()).hexdigest()


def _keep(path: str, folder: str) -> str:
    """Give a finished file its name; until here it lies in a folder that goes with us."""
    final = os.path.join(os.path.abspath(folder), os.path.basename(path))
    os.rename(path, final)
    descriptor = os.open(os.path.abspath(folder), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return final
