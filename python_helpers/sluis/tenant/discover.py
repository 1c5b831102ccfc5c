"""Find everything in a tenant that may hold data, whether we move it or not.

Each drive of each site and person becomes a source, so that the scope must name it (B1), and so
must it name each list, and the pages of each site.
What is not files is listed as far as the app's rights show it, and what could not be seen
is said with why: a workload that nobody looked at is not a workload that is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .discover_sites import find_sites
from .enumerate import enumerate_drive
from .finding import DRIVE, Finding, SitePart, each
from .listed_items import go_on_listing
from .refused_alone import raise_unless_tenant_answers
from .source import Source
from .state import DriveState
from .stored_names import ExportFolder, safe_name
from .tenant_manifest import Gap
from .workloads import Workload, discover_workloads

#: called with the number of drives looked at and the name of the one at hand
Progress = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Discovered:
    """What there is.

    Args:
        sources: drives, sites' first, each once.
        parts: lists, pages and what else is in a site and is no file.
        workloads: other things that exist, or that may.
        could_not: what could not be seen, and why.
    """

    sources: tuple[Source, ...]
    parts: tuple[SitePart, ...]
    workloads: tuple[Workload, ...]
    could_not: tuple[Gap, ...]

    def as_data(self) -> dict[str, Any]:
        """The whole as plain JSON data."""
        return {
            "sources": [source.as_data() for source in self.sources],
            "parts": [part.as_data() for part in self.parts],
            "workloads": [workload.as_data() for workload in self.workloads],
            "could_not": [
                {"what": gap.what, "subject": gap.subject, "why": gap.why} for gap in self.could_not
            ],
        }


async def discover(
    graph: Graph,
    states: Path | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress | None = None,
) -> Discovered:
    """Find all drives and list what else there is.

    Args:
        graph: the connection.
        states: folder in which each drive's listing is kept, one subfolder per drive; an
            export into the same folder goes on from it and lists nothing twice. Without
            it nothing is counted: ``items``, ``bytes`` and ``newest`` stay unknown.
        now: the clock.
        progress: called for each drive.

    Raises:
        GraphError: signing in failed, or nobody answers.
    """
    found = Finding()
    await find_sites(graph, found, count=states is not None)
    await _user_drives(graph, found)
    if states is not None:
        for done, source in enumerate(list(found.sources.values())):
            if progress is not None:
                progress(done, source.name)
            await _count(graph, found, source, states, now)
    workloads, gaps = await discover_workloads(graph)
    sources = sorted(found.sources.values(), key=lambda s: (s.kind != "sharepoint", s.name, s.id))
    parts = sorted(found.parts, key=lambda part: (part.name, part.kind, part.id))
    return Discovered(tuple(sources), tuple(parts), workloads, (*found.gaps, *gaps))


def folder_of(states: Path, source: Source) -> Path:
    """Where a source's state and export lie below a common folder; safe for any id."""
    return states / safe_name(source.id)


async def _user_drives(graph: Graph, found: Finding) -> None:
    listed = each(graph, found, "/users", "users and their OneDrives", "the tenant")
    async with aclosing(listed) as users:
        async for user in users:
            await _drives_of(graph, found, user)


async def _drives_of(graph: Graph, found: Finding, user: dict[str, Any]) -> None:
    name = str(user.get("mail") or user.get("userPrincipalName") or user["id"])
    shown = 0
    try:
        async for page in graph.pages(f"/users/{segment(user['id'])}/drives", params=DRIVE):
            for drive in page.items:
                found.add_drive(drive, "onedrive", "", name)
                shown += 1
        if not shown:
            found.gaps.append(Gap("OneDrive", name, _NO_ONEDRIVE))
    except GraphError as error:
        await raise_unless_tenant_answers(graph, error)
        if error.status == 404:
            found.gaps.append(Gap("OneDrive", name, f"{_NO_ONEDRIVE} {error.what}"))
        else:
            found.gaps.append(Gap("drives of a person", name, error.what))


_NO_ONEDRIVE = "This person has no OneDrive, or never opened it."


async def _count(
    graph: Graph, found: Finding, source: Source, states: Path, now: Callable[[], datetime]
) -> None:
    folder = folder_of(states, source)
    try:
        with ExportFolder(folder), DriveState(folder / "state.sqlite", source.id) as state:
            current = state.begin_pass(stamp(now()))
            go_on_listing(state, current.number)  # an earlier discovery may be days old
            listing = await enumerate_drive(graph, source, state)
            state.remember("discovered", current.number)
            counted = listing.counted
            found.gaps.extend(state.gaps(current.number))
    except GraphError as error:
        await raise_unless_tenant_answers(graph, error)
        found.gaps.append(Gap("listing", source.name, error.what))
        return
    found.sources[source.id] = replace(
        source,
        items=counted.files,
        bytes=counted.bytes,
        newest=counted.newest,
        folders=counted.folders + counted.packages,
        shared=counted.shared,
    )


def stamp(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
