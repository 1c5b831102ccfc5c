"""What a discovery has found so far, and listings that become gaps where they cannot be had."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ..graph.answer import in_whole_characters, item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from .listed_items import has_part, who
from .refused_alone import raise_unless_tenant_answers
from .source import Kind, Source
from .tenant_manifest import Gap

#: what is asked of a drive: one with the system facet is listed only when that is asked for
#: (``drive-list.md``)
DRIVE = {"$select": "id,name,driveType,owner,webUrl,system"}

#: ``list``: one that people keep · ``site pages``: all of a site · ``hidden lists``: all that the
#: service keeps for itself in a site
PartKind = Literal["list", "site pages", "hidden lists"]


@dataclass(frozen=True, slots=True)
class SitePart:
    """Something in a site that is no library of files, so that no pass fetches it.

    Args:
        kind: see ``PartKind``.
        id: of the list, or of the site for what is told of a whole site.
        name: for people.
        site_id: the site.
        site_url: where a person finds the site.
        web_url: where a person finds it; empty for hidden lists.
        items: how many entries, pages or hidden lists there are; ``None`` when nobody counted.
    """

    kind: PartKind
    id: str
    name: str
    site_id: str
    site_url: str
    web_url: str = ""
    items: int | None = None

    def as_data(self) -> dict[str, Any]:
        """The part as plain JSON data."""
        return asdict(self)


@dataclass
class Finding:
    """What was found so far."""

    sources: dict[str, Source] = field(default_factory=dict)
    parts: list[SitePart] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def gap(self, what: str, subject: str, why: str) -> None:
        """Something could not be seen."""
        self.gaps.append(Gap(what, subject, why))

    def add_drive(self, drive: dict[str, Any], kind: Kind, site_id: str, name: str) -> None:
        """A drive was found, perhaps not for the first time.

        Args:
            drive: as Graph gave it.
            kind: of the place where it was met.
            site_id: of that site; empty when it was met elsewhere.
            name: of the site or the person.

        Raises:
            GraphError: ``page-malformed``.
        """
        drive = item_of(drive, f"a drive of {name}")
        known = self.sources.get(drive["id"])
        owner = who(drive.get("owner")) or ""
        if known is not None:
            # a OneDrive is met at its site and at its person; each knows what the other does not
            self.sources[drive["id"]] = replace(
                known,
                kind="onedrive" if kind == "onedrive" else known.kind,
                site_id=known.site_id or site_id,
                owner=known.owner or owner,
            )
            return
        library = in_whole_characters(drive.get("name") or "")
        if drive.get("driveType") == "business":
            kind = "onedrive"
        self.sources[drive["id"]] = Source(
            kind=kind,
            id=drive["id"],
            name=f"{name} / {library}" if library else name,
            site_id=site_id,
            drive_id=drive["id"],
            owner=owner,
            web_url=str(drive.get("webUrl") or ""),
            system=has_part(drive, "system"),
        )


async def each(
    graph: Graph,
    found: Finding,
    place: str,
    what: str,
    subject: str,
    params: Mapping[str, str] | None = None,
) -> AsyncGenerator[dict[str, Any], None]:
    """What a listing has; what could not be had of it is a gap.

    Args:
        graph: the connection.
        found: where gaps go.
        place: the listing.
        what: what is listed, for the gap.
        subject: of whom, for the gap.
        params: query options.

    Raises:
        GraphError: nobody answers, or signing in failed.
    """
    try:
        async with aclosing(graph.pages(place, params=params)) as pages:
            async for page in pages:
                for item in page.items:
                    if isinstance(item.get("id"), str) and item["id"]:
                        yield item
                    else:
                        found.gap(what, subject, "The service listed one without saying which.")
    except GraphError as error:
        await raise_unless_tenant_answers(graph, error)
        found.gap(what, subject, error.what)
