"""A content server that gives without end, or hardly at all: one line, and the rest goes over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from sluis.errors import SnapshotError
from sluis.graph import content, wire
from sluis.graph.retry import Patience
from sluis.tenant.forecast import Policy
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine, read_manifest
from support.small_drive import SmallDrive, Work, move_over, play

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WORDS = b"what somebody wrote. " * 40


@pytest.fixture(autouse=True)
def _less(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of earnest, smaller."""
    monkeypatch.setattr(content, "_BEYOND", 2 << 20)


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test does not wait for five minutes."""
    monkeypatch.setattr(wire, "WINDOW", 1.0)


def _giving(piece: bytes, *, length: int | None, every: float = 0.0) -> Handler:
    """Gives a piece again and again, until the client leaves."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if length is None:
            response.enable_chunked_encoding()
        else:
            response.content_length = length
        await response.prepare(request)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while request.transport is not None and not request.transport.is_closing():
                await response.write(piece)
                await asyncio.sleep(every)
        return response

    return answer


_ENDLESS = {
    "chunks": _giving(b"x" * (1 << 18), length=None),
    "a length that no disk has": _giving(b"x" * (1 << 18), length=10**15),
    "ten times the length": _giving(b"x" * (1 << 18), length=10 << 20),
}


def _bend(drive: SmallDrive, item: str, handler: Handler) -> None:
    drive.stage.on("GET", f"/bytes/{item}", handler)


def _lines(work: Work) -> dict[str, ManifestLine]:
    return {line.path: line for line in read_manifest(work.manifest)}


def _left_over(work: Work) -> list[str]:
    return [one.name for one in work.folder.rglob("*.part")]


@pytest.mark.parametrize("how", _ENDLESS)
def test_a_body_far_beyond_its_listed_size_is_a_line_and_the_rest_goes_over(tmp_path, how):
    """More of them in a row than would mean that the service is away."""

    async def story(work: Work) -> None:
        for number in range(30):
            _bend(work.drive, work.drive.add(f"bad/{number}.txt", WORDS).id, _ENDLESS[how])
        for number in range(5):
            work.drive.add(f"good/{number}.txt", WORDS)
        await work.export()
        lines = _lines(work)
        assert {lines[f"bad/{number}.txt"].state for number in range(30)} == {COULD_NOT}
        assert {lines[f"good/{number}.txt"].state for number in range(5)} == {"had"}
        assert "far beyond the 840 bytes that the service lists" in (lines["bad/7.txt"].why or "")
        assert _left_over(work) == []

    play(tmp_path, story)


def test_a_file_that_grew_since_it_was_listed_is_taken_as_long_as_the_item_says(tmp_path):
    async def story(work: Work) -> None:
        longer = b"y" * (5 << 20)
        one = work.drive.add("diary.txt", WORDS)

        async def grown(_request: web.Request) -> web.StreamResponse:
            work.drive.things[one.id].data, one.version = longer, 2
            return web.Response(body=longer)

        _bend(work.drive, one.id, grown)
        await work.export()
        line = _lines(work)["diary.txt"]
        assert (line.state, line.size, line.check) == ("had", len(longer), "equal")

    play(tmp_path, story)


def test_an_earlier_version_without_end_is_not_had_and_the_file_is(tmp_path):
    async def story(work: Work) -> None:
        one = work.drive.add("diary.txt", WORDS)
        listed = f"/v1.0/drives/d1/items/{one.id}/versions/1.0"
        work.drive.stage.on(
            "GET", f"{listed}/content", (302, None, {"Location": f"{work.drive.stage.content}/v"})
        )
        work.drive.stage.on("GET", "/v", _ENDLESS["chunks"])
        work.drive.stage.on("GET", listed, {"id": "1.0", "size": 9})
        report = await work.export(Policy("all", permissions=False, fields=False))
        assert _lines(work)["diary.txt"].state == "had"
        whys = [gap.why for gap in report.gaps if gap.what == "an earlier version"]
        assert len(whys) == 1
        assert "far beyond the 9 bytes" in whys[0]

    play(tmp_path, story)


