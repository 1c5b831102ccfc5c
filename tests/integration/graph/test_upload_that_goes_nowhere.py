"""An upload session that takes what is sent and keeps nothing of it: an end, and no circle."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sluis.graph import calls
from sluis.graph.retry import Patience
from support.small_drive import SmallDrive, Work, play

MOST = 60  # calls for one file


@pytest.mark.parametrize("told", [["0-"], ["0-0", "0-"], ["00-9"], ["0-49"]])
def test_M11_a_session_that_keeps_nothing_is_left(tmp_path: Path, told: list[str]) -> None:
    async def story(work: Work) -> None:
        work.drive.add("a.txt", b"1" * 50)
        await work.export()
        target = SmallDrive(work.drive.stage, "d2")
        work.drive = target

        def bend(request: web.Request, _body: bytes) -> Any:
            if len(target.asked) > MOST:  # it goes round in circles
                return 500, {}
            if request.path.startswith("/session/") and request.method in ("PUT", "GET"):
                return 202 if request.method == "PUT" else 200, {"nextExpectedRanges": told}
            return None

        target.bend = bend
        report = await work.bring_over()
        assert len(target.asked) < MOST
        assert report.outcome == "incomplete"
        (line,) = (await work.compare()).lines
        assert line.category == "missing"

    play(tmp_path, story)


def test_a_session_that_keeps_a_byte_of_each_piece_is_left(tmp_path: Path) -> None:
    """Each piece of ten million bytes would bring it one byte further."""

    async def story(work: Work) -> None:
        work.drive.add("a.bin", b"1" * (11 << 20))
        await work.export()
        work.drive = target = SmallDrive(work.drive.stage, "d2")
        kept = 0

        def bend(request: web.Request, _body: bytes) -> Any:
            nonlocal kept
            if not request.path.startswith("/session/") or request.method == "DELETE":
                return None
            kept += request.method == "PUT"
            return 202, {"nextExpectedRanges": [f"{kept}-"]}

        target.bend = bend
        report = await work.bring_over()
        assert kept < 20
        assert report.outcome == "incomplete"

    play(tmp_path, story)


@pytest.mark.parametrize("how", ["large", "slow"])
def test_an_answer_to_a_piece_that_never_ends_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(calls, "_LARGEST", 1 << 20)
    if how == "slow":
        monkeypatch.setattr(calls, "_LONGEST", 1.0)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while request.transport is not None and not request.transport.is_closing():
                await response.write(b" " * (1 << 16 if how == "large" else 1))
                await asyncio.sleep(0.0 if how == "large" else 0.05)
        return response

    async def story(work: Work) -> None:
        work.drive.add("a.txt", b"1" * 50)
        work.drive.add("b.txt", b"2" * 50)
        await work.export()
        work.drive = target = SmallDrive(work.drive.stage, "d2")
        # whichever sessions the files get
        for number in range(1, 9):
            work.drive.stage.on("PUT", f"/session/{number}", endless)
        report = await work.bring_over()
        assert report.outcome == "incomplete"
        assert target.at("a.txt") is None

    play(tmp_path, story, patience=Patience(tries=2, first=0.01))
