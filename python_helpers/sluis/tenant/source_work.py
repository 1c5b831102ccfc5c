"""What a pass over a source without ids fetches, and how often it looks again.

A copy is believed when three things agree: the bytes as they came, the bytes as the disk
gives them back, and, unless the policy leaves that out, the bytes of a second reading of
the source. A source that lists no hash has no other second witness than itself, later.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from ..errors import SnapshotError
from ..graph.part_file import ReadBack
from .found import Found
from .local_copy import PIECE, Piece
from .reading_back import look_again, read_back
from .source_file import Fetch, Outcome, PieceDone, Wanted
from .source_listing import found_of, spelled_time
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import COULD_NOT, HAD, Doubt

#: called with what is being done, and the files and bytes of it so far
Progress = Callable[[str, int, int], None]

#: how often a file that does not agree with itself is fetched
_ROUNDS = 3

#: Files of this pass that are not had as they were listed. One whose time lies within an
#: hour of its last reading is read again: it may have changed once more within the second
#: that SFTP counts in, and the server's clock need not be ours. Items with ``extra`` are
#: links, pipes and devices: to open a pipe is to wait for ever.
_WANTED = """
SELECT i.item_id, i.size, i.etag, p.stored FROM items i JOIN places p ON p.item_id = i.item_id
LEFT JOIN contents c ON c.item_id = i.item_id LEFT JOIN passes r ON r.number = c.in_pass
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND i.extra IS NULL AND (
    c.item_id IS NULL
    OR (c.state <> 'had' AND c.in_pass < :number)
    OR (c.state = 'had' AND c.etag IS NOT i.etag)
    OR (c.state = 'had' AND c.in_pass < :number AND (:everything
        OR i.modified IS NULL
        OR i.modified >= strftime('%Y-%m-%dT%H:%M:%S', r.started, '-1 hour'))))
ORDER BY p.stored
"""
_ONCE_READ = """
SELECT i.item_id, i.size, i.etag, p.stored FROM items i JOIN places p ON p.item_id = i.item_id
JOIN contents c ON c.item_id = i.item_id
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND c.state = 'had'
  AND c.verdict = 'not verified'
