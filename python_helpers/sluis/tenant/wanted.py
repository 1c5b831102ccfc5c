"""Which files of a pass are still to be fetched, and the addresses to fetch them from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import ConnectionCutError, GraphError, ThrottledError
from .classify import Listed
from .source import Source
from .state import DriveState

#: A folder is listed for its download URLs from so many wanted files on, and if they are
#: at least one in so many of it: one listing then saves a request for each of them.
_WORTH_LISTING = 3
_WORTH_SHARE = 20
_BATCH = 500
_URL = "@microsoft.graph.downloadUrl"

_WANTED = """
CREATE TEMP TABLE wanted AS
SELECT i.item_id, i.parent_id, i.name, i.size, i.quickxor, i.etag, p.stored
FROM items i JOIN places p ON p.item_id = i.item_id
LEFT JOIN contents c ON c.item_id = i.item_id
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND (
    c.item_id IS NULL
    OR ((c.state <> 'had' OR c.verdict = 'corrupt') AND c.in_pass < :number)
    OR (c.etag IS NOT i.etag AND (i.quickxor IS NULL
        OR c.listed_quickxor IS NOT i.quickxor OR c.listed_size IS NOT i.size)))
ORDER BY i.parent_id, i.item_id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch: what the listing says of it, and where it is to lie."""

    item_id: str
    parent_id: str
    name: str
    listed: Listed
    stored: str
    #: a pre-authenticated URL: a secret, never stored
    url: str | None = None

    def __repr__(self) -> str:
        return f"Wanted({self.item_id})"


async def wanted_files(graph: Graph, source: Source, state: DriveState) -> AsyncIterator[Wanted]:
    """Every file that is not had as it is listed, folder by folder.

    Raises:
        ThrottledError, ConnectionCutError: the service is away.
    """
    current = state.current_pass()
    number = current.number if current else 0
    state.db.execute("DROP TABLE IF EXISTS temp.wanted")
    state.db.execute(_WANTED, {"number": number})
    state.db.execute("CREATE INDEX temp.wanted_by_parent ON wanted (parent_id)")
    state.db.execute("CREATE INDEX temp.wanted_by_id ON wanted (item_id)")
    # all at once: an open query on the state would keep its journal from being emptied
    folders = state.db.execute(
        "SELECT w.parent_id, COUNT(*), i.children FROM temp.wanted w"
        " LEFT JOIN items i ON i.item_id = w.parent_id GROUP BY w.parent_id ORDER BY w.parent_id"
    ).fetchall()
    for parent, count, children in folders:
        if count >= _WORTH_LISTING and (children or count) <= count * _WORTH_SHARE:
            async for wanted in _with_urls(graph, source, state, parent):
                yield wanted
        while rows := _some(state, parent):
            for row in rows:
                yield _from_row(row)


def _some(state: DriveState, parent: str) -> list[tuple[Any, ...]]:
    """Some of a folder's wanted files, struck off; none when there are no more."""
    rows = state.db.execute(
        "SELECT * FROM temp.wanted WHERE parent_id = ? LIMIT ?", (parent, _BATCH)
    ).fetchall()
    _strike_off(state, [row[0] for row in rows])
    return rows


def _these(state: DriveState, ids: list[str]) -> list[Wanted]:
    """Those of the items that are wanted."""
    found = []
    for at in range(0, len(ids), _BATCH):
        part = ids[at : at + _BATCH]
        marks = ",".join("?" * len(part))
        query = f"SELECT * FROM temp.wanted WHERE item_id IN ({marks})"  # noqa: S608
        found += [_from_row(row) for row in state.db.execute(query, part)]
    return found


def _strike_off(state: DriveState, ids: list[str]) -> None:
    with state.transaction():
        state.db.executemany("DELETE FROM temp.wanted WHERE item_id = ?", [(one,) for one in ids])


async def _with_urls(
    graph: Graph, source: Source, state: DriveState, parent: str
) -> AsyncIterator[Wanted]:
    """A folder's wanted files with their URLs, each struck off as the listing tells of it."""
    try:
        async for page in graph.pages(
            source.item_place(parent, "children"),
            params={"$select": f"id,eTag,{_URL}", "$top": "200"},
        ):
            urls = {str(item.get("id")): (item.get(_URL), item.get("eTag")) for item in page.items}
            told = [one for one in _these(state, list(urls)) if urls[one.item_id][0]]
            # of an edited file the listing is out of date; it is asked for by itself
            told = [one for one in told if urls[one.item_id][1] == one.listed.etag]
            _strike_off(state, [one.item_id for one in told])
            for wanted in told:
                yield replace(wanted, url=urls[wanted.item_id][0])
    except (ThrottledError, ConnectionCutError):
        raise
    except GraphError:
        return  # each is then asked for by itself, and says itself what is wrong


def _from_row(row: tuple[Any, ...]) -> Wanted:
    item_id, parent, name, size, quickxor, etag, stored = row
    return Wanted(item_id, parent, name, Listed(size, quickxor, etag), stored)
