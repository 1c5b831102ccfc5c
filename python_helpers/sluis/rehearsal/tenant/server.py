"""The Graph origin: from a request on the wire to an answer, past the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from aiohttp import web

from sluis.rehearsal.tenant.addresses import answer_call
from sluis.rehearsal.tenant.answering import answered
from sluis.rehearsal.tenant.api_error import RequestIds, request_ids
from sluis.rehearsal.tenant.call import Answer, Call, read_address
from sluis.rehearsal.tenant.rights import authenticate
from sluis.rehearsal.tenant.world import World

_CHUNK = 256 * 1024


def graph_application(world: World) -> web.Application:
    """The application that serves Graph and the token endpoint."""
    application = web.Application(client_max_size=300 * 1024 * 1024)
    application.add_routes(world.door.endpoint.routes())
    server = GraphServer(world)
    application.router.add_route("*", "/{anything:(?s:.*)}", server.serve)
    return application


class GraphServer:
    """Answers requests to Graph."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request, whatever it is."""
        world = self._world
        ids = request_ids(request.headers)

        async def make() -> web.StreamResponse:
            caller = await authenticate(world, request)
            if world.door.weather.consent_is_gone(world.clock.now()):
                raise world.door.tokens.challenged()
            if request.method == "GET" and world.door.weather.redirects(request.raw_path):
                world.counters["redirected by weather"] += 1
                place = {
                    **ids.headers(world.clock.now()),
                    "Location": f"{world.graph}{request.raw_path}",
                }
                return web.Response(status=308, headers=place)
            failure = world.door.weather.fails(f"{request.method} {request.raw_path}")
            if failure is not None:
                world.counters["failed by weather"] += 1
                raise failure
            return _response(world, await answer_call(world, caller, _call(world, request)), ids)

        return await answered(world, ids, make)


def _call(world: World, request: web.Request) -> Call:
    version, segments, query = read_address(request.raw_path)

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in request.content.iter_chunked(_CHUNK):
            yield chunk

    return Call(
        method=request.method,
        version=version,
        segments=segments,
        query=query,
        headers=request.headers,
        read=request.read,
        chunks=chunks,
        base=world.graph,
        address=urlsplit(request.raw_path).path,
    )


def _response(world: World, answer: Answer, ids: RequestIds) -> web.Response:
    headers = {**ids.headers(world.clock.now()), **answer.headers}
    body = answer.payload()
    kind = None
    if body and "Content-Type" not in headers:
        kind = "application/json"
        headers["OData-Version"] = "4.0"
    return web.Response(status=answer.status, body=body, headers=headers, content_type=kind)
