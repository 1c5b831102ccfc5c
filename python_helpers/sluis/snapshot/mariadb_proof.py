"""The proof of one MariaDB dump, in three parts: restored, works, equal."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Optional, Tuple

from ..counted import counted
from ..errors import SnapshotError
from .children import Children, confined_account
from .database_proof import Proof, scratch_place, wanted_file, without_data
from .mariadb_dump_file import inspect_mariadb_dump, looks_like_mariadb
from .mariadb_figures import Table, read_figures, read_tables
from .mariadb_programs import find_program, server_series
from .mariadb_scratch import ScratchMariadb, create_definers
from .mariadb_session import quoted, text
from .regular import is_regular
from .scratch_guard import Guard

#: The names under which the files go into the store.
DUMP_FILE = "mariadb.sql"
FLOATS_FILE = "mariadb-floats.sql"
CODE_FILE = "mariadb-code.sql"
#: In the order in which they are loaded.
FILES = (DUMP_FILE, FLOATS_FILE, CODE_FILE)
#: Where a dump goes whose database name we do not know.
_UNNAMED = "sluis_restored"
_OF_THE_SERVER = ("information_schema", "performance_schema", "mysql", "sys")


def prove(asset: Dict[str, Any], restored: str, facts: Dict[str, Any], scratch: str) -> Proof:
    """Restore, look, compare; always ends its scratch server and removes what it made.

    Args:
        asset: ``id`` and, optional, ``bin_dir``.
        restored: folder with the dump's files.
        facts: the source's figures, or empty.
        scratch: folder to work in.
    """
    proof = Proof()
    began = time.monotonic()
    try:
        files, series, trouble, cut = _find(restored, facts)
        if trouble:
            proof.add("restored", "failed" if cut else "not verified", trouble, began, [])
            return proof
        bin_dir = asset.get("bin_dir")
        server_program = find_program("mariadbd", bin_dir)
        here = server_series(server_program) if server_program else None
        if series is None or here != series:
            detail = f"the verifier has no MariaDB {series} server to restore into; install it"
            proof.add("restored", "not verified", detail, began, [])
            return proof
        account = confined_account()
        place = scratch_place(scratch, account, facts)
        with Children(place, account) as children:
            database = facts["database"] if facts else {}
            size = sum(os.path.getsize(path) for path in files)

            def restore_and_look() -> None:
                with ScratchMariadb(children, account, bin_dir, database) as server:
                    adopted = is_adopted(restored)
                    _prove_in(proof, server, files, facts, began, adopted=adopted)

            with Guard(children, place, account, facts, size) as guard:
                guard.judges(proof, restore_and_look)
    except SnapshotError as error:
        proof.add("restored" if not proof.parts else "works", "not verified", str(error), began, [])
    return proof


def check_server(proof: Proof, server: ScratchMariadb, name: str, tables: List[Table]) -> None:
    """Have the server look at every row and index entry of every table."""
    began = time.monotonic()
    sound, silent, broken = 0, [], []
    with server.session(name) as session:
        for table in tables:
            if table.kind == "SEQUENCE" or table.elsewhere:
                continue
            answers = session.rows(f"check table {quoted(table.name)} extended")
            said = [(row[2], row[3]) for row in answers]
            if said[-1:] == [("status", "OK")]:
                sound += 1
            elif any("doesn't support check" in what for _, what in said):
                silent.append(table.name)
            else:
                broken.append(f"{table.name}: {'; '.join(what for _, what in said)}")
    ran = [f"CHECK TABLE ... EXTENDED on {counted(sound + len(broken), 'table')}"]
    if broken:
        proof.add("works", "failed", f"CHECK TABLE said: {' | '.join(broken)[:800]}", began, ran)
    else:
        note = f"; no check exists for {', '.join(silent)}" if silent else ""
        proof.add(
            "works", "proven", f"{counted(sound, 'table is', 'tables are')} sound{note}", began, ran
        )


def _prove_in(
    proof: Proof,
    server: ScratchMariadb,
    files: List[str],
    facts: Dict[str, Any],
    began: float,
    *,
    adopted: bool,
) -> None:
    name = facts["database"]["name"] if facts else _UNNAMED
    with server.session() as session:
        lacking = _lacking(session.rows("show engines"), facts)
        if lacking:
            proof.add("restored", "not verified", lacking, began, server.ran)
            return
        statement = f"create database {quoted(name)}"
        if facts:
            character_set, collation = (
                facts["database"][k] for k in ("character_set", "collation")
            )
            statement += f" character set {character_set} collate {collation}"
            create_definers(session, facts["definers"])
        session.rows(statement)
    ran = [*server.ran, "mariadb --sandbox --binary-mode (into the scratch server)"]
    for path in files:
        errors = server.load(path, name)
        if errors:
            detail = f"loading {os.path.basename(path)} said: {without_data(errors)}"
            proof.add("restored", "failed", detail, began, ran)
            return
    if adopted:
        name = _only_database(server) or name
    size = sum(os.path.getsize(path) for path in files)
    proof.add("restored", "proven", f"a dump of {counted(size, 'byte')} was restored", began, ran)
    began = time.monotonic()
    with server.session(name) as one, server.session(name) as two:
        for session in (one, two):
            session.rows("start transaction read only")
        tables = read_tables(one, name)
        proof.figures = read_figures([one, two], name, tables)
        if any(table.name == "sluis_nonce" for table in tables):
            proof.nonce = one.value("select value from sluis_nonce")
    reading = time.monotonic()
    check_server(proof, server, name, tables)
    proof.compare(facts, began + time.monotonic() - reading, adopted=adopted)


def _lacking(engines: List[List[str]], facts: Dict[str, Any]) -> str:
    """What the verifier's server lacks to hold this database, in words; or nothing."""
    there = {row[0].lower() for row in engines if row[1] in ("YES", "DEFAULT")}
    missing = [one for one in facts.get("engines", []) if one.lower() not in there]
    if missing:
        return f"the verifier lacks the storage engines {', '.join(missing)}; install them"
    return ""


