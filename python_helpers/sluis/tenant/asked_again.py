"""A listed file that is asked for again while it is fetched: it may lie elsewhere by then.

What it says is believed only where its new place hangs from the root. Otherwise it stays where it
was listed, and that is said; what is listed never leaves the manifest by what comes later.
"""

from __future__ import annotations

from typing import Any

from ..errors import SnapshotError
from ..graph.connect import Graph
from .asked_for import as_there, ask_for
from .listed_items import (
    begin_anew,
    is_placed,
    lies_in,
    live_items,
    map_folders,
    name_of,
    parent_of,
    store_items,
    strays,
    type_of,
)
from .source import Source
from .state import DriveState

_NO_FILE = (
    "Asked for again while it was fetched, it was told as no file with a name and a folder. It"
    " stands where it was listed; where it lies now is not verified."
)
_NO_PLACE = (
    "It was moved after it was listed, to a folder that cannot be had. It stands where it was"
    " listed; where it lies now is not verified."
)


async def take_anew(
    graph: Graph, source: Source, state: DriveState, number: int, item: dict[str, Any]
) -> None:
    """Store what a listed file says of itself now, with the folders above it.

    ``map_folders`` first.

    Raises:
        GraphError: the service is away.
    """
    item = as_there(item)
    subject = f"{source.name}: {name_of(state, item['id'])}"
    parent = parent_of(item)
    if type_of(item) != "file" or not item.get("name") or parent is None:
        state.could_not(number, "place of an item", subject, _NO_FILE)
        return
    above: list[dict[str, Any]] | None = []
    if not lies_in(state, item["id"], parent):
        above = await _folders_above(graph, source, state, number, parent)
    if above is None:
        state.could_not(number, "place of an item", subject, _NO_PLACE)
        return
    with state.transaction():
        store_items(state, number, [*above, item])
    if above:
        map_folders(state)
    for folder in above:
        why = (
            "It was found after the drive was listed, as a listed file was moved into it. What else"
            " is in it was not listed, and comes with the next pass."
        )
        state.could_not(number, "items", f"{source.name}: {name_of(state, folder['id'])}", why)


async def _folders_above(
    graph: Graph, source: Source, state: DriveState, number: int, parent: str | None
) -> list[dict[str, Any]] | None:
    """Folders from here up to one with a path; none when there is no such way."""
    found: dict[str, dict[str, Any]] = {}
    while parent is None or not is_placed(state, parent):
        if parent is None or parent in found:
            return None
        told = await ask_for(graph, source, state, number, parent)
        if type_of(told) not in ("folder", "package"):
            return None
        found[parent] = told
        parent = parent_of(told)
    return list(found.values())


def refuse_what_is_unsaid(source: Source, state: DriveState, number: int, lines: int) -> None:
    """Hold the manifest against the listing: each item has a line in it, or a reason why not.

    ``map_folders`` first.

    Args:
        lines: of the manifest.

    Raises:
        SnapshotError: ``listed-and-unsaid``; the next run lists the drive anew.
    """
    listed = (state.recall("checked") or {}).get("items", 0)
    live, loose = live_items(state), [item for item, _parent in strays(state)]
    gaps = [gap.subject for gap in state.gaps(number)]
    said = sum(any(subject.endswith(f"({item})") for subject in gaps) for item in loose)
    missing = max(listed, live) - lines - said
    if missing == 0:
        return
    begin_anew(state, number, None, None)
    state.remember("checked", None)
    raise SnapshotError(
        "listed-and-unsaid",
        f"Listed of drive {source.name}: {max(listed, live):,}. Lines in the manifest: {lines:,}."
        f" Reasons why not: {said:,}.",
        "Run it again: the drive is listed anew. If it stays, report this.",
    )