def test_a_comparison_goes_on_behind_a_body_without_end(tmp_path):
    async def story(work: Work) -> None:
        await move_over(work, {"a.txt": WORDS, "b.txt": WORDS, "c.txt": WORDS})
        await work.bring_over()
        bent = work.drive.at("b.txt")
        assert bent is not None
        _bend(work.drive, bent.id, _ENDLESS["chunks"])
        found = await work.compare()
        said = {line.path: (line.category, line.basis) for line in found.lines}
        assert said["b.txt"] == ("differs", "not verified")
        assert said["a.txt"] == said["c.txt"] == ("equal", "every byte")

    play(tmp_path, story)


_SLOW = {
    "a small body": _giving(b"x", length=len(WORDS), every=0.05),
    "a long body": _giving(b"x", length=3 << 20, every=0.05),
    "chunks": _giving(b"x", length=None, every=0.05),
}


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("how", _SLOW)
def test_a_body_that_drips_is_a_line_and_the_rest_goes_over(tmp_path, how):
    async def story(work: Work) -> None:
        size = 3 << 20 if "long" in how else len(WORDS)
        _bend(work.drive, work.drive.add("slow.txt", b"x" * size).id, _SLOW[how])
        work.drive.add("good.txt", WORDS)
        await work.export()
        lines = _lines(work)
        assert lines["slow.txt"].state == COULD_NOT
        assert "too slowly" in (lines["slow.txt"].why or "")
        assert lines["good.txt"].state == "had"

    play(tmp_path, story, patience=Patience(tries=2, first=0.01))


def test_a_byte_for_each_connection_is_no_progress(tmp_path):
    asked = []

    async def story(work: Work) -> None:
        async def one_more(request: web.Request) -> web.StreamResponse:
            at = int(request.headers.get("Range", "bytes=0-")[6:-1])
            asked.append(at)
            response = web.StreamResponse(status=206 if at else 200)
            response.content_length = len(WORDS) - at
            if at:
                told = f"bytes {at}-{len(WORDS) - 1}/{len(WORDS)}"
                response.headers["Content-Range"] = told
            await response.prepare(request)
            await response.write(WORDS[at : at + 1])
            await asyncio.sleep(0.01)
            if request.transport is not None:
                request.transport.abort()
            return response

        _bend(work.drive, work.drive.add("slow.txt", WORDS).id, one_more)
        await work.export()
        assert _lines(work)["slow.txt"].state == COULD_NOT
        assert len(asked) == 4

    play(tmp_path, story, patience=Patience(tries=4, first=0.01))


@pytest.mark.usefixtures("_soon")
def test_a_slow_line_that_is_honest_gets_there(tmp_path):
    """20 KB a second, for twice as long as a drip is borne with."""

    async def story(work: Work) -> None:
        data = bytes(range(256)) * 240

        async def slowly(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            response.content_length = len(data)
            await response.prepare(request)
            await response.write(data[:20_000])
            for at in range(20_000, len(data), 1_000):
                await response.write(data[at : at + 1_000])
                await asyncio.sleep(0.05)
            return response

        _bend(work.drive, work.drive.add("slow.bin", data).id, slowly)
        await work.export()
        assert _lines(work)["slow.bin"].check == "equal"

    play(tmp_path, story)


def test_nothing_is_written_that_the_disk_has_no_room_for(tmp_path):
    """The listing says the same length, and so does the item."""

    async def story(work: Work) -> None:
        one = work.drive.add("film.bin", WORDS, size=10**15)
        _bend(work.drive, one.id, _ENDLESS["a length that no disk has"])
        with pytest.raises(SnapshotError, match="disk-full"):
            await work.export()
        assert _left_over(work) == []

    play(tmp_path, story)
