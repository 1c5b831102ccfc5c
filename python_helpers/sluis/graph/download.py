"""Fetching a file: every byte once, each at its offset, hashed as it comes.

Content comes from pre-authenticated URLs on another origin. They are secrets, they end after
minutes or an hour (corso#3069: 401), they may answer a Range request with 200 and everything, and
their refusals are JSON bodies that must never become content (rclone 9a0d7e57d). A body may end
early with or without a sign of it, and the length in the listing may itself be wrong (rclone#2036,
abraunegg#2471): where the two differ, the service is asked whether there is more. A body far beyond
that length has to be one that the item, asked again, says it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..counted import counted
from .answer import malformed
from .content import AnotherContentError, Content, Downloaded, TooLongError
from .errors import ConnectionCutError, GraphError, ThrottledError
from .links import joined, segment
from .part_file import Chunk, cannot_write
from .retry import THROTTLES
from .wire import LEAST, WireError

if TYPE_CHECKING:
    from .calls import Graph

__all__ = ["Chunk", "Downloaded", "download", "download_version"]

_RESTARTS = 4  # contents that turned out to be another one, before we give up
_SURPRISES = 16  # answers that ended elsewhere than announced
_ENDED = frozenset({401, 403, 404, 410})  # answers of a URL whose time is over
_PASSING = frozenset({"wrong-range", "content-encoded"})
_Result = TypeVar("_Result")


async def download(
    graph: Graph,
    drive_id: str,
    item_id: str,
    target: Path,
    *,
    size: int,
    url: str | None = None,
    have: Sequence[Chunk] = (),
    on_chunk: Callable[[Chunk], None] | None = None,
) -> Downloaded:
    """Fetch the current content of a file.

    Args:
        graph: the connection.
        drive_id: its drive.
        item_id: its item.
        target: where it goes; ``<target>.part`` until it is whole. Its folder must be there.
        size: bytes, as listed.
        url: the ``@microsoft.graph.downloadUrl`` of the listing, if there is one; a secret.
        have: chunks that an earlier run reported; each is read back from disk before it counts.
        on_chunk: told of each chunk once it is written. Told again from offset 0 when the content
            turned out to have changed.

    Raises:
        GraphError: what the service said (``malware``, ``graph-not-found``…), ``cannot-write``,
            ``content-unstable``, ``content-too-long``, ``connection-cut``.
    """
    place = f"/drives/{segment(drive_id)}/items/{segment(item_id)}/content"
    return await _Download(graph, place, target, size, on_chunk).run(url, have)


async def download_version(
    graph: Graph,
    drive_id: str,
    item_id: str,
    version_id: str,
    target: Path,
    *,
    size: int,
    have: Sequence[Chunk] = (),
    on_chunk: Callable[[Chunk], None] | None = None,
) -> Downloaded:
    """Fetch an older version of a file; the current one is refused here by the service.

    Args:
        graph: the connection.
        drive_id: its drive.
        item_id: its item.
        version_id: the version, not the current one (onedrive-api-docs#1112).
        target: as :func:`download`.
        size: bytes, as listed for the version.
        have: as :func:`download`.
        on_chunk: as :func:`download`.

    Raises:
        GraphError: as :func:`download`.
    """
    item = f"/drives/{segment(drive_id)}/items/{segment(item_id)}"
    place = f"{item}/versions/{segment(version_id)}/content"
    return await _Download(graph, place, target, size, on_chunk).run(None, have)


class _Download:
    """One download under way."""

    def __init__(
        self,
        graph: Graph,
        place: str,
        target: Path,
        size: int,
        on_chunk: Callable[[Chunk], None] | None,
    ) -> None:
        self.graph = graph
        self.place = place
        self.on_chunk = on_chunk
        self.content = Content(target, size, place)
        self._loop = asyncio.get_running_loop()
        self._trouble: BaseException | None = None

    async def run(self, url: str | None, have: Sequence[Chunk]) -> Downloaded:
        try:
            return await self._run(url, have)
        except OSError as error:
            raise cannot_write(self.content.target, error) from error
        finally:
            self.content.close()

    async def _run(self, url: str | None, have: Sequence[Chunk]) -> Downloaded:
        content, patience = self.content, self.graph.patience
        failures = throttles = restarts = surprises = 0
        if have:
            await self._thread(content.begin, have)
            if content.position == content.size:
                return await self._thread(content.finish)  # only the last rename was missing
        gained = _Gain(content)
        while True:
            is_fresh = url is None
            url = await self._link() if url is None else url
            try:
                done = await self._fetch(url)
                if done is not None:
                    return done
                surprises += 1  # there may be more than the answer said: ask
                if surprises > _SURPRISES:
                    raise _unstable(self.place)
                continue
            except AnotherContentError:
                restarts += 1
                if restarts > _RESTARTS:
                    raise _unstable(self.place) from None
                await self._thread(content.restart)
                gained = _Gain(content)
                continue
            except TooLongError:
                surprises += 1
                if surprises > _SURPRISES or not await self._is_longer():
                    await self._thread(content.discard)
                    raise _too_long(self.place, content.size) from None
                continue
            except WireError as error:
                failed: GraphError = _cut(self.place, error)
            except GraphError as error:
                failed = error
                if error.status in _ENDED:
                    url = None  # its time was over: a new URL, and nothing is lost
                    if not is_fresh:
                        continue
                elif error.status in THROTTLES:
                    throttles += 1
                    if throttles < patience.throttles:
                        continue
                    raise ThrottledError(
                        error.code,
                        error.what,
                        error.remedy,
                        status=error.status,
                        codes=error.codes,
                    ) from None
                elif error.code not in _PASSING and (error.status or 0) < 500:
                    raise
            failures = 1 if gained.enough() else failures + 1
            if failures >= patience.tries:
                raise failed
            await self.graph.clock.sleep(patience.pause(failures, self.graph.chance))

    async def _is_longer(self) -> bool:
        """Whether the item, asked again, says that it has more bytes than we would take."""
        body = await self.graph.get(self.place.removesuffix("/content"), {"$select": "id,size"})
        size = body.get("size")
        return type(size) is int and self.content.allow(size)

    async def _link(self) -> str:
        """A fresh pre-authenticated URL, from where ``/content`` redirects to."""
        answer = await self.graph.call("GET", self.place)
        link = joined(self.graph.account.cloud.graph, answer.headers.get("Location") or "")
        if not 300 <= answer.status < 400 or not answer.headers.get("Location") or not link:
            raise malformed(f"GET {self.place}", "has no link to the content", status=answer.status)
        return link

    async def _fetch(self, url: str) -> Downloaded | None:
        """One request for what is missing; None when another one is needed."""
        content, before = self.content, self.content.carried
        async with self.graph.paced(self.graph.link_units) as hear:

            def early() -> None:  # called in the thread, when a body will take its time
                self._loop.call_soon_threadsafe(hear, content.headers, content.status)

            def news() -> None:
                self._loop.call_soon_threadsafe(self._report)

            try:
                return await self._thread(content.get, self.graph.wire, url, early, news)
            finally:
                hear(content.headers, content.status)
                self.graph.pacer.carried(content.carried - before)

    def _report(self) -> None:
        """Tell of the chunks that became whole, in the event loop's thread."""
        fresh = self.content.fresh
        while fresh:
            chunk = fresh.pop(0)
            if self.on_chunk is not None and self._trouble is None:
                try:
                    self.on_chunk(chunk)
                except Exception as error:
                    self._trouble = error
                    self.content.stop()

    async def _thread(self, work: Callable[..., _Result], *given: Any) -> _Result:
        """Do blocking work; it has ended when this returns, also when we are cancelled."""
        working = self._loop.run_in_executor(self.graph.threads, partial(work, *given))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            self.content.stop()
            await asyncio.wait([working])
            if not working.cancelled():
                working.exception()
            raise
        finally:
            self._report()
            if self._trouble is not None:
                raise self._trouble


class _Gain:
    """What attempts brought since one of them brought enough.

    A byte for each new connection is no progress: a file would take years.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._attempts = 0
        self._position, self._seconds = content.position, content.seconds

    def enough(self) -> bool:
        """Whether the attempts, with this one, brought more than the least rate."""
        content, self._attempts = self._content, self._attempts + 1
        seconds = self._attempts + content.seconds - self._seconds
        if content.position - self._position < LEAST * seconds:
            return False
        self._attempts = 0
        self._position, self._seconds = content.position, content.seconds
        return True


def _too_long(place: str, size: int) -> GraphError:
    return GraphError(
        "content-too-long",
        f"The content of {place} goes far beyond the {counted(size, 'byte')} that the service"
        " lists. Nothing of it was kept.",
        "Open and save the file at its source, so that its size is listed anew; then run again.",
    )


def _cut(place: str, error: BaseException) -> GraphError:
    return ConnectionCutError(
        "connection-cut",
        f"The content of {place} broke off, however often we tried ({error}).",
        "Check the network and run again; it goes on where it was.",
    )


def _unstable(place: str) -> GraphError:
    return GraphError(
        "content-unstable",
        f"The content of {place} changed each time while it was being fetched.",
        "Fetch it in the next pass, or when nobody works on it.",
    )
