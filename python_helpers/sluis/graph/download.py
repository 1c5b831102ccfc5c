"""Fetching a file: every byte once, each at its offset, hashed as it comes.

Content comes from pre-authenticated URLs on another origin. They are secrets, they end after
minutes or an hour (corso#3069: 401), they may answer a Range request with 200 and everything, and
their refusals are JSON bodies that must never become content (rclone 9a0d7e57d). A body may end
early with or without a sign of it, and the length in the listing may itself be wrong (rclone#2036,
abraunegg#2471): where the two differ, the service is asked whether there is more.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import aiohttp

from .connect import CUT
from .errors import ConnectionCutError, GraphError, ThrottledError, answer_error
from .links import segment
from .part_file import Chunk, PartFile, cannot_write, store_whole

if TYPE_CHECKING:
    from .connect import Graph

__all__ = ["Chunk", "Downloaded", "download", "download_version"]

_SMALL = 1 << 20  # bytes up to which a file is taken whole into memory
_BLOCK = 1 << 20  # bytes handed to the disk at once
_REDIRECTS = 5
_RESTARTS = 4  # contents that turned out to be another one, before we give up
_SURPRISES = 16  # answers that ended elsewhere than announced
_ENDED = frozenset({401, 403, 404, 410})  # answers of a URL whose time is over
_PASSING = frozenset({"wrong-range", "content-encoded"})
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Downloaded:
    """A file that is whole and in its place.

    Args:
        size: bytes delivered; may differ from the listing's.
        sha256: hexadecimal.
        quickxor: quickXorHash of what was delivered, as Graph writes it.
        chunks: the file's chunks in order.
        etag: the content's ETag as its server gave it, if it did.
    """

    size: int
    sha256: str
    quickxor: str
    chunks: tuple[Chunk, ...]
    etag: str | None


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
            ``content-unstable``, ``connection-cut``.
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


class _AnotherContentError(Exception):
    """What comes now does not belong to what was fetched before."""


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
        self.target = target
        self.size = size
        self.on_chunk = on_chunk or (lambda _: None)
        self.part = PartFile(target)
        self.etag: str | None = None
        self.total: int | None = None  # length of the content by the last answer
        self.opened = False

    async def run(self, url: str | None, have: Sequence[Chunk]) -> Downloaded:
        try:
            return await self._run(url, have)
        except OSError as error:
            if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError):
                raise
            raise cannot_write(self.target, error) from error
        finally:
            if self.opened:
                self.part.close()

    async def _run(self, url: str | None, have: Sequence[Chunk]) -> Downloaded:
        if have:
            await self._open(have)
        patience = self.graph.patience
        failures = throttles = restarts = surprises = 0
        furthest = self.part.position
        if have and self.part.position == self.size:
            return await self._finish()  # only the last rename was missing
        while True:
            fetched_link = url is None
            link = await self._link() if url is None else url
            try:
                done = await self._fetch(link)
                if done is not None:
                    return done
                url = link
                surprises += 1  # there may be more than the answer said: ask
                if surprises > _SURPRISES:
                    raise _unstable(self.place)
                continue
            except _AnotherContentError:
                restarts += 1
                if restarts > _RESTARTS:
                    raise _unstable(self.place) from None
                await self._restart()
                furthest = 0
                url = link
                continue
            except CUT as error:
                failed: GraphError = _cut(self.place, error)
                url = link
            except GraphError as error:
                failed = error
                url = link
                if error.status in _ENDED and not fetched_link:
                    url = None  # its time was over: a new URL, and nothing is lost
                    continue
                if error.status in _ENDED:
                    url = None
                elif error.status == 429:
                    throttles += 1
                    if throttles < patience.throttles:
                        continue
                    raise ThrottledError(
                        error.code, error.what, error.remedy, status=429, codes=error.codes
                    ) from None
                elif error.code not in _PASSING and (error.status or 0) < 500:
                    raise
            failures = failures + 1 if self.part.position <= furthest else 1
            furthest = max(furthest, self.part.position)
            if failures >= patience.tries:
                raise failed
            await self.graph.clock.sleep(patience.pause(failures, self.graph.chance))

    async def _link(self) -> str:
        """A fresh pre-authenticated URL, from where ``/content`` redirects to."""
        answer = await self.graph.call("GET", self.place)
        location = answer.headers.get("Location")
        if not 300 <= answer.status < 400 or not location:
            raise GraphError(
                "no-download-link",
                f"Graph answered {answer.status} and no link to the content at {self.place}.",
                "Try again; if it stays, report it to Microsoft.",
                status=answer.status,
            )
        return urljoin(self.graph.account.cloud.graph, location)

    async def _fetch(self, link: str) -> Downloaded | None:
        """One request for what is missing; None when another one is needed."""
        at = self.part.position
        # asking a whole content for what lies behind its end tells whether that was the end
        headers = {"Accept-Encoding": "identity"}
        if at or self.total is not None:
            headers["Range"] = f"bytes={at}-"
        for _ in range(_REDIRECTS):
            async with self.graph.bare(
                "GET", link, headers=headers, units=self.graph.link_units
            ) as answer:
                if 300 <= answer.status < 400 and "Location" in answer.headers:
                    link = urljoin(link, answer.headers["Location"])
                    continue  # `bare` sends no Authorization, wherever this leads
                return await self._take(answer, ranged="Range" in headers)
        raise GraphError(
            "too-many-redirects",
            f"The content of {self.place} is redirected more than {_REDIRECTS} times.",
            "Try again later; if it stays, report it to Microsoft.",
        )

    async def _take(self, answer: aiohttp.ClientResponse, *, ranged: bool) -> Downloaded | None:
        at = self.part.position
        if ranged and answer.status == 416:
            return await self._end(answer)
        if answer.status not in (200, 206) or (answer.status == 206 and not ranged):
            raise answer_error(
                answer.status, await _words(answer), self.place, method="GET content of"
            )
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise GraphError(
                "content-encoded",
                f"The content of {self.place} came in an encoding that was not asked for.",
                "Something between us and the service changes content; take it out of the way.",
            )
        etag = answer.headers.get("ETag")
        if at and etag and self.etag and etag != self.etag:
            raise _AnotherContentError
        length = answer.content_length
        if answer.status == 206:
            start, total = _content_range(answer.headers.get("Content-Range"))
            if start != at:
                raise _wrong_range(self.place)
        elif ranged and self.total is not None and at == self.total == length:
            self.etag = etag or self.etag
            return await self._finish()  # asked for more, it gave the same again: that was all
        else:
            total = length
            if at:
                await self._restart()  # a 200 to a Range request begins at the beginning
                at = 0
        self.etag = etag or self.etag
        self.total = total
        if at == 0 and length is not None and length == total == self.size <= _SMALL:
            return await self._small(answer.content, length)
        await self._stream(answer.content)
        if self.part.position == self.total == self.size:
            return await self._finish()
        if self.total is None:
            self.total = self.part.position
        if self.part.position < self.total:
            raise aiohttp.ClientPayloadError("short")
        if self.part.position > self.total:
            raise _AnotherContentError
        return None

    async def _end(self, answer: aiohttp.ClientResponse) -> Downloaded | None:
        """We asked for bytes behind what we have, and there are none."""
        _, total = _content_range(answer.headers.get("Content-Range"))
        if total is not None and total != self.part.position:
            raise _AnotherContentError  # shorter than what we have
        if total is None and self.part.position != self.size:
            raise _wrong_range(self.place)
        return await self._finish()

    async def _small(self, content: aiohttp.StreamReader, length: int) -> Downloaded:
        """A file that is taken into memory and written in one go."""
        data = bytearray()
        try:
            async for piece in content.iter_any():
                data += piece
            if len(data) != length:
                raise aiohttp.ClientPayloadError("short")
        except CUT:
            await self._write(data)  # what came is kept
            raise
        if self.opened:
            self.part.close()
            self.opened = False
        sha256, quickxor, chunks = await self._thread(store_whole, self.target, data)
        self._report(chunks)
        return Downloaded(length, sha256, quickxor, chunks, self.etag)

    async def _write(self, data: bytearray) -> None:
        if not self.opened:
            await self._open(())
        if data:
            self._report(await self._thread(self.part.write, data))

    async def _stream(self, content: aiohttp.StreamReader) -> None:
        """Write the body; the next block is read while one is being written and hashed."""
        if not self.opened:
            await self._open(())
        writing: asyncio.Future[list[Chunk]] | None = None
        buffer = bytearray()
        try:
            async for piece in content.iter_any():
                buffer += piece
                if len(buffer) >= _BLOCK:
                    if writing is not None:
                        self._report(await writing)
                    writing = asyncio.ensure_future(self._thread(self.part.write, buffer))
                    buffer = bytearray()
        finally:  # what came before a cut is content as well
            if writing is not None:
                self._report(await writing)
            await self._write(buffer)

    def _report(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self.on_chunk(chunk)

    async def _open(self, have: Sequence[Chunk]) -> None:
        await self._thread(self.part.open, have)
        self.opened = True

    async def _restart(self) -> None:
        self.etag = self.total = None
        if self.opened:
            await self._thread(self.part.restart)

    async def _finish(self) -> Downloaded:
        if not self.opened:
            await self._open(())
        self._report(await self._thread(self.part.finish))
        part = self.part
        return Downloaded(part.position, part.sha256, part.quickxor, tuple(part.chunks), self.etag)

    async def _thread(self, work: Callable[..., _Result], *given: Any) -> _Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.graph.threads, partial(work, *given))


def _content_range(value: str | None) -> tuple[int | None, int | None]:
    found = _RANGE.fullmatch((value or "").strip())
    if not found:
        return None, None
    start = int(found[1]) if found[1] is not None else None
    return start, int(found[3]) if found[3] != "*" else None


async def _words(answer: aiohttp.ClientResponse) -> Any:
    """The JSON of a refusal, when it is one and not long."""
    try:
        raw = await answer.content.read(1 << 16)
        return json.loads(raw)
    except (*CUT, ValueError):
        return None


def _cut(place: str, error: BaseException) -> GraphError:
    return ConnectionCutError(
        "connection-cut",
        f"The content of {place} broke off, however often we tried ({type(error).__name__}).",
        "Check the network and run again; it goes on where it was.",
    )


def _wrong_range(place: str) -> GraphError:
    return GraphError(
        "wrong-range",
        f"The service gave another part of {place} than was asked; nothing of it was kept.",
        "Run again; it goes on where it was.",
    )


def _unstable(place: str) -> GraphError:
    return GraphError(
        "content-unstable",
        f"The content of {place} changed each time while it was being fetched.",
        "Fetch it in the next pass, or when nobody works on it.",
    )
