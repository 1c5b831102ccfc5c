"""The control port: what tests, demo and bench may ask of a tenant, and product code never.

Plain HTTP on 127.0.0.1 with a bearer token. One POST per verb with a JSON object; bytes
travel as base64.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.deeds import Deeds
from sluis.rehearsal.tenant.world import World


def control_application(world: World, secret: str) -> web.Application:
    """The application of the control port.

    Args:
        secret: what the client has to show.
    """
    deeds = Deeds(world)

    async def serve(request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            return web.json_response({"error": "wrong token"}, status=401)
        verb = deeds.verbs.get(request.match_info["verb"])
        if verb is None:
            return web.json_response({"error": "no such verb"}, status=404)
        try:
            given: dict[str, Any] = json.loads(await request.read() or b"{}")
            return web.json_response({"value": verb(**given)})
        except (ApiError, LookupError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    application = web.Application(client_max_size=2 * 1024 * 1024 * 1024)
    application.router.add_post("/{verb}", serve)
    return application
