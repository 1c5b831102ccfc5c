"""The content reader against servers that speak bad HTTP, or stop speaking."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
import threading
import time

import pytest

from sluis.graph import part_file
from sluis.graph import wire as wire_module
from sluis.graph.download import download
from sluis.graph.errors import GraphError
from sluis.graph.wire import Wire, WireError
from support.graph_stage import certificates, connected


@pytest.fixture
def speak(tmp_path):
    """Start a TLS server that answers each request with the next of some byte strings."""
    ca, server = certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server)
    with contextlib.ExitStack() as stack:

        def start(*answers):
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            asked = []

            def serve():
                rest = list(answers)
                with contextlib.suppress(OSError):
                    while rest:
                        plain, _ = listening.accept()
                        with (
                            contextlib.suppress(OSError),
                            context.wrap_socket(plain, server_side=True) as line,
                        ):
                            while rest and (request := line.recv(65536)):
                                asked.append(request)
                                for part in rest.pop(0):
                                    if part is None:
                                        line.close()
                                        break
                                    line.sendall(part)

            threading.Thread(target=serve, daemon=True).start()
            wire = Wire(ssl.create_default_context(cafile=str(ca)), "agent")
            stack.callback(wire.close)
            return wire, f"https://127.0.0.1:{listening.getsockname()[1]}/f?k=v", asked

        yield start


def body(wire, url, **headers):
    with wire.get(url, headers) as reply:
        data = bytearray(1000)
        return reply.status, bytes(data[: reply.fill(memoryview(data))])


HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def test_plain_answers_over_one_connection(speak):
    wire, url, asked = speak(
        [HELLO], [b"HTTP/1.1 200 OK\r\ncontent-LENGTH:", b"  5\r\n", b"\r\nhel", b"lo"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", HELLO],
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
    )  # fmt: skip
    for _ in range(3):
        assert body(wire, url) == (200, b"hello")
    assert body(wire, url) == (204, b"")
    assert asked[0].startswith(b"GET /f?k=v HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"authorization" not in b"".join(asked).lower()


def test_chunked_bodies_and_bodies_without_length(speak):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire, url, _ = speak(
        [chunked + b"2;x=y\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", None],
        [b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    )
    for _ in range(3):
        assert body(wire, url) == (200, b"hello")


def test_a_connection_that_closed_while_idle_is_replaced(speak):
    wire, url, asked = speak([HELLO, None], [HELLO])
    assert body(wire, url) == (200, b"hello")
    assert body(wire, url) == (200, b"hello")
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\nhello",
    ],
)  # fmt: skip
def test_what_is_not_http_is_no_content(speak, answer):
    wire, url, _ = speak([answer, None], [answer, None])
    with pytest.raises(WireError):
        body(wire, url)


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def test_ten_answers_may_come_before_the_answer_and_no_more(speak):
    wire, url, _ = speak([EARLY * 10 + HELLO])
    assert body(wire, url) == (200, b"hello")
    wire, url, _ = speak([EARLY * 11 + HELLO])
    with pytest.raises(WireError):
        body(wire, url)


@pytest.mark.parametrize("drip", [b"H", b"HTTP/1.1 200 OK\r\n", EARLY], ids=["byte", "line", "103"])
def test_a_head_that_never_quite_comes_is_given_up(speak, monkeypatch, drip):
    monkeypatch.setattr(wire_module, "WINDOW", 0.2)

    def slowly():
        yield drip
        while True:
            time.sleep(0.05)
            yield b"x"

    wire, url, _ = speak(slowly())
    with pytest.raises(WireError, match="too slowly"):
        body(wire, url)


def test_what_stands_around_chunks_is_no_progress(speak, monkeypatch):
    """A byte of content in a chunk whose line has 4,000 more."""
    monkeypatch.setattr(wire_module, "WINDOW", 0.2)

    def slowly():
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            time.sleep(0.02)
            yield b"1;" + b"x" * 4_000 + b"\r\ny\r\n"

    wire, url, _ = speak(slowly())
    with wire.get(url, {}) as reply:
        assert reply.fill(memoryview(bytearray(4_000))) < 1_000
        assert reply.trouble == "it comes too slowly"


@pytest.mark.parametrize("rest", [b"zz\r\nhello", b"5\r\nhel", b"5\r\nhelloXX\r\n", b"-5\r\nhello"])
def test_broken_chunks_end_the_body_early(speak, rest):
    wire, url, _ = speak([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + rest, None])
    with pytest.raises(WireError), wire.get(url, {}) as reply:
        data = memoryview(bytearray(100))
        while reply.read_into(data):
            pass


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "https://127.0.0.1/x\r\nX: y", "https://127.0.0.1/x y",
        "https://127.0.0.1/é", "https://[bad/", "https:///x", "https://127.0.0.1:1/x",
        "https://h:99999/x",
    ],
)  # fmt: skip
def test_urls_that_are_none(speak, url):
    wire, _, _ = speak()
    with pytest.raises(WireError):
        body(wire, url)


def test_what_is_over_stays_over(speak):
    wire, url, _ = speak([HELLO], [HELLO])
    assert body(wire, url) == (200, b"hello")
    wire.close()
    with pytest.raises(WireError):
        body(wire, url)


DATA = b"x" * 300_000


async def _endless(request):
    """Gives a little of the body and then nothing, until the client leaves."""
    from aiohttp import web

    response = web.StreamResponse()
    response.content_length = 10 * len(DATA)
    await response.prepare(request)
    await response.write(DATA)
    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.01)
    return response


def test_a_cancelled_download_lets_go_and_keeps_what_it_had(tmp_path, monkeypatch):
    monkeypatch.setattr(part_file, "CHUNK", 65_536)

    async def story():
        async with connected(tmp_path) as (stage, graph):
            stage.on("GET", "/file", _endless)
            target = tmp_path / "f"
            size, url = 10 * len(DATA), f"{stage.content}/file"
            going = asyncio.create_task(download(graph, "d", "i", target, size=size, url=url))
            while not stage.seen:
                await asyncio.sleep(0.01)
            going.cancel()
            with pytest.raises(asyncio.CancelledError):
                await going
            assert not target.exists()
            # its slot, its thread and its connection are free again
            assert graph._slots._value == 16
            stage.on("GET", "/v1.0/a", {"id": "a"})
            await graph.get("/a")

    asyncio.run(story())


def test_trouble_with_the_state_stops_the_download(tmp_path, monkeypatch):
    monkeypatch.setattr(part_file, "CHUNK", 65_536)

    async def story():
        async with connected(tmp_path) as (stage, graph):
            from aiohttp import web

            stage.on("GET", "/file", lambda _: web.Response(body=DATA * 10))
            size, url = 10 * len(DATA), f"{stage.content}/file"

            def keep(chunk):
                raise ValueError("the state's disk is full")

            with pytest.raises(ValueError, match="the state's disk is full"):
                await download(graph, "d", "i", tmp_path / "f", size=size, url=url, on_chunk=keep)

    asyncio.run(story())


def test_content_of_a_server_that_is_not_trusted_is_not_taken(tmp_path):
    async def story():
        (tmp_path / "other").mkdir()
        async with connected(tmp_path) as (stage, graph):
            ca, _ = certificates(tmp_path / "other")
            graph.wire._context = ssl.create_default_context(cafile=str(ca))
            stage.on("GET", "/file", (200, b"x", None))
            with pytest.raises(GraphError, match="tls-untrusted"):
                await download(
                    graph, "d", "i", tmp_path / "f", size=1, url=f"{stage.content}/file?tempauth=S"
                )
            assert stage.seen == []

    asyncio.run(story())


def test_content_through_a_proxy(tmp_path):
    """CONNECT only: the proxy sees names, never content."""
    heads = []

    async def proxy(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source, sink):
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))

    async def story():
        from sluis.graph.account import Account, Cloud
        from sluis.graph.connect import open_graph
        from support.graph_stage import CLIENT, SECRET, TENANT, stage

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with stage(tmp_path) as one:
            account = Account(
                TENANT, CLIENT, secret=SECRET, cloud=Cloud(one.graph, one.graph), ca=one.ca,
                proxy=f"http://user:word@127.0.0.1:{port}",
            )  # fmt: skip
            one.on("GET", "/v1.0/drives/d/items/i/content",
                   (302, None, {"Location": f"{one.content}/file"}))  # fmt: skip
            one.on("GET", "/file", (200, DATA, None))
            async with open_graph(account) as graph:
                got = await download(graph, "d", "i", tmp_path / "f", size=len(DATA))
        server.close()
        return got

    got = asyncio.run(story())
    assert got.sha256 == hashlib.sha256(DATA).hexdigest()
    assert len(heads) == 3  # sign-in, Graph, content
    assert all(head.startswith(b"CONNECT ") for head in heads)
    assert all(b"Proxy-Authorization: Basic dXNlcjp3b3Jk" in head for head in heads)
