"""Rights in a manifest are those of its own pass, and what nobody knows is said (M3, M4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.tenant.enumerate import enumerate_drive
from sluis.tenant.listed_items import apply_page
from sluis.tenant.manifest_lines import manifest_lines
from sluis.tenant.permissions import fetch_permissions
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from sluis.tenant.tenant_manifest import Gap, ManifestLine, line_as_data, line_from_data
from support.graph_stage import Stage, connected, refusal

SOURCE = Source("sharepoint", "d1", "Team / Documents", site_id="s1", drive_id="d1")
ROOT = {"id": "root", "name": "root", "root": {}, "folder": {"childCount": 1}}
PLACE = "/v1.0/drives/d1/items/a/permissions"
ANN = {"id": "1", "roles": ["write"], "grantedToV2": {"user": {"email": "ann@old.example"}}}
BOB = {"id": "2", "roles": ["read"], "grantedToV2": {"user": {"email": "bob@old.example"}}}
FILE = {"id": "a", "name": "a.txt", "size": 1, "eTag": "e", "file": {},
        "parentReference": {"id": "root"}}  # fmt: skip
SHARED = {**FILE, "shared": {"scope": "users"}}


class Drive:
    def __init__(self, stage: Stage, graph: Graph, state: DriveState) -> None:
        self.stage, self.graph, self.state = stage, graph, state
        stage.on("GET", "/v1.0/drives/d1/items/root/permissions", {"value": []})

    async def one_pass(self, listed: list[dict[str, Any]], *answers: Any) -> ManifestLine:
        """A pass whose listing names these items; what the file's line says."""
        self.stage.on("GET", PLACE, *answers)
        number = self.state.begin_pass("2026-01-01T00:00:00Z").number
        named = [ROOT, *listed] if number == 1 else listed
        apply_page(self.state, number, named, "end", complete=True)
        self.state.give_places()
        await fetch_permissions(self.graph, SOURCE, self.state)
        (line,) = manifest_lines(self.state)
        self.gaps = self.state.gaps(number)
        self.state.finish_pass("2026-01-02T00:00:00Z")
        return line_from_data(line_as_data(line))


def story(folder: Path, tell: Callable[[Drive], Any]) -> None:
    async def whole() -> None:
        async with connected(folder) as (stage, graph):
            with DriveState(folder / "s.sqlite", "d1") as state:
                await tell(Drive(stage, graph, state))

    asyncio.run(whole())


@pytest.mark.parametrize("listed", [[], [FILE], [SHARED]], ids=["untold", "unshared", "shared"])
@pytest.mark.parametrize("left", [[], [ANN]], ids=["none left", "one left"])
def test_M3_a_right_that_was_revoked_is_in_no_later_manifest(
    tmp_path: Path, listed: list[dict[str, Any]], left: list[dict[str, Any]]
) -> None:
    async def tell(drive: Drive) -> None:
        first = await drive.one_pass([SHARED], {"value": [ANN, BOB]})
        assert first.permissions == (ANN, BOB)
        second = await drive.one_pass(listed, {"value": left})
        assert (second.permissions, second.rights_why) == (tuple(left), None)
        third = await drive.one_pass([], {"value": left})
        assert third.permissions == tuple(left)

    story(tmp_path, tell)


def test_M3_a_right_that_was_given_later_is_in_the_manifest(tmp_path: Path) -> None:
    async def tell(drive: Drive) -> None:
        assert (await drive.one_pass([FILE], refusal(500, "x"))).permissions == ()
        assert drive.stage.requests("GET", PLACE) == []  # it had none of its own
        assert (await drive.one_pass([SHARED], {"value": [ANN]})).permissions == (ANN,)
        assert (await drive.one_pass([], {"value": [ANN, BOB]})).permissions == (ANN, BOB)

    story(tmp_path, tell)


