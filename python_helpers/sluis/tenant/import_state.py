"""What an import has done, in one SQLite file: kill it anywhere and it goes on.

Tables
    about   key, value: whose import this is, and whether the target was looked at before
            (which file is whose: ``import_states``)
    before  ids of what was in the target before anything of ours
    items   one row per item of ours in the target, finished or under way

An upload is announced before it starts, after its target was seen to be free, and that is
on disk before the first byte leaves (``announce``). So what is found in that place after a
kill is ours, and is not sent twice. What happens later needs no such care: when the last
words are lost in a power cut, the announcement still stands.

Upload sessions' URLs are secrets: the file is for its owner only, and a URL is forgotten
as soon as its file is there. Paths and ids are kept as bytes, since those of SFTP sources
need not be UTF-8.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from ..errors import EvidenceError, InputError

#: ``sending``: announced · ``sent``: ours and whole · ``equal``: was there, the same ·
#: ``made``: a folder of ours · ``there``: a folder that was there · ``aside``: a file of ours
#: whose original was removed
Step = Literal["sending", "sent", "equal", "made", "there", "aside"]

_VERSION = "1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS before (item_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    source_id BLOB PRIMARY KEY, path BLOB NOT NULL, target TEXT NOT NULL, step TEXT NOT NULL,
    sha256 TEXT, size INTEGER, modified TEXT, target_id TEXT, session_url TEXT,
    target_size INTEGER, target_quickxor TEXT, invited TEXT, target_etag TEXT,
    target_modified TEXT, sent_quickxor TEXT) WITHOUT ROWID;
"""
_COLUMNS = (
    "source_id, path, target, step, sha256, size, modified, target_id, session_url,"
    " target_size, target_quickxor, invited, target_etag, target_modified, sent_quickxor"
)
#: what states of earlier versions lack
_LATER = {"target_etag", "target_modified", "sent_quickxor"}


@dataclass(frozen=True, slots=True)
class Row:
    """One item of ours in the target.

    Args:
        source_id: as in the plan.
        path: original path.
        target: path in the target, below the target's folder.
        step: how far it is.
        sha256, size, modified: of what is (being) sent; None for folders.
        target_id: its id in the target, once known.
        session_url: of the upload session under way; a secret.
        target_size, target_quickxor: as the target said when the file was whole.
        invited: digest of the rights that were given; None before.
        target_etag: of a file that is (being) replaced, before it is; of one that is there, after
            it was sent. None in states of earlier versions.
        target_modified: the date that the target gave it when it was whole: not every service
            keeps the one that was sent along.
        sent_quickxor: of the bytes that were sent; the target's own may come late.
    """

    source_id: str
    path: str
    target: str
    step: Step
    sha256: str | None = None
    size: int | None = None
    modified: str | None = None
    target_id: str | None = None
    session_url: str | None = field(default=None, repr=False)
    target_size: int | None = None
    target_quickxor: str | None = None
    invited: str | None = None
    target_etag: str | None = None
    target_modified: str | None = None
    sent_quickxor: str | None = None


class ImportState:
    """The state of one import; used by one process and one thread at a time.

    Args:
        path: of the SQLite file; made when it is not there, for its owner only.

    Raises:
        InputError: ``import-is-running``: another process has it.
        EvidenceError: ``import-state-unreadable``.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.path = path
        self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise InputError(
                "import-is-running",
                f"Another process is importing with the state {path.name}.",
                "Wait for it, or look what it is.",
            ) from error
        try:
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._claim("version", _VERSION)
            # a state of an earlier version lacks what came later
            there = {one[1] for one in self._db.execute("PRAGMA table_info(items)")}
            for column in _LATER - there:
                self._db.execute(f"ALTER TABLE items ADD COLUMN {column} TEXT")
        except sqlite3.DatabaseError as error:
            os.close(self._lock)
            raise EvidenceError(
                "import-state-unreadable",
                f"The state {path.name} of an import cannot be read: {error}.",
                "Keep it, and ask before beginning anew: without it nobody knows what in the "
                "target is ours.",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bind(self, drive_id: str, folder: str, change: str | None = None) -> None:
        """Say whose state this is; it is never used for another target, or another change.

        Args:
            drive_id, folder: the target.
            change: the change that imports; ``None``: whoever chose this state saw to that.

        Raises:
            EvidenceError: ``state-of-another-import``.
        """
        self._claim("drive", drive_id)
        self._claim("folder", folder)
        if change is not None:
            self._claim("change", change)

    # ---- the target as it was before

    def before(self) -> frozenset[str] | None:
        """Ids of what was in the target before anything of ours; None: nobody looked yet."""
        if self._about("before") is None:
            return None
        return frozenset(row[0] for row in self._db.execute("SELECT item_id FROM before"))

    def keep_before(self, item_ids: Iterable[str]) -> None:
        """Remember, once, what was in the target before."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO before VALUES (?)", ((one,) for one in item_ids)
            )
            self._db.execute("INSERT INTO about VALUES ('before', 'complete')")
        self._to_disk()

    # ---- our items

    def rows(self) -> Iterator[Row]:
        """Every row, by source id."""
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM items"):  # noqa: S608 - constant
            yield Row(_text(row[0]), _text(row[1]), *row[2:])

    def announce(self, rows: Iterable[Row]) -> None:
        """These uploads start now, to places that were seen to be free or to be ours."""
        with self._transaction():
            for row in rows:
                self._put(row)
        self._to_disk()

    def keep(self, row: Row) -> None:
        """This is how far an item is."""
        self._put(row)

    def session(self, source_id: str, url: str | None) -> None:
        """The upload session of a file, to go on with it after a kill; None: it is over."""
        self._db.execute(
            "UPDATE items SET session_url = ? WHERE source_id = ?", (url, _bytes(source_id))
        )

    def renew(self, old: str, new: str) -> None:
        """An item of ours has another id at the source now."""
        self._db.execute(
            "UPDATE OR REPLACE items SET source_id = ? WHERE source_id = ?",
            (_bytes(new), _bytes(old)),
        )

    def forget(self, source_id: str) -> None:
        """An item of ours is not in the target any more, or was never begun."""
        self._db.execute("DELETE FROM items WHERE source_id = ?", (_bytes(source_id),))

    # ---- small print

    def _put(self, row: Row) -> None:
        self._db.execute(
            f"INSERT OR REPLACE INTO items ({_COLUMNS})"  # noqa: S608 - a constant
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _bytes(row.source_id), _bytes(row.path), row.target, row.step, row.sha256,
                row.size, row.modified, row.target_id, row.session_url, row.target_size,
                row.target_quickxor, row.invited, row.target_etag, row.target_modified,
                row.sent_quickxor,
            ),
        )  # fmt: skip

    def _about(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _claim(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (key, value))
        if self._about(key) != value:
            raise EvidenceError(
                "state-of-another-import",
                f"The state {self.path.name} belongs to another import (its {key} differs).",
                "Leave it where it is, and find out who moved or renamed what lies beside it: each "
                "change, drive and folder has a state of its own.",
            )

    def _to_disk(self) -> None:
        # a checkpoint syncs the log before it moves it, so what was said is safe now
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
