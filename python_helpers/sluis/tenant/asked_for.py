"""An item of a source, asked for by its id: what it is now, that it is not there, or no answer."""

from __future__ import annotations

from typing import Any

from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from .listed_items import name_of
from .refused_alone import raise_unless_alone
from .source import Source
from .state import DriveState

#: what an item is of which the service says that it is not there, and of which it says nothing
GONE: dict[str, Any] = {}
UNTOLD: dict[str, Any] = {}


async def ask_for(
    graph: Graph, source: Source, state: DriveState, number: int, item: str
) -> dict[str, Any]:
    """An item as it is now, ``GONE``, or ``UNTOLD``: that the service does not tell is said.

    Raises:
        GraphError: the service is away.
    """
    place = source.item_place(item)
    try:
        return as_there(item_of(await graph.get(place), place, item))
    except GraphError as error:
        if error.status in (404, 410):
            return GONE
        await raise_unless_alone(graph, source.drive_place(), error)
        why = f"The service does not tell whether it is there: {error.what}"
        state.could_not(number, "items", f"{source.name}: {name_of(state, item)}", why)
        return UNTOLD


def as_there(item: dict[str, Any]) -> dict[str, Any]:
    """An item that was given to who asked for it: so it is there, whatever it calls itself."""
    return {key: value for key, value in item.items() if key != "deleted"}
