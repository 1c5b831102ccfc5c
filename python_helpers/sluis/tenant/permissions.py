"""Who may do what: asked only where the scope of rights changes.

A permission call costs five units, a file one; asking for every item would be the whole
budget (sp-dev-docs, "How to avoid getting throttled"). Delta marks items whose rights are
their own with a ``shared`` facet; everything below has the rights of the nearest one above.
What is inherited anyway is left out of the answer.
"""

from __future__ import annotations

import json
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError, ThrottledError
from .many_at_once import many_at_once
from .source import Source
from .state import DriveState

KIND = "permissions"

_WANTED = """
SELECT i.item_id, i.etag, i.type FROM items i
LEFT JOIN details d ON d.item_id = i.item_id AND d.kind = 'permissions'
WHERE i.gone_in_pass IS NULL AND (i.shared = 1 OR i.type = 'root')
  AND (d.item_id IS NULL
       OR (d.in_pass < :number AND (i.seen_in_pass = :number OR i.type = 'root')))
ORDER BY i.item_id
"""
#: secrets and addresses that say nothing about rights
_LEFT_OUT = ("@odata.context", "@odata.type", "shareId")


async def fetch_permissions(
    graph: Graph, source: Source, state: DriveState, *, workers: int = 8
) -> tuple[int, int]:
    """Ask for the permissions of the drive's root and of every item with its own.

    Args:
        source: a drive.
        state: with a finished listing.
        workers: calls under way at once.

    Returns:
        how many items were asked about, and how many of them refused.

    Raises:
        ThrottledError: the service kept asking to wait. On lists of over 100,000 items
            permission calls were seen to be throttled for ever (sp-dev-docs
            ``migration-perm-guidance.md``).
    """
    current = state.current_pass()
    number = current.number if current else 0
    rows = state.db.execute(_WANTED, {"number": number}).fetchall()
    refused = 0

    async def ask(row: tuple[str, str | None, str]) -> None:
        nonlocal refused
        item, etag, kind = row
        why: str | None = None
        found: list[dict[str, Any]] = []
        try:
            place = source.item_place(item, "permissions")
            async for page in graph.pages(place):
                found.extend(own(page.items, of_root=kind == "root"))
        except ThrottledError:
            raise
        except GraphError as error:
            why, refused = error.what, refused + 1
            if kind == "root":
                state.could_not(number, "permissions of the library", source.name, why)
        state.db.execute(
            "INSERT OR REPLACE INTO details VALUES (?, ?, ?, ?, ?, ?)",
            (item, KIND, json.dumps(found), why, etag, number),
        )

    await many_at_once(rows, ask, workers)
    return len(rows), refused


def own(permissions: list[dict[str, Any]], *, of_root: bool = False) -> list[dict[str, Any]]:
    """Permissions that are the item's own, without what could open it by itself.

    One that is inherited says from where, or has an empty ``inheritedFrom``
    (microsoft-graph-devx-api#223); only one of the item's own has none at all. What a library
    inherits comes from its site, which has no line of its own, so the root's are all kept.

    A sharing link works for whoever has its address, so the address is a secret; what
    remains says that there is one, for whom, and what it allows.
    """
    kept = []
    for permission in permissions:
        if permission.get("inheritedFrom") is not None and not of_root:
            continue
        line = {k: v for k, v in permission.items() if k not in _LEFT_OUT}
        if isinstance(line.get("link"), dict):
            line["link"] = {k: v for k, v in line["link"].items() if k not in ("webUrl", "webHtml")}
        kept.append(line)
    return kept