def _only_database(server: ScratchMariadb) -> Optional[str]:
    """The one database that a dump made for itself, when it named its own."""
    names = ", ".join(text(name) for name in _OF_THE_SERVER)
    with server.session() as session:
        rows = session.rows(
            "select table_schema, count(*) from information_schema.tables"
            f" where table_schema not in ({names}) group by table_schema"
        )
    return rows[0][0] if len(rows) == 1 else None


def _find(restored: str, facts: Dict[str, Any]) -> Tuple[List[str], Optional[str], str, bool]:
    """The files in loading order, the server's series, and what is wrong (is it cut?)."""
    series = facts["database"]["series"] if facts else None
    paths, trouble = _paths(restored, facts)
    if trouble:
        return [], series, trouble, bool(facts)
    for path in paths:
        dump_file = inspect_mariadb_dump(path)
        if dump_file.whole is not True:
            name = os.path.basename(path)
            return [], series, f"{name}: {dump_file.detail}", dump_file.whole is False
        series = series or dump_file.series
    return paths, series, "", False


def _paths(restored: str, facts: Dict[str, Any]) -> Tuple[List[str], str]:
    """Our own files, or the one dump that others made; or why there is none."""
    if is_adopted(restored):
        if is_regular(restored):
            return [restored], ""
        found = [os.path.join(restored, name) for name in sorted(os.listdir(restored))]
        dumps = [path for path in found if is_regular(path) and looks_like_mariadb(path)]
        if len(dumps) == 1:
            return dumps, ""
        return [], f"there are {len(dumps)} dumps in the folder and one is needed"
    paths: List[str] = []
    made = facts.get("files") or {DUMP_FILE: None, CODE_FILE: None}
    for name in (name for name in FILES if name in made):
        path, trouble = wanted_file(restored, facts, name)
        if path is None:
            return [], trouble
        paths.append(path)
    return paths, ""


def is_adopted(restored: str) -> bool:
    """Whether what was brought back is a dump of others: none of our files is there."""
    return not any(name in FILES for _, _, names in os.walk(restored) for name in names)
