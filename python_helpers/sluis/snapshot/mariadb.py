"""MariaDB assets: a dump of one instant, and the proof that it restores.

`dump` runs on the managed host. It places the nonce, holds writers up for the blink in
which the dump and our own sessions open their snapshots, and reads the figures in those.
`check` runs on the verifier: it restores into a scratch server of the same version series,
reads the same figures there, has the server check every table, and compares. What could
not be checked is "not verified".

``mariadb.sql`` holds tables and rows, ``mariadb-floats.sql`` the digits of FLOAT values
that mariadb-dump leaves out (only where there are any), and ``mariadb-code.sql`` routines,
events, triggers and views. A restore beside the live data does not load the last: an event
of a copy would start to run. User accounts belong to the server and are in none of them.

Both need the client programs only, no driver. Standard library, Python 3.8.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import Any, Dict, List, Optional

from ..errors import InputError, SnapshotError
from .children import Children
from .mariadb_dumping import dump_one_instant
from .mariadb_figures import other_databases, read_database, server_identity
from .mariadb_proof import FILES, prove
from .mariadb_rights import demand_select, sees_databases, unseen
from .mariadb_session import MariadbConnection, text
from .mariadb_source import Source

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
            hidden = source.unseen = unseen(session, name)
            sees_all = sees_databases(session)
            found, identity = other_databases(session, name), server_identity(session)
        placed = _place_nonce(source, nonce, warnings)
        facts, ran = dump_one_instant(source, children.private, warnings)
        paths = [os.path.join(children.private, one) for one in FILES]
        files = [_keep(path, workdir) for path in paths if os.path.exists(path)]
    if hidden:
        facts["unseen"] = hidden
        warnings.append(
            f"The user of {asset['id']} cannot see all {', '.join(hidden)}. Give it SHOW VIEW, "
            "TRIGGER and EVENT on the database and SELECT on mysql.proc."
        )
    if not sees_all:
        warnings.append(
            f"The user of {asset['id']} does not see the other databases of its server. "
            "GRANT SHOW DATABASES ON *.* to it."
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
        "sees_all": sees_all,
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
