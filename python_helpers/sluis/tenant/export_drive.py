"""Export one drive: list, fetch, read back, ask for the rest, and write it all down.

Folder of a drive::

    state.sqlite            what is known, to go on from (sluis.tenant.state)
    content/ deep/          files of the newest pass, under safe names
    newer/                  what is fetched of files that are had already, until it is judged
    versions/               earlier versions, where the policy asks for them
    passes/0001/            manifest.gz, changes.json, recycle_bin.json, report.json
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..evidence import files
from ..graph.connect import Graph
from .asked_again import refuse_what_is_unsaid
from .changes import Change, compare_passes, count
from .discover import stamp
from .earlier_bytes import clear_newer
from .enumerate import enumerate_drive
from .fetch import fetch_files
from .forecast import Policy, Spending
from .full_control import full_control_gap
from .list_fields import fetch_fields
from .listed_items import begin_anew, go_on_listing
from .manifest_lines import manifest_lines, root_permissions
from .permissions import fetch_permissions
from .reading_back import look_again, read_back
from .recycle_bin import Bin, list_recycle_bin
from .sealed_files import find_sealed
from .source import Source
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import COULD_NOT, About, Gap, ManifestLine, read_manifest, write_manifest
from .versions import fetch_versions

#: how often files that were damaged on disk are fetched again
_MOST_ROUNDS = 3

#: called with the stage, and the items and bytes done in it so far
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What one pass over one drive did.

    Args:
        source: which drive, with the counts of its listing.
        seen_in_pass: number of the pass, from 1.
        begun: when an earlier run began it, ISO 8601 in UTC; ``None`` when this run did.
        manifest: path of the manifest, below the drive's folder.
        manifest_sha256: of that file.
        files, bytes: files in the manifest that were had, and their bytes.
        fetched_files, fetched_bytes: of these, what this run fetched.
        could_not: lines that could not be had: path and why.
        checks: how many files got which classification.
        unequal: path and note of every file whose check is not ``equal``.
        gaps: what could not be had and is no item.
        changes: how many changes of each kind since the pass before.
        notes: what happened on the way.
        listing: figures of the listing's own check.
        spent: units, bytes and hours of this run.
        root_permissions: who may do what where nothing else is said.
    """

    source: dict[str, Any]
    seen_in_pass: int
    manifest: str
    manifest_sha256: str
    files: int
    bytes: int
    fetched_files: int
    fetched_bytes: int
    could_not: tuple[dict[str, str], ...]
    checks: dict[str, int]
    unequal: tuple[dict[str, str], ...]
    gaps: tuple[Gap, ...]
    changes: dict[str, int]
    notes: tuple[str, ...]
    listing: dict[str, int]
    spent: Spending
    root_permissions: tuple[dict[str, Any], ...]
    begun: str | None = None

    def as_data(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return asdict(self)


async def export_drive(
    graph: Graph,
    source: Source,
    folder: Path,
    policy: Policy,
    now: Callable[[], datetime],
    *,
    workers: int = 16,
    progress: Progress | None = None,
) -> ExportReport:
    """Make one pass over a drive, or finish the one that was begun.

    Args:
        graph: the connection.
        source: the drive.
        folder: of this drive alone; made when it is not there.
        policy: what is asked for besides the files.
        now: the clock.
        workers: files under way at once.
        progress: called as things get done.

    Raises:
        GraphError: the service refused the listing, is away, or kept asking to wait. What
            was had stays, and the next call goes on from it.
        SnapshotError: ``disk-full``, ``export-disk``, ``export-path-unsafe``,
            ``state-of-another-source``, ``state-unreadable``, ``listed-and-unsaid``.
    """
    tell = progress or (lambda _stage, _items, _bytes: None)
    began, before = now(), graph.spent
    with ExportFolder(folder) as root, DriveState(folder / "state.sqlite", source.id) as state:
        current = state.begin_pass(stamp(began), policy.only_since)
        number = current.number
        if policy.relist and not current.full and not current.pages:
            begin_anew(state, number, None, None)
        if state.recall("discovered") == number:
            # the listing is the discovery's, and people went on working since
            go_on_listing(state, number)
            state.remember("discovered", None)
        gap = await full_control_gap(graph, source.site_id, source.name)
        if gap is not None:
            state.could_not(number, gap.what, gap.subject, gap.why)
        listing = await enumerate_drive(
            graph, source, state, lambda items, _pages: tell("listing", items, 0),
            full_control=gap is None,
        )  # fmt: skip
        state.give_places()
        look_again(state, root)
        fetched_files = fetched_bytes = 0
        for _round in range(_MOST_ROUNDS):
            fetched = await fetch_files(
                graph, source, state, root, workers=workers,
                progress=lambda done, size: tell("files", done, size),
            )  # fmt: skip
            fetched_files += fetched.files
            fetched_bytes += fetched.bytes
            wrong = read_back(
                state, root, begun=fetched.begun,
                progress=lambda done: tell("read back", done, 0),
            )  # fmt: skip
            if not wrong and not fetched.damaged:
                break
        clear_newer(root)
        find_sealed(state, root, number, source.name)
        await _the_rest(graph, source, state, root, policy, number, workers)
        deleted = await _bin(graph, source, state, number)
        finished = state.recall("finished") or {}
        if finished.get("pass") != number:
            # the same moment, however often the last steps are done again after a kill
            finished = {"pass": number, "at": stamp(now())}
            state.remember("finished", finished)
        place = folder / "passes" / f"{number:04d}"
        files.make_folder(place)
        written = _Written()
        digest = write_manifest(
            place / "manifest.gz", written.counted(manifest_lines(state)),
            _about(source, state, number, finished["at"]),
        )  # fmt: skip
        refuse_what_is_unsaid(source, state, number, written.lines)
        changes = _changes(state, folder, number, deleted)
        _write(place / "changes.json", [change.as_data() for change in changes])
        spent = Spending(
            graph.spent.units - before.units,
            fetched_bytes,
            (now() - began).total_seconds() / 3600,
            graph.spent.throttled - before.throttled,
        )
        report = ExportReport(
            source=source.as_data(),
            seen_in_pass=number,
            manifest=f"passes/{number:04d}/manifest.gz",
            manifest_sha256=digest,
            files=written.files,
            bytes=written.bytes,
            fetched_files=fetched_files,
            fetched_bytes=fetched_bytes,
            could_not=tuple(written.could_not),
            checks=dict(sorted(written.checks.items())),
            unequal=tuple(written.unequal),
            gaps=state.gaps(number),
            changes=count(changes),
            notes=tuple(note for _kind, note in state.notes(number)),
            listing={
                "checked_folders": listing.checked_folders,
                "found": listing.found,
                "ghosts": listing.ghosts,
                "hidden": listing.hidden,
            },
            spent=spent,
            root_permissions=tuple(root_permissions(state)),
            begun=current.started if current.resumed else None,
        )
        _write(place / "report.json", report.as_data())
        state.finish_pass(finished["at"])
        return report


async def _the_rest(
    graph: Graph,
    source: Source,
    state: DriveState,
    root: ExportFolder,
    policy: Policy,
    number: int,
    workers: int,
) -> None:
    """Permissions, versions and columns, and a line for each that nobody asked for."""
    left_out = "The policy of this export does not ask for them."
    if policy.permissions:
        await fetch_permissions(graph, source, state, workers=min(workers, 8))
    else:
        state.could_not(number, "permissions", source.name, left_out)
    if policy.versions == "none":
        state.could_not(number, "earlier versions", source.name, left_out)
    else:
        if policy.versions == "list":
            why = "The policy asks for a list of them and not for their bytes."
            state.could_not(number, "bytes of earlier versions", source.name, why)
        await fetch_versions(graph, source, state, root, policy.versions, workers=min(workers, 8))
    if policy.fields:
        await fetch_fields(graph, source, state)
    else:
        state.could_not(number, "list fields", source.name, left_out)


async def _bin(graph: Graph, source: Source, state: DriveState, number: int) -> Bin:
    """The recycle bin's listing, kept on disk with the pass as soon as it was had."""
    place = state.path.parent / "passes" / f"{number:04d}"
    if not source.site_id:
        gap = Gap("recycle bin", source.name, "It is not known of which site this drive is a part.")
        found = Bin("", (), (gap,))
    else:
        found = await list_recycle_bin(graph, source.site_id, source.name)
    files.make_folder(place)
    _write(place / "recycle_bin.json", asdict(found))
    for gap in found.gaps:
        state.could_not(number, gap.what, gap.subject, gap.why)
    return found


def _about(source: Source, state: DriveState, number: int, finished: str) -> About:
    current = state.current_pass()
    return About(
        source.as_data(), number, current.started if current else None, finished, state.gaps(number)
    )


def _changes(state: DriveState, folder: Path, number: int, deleted: Bin) -> list[Change]:
    if number == 1:
        return []
    earlier = folder / "passes" / f"{number - 1:04d}" / "manifest.gz"
    now = folder / "passes" / f"{number:04d}" / "manifest.gz"
    spans = state.db.execute(
        "SELECT finished, started FROM passes WHERE number = ?", (number - 1,)
    ).fetchone()
    gone = dict(
        state.db.execute("SELECT item_id, gone_how FROM items WHERE gone_in_pass = ?", (number,))
    )
    return list(
        compare_passes(
            read_manifest(earlier),
            read_manifest(now),
            deleted=deleted.entries,
            gone_how=gone,
            between=(spans[0] if spans else None, (state.recall("finished") or {}).get("at")),
            began=spans[1] if spans else None,
        )
    )


class _Written:
    """Counts the lines on their way to the manifest."""

    def __init__(self) -> None:
        self.lines = self.files = self.bytes = 0
        self.checks: dict[str, int] = {}
        self.could_not: list[dict[str, str]] = []
        self.unequal: list[dict[str, str]] = []

    def counted(self, lines: Iterator[ManifestLine]) -> Iterator[ManifestLine]:
        """Pass the lines on."""
        for line in lines:
            self.lines += 1
            if line.state == COULD_NOT:
                self.could_not.append({"path": line.path, "why": line.why or ""})
            elif line.type == "file":
                self.files += 1
                self.bytes += line.size
                check = line.check or "not verified"
                self.checks[check] = self.checks.get(check, 0) + 1
                if check != "equal":
                    note = line.check_note or ""
                    self.unequal.append({"path": line.path, "check": check, "note": note})
            yield line


def _write(path: Path, value: Any) -> None:
    files.replace(path, json.dumps(value, indent=1, sort_keys=True).encode() + b"\n")
