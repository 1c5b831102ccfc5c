"""What lies in a site's recycle bin: a listing kept as evidence (B6).

Beta only, and metadata only: name, size, when it was deleted and from where. Graph gives
neither the content nor a way to restore it (recyclebin-list-items; v1.0 CSDL).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..counted import counted, plural
from ..graph.answer import in_whole_characters
from ..graph.connect import Graph
from ..graph.errors import GraphError
from .listed_items import figures_of, who
from .refused_alone import raise_unless_alone
from .tenant_manifest import Gap


@dataclass(frozen=True, slots=True)
class BinEntry:
    """One entry of a recycle bin.

    Args:
        id: the service's id of the entry; not the item's.
        name: of the deleted item.
        size: bytes.
        deleted: ISO 8601 in UTC.
        deleted_from: the folder it was in, as a site-relative path.
        deleted_by: who, where the service tells; else ``None``. Who changed the item last
            is told as well, and is somebody else as likely as not.
        modified_by: who changed the item last.
    """

    id: str
    name: str
    size: int
    deleted: str | None
    deleted_from: str | None
    deleted_by: str | None
    modified_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """A site's recycle bin at one moment; ``gaps`` says what could not be seen of it."""

    site_id: str
    entries: tuple[BinEntry, ...]
    gaps: tuple[Gap, ...]


async def list_recycle_bin(graph: Graph, site_id: str, site: str) -> Bin:
    """List a site's recycle bin.

    Args:
        site_id: of the site.
        site: its name, for messages.

    Raises:
        GraphError: the service answers no other call either.
    """
    found: list[BinEntry] = []
    try:
        async for page in graph.pages(f"beta:/sites/{site_id}/recycleBin/items"):
            found.extend(_entry(item) for item in page.items)
    except GraphError as error:
        await raise_unless_alone(graph, f"/sites/{site_id}", error)
        return Bin(site_id, (), (Gap("recycle bin", site, error.what),))
    gap = Gap(
        "recycle bin contents",
        site,
        f"Graph lists the bin's {counted(len(found), 'entry', 'entries')} and hands out none of "
        f"{plural(len(found), 'its', 'their')} bytes;"
        " restoring needs SharePoint's own tools.",
    )
    return Bin(site_id, tuple(found), (gap,) if found else ())


def by_name(entries: Iterable[BinEntry]) -> dict[str, list[BinEntry]]:
    """Entries by their name without regard to case: all that they share with an item."""
    found: dict[str, list[BinEntry]] = {}
    for entry in entries:
        found.setdefault(entry.name.casefold(), []).append(entry)
    return found


def _entry(item: dict[str, Any]) -> BinEntry:
    return BinEntry(
        str(item.get("id", "")),
        in_whole_characters(item.get("name") or item.get("title") or ""),
        figures_of(item)[0],
        item.get("deletedDateTime"),
        item.get("deletedFromLocation"),
        who(item.get("deletedBy")),
        who(item.get("lastModifiedBy")),
    )
