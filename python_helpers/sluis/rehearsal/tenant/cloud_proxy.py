"""A proxy that brings clients which believe in the real cloud to the rehearsal tenant.

Some clients cannot be told another address: rclone always asks graph.microsoft.com. With
``HTTPS_PROXY`` set to this one they reach the tenant under the real names, which the
tenant's certificate carries; TLS goes through unopened. Every other destination is
refused, so that a rehearsal cannot touch the real cloud by mistake.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from sluis.rehearsal.tenant.certificates import CLOUD_NAMES

#: longest head of a CONNECT request, bytes
_LONGEST_HEAD = 16_384
_PIECE = 256 * 1024
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_FAILED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_MADE = b"HTTP/1.1 200 Connection established\r\n\r\n"

Address = tuple[str, int]


@contextlib.contextmanager
def cloud_proxy(graph: str, content: str) -> Iterator[str]:
    """Run the proxy, in a thread of its own, as long as the context lasts.

    Args:
        graph: origin of the tenant's Graph.
        content: its other origin.

    Returns:
        The proxy's address, ``http://127.0.0.1:port``.
    """
    ways = _ways(graph, content)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cloud proxy", daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _serve(reader, writer, ways)

        return await asyncio.start_server(serve, "127.0.0.1", 0, limit=_LONGEST_HEAD)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _ways(graph: str, content: str) -> dict[str, Address]:
    """Where each destination leads to; ``name:port`` as clients write it."""
    to_graph, to_content = _address(graph), _address(content)
    named = {f"{name}:443": to_graph for name in CLOUD_NAMES}
    own = {f"{host}:{port}": (host, port) for host, port in (to_graph, to_content)}
    return {**named, **own}


def _address(origin: str) -> Address:
    parts = urlsplit(origin)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"not an origin with a port: {origin}")
    return parts.hostname, parts.port


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ways: Mapping[str, Address]
) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, _, rest = head.partition(" ")
        way = ways.get(rest.partition(" ")[0].lower())
        if method != "CONNECT" or way is None:
            writer.write(_REFUSED)
            await writer.drain()
        else:
            await _join(reader, writer, way)
    writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Address) -> None:
    try:
        far_reader, far_writer = await asyncio.open_connection(*way)
    except OSError:
        writer.write(_FAILED)
        await writer.drain()
        return
    writer.write(_MADE)
    try:
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
    finally:
        far_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    finally:
        # when one side is done, so is the other: TLS has said its own goodbye
        writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in ours:
        task.cancel()
    await asyncio.gather(*ours, return_exceptions=True)
