"""The server process: ``python -m sluis.rehearsal.tenant.process <folder>``.

It reads ``settings.json`` and ``apps.json`` from the folder, fills the tenant, listens,
and writes ``ready.json``. It ends with SIGTERM, and with its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import ssl
import sys
from pathlib import Path

from aiohttp import web

from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.content_origin import content_application
from sluis.rehearsal.tenant.control_port import control_application
from sluis.rehearsal.tenant.credentials import RegisteredApp
from sluis.rehearsal.tenant.door import make_door
from sluis.rehearsal.tenant.population import populate
from sluis.rehearsal.tenant.server import graph_application
from sluis.rehearsal.tenant.settings import from_json
from sluis.rehearsal.tenant.world import World

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(folder: Path) -> None:
    """Run until SIGTERM or SIGINT."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = from_json((folder / "settings.json").read_text())
    given = json.loads((folder / "apps.json").read_text())
    world = World(settings, folder, Clock(settings.clock_speed))
    populate(world)
    # nothing of this becomes garbage: the collector need not look at a million items again
    gc.collect()
    gc.freeze()
    apps = [RegisteredApp.from_json(app) for app in given["apps"]]
    asyncio.run(_serve(world, folder, apps, given["control"]))


async def _serve(world: World, folder: Path, apps: list[RegisteredApp], secret: str) -> None:
    settings = world.settings
    graph, content, control = (
        _listen(address, port)
        for address, port in (
            (settings.address, settings.port),
            (settings.content_address, 0),
            ("127.0.0.1", 0),
        )
    )
    world.graph = f"https://{settings.address}:{graph.getsockname()[1]}"
    world.content = f"https://{settings.content_address}:{content.getsockname()[1]}"
    world.door = make_door(
        tenant_id=world.tenant_id,
        graph=world.graph,
        apps=apps,
        limits=settings.limits,
        weather=settings.weather,
        seed=settings.seed,
        clock=world.clock,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "tls" / "server.pem")
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runners = []
    for application, listener, secure in (
        (graph_application(world), graph, tls),
        (content_application(world), content, tls),
        (control_application(world, secret), control, None),
    ):
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=secure, backlog=512).start()
        runners.append(runner)
    _say_ready(folder, world, control.getsockname()[1])
    await ended.wait()
    for runner in runners:
        await runner.cleanup()


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.setblocking(False)
    return listener


def _say_ready(folder: Path, world: World, control_port: int) -> None:
    ready = {
        "pid": os.getpid(),
        "tenant_id": world.tenant_id,
        "graph": world.graph,
        "content": world.content,
        "control": control_port,
    }
    temporary = folder / "ready.json.part"
    temporary.write_text(json.dumps(ready))
    temporary.replace(folder / "ready.json")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(Path(sys.argv[1]))
