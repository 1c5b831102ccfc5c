"""One pass over a source without ids: list, fetch, read back, write the manifest.

It goes on where an earlier run was killed: a finished listing is not made again, a file
whose row is in the state is not fetched again, and a large one goes on from the pieces that
can be read back from the disk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import SnapshotError
from .found import Found
from .local_copy import Piece
from .reading_back import read_back
from .sftp_fetch import Outcome, Wanted
from .sftp_readers import PieceDone
from .source import Source
from .source_lines import source_lines
from .source_listing import found_of, record_listing, spelled_time
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import COULD_NOT, HAD, About, write_manifest

#: names of the files beside the content
STATE = "state.sqlite"
MANIFEST = "manifest.jsonl.gz"
#: how often files are fetched again that the disk gave back damaged
_ROUNDS = 3

#: Files of this pass that are not had as they were listed. One whose time lies within an
#: hour of its last reading is read again: it may have changed once more within the second
#: that SFTP counts in, and the server's clock need not be ours.
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

#: called with what is being done, and the files and bytes of it so far
Progress = Callable[[str, int, int], None]
#: how the files of a source are had
Fetch = Callable[[ExportFolder, Iterator[Wanted]], Iterator[Outcome | PieceDone]]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a pass over a source came to.

    Args:
        source: what was read, with the figures of this pass.
        seen_in_pass: its number, from 1.
        fetched, fetched_bytes: files read in this run.
        had: files of which there is a copy that was read back from the disk.
        could_not: files and folders that could not be had; the manifest says why of each.
        gaps: what could not be had and is no item.
        gone: items that an earlier pass saw and this one did not.
        damaged: copies that the disk gave back damaged, and that were fetched again.
        manifest: path of the manifest.
        manifest_sha256: its SHA-256, in hexadecimal.
    """

    source: Source
    seen_in_pass: int
    fetched: int
    fetched_bytes: int
    had: int
    could_not: int
    gaps: int
    gone: int
    damaged: int
    manifest: str
    manifest_sha256: str

    def as_data(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return asdict(self)


def export_source(
    source: Source,
    listing: Callable[[], Iterator[Found]],
    fetch: Fetch,
    folder: Path,
    now: Callable[[], str],
    *,
    read_everything: bool = False,
    progress: Progress | None = None,
) -> SourceReport:
    """Make, or finish, one pass over a source.

    Args:
        source: what is read; its id is the state's.
        listing: lists everything, a folder before what is in it.
        fetch: has the files.
        folder: for content, state and manifest; made when it is not there.
        now: the time, as ISO 8601 in UTC.
        read_everything: read also what has the same size and time as in an earlier pass.
        progress: called now and then.

    Raises:
        SourceError: the source cannot be read; run it again to go on.
        SnapshotError: ``disk-full``, ``export-disk``, ``state-of-another-source``,
            ``disk-keeps-damaging``.
    """
    with ExportFolder(folder) as place, DriveState(folder / STATE, source.id) as state:
        current = state.begin_pass(now())
        number = current.number
        if not current.listed:
            told = (lambda n: progress("listing", n, 0)) if progress is not None else None
            record_listing(state, number, listing(), told)
        state.give_places()
        work = _Work(state, place, number, read_everything, progress)
        damaged = work.until_had(fetch)
        return _finish(source, state, folder, work, damaged, current.started, now)


def _finish(
    source: Source,
    state: DriveState,
    folder: Path,
    work: _Work,
    damaged: int,
    started: str,
    now: Callable[[], str],
) -> SourceReport:
    files, folders, size, newest = state.db.execute(
        "SELECT SUM(type = 'file' AND extra IS NULL), SUM(type = 'folder'),"
        " SUM(CASE type WHEN 'file' THEN size ELSE 0 END),"
        " MAX(CASE type WHEN 'file' THEN modified END)"
        " FROM items WHERE gone_in_pass IS NULL AND type <> 'root'"
    ).fetchone()
    source = replace(source, items=files or 0, folders=folders or 0, bytes=size or 0, newest=newest)
    gaps = state.gaps(work.number)
    finished = now()
    about = About(source.as_data(), work.number, started, finished, gaps)
    digest = write_manifest(folder / MANIFEST, source_lines(state, work.number), about)
    had, could_not = state.db.execute(
        "SELECT SUM(c.state = 'had'), SUM(c.state <> 'had') FROM contents c"
        " JOIN items i ON i.item_id = c.item_id WHERE i.gone_in_pass IS NULL"
    ).fetchone()
    (gone,) = state.db.execute(
        "SELECT COUNT(*) FROM items WHERE gone_in_pass = ?", (work.number,)
    ).fetchone()
    state.finish_pass(finished)
    return SourceReport(
        source, work.number, work.files, work.bytes, had or 0, could_not or 0, len(gaps), gone,
        damaged, str(folder / MANIFEST), digest,
    )  # fmt: skip


class _Work:
    """What a pass fetches, and where it is written down."""

    def __init__(
        self,
        state: DriveState,
        place: ExportFolder,
        number: int,
        everything: bool,
        progress: Progress | None,
    ) -> None:
        self._state, self._place, self.number = state, place, number
        self._everything, self._progress = everything, progress
        self.files = self.bytes = 0

    def until_had(self, fetch: Fetch) -> int:
        """Fetch, read back, and fetch again what the disk damaged; how many that were."""
        damaged = 0
        for _round in range(_ROUNDS):
            self._fetch(fetch)
            wrong = read_back(self._state, self._place, progress=self._told_of_reading_back())
            if not wrong:
                return damaged
            damaged += wrong
        raise SnapshotError(
            "disk-keeps-damaging",
            f"The disk of the export gave back {damaged} damaged files in {_ROUNDS} rounds.",
            "Export to another disk.",
        )

    def _fetch(self, fetch: Fetch) -> None:
        try:
            for result in fetch(self._place, self._wanted()):
                if isinstance(result, PieceDone):
                    self._keep_piece(result)
                else:
                    self._keep(result)
        except OSError as error:
            raise _disk(error) from error

    def _wanted(self) -> Iterator[Wanted]:
        # read at once: rows are written while the files come in
        rows = self._state.db.execute(
            _WANTED, {"number": self.number, "everything": self._everything}
        ).fetchall()
        for item_id, size, tag, stored in rows:
            yield Wanted(item_id, found_of(item_id, size, tag), stored, self._pieces(item_id, tag))

    def _pieces(self, item_id: str, tag: str | None) -> tuple[Piece, ...]:
        rows = self._state.db.execute(
            "SELECT start, size, sha256 FROM chunks WHERE item_id = ? AND etag IS ? ORDER BY start",
            (item_id, tag),
        )
        return tuple(Piece(*row) for row in rows)

    def _keep_piece(self, done: PieceDone) -> None:
        item, tag, piece = done.item_id, done.found.tag, done.piece
        with self._state.transaction():
            self._state.db.execute(
                "DELETE FROM chunks WHERE item_id = ? AND (etag IS NOT ? OR start >= ?)",
                (item, tag, piece.start),
            )
            self._state.db.execute(
                "INSERT INTO chunks (item_id, etag, start, size, sha256) VALUES (?, ?, ?, ?, ?)",
                (item, tag, piece.start, piece.size, piece.sha256),
            )
        if self._progress is not None:
            self._progress("fetching", self.files, self.bytes + piece.start + piece.size)

    def _keep(self, outcome: Outcome) -> None:
        item, found, had = outcome.wanted.item_id, outcome.found, outcome.sha256 is not None
        with self._state.transaction():
            if found != outcome.wanted.found and found.kind == "file":
                self._state.db.execute(
                    "UPDATE items SET size = ?, etag = ?, modified = ? WHERE item_id = ?",
                    (found.size or 0, found.tag, spelled_time(found.modified_ns), item),
                )
            self._state.db.execute(
                "INSERT OR REPLACE INTO contents (item_id, state, why, size, sha256, quickxor,"
                " etag, listed_size, verdict, note, in_pass, reread)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item, HAD if had else COULD_NOT, outcome.why, outcome.size if had else None,
                    outcome.sha256, outcome.quickxor, found.tag, found.size, outcome.check,
                    outcome.note, self.number, not had,
                ),
            )  # fmt: skip
            self._state.db.execute("DELETE FROM chunks WHERE item_id = ?", (item,))
        if had:
            self.files += 1
            self.bytes += outcome.size
        if self._progress is not None:
            self._progress("fetching", self.files, self.bytes)

    def _told_of_reading_back(self) -> Callable[[int], None] | None:
        progress = self._progress
        if progress is None:
            return None
        return lambda files: progress("reading back", files, 0)


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
