"""Whatever an answer of the service looks like, it is an error in words that names the call (M11).

A whole move is made over each kind of call, with that call's answers replaced, one after the
other, by whatever is no such answer; and then with each of their fields replaced.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import SluisError
from sluis.graph.retry import Patience
from sluis.tenant.discover import discover
from sluis.tenant.forecast import Policy
from sluis.tenant.import_policy import LEAVE_OUT, ImportPolicy
from sluis.tenant.tenant_manifest import read_manifest
from sluis.tenant.user_map import UserMap
from support.small_drive import SmallDrive, Work, play

ALL = Policy("all", permissions=True, fields=True)
SIGNED = ImportPolicy(
    users=UserMap({"a@old.example": "a@new.example"}), leave_out=frozenset(LEAVE_OUT)
)
pytestmark = pytest.mark.slow

QUICK = Patience(tries=2, throttles=2, first=0.01, longest=0.01)
#: bodies that are no answer to anything we ask
BODIES = [
    b"", b"null", b"[]", b"7", b'"text"', b"{}", b"{", b"<html>busy</html>", b"\xff\xfe\x00",
    b'{"value": 7}', b'{"value": [7]}', b'{"value": [null]}', b'{"id": 7}', b'{"id": ["a"]}',
    b'{"value": [], "@odata.nextLink": 7}', b"[" * 5_000, b'{"a":' * 5_000, b'{"id": "another"}',
    b'{"uploadUrl": 7, "nextExpectedRanges": 7, "responses": 7}',
    b'{"uploadUrl": "not a link", "nextExpectedRanges": [7, null, "x-"]}',
]  # fmt: skip
#: those of which nothing can be read whatever was asked
NO_OBJECT = [*BODIES[1:5], b"{", b"<html>busy</html>", b"\xff\xfe\x00"]
#: the calls of a move; what stands in an address is left out
CALLS = {
    "GET drive": r"GET /v1\.0/drives/d\d",
    "GET root": r"GET /v1\.0/drives/d\d/root",
    "GET delta": r"GET .*/root/delta",
    "GET item": r"GET .*/items/i\d+",
    "GET children": r"GET .*/children",
    "GET permissions": r"GET .*/permissions",
    "GET versions": r"GET .*/versions",
    "GET list items": r"GET .*/list/items",
    "GET content": r"GET .*/content",
    "POST folder": r"POST .*/children",
    "POST session": r"POST .*/createUploadSession",
    "PUT piece": r"PUT /session/\d+",
    "PATCH item": r"PATCH .*/items/i\d+",
    "POST invite": r"POST .*/invite",
    "GET sites": r"GET /v1\.0/sites/getAllSites",
    "GET drives of a site": r"GET .*/sites/s1/drives",
    "GET lists": r"GET .*/sites/s1/lists",
    "GET subsites": r"GET .*/sites/s1/sites",
    "GET groups": r"GET /v1\.0/groups",
    "GET site of a group": r"GET /v1\.0/groups/g1/sites/root",
    "GET users": r"GET /v1\.0/users",
    "GET drives of a person": r"GET /v1\.0/users/u1/drives",
}
VALUES: list[Any] = [None, 7, -1, True, "text", "", [], {}, ["a"], {"a": 1}, 2**70, 1.5]


class Bent:
    """A small drive of which the answers to one kind of call are replaced."""

    def __init__(self, drive: SmallDrive, call: str) -> None:
        self.pattern, self.hits = re.compile(CALLS[call]), 0
        self.drive, self.body = drive, b""
        #: which field, by its number, and what stands in it
        self.field: tuple[int, Any] | None = None

    def __call__(self, request: web.Request, body: bytes) -> Any:
        if not self.pattern.fullmatch(f"{request.method} {request.path}"):
            return None
        self.hits += 1
        if self.field is None:
            return web.Response(status=200, body=self.body, content_type="application/json")
        self.drive.bend = _straight
        plain = self.drive.answer(request, body)
        self.drive.bend = self
        told = json.loads(plain.body) if plain.body else None
        if not isinstance(told, dict):
            return plain
        headers = {k: v for k, v in plain.headers.items() if k == "Location"}
        number, value = self.field
        places = list(fields_of(told))
        if places:
            told = replaced(told, places[number % len(places)], value)
        return web.json_response(told, status=plain.status, headers=headers)


def fields_of(told: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of an answer, but for those of a list the first only."""
    places = told.items() if isinstance(told, dict) else []
    if isinstance(told, list):
        places = [(0, told[0])] if told else []
    for name, value in places:
        yield (*path, name)
        yield from fields_of(value, (*path, name))


