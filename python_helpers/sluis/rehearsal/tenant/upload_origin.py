"""The content origin's side of upload sessions: PUT a chunk, GET the state, DELETE, POST."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sluis.rehearsal.tenant.answering import answered
from sluis.rehearsal.tenant.api_error import ApiError, request_ids
from sluis.rehearsal.tenant.item_json import item_json
from sluis.rehearsal.tenant.rights import Caller
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.upload_calls import commit
from sluis.rehearsal.tenant.uploads import Chunk, Session, overlap, read_chunk
from sluis.rehearsal.tenant.world import World

_PIECE = 1024 * 1024


class UploadOrigin:
    """Serves upload URLs."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request to an upload URL, whatever its method."""
        world, ids = self._world, request_ids(request.headers)

        async def make() -> web.StreamResponse:
            if "Authorization" in request.headers:
                world.counters["token sent to the content origin"] += 1
                if request.method == "PUT":
                    raise ApiError(
                        401, "unauthenticated", "The upload URL takes no Authorization header."
                    )
            ticket = request.match_info["ticket"]
            status, body = await self._answer(request, ticket, self._session(ticket))
            headers = ids.headers(world.clock.now())
            if body is None:
                return web.Response(status=status, headers=headers)
            return web.json_response(body, status=status, headers=headers)

        return await answered(world, ids, make)

    async def _answer(
        self, request: web.Request, ticket: str, session: Session
    ) -> tuple[int, dict[str, Any] | None]:
        if request.method == "GET":
            return 200, self._state(session)
        if request.method == "DELETE":
            self._forget(ticket, session)
            return 204, None
        if request.method == "POST":
            if not session.complete:
                raise ApiError(400, "invalidRequest", "The upload is not complete.")
            return self._commit(ticket, session)
        if request.method == "PUT":
            return await self._put(request, ticket, session)
        raise ApiError(405, "methodNotAllowed", "The method is not allowed.")

    async def _put(
        self, request: web.Request, ticket: str, session: Session
    ) -> tuple[int, dict[str, Any] | None]:
        world = self._world
        length = int(request.headers.get("Content-Length") or 0)
        chunk = read_chunk(session, request.headers.get("Content-Range", ""), length)
        caller = Caller(session.client, frozenset())
        world.door.throttle.charge(caller, "pre-authenticated", 0, length)
        key = f"PUT {session.drive.id} {session.name} {chunk.start}"
        failure = world.door.weather.fails(key) or world.door.weather.too_much(key)
        if failure is not None:
            raise failure
        world.counters["chunk"] += 1
        await _write(request, session, chunk)
        session.total = chunk.total
        session.chunks += 1
        if not session.complete:
            return 202, self._state(session)
        if session.deferred:
            return 202, self._state(session)
        return self._commit(ticket, session)

    def _commit(self, ticket: str, session: Session) -> tuple[int, dict[str, Any]]:
        item, new = commit(self._world, session)
        self._world.sessions.pop(ticket, None)
        return 201 if new else 200, item_json(self._world, session.drive, item)

    def _session(self, ticket: str) -> Session:
        session = self._world.sessions.get(ticket)
        if session is not None and self._world.clock.now() >= session.until:
            self._forget(ticket, session)
            session = None
        if session is None:
            raise ApiError(404, "itemNotFound", "The upload session was not found")
        return session

    def _forget(self, ticket: str, session: Session) -> None:
        self._world.sessions.pop(ticket, None)
        session.place.unlink(missing_ok=True)

    @staticmethod
    def _state(session: Session) -> dict[str, Any]:
        return {
            "expirationDateTime": stamp(session.until),
            "nextExpectedRanges": session.expected(),
        }


async def _write(request: web.Request, session: Session, chunk: Chunk) -> None:
    """Take the bytes; a chunk that does not come whole did not come at all.

    They are kept in memory (under 60 MiB) until the last one is here, so that two requests
    for the same range cannot mix theirs.
    """
    pieces: list[bytes] = []
    length = 0
    async for piece in request.content.iter_chunked(_PIECE):
        pieces.append(piece)
        length += len(piece)
        if length > chunk.end - chunk.start:
            raise ApiError(400, "invalidRequest", "The body is longer than its range.")
    if length < chunk.end - chunk.start:
        raise ApiError(400, "invalidRequest", "The body is shorter than its range.")
    if session.came.length != chunk.start:
        raise overlap()
    session.place.touch()
    with session.place.open("r+b") as out:
        out.seek(chunk.start)
        for piece in pieces:
            out.write(piece)
            session.came.update(piece)
