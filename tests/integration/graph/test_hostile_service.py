"""A service that is out of its mind: each answer is an error that says so, and none is a hang."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.graph import calls, pages
from sluis.graph.account import Account, Cloud
from sluis.graph.connect import Graph, open_graph
from sluis.graph.errors import GraphError, LoopError
from sluis.graph.retry import Patience
from support.graph_stage import (
    CLIENT,
    SECRET,
    TENANT,
    LeapingClock,
    Stage,
    connected,
    say,
    stage,
)

EMPTY: dict[str, list[Any]] = {"value": []}


def story(folder: Path, tell: Callable[[Stage, Graph], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with connected(folder) as (there, graph):
            await asyncio.wait_for(tell(there, graph), 60)

    asyncio.run(whole())


async def _all(graph: Graph, path: str) -> int:
    count = 0
    async for page in graph.pages(path):
        count += len(page.items)
    return count


@pytest.mark.parametrize(
    "end", ["/v1.0/b\x00", "/v1.0/b\r\nX: y", "/v1.0/b\x7f", "\t/v1.0/b", "name:word@"]
)
def test_M11_a_link_that_no_request_can_be_made_of_is_not_followed(
    tmp_path: Path, end: str
) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        link = there.graph + end
        if end.endswith("@"):
            link = there.graph.replace("://", f"://{end}") + "/v1.0/b"
        there.on("GET", "/v1.0/a", {"value": [], "@odata.nextLink": link})
        there.otherwise = lambda _request, _body: say(200, EMPTY)
        with pytest.raises(GraphError, match="page-malformed"):
            await _all(graph, "/a")
        assert [one["path"] for one in there.seen] == ["/v1.0/a"]

    story(tmp_path, tell)


@pytest.mark.parametrize("told", ["https://[no/x", "file:///etc/passwd", "http://127.0.0.1/x"])
def test_M11_a_redirect_to_nowhere_is_not_followed(tmp_path: Path, told: str) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        there.on("GET", "/v1.0/a", (302, None, {"Location": told}))
        with pytest.raises(GraphError, match="redirected"):
            await graph.get("/a")

    story(tmp_path, tell)


def _again(number: int) -> list[dict[str, str]]:
    return [{"id": "1"}, {"id": "2"}]


def _in_another_order(number: int) -> list[dict[str, str]]:
    items = [{"id": str(one)} for one in range(12)]
    random.Random(number).shuffle(items)
    return items


def _some_of_them(number: int) -> list[dict[str, str]]:
    return _in_another_order(number)[: number % 5]


def _nothing(number: int) -> list[dict[str, str]]:
    return []


def _without_ids(number: int) -> list[dict[str, str]]:
    return [{"name": str(one)} for one in range(1 + number % 2)]


@pytest.mark.parametrize(
    "goes_on", [_again, _in_another_order, _some_of_them, _nothing, _without_ids]
)
def test_M11_a_listing_that_never_ends_is_ended(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    goes_on: Callable[[int], list[dict[str, str]]],
) -> None:
    monkeypatch.setattr(pages, "_NOTHING_NEW", 20)
    monkeypatch.setattr(pages, "_EMPTY", 20)

    async def tell(there: Stage, graph: Graph) -> None:
        def page(_request: object, _body: object) -> object:
            number = len(there.seen)
            link = f"{there.graph}/v1.0/a?page={number}"
            return say(200, {"value": goes_on(number), "@odata.nextLink": link})

        there.otherwise = page
        with pytest.raises(LoopError, match="nothing new"):
            await _all(graph, "/a")
        assert len(there.seen) < 100

    story(tmp_path, tell)


def test_M11_empty_pages_between_full_ones_are_no_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_EMPTY", 3)

    async def tell(there: Stage, graph: Graph) -> None:
        def page(_request: object, _body: object) -> object:
            number = len(there.seen)
            items = [] if number % 4 else [{"id": str(number)}]
            link = {"@odata.nextLink": f"{there.graph}/v1.0/a?page={number}"}
            return say(200, {"value": items, **(link if number < 40 else {})})

        there.otherwise = page
        assert await _all(graph, "/a") == 10

    story(tmp_path, tell)


def test_pages_that_come_again_between_new_ones_are_no_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_NOTHING_NEW", 3)

    async def tell(there: Stage, graph: Graph) -> None:
        def page(_request: object, _body: object) -> object:
            number = len(there.seen)
            items = [{"id": str(number // 4)}, {"id": "0"}]
            link = {"@odata.nextLink": f"{there.graph}/v1.0/a?page={number}"}
            return say(200, {"value": items, **(link if number < 40 else {})})

        there.otherwise = page
        assert await _all(graph, "/a") == 80

    story(tmp_path, tell)


@pytest.mark.parametrize(
    "asked",
    ["31536000", "1e300", "inf", "nan", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "x" * 5000],
)
def test_unfriendly_03_no_wait_is_longer_than_the_services_longest_window(
    tmp_path: Path, asked: str
) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        there.on("GET", "/v1.0/a", (429, {}, {"Retry-After": asked}), (200, EMPTY))
        assert await graph.get("/a") == EMPTY
        clock = graph.clock
        assert isinstance(clock, LeapingClock)
        assert 0 < sum(clock.slept) < 3600

    story(tmp_path, tell)


@pytest.mark.parametrize(
    "told",
    [
        {"RateLimit-Limit": "0.5"},
        {"RateLimit-Remaining": "0", "RateLimit-Reset": "31536000"},
    ],
)
def test_unfriendly_03_figures_of_a_limit_that_make_no_sense_stop_nothing(
    tmp_path: Path, told: dict[str, str]
) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        there.on("GET", "/v1.0/a", (200, EMPTY, told), (200, EMPTY))
        await graph.get("/a")
        await graph.get("/a")
        clock = graph.clock
        assert isinstance(clock, LeapingClock)
        assert sum(clock.slept) < 3600

    story(tmp_path, tell)


@pytest.mark.parametrize("status", [200, 400])
def test_M11_an_answer_without_bounds_is_not_read(tmp_path: Path, status: int) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        there.on("GET", "/v1.0/a", (status, b'{"value": ["' + b"x" * (17 << 20) + b'"]}'))
        with pytest.raises(GraphError, match="is larger than 16 MB"):
            await graph.get("/a")

    story(tmp_path, tell)


@pytest.mark.parametrize("value", [b"[]", b"{}", b"[[]]", b'{"a":0}', b"0"])
def test_an_answer_of_far_too_many_values_is_not_made_into_objects(
    tmp_path: Path, value: bytes
) -> None:
    """A few million bytes, and a hundred times that in memory."""

    async def tell(there: Stage, graph: Graph) -> None:
        many = b'{"value": [' + b",".join([value] * 1_000_001) + b"]}"
        there.on("GET", "/v1.0/a", (200, many))
        with pytest.raises(GraphError, match="page-malformed"):
            await graph.get("/a")

    story(tmp_path, tell)


@pytest.mark.parametrize("error", [{"code": "accessDenied"}, {}, "no"])
def test_a_page_that_is_an_error_as_well_is_no_page(tmp_path: Path, error: object) -> None:
    async def tell(there: Stage, graph: Graph) -> None:
        there.on("GET", "/v1.0/a", {**EMPTY, "error": error})
        with pytest.raises(GraphError, match=r"page-malformed.*GET /a is a page and an error"):
            await _all(graph, "/a")

    story(tmp_path, tell)


ODD = {
    "another protocol": b"SSH-2.0-x\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n{}",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabcd",
    "an encoding that nobody asked for":
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd",
    "no status": b"HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "another line": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_M11_an_answer_that_is_no_answer_is_an_error(tmp_path: Path, odd: str) -> None:
    asyncio.run(asyncio.wait_for(_answered(tmp_path, [ODD[odd]]), 60))


def test_M11_an_answer_that_comes_byte_by_byte_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_LONGEST", 0.3)
    drips = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[b" "] * 400]
    asyncio.run(asyncio.wait_for(_answered(tmp_path, drips), 20))


async def _answered(folder: Path, pieces: list[bytes]) -> None:
    """A server answers with these bytes, and that is an error of ours."""
    async with stage(folder) as there:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "server.pem")

        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.05 if len(pieces) > 1 else 0)
            except (OSError, EOFError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=context)
        origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        account = Account(
            TENANT, CLIENT, secret=SECRET, cloud=Cloud(there.graph, origin), ca=there.ca
        )
        patience = Patience(tries=3, throttles=3)
        async with open_graph(account, clock=LeapingClock(), patience=patience) as graph:
            with pytest.raises(GraphError, match=r"connection-cut|graph-refused"):
                await graph.get("/a")
        server.close()
