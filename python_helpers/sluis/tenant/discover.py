"""Find everything in a tenant that may hold data, whether we move it or not.

Each drive of each site and person becomes a source, so that the scope must name it (B1).
What is not files is listed as far as the app's rights show it, and what could not be seen
is said with why: a workload that nobody looked at is not a workload that is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError, ThrottledError
from .enumerate import enumerate_drive
from .listed_items import go_on_listing, who
from .source import Kind, Source
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
        workloads: other things that exist, or that may.
        could_not: what could not be seen, and why.
    """

    sources: tuple[Source, ...]
    workloads: tuple[Workload, ...]
    could_not: tuple[Gap, ...]

    def as_data(self) -> dict[str, Any]:
        """The whole as plain JSON data."""
        return {
            "sources": [source.as_data() for source in self.sources],
            "workloads": [workload.as_data() for workload in self.workloads],
            "could_not": [
                {"what": gap.what, "subject": gap.subject, "why": gap.why} for gap in self.could_not
            ],
        }


@dataclass
class _Found:
    """What was found so far."""

    sources: dict[str, Source] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


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
        ThrottledError: the service kept asking to wait.
        GraphError: signing in failed.
    """
    found = _Found()
    await _site_drives(graph, found)
    await _user_drives(graph, found)
    if states is not None:
        for done, source in enumerate(list(found.sources.values())):
            if progress is not None:
                progress(done, source.name)
            await _count(graph, found, source, states, now)
    workloads, gaps = await discover_workloads(graph)
    sources = sorted(found.sources.values(), key=lambda s: (s.kind != "sharepoint", s.name, s.id))
    return Discovered(tuple(sources), workloads, (*found.gaps, *gaps))


def folder_of(states: Path, source: Source) -> Path:
    """Where a source's state and export lie below a common folder; safe for any id."""
    return states / safe_name(source.id)


async def _site_drives(graph: Graph, found: _Found) -> None:
    # app-only and over all geographies: getAllSites, not search (site-getallsites docs)
    async for site in _each(graph, found, "/sites/getAllSites", "sites", "the tenant"):
        name = str(site.get("displayName") or site.get("name") or site.get("webUrl") or "")
        kind: Kind = "onedrive" if site.get("isPersonalSite") else "sharepoint"
        place = f"/sites/{site['id']}/drives"
        async for drive in _each(graph, found, place, "drives of a site", name):
            _add(found, drive, kind, site["id"], name)


async def _user_drives(graph: Graph, found: _Found) -> None:
    async for user in _each(graph, found, "/users", "users and their OneDrives", "the tenant"):
        name = str(user.get("mail") or user.get("userPrincipalName") or user["id"])
        shown = 0
        try:
            async for page in graph.pages(f"/users/{user['id']}/drives"):
                for drive in page.items:
                    _add(found, drive, "onedrive", "", name)
                    shown += 1
            if not shown:
                found.gaps.append(Gap("OneDrive", name, _NO_ONEDRIVE))
        except ThrottledError:
            raise
        except GraphError as error:
            if error.status == 404:
                found.gaps.append(Gap("OneDrive", name, f"{_NO_ONEDRIVE} {error.what}"))
            else:
                found.gaps.append(Gap("drives of a person", name, error.what))


_NO_ONEDRIVE = "This person has no OneDrive, or never opened it."


def _add(found: _Found, drive: dict[str, Any], kind: Kind, site_id: str, name: str) -> None:
    known = found.sources.get(drive["id"])
    owner = who(drive.get("owner")) or ""
    if known is not None:
        # a OneDrive is met at its site and at its person; each knows what the other does not
        found.sources[drive["id"]] = replace(
            known,
            kind="onedrive" if kind == "onedrive" else known.kind,
            site_id=known.site_id or site_id,
            owner=known.owner or owner,
        )
        return
    library = str(drive.get("name") or "")
    if drive.get("driveType") == "business":
        kind = "onedrive"
    found.sources[drive["id"]] = Source(
        kind=kind,
        id=drive["id"],
        name=f"{name} / {library}" if library else name,
        site_id=site_id,
        drive_id=drive["id"],
        owner=owner,
        web_url=str(drive.get("webUrl") or ""),
    )


async def _count(
    graph: Graph, found: _Found, source: Source, states: Path, now: Callable[[], datetime]
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
    except ThrottledError:
        raise
    except GraphError as error:
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


async def _each(
    graph: Graph, found: _Found, place: str, what: str, subject: str
) -> AsyncIterator[dict[str, Any]]:
    try:
        async for page in graph.pages(place):
            for item in page.items:
                yield item
    except ThrottledError:
        raise
    except GraphError as error:
        if error.status is None or error.status == 401:
            raise
        found.gaps.append(Gap(what, subject, error.what))


def stamp(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
