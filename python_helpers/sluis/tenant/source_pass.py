"""One pass over a source without ids: list, fetch, look again, write it all down.

The folder of a source is that of a drive (``export_drive``)::

    state.sqlite            what is known, to go on from
    content/ deep/          files of the newest pass, under safe names
    passes/0001/            manifest.gz, changes.json, report.json

It goes on where an earlier run was killed: a finished listing is not made again, a file
whose row is in the state is not fetched again, and a large one goes on from the pieces that
can be read back from the disk.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..evidence import files
from ..manifest.entry import shown
from .found import Found
from .manifest_lines import manifest_lines
from .sealed_files import find_sealed
from .source import Source
from .source_error import CutError
from .source_file import Fetch
from .source_listing import record_listing
from .source_work import Progress, SourceWork
from .state import DriveState, Pass
from .stored_names import ExportFolder
from .tenant_manifest import COULD_NOT, About, Gap, ManifestLine, read_manifest, write_manifest

#: a report names so many files that could not be had; the manifest names all
_MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one pass over one source did; the manifest has it line by line.

    Args:
        source: what was read, with the figures of its listing.
        seen_in_pass: number of the pass, from 1.
        manifest: path of the manifest, below the source's folder.
        manifest_sha256: of that file.
        files, bytes: files in the manifest that were had, and their bytes.
        fetched_files, fetched_bytes: files that this run fetched, and the bytes that came for
            them; of a file that was gone on from only what was missing.
        read_again: files that this run read a second time.
        could_not: how many lines could not be had.
        could_not_named: path, as people can read it, and why of the first 1,000 of them.
        checks: how many files got which classification.
        gaps: what could not be had and is no item.
        changes: how many changes of each kind since the pass before.
        notes: what happened on the way.
        begun: when an earlier run began it, ISO 8601 in UTC; ``None`` when this run did.
    """

    source: dict[str, Any]
    seen_in_pass: int
    manifest: str
    manifest_sha256: str
    files: int
    bytes: int
    fetched_files: int
    fetched_bytes: int
    read_again: int
    could_not: int
    could_not_named: tuple[dict[str, str], ...]
    checks: dict[str, int]
    gaps: tuple[Gap, ...]
    changes: dict[str, int]
    notes: tuple[str, ...]
    begun: str | None = None

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
    only_since: str | None = None,
    read_twice: bool = True,
    pauses: Sequence[float] = (),
    progress: Progress | None = None,
) -> SourceReport:
    """Make one pass over a source, or finish the one that was begun.

    Args:
        source: what is read; its id is the state's.
        listing: lists everything, a folder before what is in it.
        fetch: has the files.
        folder: of this source alone; made when it is not there.
        now: the time, as ISO 8601 in UTC.
        read_everything: read also what has the same size and time as in an earlier pass, and
            doubt what two readings do not agree on: it is the last pass, nobody writes.
        only_since: what it must have begun after: see ``DriveState.begin_pass``.
        read_twice: read every fetched file once more and compare. Without it each is
            "not verified": nothing but size and time speaks for what came.
        pauses: seconds to wait before a listing that was cut is made anew, time after time.
        progress: called now and then with what is done, its files and its bytes.

    Raises:
        SourceError: the source cannot be read; run it again to go on.
        SnapshotError: ``disk-full``, ``export-disk``, ``export-path-unsafe``,
            ``disk-keeps-damaging``, ``state-of-another-source``, ``state-unreadable``.
    """
    tell = progress or (lambda _what, _files, _bytes: None)
    with ExportFolder(folder) as place, DriveState(folder / "state.sqlite", source.id) as state:
        current = state.begin_pass(now(), only_since)
        number = current.number
        if not current.listed:
            _list(state, number, listing, pauses, tell)
        state.give_places()
        work = SourceWork(
            state, place, number, fetch,
            read_everything=read_everything, read_twice=read_twice, progress=tell,
        )  # fmt: skip
        work.until_had()
        find_sealed(state, place, number, source.name)
        finished = state.recall("finished") or {}
        if finished.get("pass") != number:
            # the same moment, however often the last steps are done again after a kill
            finished = {"pass": number, "at": now()}
            state.remember("finished", finished)
        report = _write_down(source, state, folder, current, work, finished["at"])
        state.finish_pass(finished["at"])
        return report


def _list(
    state: DriveState,
    number: int,
    listing: Callable[[], Iterator[Found]],
    pauses: Sequence[float],
    tell: Progress,
) -> None:
    for pause in (*pauses, None):
        try:
            record_listing(state, number, listing(), lambda items: tell("listing", items, 0))
            return
        except CutError:
            if pause is None:
                raise
            state.note(number, "cut", "The connection was lost while listing; it was listed anew.")
            threading.Event().wait(pause)