ORDER BY p.stored
"""
_BUSY = (
    f"It was edited each of the {_ROUNDS} times between two readings; the copy may be partly what "
    "it was before an edit and partly what it was after."
)
_NO_HASH = "The source lists no hash; size and time were the same before and after the reading."
_TWICE = "The source lists no hash; two readings of it and the copy on disk are the same bytes."
#: why a file is in doubt of which there is one reading and nothing else
_READ_ONCE: Doubt = "read once"


class SourceWork:
    """The fetching of one pass.

    Args:
        state: with a finished listing, and places given.
        place: the export's folder.
        number: of the pass.
        fetch: has the files.
        read_everything: nobody writes there any more. Read also what has the same size and time
            as in an earlier pass, and doubt what two readings do not agree on.
        read_twice: read every fetched file once more and compare.
        progress: called now and then.
    """

    def __init__(
        self,
        state: DriveState,
        place: ExportFolder,
        number: int,
        fetch: Fetch,
        *,
        read_everything: bool,
        read_twice: bool,
        progress: Progress,
    ) -> None:
        self._state, self._place, self._number, self._fetch = state, place, number, fetch
        self._everything, self._twice, self._progress = read_everything, read_twice, progress
        #: how far large files were read back while they came, by item
        self._begun: dict[str, ReadBack] = {}
        #: files that were fetched and written down, and bytes that came for that
        self.files = self.bytes = 0
        #: files and bytes that were read a second time
        self.again = self.again_bytes = 0

    def until_had(self) -> None:
        """Fetch, read back, read again; and once more what did not agree.

        Raises:
            SnapshotError: ``disk-full``, ``export-disk``, ``disk-keeps-damaging``.
            SourceError: from the source.
        """
        look_again(self._state, self._place)
        for last in (False,) * (_ROUNDS - 1) + (True,):
            self._run(_WANTED, "fetching", self._fetched)
            self._read_back(0)
            wrong = read_back(self._state, self._place, begun=self._begun, progress=self._read_back)
            if self._twice:
                wrong += self._read_again(last=last)
            if not wrong:
                return
        (missing,) = self._state.db.execute(
            "SELECT COUNT(*) FROM notes WHERE in_pass = ? AND kind = 'read back'", (self._number,)
        ).fetchone()
        if missing and self._count_wanted():
            raise SnapshotError(
                "disk-keeps-damaging",
                f"The disk of the export keeps giving back damaged files, {missing} so far.",
                "Export to another disk.",
            )

    def _read_again(self, *, last: bool) -> int:
        """The second reading; how many files have to be fetched again because of it."""
        before = self._count_wanted()

        def heed(outcome: Outcome) -> None:
            self._compared(outcome, last=last)

        self._run(_ONCE_READ, "reading again", heed, keep=False)
        return self._count_wanted() - before

    def _run(
        self, query: str, what: str, heed: Callable[[Outcome], None], *, keep: bool = True
    ) -> None:
        self._progress(what, 0, 0)
        try:
            for batch in self._fetch(self._place, self._wanted(query, keep=keep)):
                size = 0
                with self._state.transaction():
                    for result in batch:
                        if isinstance(result, PieceDone):
                            self._keep_piece(result)
                            size = result.piece.start + result.piece.size
                        else:
                            heed(result)
                done = (self.files, self.bytes + size) if keep else (self.again, self.again_bytes)
                self._progress(what, *done)
        except OSError as error:
            raise _disk(error) from error

    def _wanted(self, query: str, *, keep: bool) -> Iterator[Wanted]:
        # into a table of its own: rows are written while the files come in, and a million
        # of them need no memory
        self._state.db.execute("DROP TABLE IF EXISTS temp.to_read")
        self._state.db.execute("CREATE TEMP TABLE to_read AS " + query, self._given)
        rows = self._state.db.execute("SELECT * FROM temp.to_read ORDER BY rowid")
        for item_id, size, tag, stored in rows:
            pieces = self._pieces(item_id, tag) if keep and size >= PIECE else ()
            yield Wanted(item_id, found_of(item_id, size, tag), stored, pieces, keep)

    @property
    def _given(self) -> dict[str, int]:
        return {"number": self._number, "everything": self._everything}

    def _count_wanted(self) -> int:
        row = self._state.db.execute(f"SELECT COUNT(*) FROM ({_WANTED})", self._given).fetchone()  # noqa: S608
        return int(row[0])

    def _pieces(self, item_id: str, tag: str | None) -> tuple[Piece, ...]:
        rows = self._state.db.execute(
            "SELECT start, size, sha256 FROM chunks WHERE item_id = ? AND etag IS ? ORDER BY start",
            (item_id, tag),
        )
        return tuple(Piece(*row) for row in rows)

    def _keep_piece(self, done: PieceDone) -> None:
        item, tag, piece = done.item_id, done.found.tag, done.piece
        self._state.db.execute(
            "DELETE FROM chunks WHERE item_id = ? AND (etag IS NOT ? OR start >= ?)",
            (item, tag, piece.start),
        )
        self._state.db.execute(
            "INSERT INTO chunks (item_id, etag, start, size, sha256) VALUES (?, ?, ?, ?, ?)",
            (item, tag, piece.start, piece.size, piece.sha256),
        )

    def _fetched(self, outcome: Outcome) -> None:
        item, found, copied = outcome.wanted.item_id, outcome.found, outcome.copied
        self._describe(outcome)
        self._state.db.execute(
            "INSERT OR REPLACE INTO contents (item_id, state, why, size, sha256, quickxor,"
            " etag, listed_size, verdict, note, doubt, in_pass, reread)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item, COULD_NOT if copied is None else HAD, outcome.why,
                copied and copied.size, copied and copied.sha256, copied and copied.quickxor,
                found.tag, found.size, outcome.check, copied and _NO_HASH, copied and _READ_ONCE,
                self._number, copied is None,
            ),
        )  # fmt: skip
        if outcome.wanted.pieces or outcome.wanted.size >= PIECE:
            self._state.db.execute("DELETE FROM chunks WHERE item_id = ?", (item,))
        self._begun.pop(item, None)
        if copied is not None:
            self.files += 1
            if copied.read_back is not None:
                self._begun[item] = copied.read_back
        self.bytes += outcome.read

    def _compared(self, outcome: Outcome, *, last: bool) -> None:
        """Hold a second reading against the first."""
        item, copied = outcome.wanted.item_id, outcome.copied
        self.again += 1
        self.again_bytes += outcome.read
        if copied is None:
            why = f"{_NO_HASH} A second reading failed: {outcome.why}."
            self._settle(item, "not verified", why, _READ_ONCE)
            return
        (sha256,) = self._state.db.execute(
            "SELECT sha256 FROM contents WHERE item_id = ?", (item,)
        ).fetchone()
        same_item = outcome.found == outcome.wanted.found
        if copied.sha256 == sha256 and same_item:
            self._settle(item, "equal", _TWICE)
        elif last and same_item:
            why = (
                f"corrupt: {_ROUNDS} times two readings of it gave different bytes, while its size"
                " and time stayed the same"
            )
            self._state.db.execute(
                "UPDATE contents SET state = ?, why = ?, verdict = 'corrupt', note = NULL"
                " WHERE item_id = ?",
                (COULD_NOT, why, item),
            )
        elif last and self._everything:
            why = f"{_BUSY} Stop what writes it; then run it again."
            self._settle(item, "not verified", why, "edited")
        elif last:
            # it may be torn: what writes through its memory moves no time while it is read. The
            # last pass reads it again
            self._settle(item, "edited meanwhile", f"{_BUSY} It is read again in the last pass.")
        else:
            self._describe(outcome)
            self._state.db.execute("DELETE FROM contents WHERE item_id = ?", (item,))
            self._state.note(
                self._number, "second reading",
                f"{item} was not the same when it was read again, and was fetched anew.",
            )  # fmt: skip

    def _settle(self, item: str, check: str, note: str, doubt: Doubt | None = None) -> None:
        self._state.db.execute(
            "UPDATE contents SET verdict = ?, note = ?, doubt = ? WHERE item_id = ?",
            (check, note, doubt, item),
        )

    def _describe(self, outcome: Outcome) -> None:
        """Correct the listing, when the item changed since."""
        found: Found = outcome.found
        if found != outcome.wanted.found and found.kind == "file":
            self._state.db.execute(
                "UPDATE items SET size = ?, etag = ?, modified = ? WHERE item_id = ?",
                (
                    found.size or 0, found.tag, spelled_time(found.modified_ns),
                    outcome.wanted.item_id,
                ),
            )  # fmt: skip

    def _read_back(self, files: int) -> None:
        self._progress("reading back", files, 0)


def _disk(error: OSError) -> SnapshotError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SnapshotError(
            "disk-full",
            f"The disk of the export is full ({error.strerror}).",
            "Make room and run the export again; it goes on where it stopped.",
        )
    return SnapshotError(
        "export-disk",
        f"The export could not be written: {error.strerror or type(error).__name__}.",
        "Look at the disk of the export, then run it again.",
    )
