"""Which files of a pass are still to be fetched, and the addresses to fetch them from."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from ..graph.connect import Graph
from .classify import Listed
from .folder_links import Link, folder_links, is_worth_listing
from .listed_items import is_pending, is_sized
from .source import Source
from .state import DriveState

_BATCH = 500

#: Any sign of a change is one: size and hash stay where only an eTag or a date moves, and an eTag
#: stays where only they move. A state of an earlier version knows no times.
_WANTED = """
CREATE TEMP TABLE wanted AS
SELECT i.item_id, i.parent_id, i.name, i.size, i.quickxor, i.etag, i.times, i.extra, p.stored
FROM items i JOIN places p ON p.item_id = i.item_id
LEFT JOIN contents c ON c.item_id = i.item_id
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND (
    c.item_id IS NULL
    OR ((c.state <> 'had' OR c.verdict IN ('corrupt', 'not verified', 'edited meanwhile'))
        AND c.in_pass < (SELECT MAX(number) FROM passes))
    OR c.etag IS NOT i.etag OR c.listed_size IS NOT i.size
    OR c.listed_quickxor IS NOT i.quickxor
    OR (c.listed_times IS NOT NULL AND c.listed_times IS NOT i.times))
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


async def wanted_files(
    graph: Graph, source: Source, state: DriveState
) -> AsyncGenerator[Wanted, None]:
    """Every file that is not had as it is listed, folder by folder.

    Raises:
        GraphError: the service is away.
    """
    state.db.execute("DROP TABLE IF EXISTS temp.wanted")
    state.db.execute(_WANTED)
    state.db.execute("CREATE INDEX temp.wanted_by_parent ON wanted (parent_id)")
    state.db.execute("CREATE INDEX temp.wanted_by_id ON wanted (item_id)")
    # all at once: an open query on the state would keep its journal from being emptied
    folders = state.db.execute(
        "SELECT w.parent_id, COUNT(*), i.children FROM temp.wanted w"
        " LEFT JOIN items i ON i.item_id = w.parent_id GROUP BY w.parent_id ORDER BY w.parent_id"
    ).fetchall()
    for parent, count, children in folders:
        if is_worth_listing(count, children or count):
            async with aclosing(_with_urls(graph, source, state, parent)) as with_urls:
                async for wanted in with_urls:
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
) -> AsyncGenerator[Wanted, None]:
    """A folder's wanted files with their URLs, each struck off as the listing tells of it."""
    children = source.item_place(parent, "children")
    async with aclosing(folder_links(graph, source.drive_place(), children)) as pages:
        async for links in pages:
            for wanted in _told(state, links):
                yield wanted


def _told(state: DriveState, links: list[Link]) -> list[Wanted]:
    """Those of a page that are wanted; they are struck off."""
    known = {link.item_id: link for link in links}
    # of an edited file the listing is out of date; it is asked for by itself
    told = [one for one in _these(state, list(known)) if known[one.item_id].etag == one.listed.etag]
    _strike_off(state, [one.item_id for one in told])
    return [replace(one, url=known[one.item_id].url) for one in told]


def _from_row(row: tuple[Any, ...]) -> Wanted:
    item_id, parent, name, size, quickxor, etag, times, extra, stored = row
    more = json.loads(extra) if extra else {}
    listed = Listed(size, quickxor, etag, times, is_pending(more), is_sized(more))
    return Wanted(item_id, parent, name, listed, stored)
