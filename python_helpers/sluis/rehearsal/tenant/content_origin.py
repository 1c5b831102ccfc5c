"""The other origin: content, behind pre-authenticated URLs only.

A token that is sent along is refused and counted: it should never have left Graph's
origin. Errors here are JSON, as in the real service; rclone once wrote them out as file
content (rclone 9a0d7e57d).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from aiohttp import web

from sluis.rehearsal.tenant.answering import answered
from sluis.rehearsal.tenant.api_error import ApiError, RequestIds, request_ids
from sluis.rehearsal.tenant.copying import Monitor
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import etag
from sluis.rehearsal.tenant.item_json import media_type
from sluis.rehearsal.tenant.items import Content, Item
from sluis.rehearsal.tenant.rights import Caller
from sluis.rehearsal.tenant.upload_origin import UploadOrigin
from sluis.rehearsal.tenant.weather_maker import BodyWeather
from sluis.rehearsal.tenant.world import World

#: bytes that are handed to the socket at once
_PIECE = 1024 * 1024
#: what SharePoint sends now and then with 200 (onedrive-api-docs#1195)
_ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Error</title></head>"
    b"<body><h1>Sorry, something went wrong</h1></body></html>\n"
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def content_application(world: World) -> web.Application:
    """The application that serves the content origin."""
    application = web.Application(client_max_size=300 * 1024 * 1024)
    origin = ContentOrigin(world)
    for method in ("GET", "HEAD"):
        application.router.add_route(method, "/download/{ticket}", origin.download)
    application.router.add_route("GET", "/monitor/{ticket}", Monitor(world).serve)
    application.router.add_route("*", "/upload/{ticket}", UploadOrigin(world).serve)
    return application


@dataclass(frozen=True)
class Wanted:
    """What a download URL is for.

    Args:
        content: where the bytes come from; of an earlier version when ``version`` names one.
        size: in bytes.
        caller: the app that got the URL, when it is known.
        lied: what comes is not the item's content, by the weather.
    """

    drive: Drive
    item: Item
    content: Content
    size: int
    version: str
    caller: Caller | None
    lied: bool = False


class ContentOrigin:
    """Serves downloads."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file, or a range of it."""
        ids = request_ids(request.headers)
        return await answered(self._world, ids, lambda: self._download(request, ids))

    async def _download(self, request: web.Request, ids: RequestIds) -> web.StreamResponse:
        world = self._world
        asked = request.headers.get("Range", "")
        if "Authorization" in request.headers:
            world.counters["token sent to the content origin"] += 1
            raise ApiError(401, "unauthenticated", "The URL takes no Authorization header.")
        wanted = self._by_weather(self._wanted(request.match_info["ticket"]))
        span = read_range(asked, wanted.size)
        length = wanted.size if span is None else span[1] - span[0]
        verdict = world.door.throttle.charge(wanted.caller, "pre-authenticated", length)
        key = f"{wanted.drive.id} {wanted.item.number} {wanted.version} {asked}"
        failure = world.door.weather.fails(f"GET content {key}")
        failure = failure or world.door.weather.too_much(f"GET content {key}")
        if failure is not None:
            world.counters["failed by weather"] += 1
            raise failure
        world.counters["content"] += 1
        if wanted.item.extras:
            wanted.item.extras.no_hash = False
        weather = world.door.weather.body(key, length, span is not None)
        if weather.whole:
            span = None
        start, end = span or (0, wanted.size)
        headers = {
            **ids.headers(world.clock.now()),
            **verdict.headers,
            "Accept-Ranges": "bytes",
            "Content-Type": media_type("x.html" if wanted.lied else wanted.item.name),
            "ETag": etag(wanted.drive.ids.unique(wanted.item.number), wanted.item.content_changes),
        }
        if span is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{wanted.size}"
        status = 200 if span is None else 206
        if request.method == "HEAD":
            headers["Content-Length"] = str(end - start)
            return web.Response(status=status, headers=headers)
        if end - start <= _PIECE and weather.send is None:
            body = b"".join(self._pieces(wanted, start, end))
            world.bytes_out += len(body)
            return web.Response(status=status, headers=headers, body=body)
        response = web.StreamResponse(status=status, headers=headers)
        return await self._send(request, response, wanted, (start, end), weather)

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        wanted: Wanted,
        span: tuple[int, int],
        weather: BodyWeather,
    ) -> web.StreamResponse:
        start, end = span
        stop = end if weather.send is None else min(end, start + weather.send)
        response.content_length = (end if weather.honest else stop) - start
        await response.prepare(request)
        try:
            for at in range(start, stop, _PIECE):
                for piece in self._pieces(wanted, at, min(at + _PIECE, stop)):
                    self._world.bytes_out += len(piece)
                    await response.write(piece)
        except ConnectionError:
            self._world.counters["cut by the client"] += 1
            return response
        if weather.honest and stop < end:
            # the connection breaks in the middle of the body
            response.force_close()
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    def _pieces(self, wanted: Wanted, start: int, end: int) -> Iterable[bytes | memoryview]:
        item, world = wanted.item, self._world
        if not wanted.version and not wanted.lied and item.extras and item.extras.flipped:
            return [world.read_item(wanted.drive, item, start, end)]
        return world.pieces(wanted.drive, wanted.content, wanted.size, start, end)

    def _by_weather(self, wanted: Wanted) -> Wanted:
        """What comes for some files, time after time: nothing, a part, or an error page."""
        world, item = self._world, wanted.item
        if wanted.version or item.size < 2:
            return wanted
        unique = wanted.drive.ids.unique(item.number)
        lie = world.door.weather.lie(unique, etag(unique, item.content_changes))
        if lie is None:
            return wanted
        world.counters["content by weather"] += 1
        kind, part = lie
        if kind == "page":
            page = world.store(_ERROR_PAGE)
            return replace(wanted, content=page, size=len(_ERROR_PAGE), lied=True)
        return replace(wanted, size=0 if kind == "empty" else 1 + int(part * (item.size - 1)))

    def _wanted(self, text: str) -> Wanted:
        world = self._world
        ticket = world.links.read(text)
        if ticket is None or ticket[0] != "get":
            raise ApiError(401, "unauthenticated", "The download URL is not valid.")
        _, drive_id, number, version, until, client = ticket
        if world.clock.now() >= until:
            raise ApiError(401, "unauthenticated", "The download URL has expired.")
        drive = world.drive(drive_id)
        item = drive.items[number]
        if item.deleted:
            raise ApiError(404, "itemNotFound", "The resource could not be found.")
        content, size = drive.content(item), item.size
        if version:
            earlier = item.extras.versions if item.extras else []
            found = next((one for one in earlier if one.label == version), None)
            if found is None:
                raise ApiError(404, "itemNotFound", "The version could not be found.")
            content, size = found.content, found.size
        caller = Caller(client, frozenset()) if client else None
        return Wanted(drive, item, content, size, version, caller)


def read_range(text: str, size: int) -> tuple[int, int] | None:
    """The bytes that a Range header asks for: first, and one past the last.

    ``None`` for no range, and for one that is not understood, which may be ignored
    (RFC 9110).

    Raises:
        ApiError: 416 when there are no such bytes.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
    else:
        start, end = max(0, size - int(found[2])), size
    if start >= size or (found[2] and found[1] and int(found[2]) < start):
        raise ApiError(
            416,
            "invalidRange",
            "The byte range is invalid or unavailable.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end
