"""What a listing calls deleted, or names no more, is asked for before it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.weather import Weather
from sluis.tenant.enumerate import enumerate_drive
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from support.graph_stage import Stage, connected, refusal
from support.listed import live_paths
from support.tenant_exports import hold_against_the_tenant, make_pass, source_of

SOURCE = Source("sharepoint", "d1", "Team", site_id="s1", drive_id="d1")
DRIVE = "/v1.0/drives/d1"
DELTA = f"{DRIVE}/root/delta"


def _item(name: str, parent: str, children: int | None = None) -> dict[str, Any]:
    facet: dict[str, Any] = {"file": {}} if children is None else {}
    if children is not None:
        facet = {"folder": {"childCount": children}}
    return {"id": name, "name": name, "parentReference": {"id": parent}, **facet}


def _root(children: int) -> dict[str, Any]:
    return {"id": "root", "name": "root", "root": {}, "folder": {"childCount": children}}


def _gone(item: str, parent: str | None = None) -> dict[str, Any]:
    place = {} if parent is None else {"parentReference": {"id": parent}}
    return {"id": item, "deleted": {}, **place}


class Listings:
    """Passes over a drive that tells what it is given to tell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.gaps: dict[str, str] = {}
        self.notes: list[str] = []

    def passes(
        self,
        *told: list[dict[str, Any]],
        there: list[dict[str, Any]],
        denied: tuple[str, ...] = (),
        restored: tuple[str, ...] = (),
    ) -> list[str]:
        """The paths after these listings.

        ``there``: what is told to who asks for it; ``denied``: what is refused to who asks;
        ``restored``: what of both is so from the last pass on, and not there before.
        """

        async def whole() -> list[str]:
            async with connected(self.folder) as (stage, graph):
                stage.on("GET", DRIVE, {"id": "d1"})
                told_of: dict[str, Any] = {one["id"]: one for one in [*there, told[-1][0]]}
                for item in told_of:
                    below = [x for x in there if x["parentReference"]["id"] == item]
                    stage.on("GET", f"{DRIVE}/items/{item}/children", {"value": below})
                told_of |= {item: refusal(403, "accessDenied") for item in denied}
                for item in told_of.keys() - set(restored):
                    stage.on("GET", f"{DRIVE}/items/{item}", told_of[item])
                for entries in told:
                    for item in restored if entries is told[-1] else ():
                        stage.on("GET", f"{DRIVE}/items/{item}", told_of[item])
                    # each pass is a process of its own, which finds nothing but the file
                    with DriveState(self.folder / "state.sqlite", "d1") as state:
                        link = f"{stage.graph}{DELTA}?token=end"
                        stage.on("GET", DELTA, {"value": entries, "@odata.deltaLink": link})
                        number = state.begin_pass("2026-01-01T00:00:00Z").number
                        await enumerate_drive(graph, SOURCE, state)
                        state.finish_pass("2026-01-02T00:00:00Z")
                        self.gaps = {gap.subject: gap.why for gap in state.gaps(number)}
                        notes = state.notes(number)
                        self.notes = [note for kind, note in notes if kind != "quota"]
                        paths = live_paths(state)
                self.asked = _asked_for(stage)
                return paths

        return asyncio.run(whole())


def _asked_for(stage: Stage) -> list[str]:
    items = f"{DRIVE}/items/"
    paths = [one["path"] for one in stage.seen]
    return sorted(path.removeprefix(items) for path in paths if path.startswith(items))


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    return Listings(tmp_path)


def test_what_is_called_deleted_and_is_there_stays_and_is_told(listings: Listings) -> None:
    there = [_item("a", "root"), _item("b", "root")]
    # it counts as it lies
    assert listings.passes([_root(2), *there], [_root(1), _gone("a")], there=there) == ["a", "b"]
    (note,) = listings.notes
    assert note.startswith("The listing called 1 item deleted, or named it no more, that is there:")
    assert "a (a)" in note
    assert not listings.gaps


def test_only_what_is_not_there_is_gone(listings: Listings) -> None:
    items = [_item(one, "root") for one in "abc"]
    second = [_root(1), _gone("a"), _gone("b")]
    assert listings.passes([_root(3), *items], second, there=items[2:]) == ["c"]
    assert listings.asked == ["a", "b"]
    assert not listings.gaps and not listings.notes


def test_what_nobody_says_is_gone_stays_and_is_a_gap(listings: Listings) -> None:
    items = [_item("a", "root"), _item("b", "root")]
    second = [_root(1), _gone("a"), _gone("new")]
    paths = listings.passes([_root(2), *items], second, there=items[1:], denied=("a", "new"))
    assert paths == ["a", "b"]
    assert set(listings.gaps) == {"Team: a (a)", "Team: an item without a name (new)"}
    assert not listings.notes


def test_what_is_called_deleted_and_was_never_listed_is_asked_for(listings: Listings) -> None:
    there = [_item("a", "root"), _item("new", "root")]
    second = [_root(1), _gone("new"), _gone("brief")]
    assert listings.passes([_root(1), there[0]], second, there=there) == ["a", "new"]
    assert listings.asked.count("brief") == 1


