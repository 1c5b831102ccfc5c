"""The proof of one PostgreSQL dump, in three parts: restored, works, equal."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ..errors import SnapshotError
from . import postgresql_programs as programs_of
from .children import Children, reachable, server_account
from .postgresql_compare import compare_figures
from .postgresql_dump_file import DumpFile, inspect_dump
from .postgresql_figures import read_figures
from .postgresql_programs import Programs
from .postgresql_scratch import ScratchServer, create_roles
from .postgresql_session import QueryError, Session, identifier, literal
from .postgresql_write import pg_restore

#: The restored copy's name in the scratch server.
RESTORED = "sluis_restored"
_NONCE = """
select to_json(value) from sluis_nonce.nonce
"""
_HAS_NONCE = "select to_json(1) where to_regclass('sluis_nonce.nonce') is not null"


@dataclass
class Proof:
    """What was proven, part by part."""

    parts: List[Dict[str, Any]] = field(default_factory=list)
    figures: Dict[str, Any] = field(default_factory=dict)
    differences: List[str] = field(default_factory=list)
    nonce: Optional[str] = None

    def add(self, part: str, verdict: str, detail: str, since: float, ran: List[str]) -> None:
        """Record one part; ``since`` is the monotonic time at which it began."""
        seconds = round(time.monotonic() - since, 3)
        self.parts.append(
            {"part": part, "verdict": verdict, "detail": detail, "seconds": seconds, "ran": ran}
        )

    @property
    def verdict(self) -> str:
        """Failed if any part failed; proven only if all three parts are."""
        verdicts = [part["verdict"] for part in self.parts]
        if "failed" in verdicts:
            return "failed"
        return "proven" if verdicts == ["proven"] * 3 else "not verified"

    @property
    def detail(self) -> str:
        """All parts in one line."""
        return "; ".join(f"{part['part']}: {part['detail']}" for part in self.parts)


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
        dump = _find(asset, restored, facts)
        if dump.whole is not True:
            verdict = "failed" if dump.whole is False else "not verified"
            proof.add("restored", verdict, f"the dump is not whole: {dump.detail}", began, [])
            return proof
        major = facts["database"]["major"] if facts else dump.major
        programs = programs_of.for_scratch(asset.get("bin_dir"), major) if major else None
        reader = programs_of.for_restore(asset.get("bin_dir"), dump.dumped_with or major or 0)
        if programs is None or reader is None:
            proof.add(
                "restored", "not verified",
                f"the verifier has no PostgreSQL {major} server to restore into; install it",
                began, [],
            )  # fmt: skip
            return proof
        account = server_account("postgres", "nobody")
        place = _place(scratch, account, facts)
        with Children(place, account) as children:
            superuser = facts["database"]["first_superuser"] if facts else "postgres"
            with ScratchServer(children, programs, account, superuser) as server:
                _prove_in(proof, server, children, reader, dump, facts, began)
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
) -> None:
    with server.session() as session:
        lacking = _lacking(session, facts) or _create_database(session, facts)
    if lacking:
        proof.add("restored", "not verified", lacking, began, server.ran)
        return
    errors = pg_restore(
        children,
        reader,
        server.connection,
        dump.path,
        RESTORED,
        with_owners=bool(facts),
        account=server.account,
        scratch=True,
    )
    ran = [*server.ran, "pg_restore --exit-on-error --jobs=2 (into the scratch server)"]
    if errors:
        proof.add("restored", "failed", f"pg_restore said: {errors[-800:]}", began, ran)
        return
    size = os.path.getsize(dump.path) if os.path.isfile(dump.path) else 0
    proof.add("restored", "proven", f"a dump of {size} bytes was restored", began, ran)
    began = time.monotonic()
    with server.session(RESTORED) as session:
        proof.figures = read_figures(session)
        if session.row(_HAS_NONCE):
            proof.nonce = session.row(_NONCE)
    reading = time.monotonic()
    check_server(proof, server, children)
    _compare(proof, facts, began + time.monotonic() - reading)


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
        [
            server.programs.path("pg_amcheck"), "--install-missing", "--heapallindexed",
            "--jobs=2", "--no-password", f"--database={RESTORED}",
        ],
        server.environment,
        server.account,
    )  # fmt: skip
    ran = ["pg_amcheck --heapallindexed"]
    if done.status == 0:
        detail = "pg_amcheck found every table and index sound"
        proof.add("works", "proven", detail, began, ran)
    else:
        said = (done.output + done.errors).strip()[-800:]
        proof.add("works", "failed", f"pg_amcheck said: {said}", began, ran)


def _compare(proof: Proof, facts: Dict[str, Any], began: float) -> None:
    ran = ["rows, content, sequences and schema objects compared with the source's"]
    if not facts:
        detail = "nobody read the source's figures when this dump was made"
        proof.add("equal", "not verified", detail, began, [])
        return
    comparison = compare_figures(facts, proof.figures)
    proof.differences = comparison.differences
    rows = sum(int(table["rows"]) for table in proof.figures["tables"].values())
    counted = f"{len(proof.figures['tables'])} tables with {rows} rows"
    said = "".join(f"; {note}" for note in [*comparison.unknown, *comparison.notes])
    if comparison.differences:
        count = len(comparison.differences)
        listed = "; ".join(comparison.differences[:3])
        proof.add("equal", "failed", f"{count} differences: {listed}{said}", began, ran)
    elif comparison.unknown:
        proof.add("equal", "not verified", f"{counted}{said}", began, ran)
    else:
        proof.add("equal", "proven", f"{counted} are equal to the source's{said}", began, ran)


def _find(asset: Dict[str, Any], restored: str, facts: Dict[str, Any]) -> DumpFile:
    """The dump in the restored folder, read from end to end."""
    wanted = facts.get("files") if facts else None
    if wanted:
        name = next(iter(wanted))
        paths = sorted(glob.glob(os.path.join(glob.escape(restored), "**", name), recursive=True))
        if len(paths) != 1:
            count = "no" if not paths else str(len(paths))
            return DumpFile(restored, "unknown", False, f"{count} file {name} came back")
        size = os.path.getsize(paths[0])
        if size != wanted[name]:
            detail = f"{name} came back with {size} bytes, it was made with {wanted[name]}"
            return DumpFile(paths[0], "unknown", False, detail)
        return inspect_dump(paths[0], asset.get("bin_dir"))
    entries = [restored] if os.path.isfile(restored) or _is_directory_dump(restored) else []
    entries = entries or sorted(glob.glob(os.path.join(glob.escape(restored), "*")))
    if len(entries) != 1:
        detail = f"there are {len(entries)} things in the folder and one dump is needed"
        return DumpFile(restored, "unknown", None, detail)
    return inspect_dump(entries[0], asset.get("bin_dir"))


def _is_directory_dump(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "toc.dat"))


def _place(scratch: str, account: Any, facts: Dict[str, Any]) -> str:
    """A folder that the server's user can enter, with room for the database."""
    needed = int(facts["database"]["bytes"] * 1.2) if facts else 0
    for folder in (scratch, tempfile.gettempdir()):
        if not _can_enter(folder, account):
            continue
        if shutil.disk_usage(folder).free < needed:
            raise SnapshotError(
                "scratch-too-small",
                f"The verifier's scratch folder {folder} has less than {needed} bytes free.",
                "Choose a scratch folder on a larger volume.",
            )
        return folder
    raise SnapshotError(
        "scratch-unreachable",
        f"The user {account.name if account else 'we run as'} cannot work below {scratch}.",
        "Choose a scratch folder whose parents everybody may pass through, such as /var/tmp.",
    )


def _can_enter(folder: str, account: Any) -> bool:
    probe = tempfile.mkdtemp(prefix=".sluis-", dir=folder)
    try:
        if account is not None:
            os.chown(probe, account.uid, account.gid)
        return reachable(probe, account)
    finally:
        os.rmdir(probe)


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