def _write_down(
    source: Source,
    state: DriveState,
    folder: Path,
    current: Pass,
    work: SourceWork,
    finished: str,
) -> SourceReport:
    number = current.number
    place = folder / "passes" / f"{number:04d}"
    files.make_folder(place)
    source = _with_figures(source, state)
    gaps = state.gaps(number)
    written = _Written()
    digest = write_manifest(
        place / "manifest.gz",
        written.counted(_lines(state)),
        About(source.as_data(), number, current.started, finished, gaps),
    )
    changes = _changes(state, folder, number, finished)
    _write(place / "changes.json", changes)
    report = SourceReport(
        source=source.as_data(),
        seen_in_pass=number,
        manifest=f"passes/{number:04d}/manifest.gz",
        manifest_sha256=digest,
        files=written.files,
        bytes=written.bytes,
        fetched_files=work.files,
        fetched_bytes=work.bytes,
        read_again=work.again,
        could_not=written.could_not,
        could_not_named=tuple(written.named),
        checks=dict(sorted(written.checks.items())),
        gaps=gaps,
        changes=dict(sorted(Counter(change["what"] for change in changes).items())),
        notes=tuple(note for _kind, note in state.notes(number)),
        begun=current.started if current.resumed else None,
    )
    _write(place / "report.json", report.as_data())
    return report


def _with_figures(source: Source, state: DriveState) -> Source:
    row = state.db.execute(
        "SELECT SUM(type = 'file' AND extra IS NULL), SUM(type = 'folder'),"
        " SUM(CASE type WHEN 'file' THEN size ELSE 0 END),"
        # without the Z, so that 12:00:00.5 is later than 12:00:00
        " MAX(CASE WHEN type = 'file' AND extra IS NULL THEN RTRIM(modified, 'Z') END) || 'Z'"
        " FROM items WHERE gone_in_pass IS NULL AND type <> 'root'"
    ).fetchone()
    items, folders, size, newest = row
    return replace(source, items=items or 0, folders=folders or 0, bytes=size or 0, newest=newest)


def _lines(state: DriveState) -> Iterator[ManifestLine]:
    """The manifest's lines; a folder or link can be what could not be had as well."""
    refused = dict(
        state.db.execute(
            "SELECT c.item_id, c.why FROM contents c JOIN items i ON i.item_id = c.item_id"
            " WHERE i.type <> 'file' AND c.state <> 'had'"
        )
    )
    for line in manifest_lines(state):
        why = refused.get(line.item_id) if refused else None
        yield line if why is None else replace(line, state=COULD_NOT, why=why)


def _changes(state: DriveState, folder: Path, number: int, finished: str) -> list[dict[str, Any]]:
    if number == 1:
        return []
    # here, because it brings in all of Graph, which a first pass over a server does not need
    from .changes import compare_passes

    manifests = [folder / "passes" / f"{one:04d}" / "manifest.gz" for one in (number - 1, number)]
    (before,) = state.db.execute(
        "SELECT finished FROM passes WHERE number = ?", (number - 1,)
    ).fetchone()
    gone = dict(
        state.db.execute("SELECT item_id, gone_how FROM items WHERE gone_in_pass = ?", (number,))
    )
    found = compare_passes(
        read_manifest(manifests[0]),
        read_manifest(manifests[1]),
        gone_how=gone,
        between=(before, finished),
    )
    return [change.as_data() for change in found]


class _Written:
    """Counts the lines on their way to the manifest."""

    def __init__(self) -> None:
        self.files = self.bytes = self.could_not = 0
        self.checks: dict[str, int] = {}
        self.named: list[dict[str, str]] = []

    def counted(self, lines: Iterator[ManifestLine]) -> Iterator[ManifestLine]:
        """Pass the lines on."""
        for line in lines:
            if line.state == COULD_NOT:
                self.could_not += 1
                if len(self.named) < _MOST_NAMED:
                    self.named.append({"path": shown(line.path), "why": line.why or ""})
            elif line.type == "file":
                self.files += 1
                self.bytes += line.size
                check = line.check or "not verified"
                self.checks[check] = self.checks.get(check, 0) + 1
            yield line


def _write(path: Path, value: Any) -> None:
    # ASCII: a path may hold bytes that are no UTF-8, as surrogates
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True)
    files.replace(path, text.encode("ascii") + b"\n")
