"""The download URLs of a folder's files, as one listing gives them: a request less for each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from ..graph.connect import Graph
from ..graph.errors import GraphError
from .refused_alone import raise_unless_alone

#: A folder is listed for its download URLs from so many wanted files on, and if they are
#: at least one in so many of it: one listing then saves a request for each of them.
_WORTH_LISTING = 3
_WORTH_SHARE = 20
_URL = "@microsoft.graph.downloadUrl"


@dataclass(frozen=True, slots=True)
class Link:
    """A file of a folder: its id, its eTag, and a pre-authenticated URL, which is a secret."""

    item_id: str
    etag: str | None
    url: str

    def __repr__(self) -> str:
        return f"Link({self.item_id})"


def is_worth_listing(wanted: int, children: int) -> bool:
    """Whether a listing costs less than it saves.

    Args:
        wanted: files of the folder that are to be fetched.
        children: everything in it.
    """
    return wanted >= _WORTH_LISTING and children <= wanted * _WORTH_SHARE


async def folder_links(
    graph: Graph, drive_place: str, children_place: str
) -> AsyncGenerator[list[Link], None]:
    """The links of a folder, a page at a time; they end within the hour.

    A folder that cannot be listed has none: each file is then asked for by itself, and says
    itself what is wrong.

    Args:
        graph: the connection.
        drive_place: the drive's path in Graph.
        children_place: the path of the folder's children.

    Raises:
        GraphError: the service is away.
    """
    params = {"$select": f"id,eTag,{_URL}", "$top": "200"}
    try:
        async with aclosing(graph.pages(children_place, params=params)) as pages:
            async for page in pages:
                told = ((item.get("id"), item.get("eTag"), item.get(_URL)) for item in page.items)
                yield [
                    Link(item_id, etag if isinstance(etag, str) else None, url)
                    for item_id, etag, url in told
                    if isinstance(item_id, str) and isinstance(url, str)
                ]
    except GraphError as error:
        await raise_unless_alone(graph, drive_place, error)