def replaced(told: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The answer with something else in that place, where it has it."""
    made = copy.deepcopy(told)
    here = made
    for name in path[:-1]:
        known = isinstance(here, dict) or (isinstance(here, list) and here)
        here = here[name] if known and (isinstance(here, list) or name in here) else {}
    if isinstance(here, dict) and path[-1] in here:
        here[path[-1]] = value
    return made


async def _a_whole_move(work: Work, bent: Bent, steps: str) -> list[str]:
    """What discovery, export, import and comparison say of what they could not do."""
    said: list[str] = []
    source = work.drive
    source.bend = bent if steps != "in" else _straight
    for step, name in ((_discovery, "look"), (_export, "out")):
        if steps == name or (steps == "in" and name == "out"):
            try:
                said += await step(work)
            except SluisError as error:
                said.append(f"{error.code}: {error.what}")
    if steps != "in":
        return said
    work.drive = SmallDrive(source.stage, "d2")
    work.drive.rights = source.rights
    work.drive.bend, bent.drive = bent, work.drive
    try:
        done = await work.bring_over(SIGNED)
        said += [f"{one.code}: {one.what}" for one in done.reasons]
        found = await work.compare(SIGNED)
        said += [line.why for line in found.lines if line.why]
        said += [one.why for one in found.rights_missing]
    except SluisError as error:
        said.append(f"{error.code}: {error.what}")
    return said


def _straight(_request: web.Request, _body: bytes) -> Any:
    return None


async def _discovery(work: Work) -> list[str]:
    found = await discover(work.graph)
    return [gap.why for gap in found.could_not]


async def _export(work: Work) -> list[str]:
    report = await work.export(ALL)
    lines = list(read_manifest(work.manifest))
    said = [gap.why for gap in report.gaps]
    for line in lines:
        said += filter(None, (line.why, line.rights_why, line.check_note))
        said += [str(one["why"]) for one in line.versions if "why" in one]
    return said


def _tenant(drive: SmallDrive) -> dict[str, Any]:
    """Answers beside a drive's own."""
    return {
        "/v1.0/sites/getAllSites": {"value": [{"id": "s1", "displayName": "One"}]},
        "/v1.0/sites/s1/drives": {"value": [{"id": "d1", "name": "Documents", "owner": {
            "user": {"displayName": "A"}}}]},
        "/v1.0/sites/s1/lists": {"value": [{"id": "l1", "displayName": "Stock", "webUrl": "x",
                                            "list": {"template": "genericList", "hidden": False}}]},
        "/v1.0/sites/s1/sites": {"value": []},
        "/v1.0/groups": {"value": [{"id": "g1", "displayName": "Board"}]},
        "/v1.0/groups/g1/sites/root": {"id": "s2", "displayName": "Board", "webUrl": "y"},
        "/v1.0/users": {"value": [{"id": "u1", "mail": "a@old.example"}]},
        "/v1.0/users/u1/drives": {"value": [{"id": "d1", "name": "OneDrive"}]},
        f"/v1.0/drives/{drive.id}/list/items": {"value": [
            {"id": "1", "fields": {"Department": "x"}, "driveItem": {"id": "i2"}}]},
    }  # fmt: skip


STEPS = {
    "look": [
        "GET sites", "GET drives of a site", "GET lists", "GET subsites", "GET groups",
        "GET site of a group", "GET users", "GET drives of a person",
    ],
    "out": [
        "GET drive", "GET delta", "GET children", "GET permissions", "GET versions",
        "GET list items", "GET content", "GET item",
    ],
    "in": [
        "GET drive", "GET root", "GET delta", "GET children", "GET permissions", "POST folder",
        "POST session", "PUT piece", "PATCH item", "POST invite",
    ],
}  # fmt: skip
KINDS = [(steps, call) for steps, calls in STEPS.items() for call in calls]
#: answers of which nothing is used but that they came, or that save a call where they can be read
UNREAD = {
    ("in", "PATCH item"), ("in", "POST invite"), ("in", "GET children"), ("out", "GET children"),
}  # fmt: skip


async def _furnished(work: Work, folder: Path) -> None:
    work.folder = folder
    folder.mkdir()
    work.drive = SmallDrive(work.drive.stage)
    work.drive.rights = [
        {"id": "p1", "roles": ["write"], "grantedToV2": {
            "user": {"id": "u1", "displayName": "A", "email": "a@old.example"}}}
    ]  # fmt: skip
    for number in range(4):
        work.drive.add(f"Plan/{number}.txt", b"x" * (500 + number), shared={"scope": "users"})
    work.drive.add("Plan/letter.docx", b"PK" * 99, size=7)
    work.drive.more = _tenant(work.drive)


@pytest.mark.parametrize(("steps", "call"), KINDS)
def test_M11_a_body_that_is_no_answer_is_said_with_its_call(
    tmp_path: Path, steps: str, call: str
) -> None:
    async def story(work: Work) -> None:
        for number, body in enumerate(BODIES):
            await _furnished(work, tmp_path / f"{number}")
            bent = Bent(work.drive, call)
            bent.body = body
            said = await _a_whole_move(work, bent, steps)
            assert bent.hits, "this call is never made"
            if body in NO_OBJECT and (steps, call) not in UNREAD:
                told = [one for one in said if "Graph's answer to" in one]
                assert told, (body[:40], said)
                assert any(re.search(r"Graph's answer to \S+.*/", one) for one in told), told

    play(tmp_path, story, patience=QUICK)


@given(st.sampled_from(KINDS), st.integers(0, 60), st.sampled_from(VALUES))
@settings(max_examples=120, deadline=None)
def test_M11_a_field_that_is_no_such_field_breaks_nothing(
    kind: tuple[str, str], place: int, value: Any
) -> None:
    steps, call = kind

    async def story(work: Work) -> None:
        await _furnished(work, work.folder / "move")
        bent = Bent(work.drive, call)
        bent.field = (place, value)
        for line in await _a_whole_move(work, bent, steps):
            assert "Error:" not in line
            assert "object has no" not in line

    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder), story, patience=QUICK)