@pytest.mark.parametrize(("full", "rejects"), [(True, False), (True, True), (False, False)])
def test_M3_the_listing_is_asked_for_changes_of_rights_where_that_can_be(
    tmp_path: Path, full: bool, rejects: bool
) -> None:
    page = {"value": [ROOT], "@odata.deltaLink": "end"}

    def answer(request: Any) -> Any:
        from support.graph_stage import say

        if rejects and "deltashowsharingchanges" in request.headers["Prefer"]:
            return say(400, {"error": {"code": "invalidRequest"}})
        link = f"https://{request.host}/v1.0/drives/d1/root/delta?token=x"
        return say(200, {**page, "@odata.deltaLink": link})

    async def tell(drive: Drive) -> None:
        drive.stage.on("GET", "/v1.0/drives/d1/root/delta", answer)
        drive.stage.on("GET", "/v1.0/drives/d1", {"id": "d1"})
        drive.stage.on("GET", "/v1.0/drives/d1/items/root/children", {"value": []})
        drive.stage.on("GET", "/v1.0/drives/d1/items/root", ROOT)
        drive.state.begin_pass("2026-01-01T00:00:00Z")
        await enumerate_drive(drive.graph, SOURCE, drive.state, full_control=full)
        sent = [
            set(one["headers"]["Prefer"].split(", "))
            for one in drive.stage.requests("GET", "/v1.0/drives/d1/root/delta")
        ]
        flags = {
            "deltashowsharingchanges", "deltashowremovedasdeleted", "deltatraversepermissiongaps",
        }  # fmt: skip
        plain = {"hierarchicalsharing"}
        assert sent == ([plain | flags] if full else []) + ([plain] if rejects or not full else [])
        assert any("rights changed" in note for _, note in drive.state.notes(1)) == rejects

    story(tmp_path, tell)


NEXT = "https://{}/v1.0/drives/d1/items/a/permissions?$skiptoken=2"


def _half(request: Any) -> Any:
    from support.graph_stage import say

    if "$skiptoken" in request.query:
        return say(403, {"error": {"code": "accessDenied"}})
    return say(200, {"value": [ANN], "@odata.nextLink": NEXT.format(request.host)})


@pytest.mark.parametrize("answer", [refusal(403, "accessDenied"), refusal(404, "x"), _half])
def test_M4_rights_that_could_not_be_had_are_named_and_never_guessed(
    tmp_path: Path, answer: Any
) -> None:
    async def tell(drive: Drive) -> None:
        first = await drive.one_pass([SHARED], {"value": [ANN]})
        assert (first.permissions, first.rights_why) == ((ANN,), None)
        # what was known once is no answer now
        for listed in ([], [SHARED], [FILE]):
            line = await drive.one_pass(listed, answer)
            assert line.permissions == ()
            assert line.rights_why
            (gap,) = drive.gaps
            assert gap == Gap("permissions of an item", "a.txt (a)", line.rights_why)
        # and it is asked again until there is one
        last = await drive.one_pass([], {"value": [BOB]})
        assert (last.permissions, last.rights_why, drive.gaps) == ((BOB,), None, ())

    story(tmp_path, tell)


def test_M4_rights_that_nobody_asked_for_are_not_none(tmp_path: Path) -> None:
    with DriveState(tmp_path / "s.sqlite", "d1") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        apply_page(state, 1, [ROOT, SHARED, {**FILE, "id": "b", "name": "b"}], "end", complete=True)
        state.give_places()
        assert {line.path: bool(line.rights_why) for line in manifest_lines(state)} == {
            "a.txt": True,
            "b": False,
        }


def test_an_error_beside_no_rights_is_no_list_of_them(tmp_path: Path) -> None:
    async def tell(drive: Drive) -> None:
        line = await drive.one_pass([SHARED], {"value": [], "error": {"code": "accessDenied"}})
        assert "accessDenied" in (line.rights_why or "")
        assert [gap.what for gap in drive.gaps] == ["permissions of an item"]

    story(tmp_path, tell)
