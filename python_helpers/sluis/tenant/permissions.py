"""Who may do what: asked only where the scope of rights changes.

A permission call costs five units, a file one; asking for every item would be the whole
budget (sp-dev-docs, "How to avoid getting throttled"). Delta marks items whose rights are
their own with a ``shared`` facet; everything below has the rights of the nearest one above.
What is inherited anyway is left out of the answer.

A right that is given or taken away is no change of the item, so a listing need not tell of it
(onedrive-api-docs#1670): every item that has rights of its own, or had some, is asked about in
every pass. From what stands in the manifest rights are given elsewhere.
"""

from __future__ import annotations

import json
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError, ThrottledError
from .many_at_once import many_at_once
from .refused_alone import raise_unless_alone
from .source import Source
from .state import DriveState

KIND = "permissions"

_WANTED = """
SELECT i.item_id, i.etag, i.type, i.name FROM items i
LEFT JOIN details d ON d.item_id = i.item_id AND d.kind = 'permissions'
WHERE i.gone_in_pass IS NULL AND (d.item_id IS NULL OR d.in_pass < :number)
  AND (i.shared = 1 OR i.type = 'root' OR d.data <> '[]' OR d.why IS NOT NULL)
ORDER BY i.item_id
"""
#: after so many calls in a row that were put off without end, none is made in this pass: on lists
#: of over 100,000 items none ever gets through (sp-dev-docs ``migration-perm-guidance.md``)
_MOST_THROTTLED = 3
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
        GraphError: the service answers no other call either.
    """
    current = state.current_pass()
    number = current.number if current else 0
    rows = state.db.execute(_WANTED, {"number": number}).fetchall()
    refused = throttled = 0

    async def ask(row: tuple[str, str | None, str, str]) -> None:
        nonlocal refused, throttled
        item, etag, kind, name = row
        why: str | None = None
        found: list[dict[str, Any]] = []
        try:
            if throttled >= _MOST_THROTTLED:
                raise _given_up()
            place = source.item_place(item, "permissions")
            async for page in graph.pages(place):
                found.extend(own(page.items, of_root=kind == "root"))
            throttled = 0
        except GraphError as error:
            if isinstance(error, ThrottledError):
                throttled += 1
            await raise_unless_alone(graph, source.drive_place(), error)
            # half of them would be as good as a list of those who may not
            found, why, refused = [], error.what, refused + 1
            if kind == "root":
                state.could_not(number, "permissions of the library", source.name, why)
            else:
                state.could_not(number, "permissions of an item", f"{name} ({item})", why)
        state.db.execute(
            "INSERT OR REPLACE INTO details VALUES (?, ?, ?, ?, ?, ?)",
            (item, KIND, json.dumps(found), why, etag, number),
        )

    await many_at_once(rows, ask, workers)
    return len(rows), refused


def _given_up() -> GraphError:
    return GraphError(
        "not-asked",
        "It was not asked about: of this library the service puts off every call about rights, and"
        " answers others.",
        "Ask again in a later pass; if it stays, record that rights cannot be had of so large a"
        " list.",
    )


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
