"""PostgreSQL assets: a dump made inside one snapshot, and the proof that it restores.

`dump` runs on the managed host. It places the nonce, holds one exported snapshot open,
and reads the figures in the very snapshot that pg_dump reads its rows from. `check` runs
on the verifier: it restores into a scratch server of the same major version, reads the
same figures there, lets the server's own checker look at every table and index, and
compares. What could not be checked is "not verified".

Both need psql only, no driver. They run on managed hosts: standard library, Python 3.8.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import Any, Dict, List, Optional

from ..errors import InputError, SnapshotError
from ..programs import Command, fixed
from . import postgresql_programs as programs_of
from .children import Children
from .postgresql_around import around_digest, read_around
from .postgresql_dump_file import read_through
from .postgresql_figures import other_databases, read_database, system_identifier
from .postgresql_instant import dump_in_snapshot
from .postgresql_programs import Programs
from .postgresql_proof import DUMP_FILE, GLOBALS_FILE, prove
from .postgresql_session import Connection, Session, literal

_OLDEST = 10
#: bytes at the end of pg_dumpall's output in which it says that it is done
_TRAILER_WITHIN = 400

_NONCE = """
begin;
create schema if not exists sluis_nonce;
create table if not exists sluis_nonce.nonce (
    only_one boolean primary key default true check (only_one),
    value text not null,
    placed_at timestamptz not null default now()
);
insert into sluis_nonce.nonce (only_one, value, placed_at) values (true, {value}, now())
on conflict (only_one) do update set value = excluded.value, placed_at = excluded.placed_at;
commit;
"""


def dump(
    asset: Dict[str, Any], workdir: str, nonce: str, secrets: Dict[str, Any]
) -> Dict[str, Any]:
    """Dump one database to files, with the figures that a restored copy must have.

    Args:
        asset: ``id``, ``location`` (database name), and of its connection ``host_address``
            (socket folder or address), ``port``, ``user``, ``bin_dir``, each optional.
        workdir: folder for the files, on a volume with room for the whole database.
        nonce: this run's one-time value, 16 to 128 letters, digits, ``-`` or ``_``. It is
            written to the table ``sluis_nonce.nonce`` first; only its SHA-256 is returned.
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
    connection = Connection.of(asset, secrets)
    name = str(asset["location"])
    warnings: List[str] = []
    with Children(workdir) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with Session(children, client, connection, name) as session:
            database = read_database(session)
            around = read_around(session, name)
            database["around_sha256"] = around_digest(around) if around else None
            found = other_databases(session)
            identifier = _identifier(session, warnings)
        if database["major"] < _OLDEST:
            raise SnapshotError(
                "postgresql-too-old",
                f"{asset['id']} is on PostgreSQL {database['version']}; we know {_OLDEST} and up.",
                "Adopt a dump that was made and tested by hand, or record a waiver.",
            )
        programs = programs_of.for_dump(asset.get("bin_dir"), database["major"])
        placed = _place_nonce(children, programs, connection, name, nonce, warnings)
        partial = os.path.join(children.private, DUMP_FILE)
        facts, ran = dump_in_snapshot(asset, children, programs, connection, partial)
        read_through(children, programs, partial, connection.account)
        ran.append("pg_restore -f /dev/null (the whole dump is readable)")
        files = [_keep(partial, workdir)]
        files += _dump_globals(children, programs, connection, workdir, ran, warnings)
        facts.update(
            kind="postgresql",
            database=database,
            dumped_with=programs.major,
            nonce_sha256=placed,
            files={os.path.basename(path): os.path.getsize(path) for path in files},
        )
    return {
        "files": files,
        "facts": facts,
        "system_identifier": identifier,
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

    Args:
        asset: as for `dump`; only ``id`` and ``bin_dir`` are used, the source is not asked.
        restored: folder with the dump's files as they came back from the store.
        facts: what `dump` returned; empty for a dump that somebody else made.
        nonce: SHA-256 (hexadecimal) of the nonce to be found, or None.
        scratch: folder with room for the database.
        secrets: not used; the scratch server has nobody else's secrets.

    Returns:
        ``verdict`` (proven, failed, not verified), ``ran``, ``seconds``, ``detail``,
        ``figures``, ``differences``, ``nonce_found``, and ``parts``: each with ``part``
        (``restored``, ``works``, ``equal``), ``verdict``, ``detail``, ``seconds``, ``ran``.
    """
    del secrets
    began = time.monotonic()
    return prove(asset, restored, facts, scratch).answer(nonce, began)


def _identifier(session: Session, warnings: List[str]) -> Optional[str]:
    try:
        return system_identifier(session)
    except SnapshotError as error:
        warnings.append(f"The server's system identifier could not be read. {error.what}")
        return None


def _place_nonce(
    children: Children,
    programs: Programs,
    connection: Connection,
    name: str,
    nonce: str,
    warnings: List[str],
) -> Optional[str]:
    """Write the nonce; its SHA-256, or None with a warning when that was not allowed."""
    try:
        with Session(children, programs, connection, name) as session:
            session.run(_NONCE.format(value=literal(nonce)))
    except SnapshotError as error:
        warnings.append(f"The nonce could not be placed, so freshness is not proven. {error.what}")
        return None
    return hashlib.sha256(nonce.encode()).hexdigest()


def _dump_globals(
    children: Children,
    programs: Programs,
    connection: Connection,
    workdir: str,
    ran: List[str],
    warnings: List[str],
) -> List[str]:
    """Roles and tablespaces, without their passwords; a warning when that is not allowed."""
    target = os.path.join(children.private, GLOBALS_FILE)
    command = Command(
        programs.path("pg_dumpall"),
        fixed("--globals-only", "--no-role-passwords", "--no-password"),
    )
    with open(target, "wb") as output:
        done = children.run(
            command, connection.environment(children), connection.account, stdout=output
        )
        os.fsync(output.fileno())
    if done.status != 0 or not _says_it_is_done(target):
        os.unlink(target)
        warnings.append(f"Roles and tablespaces could not be dumped: {done.errors[-300:].strip()}")
        return []
    ran.append("pg_dumpall --globals-only --no-role-passwords")
    return [_keep(target, workdir)]


def _says_it_is_done(path: str) -> bool:
    """Whether pg_dumpall's last word is that it is done; a comment may hold the same words."""
    with open(path, "rb") as written:
        written.seek(max(0, os.path.getsize(path) - _TRAILER_WITHIN))
        said = [
            line
            for line in written.read().splitlines()
            if line.strip() not in (b"", b"--") and not line.startswith(b"\\unrestrict ")
        ]
    return said[-1:] == [b"-- PostgreSQL database cluster dump complete"]


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
