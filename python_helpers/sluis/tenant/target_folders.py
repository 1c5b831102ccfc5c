"""Folders in the target: made, found again after a kill, moved when their source moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SluisError
from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment


async def make_folder(graph: Graph, drive_id: str, parent_id: str, name: str) -> tuple[str, bool]:
    """Make a folder, or take the one that is there.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        parent_id: id of the folder it goes into.
        name: one the target takes.

    Returns:
        its id, and whether this call made it.

    Raises:
        SluisError: ``not-a-folder``: something else has that name.
        GraphError: the service said no.
    """
    wish = {"name": name, "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
    try:
        # twice does no harm: what is there already answers 409
        item = await graph.post(f"{_item(drive_id, parent_id)}/children", wish, repeatable=True)
        return str(item_of(item, f"a folder made in {parent_id}")["id"]), True
    except GraphError as error:
        # a lost answer may have been a yes, and a 409 may be about what that yes made
        if error.status != 409 and error.code != "answer-lost":
            raise
        place = f"{_item(drive_id, parent_id)}:/{segment(name)}"
        item = item_of(await graph.get(place), place)
        if "folder" not in item:
            raise SluisError(
                "not-a-folder",
                f"Something that is no folder has the name {name!r} in the target.",
                "Decide with the client what it is, and move it out of the way.",
            ) from error
        return str(item["id"]), False


async def move_item(
    graph: Graph,
    drive_id: str,
    item_id: str,
    parent_id: str,
    name: str,
    *,
    etag: str | None = None,
) -> Mapping[str, Any]:
    """Give an item of ours another folder or name; what lies in it comes along.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        item_id: the item.
        parent_id: id of its folder from now on.
        name: its name from now on.
        etag: as it was seen; one that changed since stays where it is.

    Raises:
        GraphError: the service said no; 409 when the place is taken, 412 when it changed.
    """
    return await graph.patch(
        _item(drive_id, item_id),
        {"name": name, "parentReference": {"id": parent_id}},
        headers={"If-Match": etag} if etag else None,
    )


async def set_dates(
    graph: Graph, drive_id: str, item_id: str, *, created: str | None, modified: str | None
) -> None:
    """Give an item the dates it had at the source, ISO 8601.

    Raises:
        GraphError: the service said no.
    """
    dates = {
        key: value
        for key, value in (("createdDateTime", created), ("lastModifiedDateTime", modified))
        if value
    }
    if dates:
        await graph.patch(_item(drive_id, item_id), {"fileSystemInfo": dates})


def _item(drive_id: str, item_id: str) -> str:
    return f"/drives/{segment(drive_id)}/items/{segment(item_id)}"