def test_what_a_whole_listing_names_no_more_is_asked_for(listings: Listings) -> None:
    first = [_root(2), _item("a", "root"), _item("b", "root")]
    resync = refusal(410, "resyncRequired")

    async def whole() -> list[str]:
        async with connected(listings.folder) as (stage, graph):
            stage.on("GET", DRIVE, {"id": "d1"})
            stage.on("GET", f"{DRIVE}/items/a", _item("a", "root"))
            stage.on("GET", f"{DRIVE}/items/root", _root(0))
            stage.on("GET", f"{DRIVE}/items/root/children", {"value": []})
            link = f"{stage.graph}{DELTA}?token=end"
            answers = ({"value": told, "@odata.deltaLink": link} for told in (first, [_root(0)]))
            stage.on("GET", DELTA, next(answers), resync, next(answers))
            for _pass in range(2):
                with DriveState(listings.folder / "state.sqlite", "d1") as state:
                    state.begin_pass("2026-01-01T00:00:00Z")
                    await enumerate_drive(graph, SOURCE, state)
                    state.finish_pass("2026-01-02T00:00:00Z")
                    paths = live_paths(state)
            return paths

    assert asyncio.run(whole()) == ["a"]


def test_of_what_went_with_a_folder_only_the_folder_is_asked_for(listings: Listings) -> None:
    below = [_item(f"i{number}", "f") for number in range(30)]
    first = [_root(1), _item("f", "root", 30), *below]
    second = [_root(0), *(_gone(one["id"], "f") for one in below), _gone("f")]
    assert listings.passes(first, second, there=[]) == []
    assert listings.asked == ["f"]


@pytest.mark.parametrize("told", [None, "g"])
def test_what_was_moved_out_of_a_folder_that_went_is_asked_for(
    listings: Listings, told: str | None
) -> None:
    """Only an earlier pass had it in that folder, and the counts agree with the listing."""
    first = [_root(2), _item("f", "root", 1), _item("x", "f"), _item("g", "root", 0)]
    second = [_root(1), _item("g", "root", 0), _gone("x", told), _gone("f", "root")]
    there = [_item("g", "root", 0), _item("x", "g")]
    assert listings.passes(first, second, there=there) == ["g", "g/x"]


def test_what_lay_in_a_folder_that_is_there_is_asked_for(listings: Listings) -> None:
    first = [_root(1), _item("f", "root", 1), _item("x", "f")]
    second = [_root(1), _gone("x", "g"), _gone("g", "root"), _gone("f", "root")]
    there = [_item("g", "root", 0), _item("x", "g")]
    assert listings.passes(first, second, there=there) == ["g", "g/x"]


def test_a_folder_that_is_there_keeps_what_is_in_it(listings: Listings) -> None:
    there = [_item("f", "root", 1), _item("x", "f")]
    first = [_root(1), _item("f", "root", 2), _item("x", "f"), _item("y", "f")]
    second = [_root(0), _gone("y"), _gone("f")]
    assert listings.passes(first, second, there=there) == ["f", "f/x"]


def test_what_is_there_and_whose_folder_is_not_has_a_line(listings: Listings) -> None:
    first = [_root(1), _item("f", "root", 1), _item("g", "f", 1), _item("x", "g")]
    # the folder between was not called deleted, and went with the one above
    second = [_root(0), _gone("x"), _gone("f")]
    assert listings.passes(first, second, there=[_item("x", "g")]) == []
    (gap,) = [why for subject, why in listings.gaps.items() if "(x)" in subject]
    assert "no path" in gap


@pytest.mark.parametrize("denied", [(), ("x",)])
def test_what_was_gone_and_is_called_deleted_again_is_asked_for(
    listings: Listings, denied: tuple[str, ...]
) -> None:
    there = [_item("x", "root"), _item("y", "root")]
    first = [_root(2), *there]
    gone = [[_root(1), _gone("x", "root")] for _ in range(2)]
    # it was restored, or the service does not tell
    paths = listings.passes(first, *gone, there=there, denied=denied, restored=("x",))
    assert paths == (["y"] if denied else ["x", "y"])
    assert bool(listings.gaps) == bool(denied)


def test_a_first_listing_asks_for_nothing(listings: Listings) -> None:
    there = [_item("a", "root")]
    assert listings.passes([_root(1), *there], there=there) == ["a"]
    assert listings.asked == []


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    people = Population(users=0, sites=1, items_per_drive=60, file_size=(0, 2_000))
    with start_tenant(tmp_path_factory.mktemp("tenant"), Settings(population=people)) as running:
        yield running


@pytest.mark.parametrize("first", [False, True])
def test_a_liar_of_a_tenant_loses_nothing(tenant: Tenant, tmp_path: Path, first: bool) -> None:
    source, control = source_of(tenant), tenant.control
    liar = Weather(called_deleted=0.3)
    control.set_weather(liar if first else Weather())
    if first:
        control.add_file(source.drive_id, "More/new.txt", b"new")
    make_pass(tenant, tmp_path, source)
    control.set_weather(liar)
    control.delete(source.drive_id, control.items(source.drive_id)[-1]["id"])
    report = make_pass(tenant, tmp_path, source)
    hold_against_the_tenant(tenant, tmp_path, source, 2)
    assert any("that are there" in note for note in report.notes)
    assert report.changes.get("vanished", 0) == 1
