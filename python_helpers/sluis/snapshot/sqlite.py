"""SQLite: copied through its online backup API, checked by SQLite itself, compared by content.

Copying the file of a database in use gives a torn copy; the backup API does not
(https://www.sqlite.org/backup.html). Figures and copy come out of one read transaction.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional
from urllib.parse import quote

from ..counted import counted, plural
from ..errors import SnapshotError
from .children import confined_account, confined_words
from .confined import in_confinement, name_of
from .regular import is_regular, open_regular

#: the name under which the copy goes into the store
DUMP_FILE = "sqlite.db"
NONCE_TABLE = "sluis_nonce"
#: seconds to wait for another program's lock
_PATIENCE = 60.0
#: seconds for looking at a copy, and bytes of it that are read in a second at the very least
_SECONDS = 600.0
_SLOWEST = 1 << 20
_HEADER = b"SQLite format 3\x00"


def dump(
    asset: Dict[str, Any], workdir: str, nonce: str, secrets: Dict[str, Any]
) -> Dict[str, Any]:
    """Copy one database file, with the figures that a restored copy must have.

    Args:
        asset: ``id`` and ``location`` (the file's path).
        workdir: folder for the copy.
        nonce: this run's one-time value; lies in the table ``sluis_nonce`` meanwhile.
        secrets: not used: SQLite has none.

    Returns:
        ``files``, ``facts``, ``system_identifier`` (``None``), ``ran``, ``seconds``,
        ``warnings``, ``found`` (empty) and ``state``.

    Raises:
        SnapshotError: ``source-missing``, ``sqlite-not-a-database``, ``sqlite-locked``,
            ``sqlite-failed``. Nothing is left behind.
    """
    del secrets
    began = time.monotonic()
    path, target = str(asset["location"]), os.path.join(os.path.abspath(workdir), DUMP_FILE)
    _must_be_a_database(path, asset["id"])
    warnings: List[str] = []
    try:
        with _nonce_in(path, nonce, warnings), contextlib.closing(_open(path, "ro")) as source:
            source.execute("begin")
            # the first read takes the snapshot that figures and copy then share
            source.execute("select count(*) from sqlite_master").fetchone()
            facts = read_figures(source)
            with contextlib.closing(sqlite3.connect(target)) as copy:
                source.backup(copy)
            source.rollback()
        _to_disk(target)
    except sqlite3.Error as error:
        with contextlib.suppress(OSError):
            os.unlink(target)
        locked = "locked" in str(error) or "busy" in str(error)
        raise SnapshotError(
            "sqlite-locked" if locked else "sqlite-failed",
            f"{asset['id']} could not be copied: {error}.",
            "Stop the program that holds the database, or repair it, and run this again.",
        ) from error
    return {
        "files": [target],
        "facts": facts,
        "system_identifier": None,
        "ran": ["SQLite online backup, in one read transaction with the figures"],
        "seconds": round(time.monotonic() - began, 3),
        "warnings": warnings,
        "found": [],
        "state": observe(asset),
    }


def observe(asset: Dict[str, Any]) -> str:
    """The database's state by sizes and times of its files; empty when it is not there."""
    found = []
    for ending in ("", "-wal", "-journal"):
        try:
            status = os.stat(str(asset["location"]) + ending)
        except FileNotFoundError:
            continue
        except OSError:
            return ""
        if ending and status.st_size == 0:
            continue
        found.append((ending, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


def check(
    asset: Dict[str, Any],
    restored: str,
    facts: Dict[str, Any],
    nonce: Optional[str],
    scratch: str,
    secrets: Dict[str, Any],
) -> Dict[str, Any]:
    """Open a restored copy, have SQLite check it, and hold it against the source's figures.

    Args:
        asset: not used but for its ``id``.
        restored: folder with the copy, or the copy itself.
        facts: what ``dump`` returned as ``facts``; empty for a copy that somebody else made.
        nonce: SHA-256 of the nonce to be found, or ``None``.
        scratch: not used: nothing is written.
        secrets: not used.

    Returns:
        As the other adapters: ``verdict``, ``ran``, ``seconds``, ``detail``, ``figures``,
        ``differences``, ``nonce_found`` and ``parts``.
    """
    del scratch, secrets
    began = time.monotonic()
    looked = _Looked()
    path = _copy_in(restored)
    if path is None:
        detail = f"{asset['id']}: the copy is not there"
        looked.parts.append(_part("restored", "failed", detail, began))
    else:
        _look_confined(path, facts, nonce, looked)
    parts, figures, differences, found = (
        looked.parts, looked.figures, looked.differences, looked.nonce_found,
    )  # fmt: skip
    verdicts = {part["part"]: part["verdict"] for part in parts}
    worst = next((v for v in ("failed", "not verified") if v in verdicts.values()), "proven")
    return {
        "verdict": worst if len(parts) == 3 or worst != "proven" else "not verified",
        "ran": [line for part in parts for line in part["ran"]],
        "seconds": round(time.monotonic() - began, 3),
        "detail": "; ".join(str(part["detail"]) for part in parts),
        "figures": figures,
        "differences": differences,
        "nonce_found": found,
        "parts": parts,
    }


@dataclass
class _Looked:
    parts: List[Dict[str, Any]] = field(default_factory=list)
    figures: Dict[str, Any] = field(default_factory=dict)
    differences: List[str] = field(default_factory=list)
    nonce_found: bool = False


def _look_confined(path: str, facts: Dict[str, Any], nonce: Optional[str], looked: _Looked) -> None:
    """Look at the copy in a confined child: what is in it was made by others."""
    account = confined_account()
    began = time.monotonic()
    ran = [f"SQLite{confined_words(account)}"]
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        held = [file.fileno()]
        name = name_of(held[0], path, account)

        def work(tell: Callable[[Any], None]) -> None:
            with contextlib.closing(_open(name, "ro", immutable=True)) as copy:
                tell(["part", _part("restored", "proven", counted(size, "byte"), began, ran)])
                tell(["part", _works(copy)])
                tell(["figures", read_figures(copy)])
                tell(["nonce", _has_nonce(copy, nonce)])

        def guarded(tell: Callable[[Any], None]) -> None:
            try:
                work(tell)
            except sqlite3.Error as error:
                tell(["failed", f"SQLite says: {error}"])

        seconds = _SECONDS + size / _SLOWEST
        # A restore names it through a descriptor, which ends at the door of another name space.
        # Whether it is still the same file is checked in there.
        named = [(held[0], os.path.realpath(path))]
        told = in_confinement(guarded, account, held, seconds, by_name=named)
    trouble = told.trouble
    for what, value in told.answers:
        if what == "part":
            looked.parts.append(value)
        elif what == "figures":
            looked.figures = value
        elif what == "nonce":
            looked.nonce_found = value is True
        else:
            trouble = str(value)[:600]
    if trouble:
        looked.parts.append(_part("works", "failed", trouble, began))
        return
    looked.differences = _differences(facts, looked.figures) if facts else []
    looked.parts.append(_equal(facts, looked.figures, looked.differences))


def read_figures(connection: sqlite3.Connection) -> Dict[str, Any]:
    """Row counts, content checksums and definitions, without the nonce's table."""
    # bytes as SQLite gives text: UTF-8, whatever the file's own encoding is
    connection.text_factory = lambda raw: ("text", raw)
    tables: Dict[str, Dict[str, str]] = {}
    objects: Dict[str, str] = {}
    listed = connection.execute(
        "select type, name, sql, rootpage from sqlite_master order by 1, 2"
    ).fetchall()
    for (_, raw_kind), (_, raw_name), raw_sql, root in listed:
        kind, name = raw_kind.decode(), raw_name.decode("utf-8", "backslashreplace")
        if name == NONCE_TABLE:
            continue
        sql = raw_sql[1] if raw_sql is not None else b""
        objects[f"{kind} {name}"] = hashlib.sha256(sql).hexdigest()
        # A virtual table has no pages of its own; its shadow tables are listed themselves.
        if kind == "table" and root:
            tables[name] = _content(connection, raw_name)
    pragmas = ("page_size", "encoding", "user_version", "application_id")
    return {
        "tables": tables,
        "objects": objects,
        "settings": {name: _pragma(connection, name) for name in pragmas},
        "foreign_key_errors": str(len(connection.execute("pragma foreign_key_check").fetchall())),
    }


def _content(connection: sqlite3.Connection, raw_name: bytes) -> Dict[str, str]:
    digest = hashlib.sha256()
    rows = 0
    name = raw_name.decode("utf-8", "surrogateescape").replace('"', '""')
    for row in connection.execute(f'select * from "{name}"'):  # noqa: S608  a quoted name
        digest.update(repr(row).encode("utf-8", "backslashreplace"))
        rows += 1
    return {"rows": str(rows), "checksum": digest.hexdigest()}


def _pragma(connection: sqlite3.Connection, name: str) -> str:
    value = connection.execute(f"pragma {name}").fetchone()[0]
    return value[1].decode() if isinstance(value, tuple) else str(value)


def _works(copy: sqlite3.Connection) -> Dict[str, Any]:
    began = time.monotonic()
    said = [str(row[0]) for row in copy.execute("pragma integrity_check(20)").fetchall()]
    ran = ["pragma integrity_check"]
    if said == ["ok"]:
        return _part("works", "proven", "integrity_check says ok", began, ran)
    return _part("works", "failed", f"integrity_check says {'; '.join(said)[:600]}", began, ran)


def _equal(
    facts: Dict[str, Any], figures: Dict[str, Any], differences: List[str]
) -> Dict[str, Any]:
    began = time.monotonic()
    if not facts:
        return _part("equal", "not verified", "there are no figures of the source", began)
    if differences:
        return _part("equal", "failed", "; ".join(differences)[:800], began)
    rows = sum(int(table["rows"]) for table in figures["tables"].values())
    words = (
        f"{counted(len(figures['tables']), 'table')} with {counted(rows, 'row')} "
        f"{plural(len(figures['tables']), 'has', 'have')} the source's content"
    )
    return _part("equal", "proven", words, began)


def _differences(source: Dict[str, Any], copy: Dict[str, Any]) -> List[str]:
    found = []
    for kind in ("tables", "objects", "settings"):
        for name in sorted(set(source[kind]) | set(copy[kind])):
            one, other = source[kind].get(name), copy[kind].get(name)
            if one != other:
                found.append(f"{kind}: {name} is {other or 'missing'}, the source had {one}")
    if source["foreign_key_errors"] != copy["foreign_key_errors"]:
        found.append("broken foreign keys: another number than at the source")
    return found


def _has_nonce(copy: sqlite3.Connection, expected: Optional[str]) -> bool:
    copy.text_factory = str
    try:
        row = copy.execute(f"select value from {NONCE_TABLE}").fetchone()  # noqa: S608
    except sqlite3.Error:
        return False
    value = hashlib.sha256(str(row[0]).encode("ascii", "replace")).hexdigest() if row else ""
    return bool(expected) and hmac.compare_digest(value, str(expected))


@contextlib.contextmanager
def _nonce_in(path: str, nonce: str, warnings: List[str]) -> Iterator[None]:
    """The nonce in a table of the source, for as long as the copy takes."""
    placed = False
    try:
        with contextlib.closing(_open(path, "rw")) as writer:
            writer.execute("begin immediate")
            writer.execute(f"drop table if exists {NONCE_TABLE}")
            writer.execute(f"create table {NONCE_TABLE} (value text not null)")
            writer.execute(f"insert into {NONCE_TABLE} values (?)", (nonce,))  # noqa: S608
            writer.execute("commit")
        placed = True
    except sqlite3.Error as error:
        warnings.append(f"The nonce could not be placed, so freshness is not proven. {error}")
    try:
        yield
    finally:
        if placed:
            # Python 3.8 knows no parentheses here
            with contextlib.suppress(sqlite3.Error), contextlib.closing(
                _open(path, "rw")
            ) as writer:
                writer.execute(f"drop table if exists {NONCE_TABLE}")


def _open(path: str, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    uri = f"file:{quote(path)}?mode={mode}" + ("&immutable=1" if immutable else "")
    connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
    connection.execute("pragma trusted_schema = off")
    return connection


def _must_be_a_database(path: str, asset: str) -> None:
    try:
        with open(path, "rb") as file:
            head = file.read(len(_HEADER))
    except OSError as error:
        raise SnapshotError(
            "source-missing",
            f"{asset}: {path} cannot be read: {error.strerror}.",
            "Find out where the database went, or correct its location in the scope.",
        ) from error
    if head != _HEADER:
        raise SnapshotError(
            "sqlite-not-a-database",
            f"{asset}: {path} is not a SQLite database.",
            "Correct its kind or location in the scope.",
        )


def _copy_in(restored: str) -> Optional[str]:
    if is_regular(restored):
        return restored
    path = os.path.join(restored, DUMP_FILE)
    if is_regular(path):
        return path
    names = sorted(os.listdir(restored)) if os.path.isdir(restored) else []
    files = [os.path.join(restored, name) for name in names]
    known = [f for f in files if is_regular(f) and _is_database(f)]
    return known[0] if len(known) == 1 else None


def _is_database(path: str) -> bool:
    with open_regular(path) as file:
        return file.read(len(_HEADER)) == _HEADER


def _to_disk(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _part(
    part: str, verdict: str, detail: str, began: float, ran: Optional[List[str]] = None
) -> Dict[str, Any]:
    return {
        "part": part,
        "verdict": verdict,
        "detail": detail,
        "seconds": round(time.monotonic() - began, 3),
        "ran": ran or [],
    }
