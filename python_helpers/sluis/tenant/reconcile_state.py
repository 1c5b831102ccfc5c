"""How far a reconciliation is: killed, it goes on and downloads no file twice.

What was found counts for this one attempt only. When it is finished everything is forgotten,
so that the next one looks at every file again: an item's eTag is metadata, and metadata can
be stale.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Self

from ..errors import EvidenceError
from .compare_content import Verdict
from .target_tree import Node
from .tenant_manifest import ManifestLine

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
DROP TABLE IF EXISTS verdicts;
CREATE TABLE IF NOT EXISTS looked_at (
    item_id TEXT PRIMARY KEY, seen TEXT NOT NULL, verdict TEXT NOT NULL) WITHOUT ROWID;
"""


class ReconcileState:
    """The state of one attempt.

    Args:
        path: of the SQLite file; made when it is not there.
        about: what is reconciled how; a state of anything else is begun anew.

    Raises:
        EvidenceError: ``reconcile-state-unreadable``.
    """

    def __init__(self, path: Path, about: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            row = self._db.execute("SELECT value FROM about WHERE key = 'about'").fetchone()
            if row is None or row[0] != about:
                self.finish()
                self._db.execute("INSERT OR REPLACE INTO about VALUES ('about', ?)", (about,))
        except (OSError, sqlite3.DatabaseError) as error:
            raise EvidenceError(
                "reconcile-state-unreadable",
                f"The state {path.name} of a reconciliation cannot be read: {error}.",
                "Move it away; every file is then looked at again.",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def found(self, node: Node, line: ManifestLine) -> Verdict | None:
        """What this attempt found about an item before it was killed, if all of it is as it was."""
        row = self._db.execute(
            "SELECT verdict FROM looked_at WHERE item_id = ? AND seen = ?",
            (node.id, _seen(node, line)),
        ).fetchone()
        if row is None:
            return None
        category, basis, why, notes = json.loads(row[0])
        return Verdict(category, basis, why, tuple(notes))

    def keep(self, node: Node, line: ManifestLine, verdict: Verdict) -> None:
        """Remember what was found.

        What was not verified is looked at again, and so is what has no eTag: nothing would tell
        that it was changed meanwhile.
        """
        if verdict.basis == "not verified" or not node.etag:
            return
        said = json.dumps([verdict.category, verdict.basis, verdict.why, verdict.notes])
        self._db.execute(
            "INSERT OR REPLACE INTO looked_at VALUES (?, ?, ?)",
            (node.id, _seen(node, line), said),
        )

    def finish(self) -> None:
        """This attempt is over: the next one trusts nothing of it."""
        self._db.execute("DELETE FROM looked_at")
        self._db.execute("DELETE FROM about")


def _seen(node: Node, line: ManifestLine) -> str:
    """All that a verdict follows from, beside the bytes themselves."""
    listed = [node.etag, node.name, node.size, node.quickxor, node.others, node.modified]
    wanted = [line.sha256, line.size, line.quickxor, line.modified, line.stored]
    return json.dumps([listed, wanted])
