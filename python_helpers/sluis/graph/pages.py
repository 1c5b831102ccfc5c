"""Listings in pages, followed to their end and not in circles."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .answer import malformed
from .errors import LoopError, codes_of, plain_place
from .links import drive_of

if TYPE_CHECKING:
    from .calls import Graph

_LOOPS = 3  # links in a row that lead back before we give up
#: pages without an item since the last that brought something new, before we give up; some in a
#: row are normal (docs-contrib#1316)
_EMPTY = 1000
#: the same of pages that hold only what earlier ones held, in whatever order; a page or two that
#: come twice are normal
_NOTHING_NEW = 100
#: bits in which the ids of a listing are marked
_MARKS = 1 << 26


@dataclass(frozen=True)
class Page:
    """One page: its items, and where to go on.

    Args:
        items: what it holds; may be empty while there are more pages.
        next_link: the next page, or None on the last.
        delta_link: where the next pass begins; only on the last page of a delta.
    """

    items: list[dict[str, Any]] = field(repr=False)
    next_link: str | None = field(repr=False)
    delta_link: str | None = field(repr=False)


async def follow(
    graph: Graph,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncGenerator[Page, None]:
    """All pages of a listing; the next one is on its way while a page is being used.

    Raises:
        LoopError: a nextLink led to a page that was read before in this listing, or page after
            page brings nothing new.
        GraphError: what :meth:`Graph.call` raises; ``page-malformed``.
    """
    seen = {_mark(path)} if "://" in path else set()
    known = _Known()
    loops = empty = stale = 0
    coming = asyncio.ensure_future(_page(graph, path, params, headers))
    try:
        while True:
            page = await coming
            if page.next_link is None:
                yield page
                return
            mark = _mark(page.next_link)
            loops = loops + 1 if mark in seen else 0
            seen.add(mark)
            if known.add(page.items):
                empty = stale = 0
            elif page.items:
                stale += 1
            else:
                empty += 1
            if empty > _EMPTY or stale > _NOTHING_NEW:
                raise LoopError(plain_place(path), f"bring nothing new, {empty + stale} in a row")
            if loops <= _LOOPS:  # asked again, the service was seen to find its way
                coming = asyncio.ensure_future(_page(graph, page.next_link, None, headers))
            yield page
            if loops > _LOOPS:
                raise LoopError(plain_place(path))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _page(
    graph: Graph,
    path: str,
    params: Mapping[str, str] | None,
    headers: Mapping[str, str] | None,
) -> Page:
    body = await graph.get(path, params, headers)
    if body.get("error") is not None:  # no items beside it would be as good as a page of none
        why = ", ".join(codes_of(body)) or "no code"
        raise malformed(f"GET {plain_place(path)}", f"is a page and an error ({why})")
    items = body.get("value")
    links = [body.get("@odata.nextLink"), body.get("@odata.deltaLink")]
    whole = all(link is None or isinstance(link, str) for link in links)
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items) or not whole:
        raise malformed(f"GET {plain_place(path)}", "is not a page of a listing")
    ours = drive_of(path)
    if ours and any(link and drive_of(link) not in (None, ours) for link in links):
        raise malformed(f"GET {plain_place(path)}", "goes on in another drive")
    return Page(items, links[0] or None, links[1] or None)


class _Known:
    """Which items a listing brought so far, in 8 MB whatever it brings.

    One bit stands for each, so a new one can be taken for known. That a hundred pages in a row hold
    nothing else is out of the question, also after a hundred million.
    """

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, items: list[dict[str, Any]]) -> bool:
        """Mark the items of a page; whether one of them is new."""
        if not self._bits:  # most listings have one page, which is never added
            self._bits = bytearray(_MARKS // 8)
        bits, new = self._bits, False
        for item in items:
            told = item.get("id")
            at, bit = divmod(hash(told if isinstance(told, str) else repr(item)) % _MARKS, 8)
            if not bits[at] >> bit & 1:
                bits[at] |= 1 << bit
                new = True
        return new


def _mark(link: str) -> bytes:
    return hashlib.sha256(link.encode("utf-8", "surrogatepass")).digest()[:16]
