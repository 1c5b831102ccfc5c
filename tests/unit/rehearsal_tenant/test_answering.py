"""Every answer comes, as late as was set, and an error of whatever kind has Graph's shape."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from sluis.rehearsal.tenant.answering import answered
from sluis.rehearsal.tenant.api_error import ApiError, request_ids
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.world import World


def _answer(world: World, outcome: Exception | None) -> web.Response:
    async def make() -> web.StreamResponse:
        if outcome is not None:
            raise outcome
        return web.Response(status=204)

    made = asyncio.run(answered(world, request_ids({}), make))
    assert isinstance(made, web.Response)
    return made


@pytest.mark.parametrize(
    ("outcome", "status", "code", "counted"),
    [
        (None, 204, "", ""),
        (ApiError(418, "teapot", "No coffee."), 418, "teapot", ""),
        (ConnectionResetError(), 400, "BadRequest", "cut by the client"),
        (KeyError("oops"), 500, "generalException", "mistake of the tenant"),
    ],
)
def test_an_answer_comes_whatever_happens(
    tmp_path: Path, outcome: Exception | None, status: int, code: str, counted: str
) -> None:
    world = World(Settings(), tmp_path, Clock())
    made = _answer(world, outcome)
    assert made.status == status
    if code:
        assert isinstance(made.body, bytes)
        assert json.loads(made.body)["error"]["code"] == code
        assert b"oops" not in made.body
    assert dict(world.counters) == ({counted: 1} if counted else {})


def test_every_answer_is_held_back_as_long_as_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []

    async def sleep(seconds: float) -> None:
        held.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    _answer(World(Settings(latency_ms=50), tmp_path, Clock()), None)
    assert held == [0.05]
    _answer(World(Settings(), tmp_path, Clock()), None)
    assert held == [0.05]
