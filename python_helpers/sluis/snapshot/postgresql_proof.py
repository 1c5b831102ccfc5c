"""The proof of one PostgreSQL dump, in three parts: restored, works, equal."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Tuple

from ..counted import counted
from ..errors import SnapshotError
from ..programs import Command, fixed, option
from . import postgresql_programs as programs_of
from .children import Children, confined_account
from .database_proof import Proof, scratch_place, wanted_file, without_data
from .postgresql_adopted import find_adopted, load_plain, roles_of_dump
from .postgresql_dump_file import DumpFile, inspect_dump
from .postgresql_figures import read_figures
from .postgresql_programs import Programs
from .postgresql_scratch import ScratchServer, create_roles
from .postgresql_session import QueryError, Session, identifier, literal
from .postgresql_write import jobs, pg_restore
from .scratch_guard import Guard

#: The names under which the files go into the store.
DUMP_FILE = "postgresql.dump"
GLOBALS_FILE = "postgresql-globals.sql"
#: The restored copy's name in the scratch server.
RESTORED = "sluis_restored"
_NONCE = """
select to_json(value) from sluis_nonce.nonce
"""
_HAS_NONCE = "select to_json(1) where to_regclass('sluis_nonce.nonce') is not null"


def prove(asset: Dict[str, Any], restored: str, facts: Dict[str, Any], scratch: str) -> Proof:
    """Restore, look, compare; always ends its scratch server and removes what it made.

    Args:
        asset: ``id`` and, optional, ``bin_dir``.
        restored: folder with the dump.
        facts: the source's figures, or empty.
        scratch: folder to work in.
    """
    proof = Proof()
    began = time.monotonic()
    try:
        dump, adopted = _find(asset, restored, facts)
        if dump.whole is not True:
            verdict = "failed" if dump.whole is False else "not verified"
            proof.add("restored", verdict, f"the dump is not whole: {dump.detail}", began, [])
            return proof
        major = facts["database"]["major"] if facts else dump.major
        programs = programs_of.for_scratch(asset.get("bin_dir"), major) if major else None
        reader = programs_of.for_restore(asset.get("bin_dir"), dump.dumped_with or major or 0)
        if programs is None or reader is None:
            dump = inspect_dump(dump.path, asset.get("bin_dir"))  # all that can be told here
            if dump.whole is False:
                detail = f"the dump is not whole: {dump.detail}"
                proof.add("restored", "failed", detail, began, [])
                return proof
            proof.add(
                "restored", "not verified",
                f"the verifier has no PostgreSQL {major} server to restore into; install it",
                began, [],
            )  # fmt: skip
            return proof
        account = confined_account()
        place = scratch_place(scratch, account, facts)
        with Children(place, account) as children:
            superuser = facts["database"]["first_superuser"] if facts else "postgres"
            size = os.path.getsize(dump.path) if os.path.isfile(dump.path) else 0

            def restore_and_look() -> None:
                with ScratchServer(children, programs, account, superuser) as server:
                    _prove_in(proof, server, children, reader, dump, facts, began, adopted=adopted)

            with Guard(children, place, account, facts, size) as guard:
                guard.judges(proof, restore_and_look)
    except SnapshotError as error:
        proof.add("restored" if not proof.parts else "works", "not verified", str(error), began, [])
    return proof


def _prove_in(
    proof: Proof,
    server: ScratchServer,
    children: Children,
    reader: Programs,
    dump: DumpFile,
    facts: Dict[str, Any],
    began: float,
    *,
    adopted: bool,
) -> None:
    plain = dump.format.startswith("plain")
    with server.session() as session:
        lacking = _lacking(session, facts) or _create_database(session, facts)
        if adopted and not lacking:
            spoken_of = roles_of_dump(children, reader, dump.path, server.account, plain=plain)
            create_roles(session, spoken_of)
    if lacking:
        proof.add("restored", "not verified", lacking, began, server.ran)
        return
    if plain:
        ran = [*server.ran, "psql -v ON_ERROR_STOP=1 (into the scratch server)"]
        errors = load_plain(
            children, server.programs, server.environment, server.account, dump.path, RESTORED
        )
    else:
        ran = [*server.ran, "pg_restore --exit-on-error (into the scratch server)"]
        errors = pg_restore(
            children,
            reader,
            server.connection,
            dump.path,
            RESTORED,
            account=server.account,
            scratch=True,
        )
    if "shared_preload_libraries" in errors:
        detail = f"the verifier's server would have to be set up for it: {without_data(errors)}"
        proof.add("restored", "not verified", detail, began, ran)
        return
    if errors:
        again = inspect_dump(dump.path, reader.folder)
        said = "" if again.whole else f"the dump is not whole: {again.detail}; "
        proof.add("restored", "failed", f"{said}restoring said: {without_data(errors)}", began, ran)
        return
    size = os.path.getsize(dump.path) if os.path.isfile(dump.path) else 0
    proof.add("restored", "proven", f"a dump of {counted(size, 'byte')} was restored", began, ran)
    began = time.monotonic()
    with server.session(RESTORED) as session:
        proof.figures = read_figures(session)
        if session.row(_HAS_NONCE):
            proof.nonce = session.row(_NONCE)
    reading = time.monotonic()
    check_server(proof, server, children)
    proof.compare(facts, began + time.monotonic() - reading, adopted=adopted)


def check_server(proof: Proof, server: ScratchServer, children: Children) -> None:
    """Have pg_amcheck look at every table, and at every index entry for its row."""
    began = time.monotonic()
    if not server.programs.has("pg_amcheck"):
        proof.add("works", "not verified", "there is no pg_amcheck on the verifier", began, [])
        return
    with server.session(RESTORED) as session:
        there = session.row("select to_json(1) from pg_available_extensions where name = 'amcheck'")
    if there is None:
        detail = "the extension amcheck is not installed on the verifier"
        proof.add("works", "not verified", detail, began, [])
        return
    done = children.run(
        Command(
            server.programs.path("pg_amcheck"),
            fixed("--install-missing", "--heapallindexed", "--no-password"),
            option("--jobs", jobs()),
            option("--database", RESTORED),
        ),
        server.environment,
        server.account,
    )
    ran = ["pg_amcheck --heapallindexed"]
    if done.status == 0:
        detail = "pg_amcheck found every table and index sound"
        proof.add("works", "proven", detail, began, ran)
    else:
        said = (done.output + done.errors).strip()[-800:]
        proof.add("works", "failed", f"pg_amcheck said: {said}", began, ran)


def _find(asset: Dict[str, Any], restored: str, facts: Dict[str, Any]) -> Tuple[DumpFile, bool]:
    """The dump in the restored folder, read from end to end; whether others made it."""
    path, trouble = find_adopted(restored, (DUMP_FILE, GLOBALS_FILE)), ""
    adopted = path is not None
    if path is None:
        path, trouble = wanted_file(restored, facts, DUMP_FILE)
    if path is not None and not adopted and GLOBALS_FILE in facts.get("files", {}):
        roles, trouble = wanted_file(restored, facts, GLOBALS_FILE)
        if roles is None or not inspect_dump(roles).whole:
            path, trouble = None, trouble or f"{GLOBALS_FILE} is cut"
    if path is None:
        return DumpFile(restored, "unknown", False if facts else None, trouble), adopted
    return inspect_dump(path, asset.get("bin_dir"), restored_next=True), adopted


def _lacking(session: Session, facts: Dict[str, Any]) -> str:
    """What the verifier's server lacks to hold this database, in words; or nothing."""
    if not facts:
        return ""
    extensions = set(session.rows("select to_json(name) from pg_available_extensions"))
    missing = sorted(set(facts["extensions"]) - extensions)
    if missing:
        return f"the verifier lacks the extensions {', '.join(missing)}; install them"
    collations = set(session.rows("select to_json(collname) from pg_collation"))
    missing = sorted(set(facts["collations"]) - collations)
    if missing:
        return f"the verifier lacks the collations {', '.join(missing)}; install their locales"
    return ""


def _create_database(session: Session, facts: Dict[str, Any]) -> str:
    """Make the empty database as the source's was; what the verifier lacks, or nothing."""
    if not facts:
        session.run(f"create database {identifier(RESTORED)} template template0;")
        return ""
    database = facts["database"]
    create_roles(session, [*facts["roles"], database["owner"]])
    statement = (
        f"create database {identifier(RESTORED)} template template0"
        f" encoding {literal(database['encoding'])} owner {identifier(database['owner'])}"
        f" lc_collate {literal(database['collate'])} lc_ctype {literal(database['ctype'])}"
    )
    if database["provider"] == "i":
        statement += f" locale_provider icu icu_locale {literal(database['locale'])}"
    elif database["provider"] == "b":
        statement += f" locale_provider builtin builtin_locale {literal(database['locale'])}"
    try:
        session.run(statement + ";")
    except QueryError as error:
        return f"the verifier cannot make a database with this encoding and locale: {error.what}"
    return ""
