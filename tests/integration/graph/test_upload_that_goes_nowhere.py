"""An upload session that takes what is sent and keeps nothing of it: an end, and no circle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

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
