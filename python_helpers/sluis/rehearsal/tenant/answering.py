"""However a call ends, the client gets an answer in Graph's shape and we know of our mistakes."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import ClientError, web

from sluis.rehearsal.tenant.api_error import ApiError, RequestIds, error_response
from sluis.rehearsal.tenant.world import World


async def answered(
    world: World, ids: RequestIds, make: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Make an answer, as late as the settings say; an error becomes one in the real shape.

    Args:
        ids: the names of the request.
        make: makes the answer; raises ApiError.
    """
    if world.settings.latency_ms:
        await asyncio.sleep(world.settings.latency_ms / 1000)
    try:
        return await make()
    except ApiError as error:
        told = error
    except (ConnectionError, ClientError):
        # the client hung up in the middle of its body; nobody reads the answer
        world.counters["cut by the client"] += 1
        told = ApiError(400, "BadRequest", "The request's body did not come whole.")
    except web.HTTPRequestEntityTooLarge:
        told = ApiError(413, "requestEntityTooLarge", "The request's body is too large.")
    except Exception:
        # a mistake of ours: in the log for whoever looks, and counted for the tests
        world.counters["mistake of the tenant"] += 1
        traceback.print_exc()
        told = ApiError(500, "generalException", "An internal error occurred.")
    return error_response(told, ids, world.clock.now())
