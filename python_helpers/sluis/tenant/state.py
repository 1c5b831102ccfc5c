"""What is known of one drive, in one SQLite file: kill the export anywhere and it goes on.

Tables
    about     key, value: which source this is; a state is never used for another one
    passes    one row per pass over the drive: where the listing stands, and when
    items     the drive's listing: one row per item, as the service last described it
    places    where an item is stored; given once, kept for life, whatever it is renamed to
    contents  what was fetched of an item's bytes, and what the service's size and hash said
    chunks    parts of a file that are on disk while it is not yet whole
    details   permissions, versions and list fields, as JSON
    arriving  newer bytes that are whole and take the place of earlier ones: their row of
              ``contents``, kept until they lie there
    kept      items that a listing called gone, asked for by their id: whether told to be there
    could_not what could not be had and is no item (blind spots, listings refused)
    notes     what happened in a pass that a report should say (loops, resyncs …)

Every step of the work is one transaction, and a page of the listing is stored together
with the link that follows it. The journal is a write-ahead log with ``synchronous=NORMAL``:
a killed process loses nothing. A power cut may lose the last transactions and what was
written last; so every file is read back from disk after a ``sync`` before it is believed
(``reread``), and one that is not what was fetched is fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from ..errors import SnapshotError
from .stored_names import CONTENT, below, clash_key, marked, safe_name
from .tenant_manifest import Gap

_VERSION = "1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passes (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    link TEXT, delta_link TEXT, listed INTEGER NOT NULL DEFAULT 0,
    full INTEGER NOT NULL DEFAULT 0, resync TEXT, pages INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL DEFAULT 0, again INTEGER NOT NULL DEFAULT 0,
    empty INTEGER NOT NULL DEFAULT 0, restarts INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS items (
    item_id TEXT PRIMARY KEY, parent_id TEXT, name TEXT NOT NULL, type TEXT NOT NULL,
    size INTEGER NOT NULL, quickxor TEXT, etag TEXT, created TEXT, modified TEXT,
    created_by TEXT, modified_by TEXT, shared INTEGER NOT NULL DEFAULT 0, children INTEGER,
    extra TEXT, seen_in_pass INTEGER NOT NULL, gone_in_pass INTEGER, gone_how TEXT,
    times TEXT);
CREATE INDEX IF NOT EXISTS items_by_parent ON items (parent_id);
CREATE TABLE IF NOT EXISTS places (
    item_id TEXT PRIMARY KEY, stored TEXT NOT NULL, key BLOB NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (
    item_id TEXT PRIMARY KEY, state TEXT NOT NULL, why TEXT, size INTEGER, sha256 TEXT,
    quickxor TEXT, etag TEXT, listed_size INTEGER, listed_quickxor TEXT, verdict TEXT,
    note TEXT, in_pass INTEGER NOT NULL, reread INTEGER NOT NULL DEFAULT 0,
    looks TEXT, listed_times TEXT, worth INTEGER, older INTEGER, sealed TEXT,
    doubt TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arriving (
    item_id TEXT PRIMARY KEY, "row" TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    item_id TEXT NOT NULL, etag TEXT, start INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (item_id, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS details (
    item_id TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, why TEXT, etag TEXT,
    in_pass INTEGER NOT NULL, PRIMARY KEY (item_id, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    item_id TEXT PRIMARY KEY, in_pass INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deleted_from (
    item_id TEXT PRIMARY KEY, in_pass INTEGER NOT NULL, parent_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS could_not (
    what TEXT NOT NULL, subject TEXT NOT NULL, why TEXT NOT NULL, in_pass INTEGER NOT NULL,
    PRIMARY KEY (in_pass, what, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (
    in_pass INTEGER NOT NULL, kind TEXT NOT NULL, note TEXT NOT NULL,
    UNIQUE (in_pass, kind, note));
"""
#: columns that a state of an earlier version lacks; empty there means that it was not known
_ADDED = (
    ("items", "times", "TEXT"),
    ("contents", "listed_times", "TEXT"),
    ("contents", "worth", "INTEGER"),
    ("contents", "older", "INTEGER"),
    ("contents", "sealed", "TEXT"),
    ("contents", "doubt", "TEXT"),
)
#: the reasons for a doubt, by the sentence that stood for them in a state of an earlier version
_TOLD_BY = (
    ("edited", "It was edited each of the %"),
    ("read once", "The source lists no hash; size and time were the same before and after%"),
)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a drive.

    Args:
        number: from 1.
        kind: ``first`` or ``delta``.
        started, finished: ISO 8601 in UTC; ``finished`` is ``None`` while it goes on.
        link: where the listing goes on; ``None`` at its very beginning.
        listed: whether the listing is complete.
        full: whether this listing names every item, so that what it does not name is gone.
        resync: which resync the service asked for, if any.
        pages, items, again, empty: pages read, items in them, items met more than once,
            pages without any.
        restarts: how often the listing began anew (a loop, a resync).
        resumed: whether an earlier run began it.
    """

    number: int
    kind: str
    started: str
    finished: str | None
    link: str | None
    delta_link: str | None
    listed: bool
    full: bool
    resync: str | None
    pages: int
    items: int
    again: int
    empty: int
    restarts: int
    resumed: bool = False


class DriveState:
    """The state of one drive; used from one thread.

    Args:
        path: of the SQLite file; made when it is not there.
        source_id: of the source it belongs to; ``None`` takes what is there.

    Raises:
        SnapshotError: ``state-of-another-source``, ``state-unreadable``.
    """

    def __init__(self, path: Path, source_id: str | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.path = path
        try:
            # links in it are no secrets by themselves, but names and people are
            path.touch(mode=0o600)
            self.db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
            # names that are not UTF-8 are kept as they are (SFTP sources)
            self.db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            self.db.execute("PRAGMA cache_size=-32768")
            # ids come in no order, so a page of a listing touches as many places as it has items:
            # writing those back less often saves a fifth of a million items' time
            self.db.execute("PRAGMA wal_autocheckpoint=16384")
            self.db.executescript(_SCHEMA)
            self._claim("version", _VERSION)
            self._add_columns()
            self._doubt_whole_documents()
        except sqlite3.DatabaseError as error:
            raise SnapshotError(
                "state-unreadable",
                f"The state {path.name} of a drive cannot be read: {error}.",
                "Move it away to begin that drive anew; its files are then fetched again.",
            ) from error
        if source_id is not None:
            self._claim("source", source_id)

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # ---- passes

    def current_pass(self) -> Pass | None:
        """The last pass, finished or not; ``None`` before the first."""
        row: tuple[Any, ...] | None = self.db.execute(
            "SELECT number, kind, started, finished, link, delta_link, listed, full, resync,"
            " pages, items, again, empty, restarts FROM passes ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        return Pass(*row)

    def begin_pass(self, started: str, only_since: str | None = None) -> Pass:
        """Go on with a pass that was not finished, or begin the next one.

        Args:
            started: ISO 8601 in UTC.
            only_since: names what nothing may count before, such as a freeze; ``None`` when
                there is no such thing. A pass that was begun without it, or for another one,
                begins anew: what it listed and asked for may be older.
        """
        last = self.current_pass()
        if last is not None and last.finished is None:
            if only_since is None or self.recall("only since") == [last.number, only_since]:
                return replace(last, resumed=True)
            self._begin_again(last.number, started)
            return self._begun(only_since)
        link = last.delta_link if last is not None else None
        self.db.execute(
            "INSERT INTO passes (number, kind, started, link, full) VALUES (?, ?, ?, ?, ?)",
            (last.number + 1 if last else 1, "delta" if link else "first", started, link, not link),
        )
        return self._begun(only_since)

    def _begun(self, only_since: str | None) -> Pass:
        begun = self.current_pass()
        assert begun is not None  # noqa: S101  for the type checker
        if only_since is not None:
            self.remember("only since", [begun.number, only_since])
        return begun

    def _begin_again(self, number: int, started: str) -> None:
        """Nothing that this pass did so far counts for it, as if the pass before had done it."""
        with self.transaction():
            self.db.execute(
                "UPDATE passes SET started = ?, link = NULL, delta_link = NULL, listed = 0,"
                " full = 1, resync = NULL, pages = 0, items = 0, again = 0, empty = 0,"
                " restarts = 0 WHERE number = ?",
                (started, number),
            )
            for table, column in (
                ("items", "seen_in_pass"), ("contents", "in_pass"), ("details", "in_pass"),
            ):  # fmt: skip
                self.db.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {column} = ?",  # noqa: S608
                    (number - 1, number),
                )
            for table in ("could_not", "deleted_from", "kept", "notes"):
                self.db.execute(f"DELETE FROM {table} WHERE in_pass = ?", (number,))  # noqa: S608
            self.db.execute("DELETE FROM chunks")
            self.db.execute("DELETE FROM about WHERE key IN ('checked', 'finished', 'discovered')")

    def finish_pass(self, finished: str) -> None:
        """The last pass is over."""
        with self.transaction():
            self.db.execute(
                "UPDATE passes SET finished = ? WHERE number = (SELECT MAX(number) FROM passes)",
                (finished,),
            )
            self.db.execute("DELETE FROM chunks")

    # ---- what could not be had, and what is worth saying

    def could_not(self, in_pass: int, what: str, subject: str, why: str) -> None:
        """Remember something that could not be had and is no item."""
        self.db.execute(
            "INSERT OR REPLACE INTO could_not VALUES (?, ?, ?, ?)",
            (what, _in_words(subject), _in_words(why), in_pass),
        )

    def gaps(self, in_pass: int) -> tuple[Gap, ...]:
        """What could not be had in that pass and is no item."""
        rows = self.db.execute(
            "SELECT what, subject, why FROM could_not WHERE in_pass = ? ORDER BY 1, 2", (in_pass,)
        )
        return tuple(Gap(*row) for row in rows)

    def note(self, in_pass: int, kind: str, note: str) -> None:
        """Remember something that happened, once."""
        self.db.execute(
            "INSERT OR IGNORE INTO notes VALUES (?, ?, ?)", (in_pass, kind, _in_words(note))
        )

    def notes(self, in_pass: int) -> list[tuple[str, str]]:
        """What happened in that pass: kind and sentence."""
        return self.db.execute(
            "SELECT kind, note FROM notes WHERE in_pass = ? ORDER BY rowid", (in_pass,)
        ).fetchall()

    # ---- where things are stored

    def give_places(self) -> None:
        """Give every item that has none its place on disk, parents first.

        Done in one transaction and in one order, so a killed export gives the same places.
        """
        with self.transaction():
            again = True
            while again:
                # by way of a table of its own, so that a million of them need no memory
                self.db.execute("DROP TABLE IF EXISTS temp.placeless")
                self.db.execute("CREATE TEMP TABLE placeless AS " + _WITHOUT_PLACE)
                again = False
                for row in self.db.execute("SELECT * FROM temp.placeless"):
                    self._give_place(*row)
                    again = True
            self.db.execute("DROP TABLE IF EXISTS temp.placeless")

    def place_of(self, item_id: str) -> str | None:
        """Where an item is stored, below the export root."""
        row = self.db.execute("SELECT stored FROM places WHERE item_id = ?", (item_id,)).fetchone()
        return row[0] if row else None

    def _give_place(self, item_id: str, name: str, folder: str | None) -> None:
        leaf, parent = safe_name(name), folder or CONTENT
        for length in (0, 10, 20, 40, 64):
            tried = marked(leaf, item_id, length) if length else leaf
            stored = below(parent, tried, item_id)
            key = hashlib.sha256(clash_key(stored).encode()).digest()[:16]
            done = self.db.execute(
                "INSERT INTO places VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (item_id, stored, key),
            )
            if done.rowcount:
                return
        raise SnapshotError(
            "no-free-name",
            f"No free name was found on disk for item {item_id}.",
            "Report this: five names made from the item's id were all taken.",
        )

    # ---- small print

    def remember(self, key: str, value: Any) -> None:
        """Keep a value beside the tables."""
        self.db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, json.dumps(value)))

    def recall(self, key: str) -> Any:
        """A value that ``remember`` kept, or ``None``."""
        row = self.db.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def _add_columns(self) -> None:
        """Bring a state of an earlier version to this one's form; nothing in it is lost."""
        for table, column, kind in _ADDED:
            known = {row[1] for row in self.db.execute(f"PRAGMA table_info({table})")}
            if column not in known:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
                if column == "doubt":
                    self._name_doubts()

    def _name_doubts(self) -> None:
        for doubt, note in _TOLD_BY:
            self.db.execute(
                "UPDATE contents SET doubt = ? WHERE verdict = 'not verified' AND note LIKE ?",
                (doubt, note),
            )

    def _doubt_whole_documents(self) -> None:
        """What an earlier version took for rewritten because it was whole is asked for again."""
        if self.recall("rewritten is compared") is None:
            self.db.execute(
                "UPDATE contents SET verdict = 'not verified', worth = NULL, note ="
                " 'It is a whole document; nothing told that it is this one.'"
                " WHERE verdict = 'rewritten by the service'"
            )
            self.remember("rewritten is compared", True)

    def _claim(self, key: str, value: str) -> None:
        if self.recall(key) is None:
            self.remember(key, value)
        if self.recall(key) != value:
            raise SnapshotError(
                "state-of-another-source",
                f"The state {self.path.name} has {key} {self.recall(key)}, not {value}.",
                "Give every source a folder of its own.",
            )


def _in_words(text: str) -> str:
    """A sentence as it is stored and read: what is no character of a name is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


# A root's place is the content folder itself, so its children are looked up through it.
_WITHOUT_PLACE = """
SELECT i.item_id, i.name, pp.stored FROM items i
LEFT JOIN places p ON p.item_id = i.item_id
LEFT JOIN items parent ON parent.item_id = i.parent_id
LEFT JOIN places pp ON pp.item_id = i.parent_id
WHERE p.item_id IS NULL AND i.type <> 'root' AND i.gone_in_pass IS NULL
  AND (pp.stored IS NOT NULL OR parent.type = 'root' OR parent.item_id IS NULL)
ORDER BY i.item_id
"""
