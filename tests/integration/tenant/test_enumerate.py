"""Listings that the rehearsal tenant would not give: gaps, circles, links that are forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.graph.errors import GraphError, LoopError
from sluis.tenant.enumerate import Listing, enumerate_drive
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from support.graph_stage import Stage, connected, refusal
from support.listed import live_paths

SOURCE = Source("sharepoint", "d1", "Team / Documents", site_id="s1", drive_id="d1")
DELTA = "/v1.0/drives/d1/root/delta"
ROOT = {"id": "root", "name": "root", "root": {}, "folder": {}}


def _item(name: str, parent: str, **more: Any) -> dict[str, Any]:
    kind = {} if {"folder", "package"} & set(more) else {"file": {}}
    return {"id": name, "name": name, "parentReference": {"id": parent}, **kind, **more}


def _folder(name: str, parent: str, children: int | None = None) -> dict[str, Any]:
    return _item(name, parent, folder={} if children is None else {"childCount": children})


def _run(
    folder: Path, story: Callable[[Stage, Graph, DriveState], Awaitable[None]]
) -> tuple[list[str], DriveState]:
    async def whole() -> DriveState:
        async with connected(folder) as (stage, graph):
            state = DriveState(folder / "state.sqlite", "d1")
            state.begin_pass("2026-01-01T00:00:00Z")
            stage.on("GET", "/v1.0/drives/d1", {"id": "d1", "quota": {"used": 10}})
            await story(stage, graph, state)
            return state

    state = asyncio.run(whole())
    return live_paths(state), state


def _last(stage: Stage, *items: dict[str, Any]) -> dict[str, Any]:
    return {"value": list(items), "@odata.deltaLink": f"{stage.graph}{DELTA}?token=end"}


def test_parents_that_no_page_told_of_are_asked_for(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        stage.on("GET", DELTA, _last(stage, ROOT, _item("x", "g"), _item("y", "g")))
        stage.on("GET", "/v1.0/drives/d1/items/g", _folder("g", "f"))
        stage.on("GET", "/v1.0/drives/d1/items/f", _folder("f", "root"))
        await enumerate_drive(graph, SOURCE, state)
        assert len(stage.requests("GET", "/v1.0/drives/d1/items/g")) == 1

    assert _run(tmp_path, story)[0] == ["f", "f/g", "f/g/x", "f/g/y"]


def test_what_hangs_from_nothing_is_gone_or_named(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        loop = [_folder("a", "b"), _folder("b", "a")]
        stage.on("GET", DELTA, _last(stage, ROOT, _item("lost", "nowhere"), *loop))
        for item in loop:
            stage.on("GET", f"/v1.0/drives/d1/items/{item['id']}", item)
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert paths == []
    # "lost" answers 404 and is gone; the two that hang from each other are there, without a path
    gaps = {gap.subject: gap.why for gap in state.gaps(1)}
    assert set(gaps) == {"a", "b"}
    assert all("no path" in why for why in gaps.values())


def test_what_delta_left_out_is_found_through_the_folders_own_count(tmp_path: Path) -> None:
    listings: list[Listing] = []

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        told = [_folder("f", "root", 3), _item("seen", "f"), _item("ghost", "f")]
        stage.on("GET", DELTA, _last(stage, ROOT, *told))
        stage.on("GET", "/v1.0/drives/d1/items/f", _folder("f", "root", 4))
        shown = [_item("seen", "f"), _folder("deep", "f", 1), _item("new", "f")]
        stage.on("GET", "/v1.0/drives/d1/items/f/children", {"value": shown})
        stage.on("GET", "/v1.0/drives/d1/items/deep", _folder("deep", "f", 1))
        below = {"value": [_item("far", "deep")]}
        stage.on("GET", "/v1.0/drives/d1/items/deep/children", below)
        listings.append(await enumerate_drive(graph, SOURCE, state))

    paths, state = _run(tmp_path, story)
    assert paths == ["f", "f/deep", "f/deep/far", "f/new", "f/seen"]
    assert (listings[0].found, listings[0].ghosts, listings[0].hidden) == (3, 1, 1)
    # four counted, three shown: a blind spot, and it is named
    (gap,) = state.gaps(1)
    assert gap.subject == "Team / Documents/f"
    assert "counts 4 children and the service shows 3" in gap.why


def test_a_notebook_whose_sections_delta_does_not_tell_is_looked_into(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        notebook = _item("book", "root", package={"type": "oneNote"})
        stage.on("GET", DELTA, _last(stage, ROOT, notebook))
        stage.on("GET", "/v1.0/drives/d1/items/book", notebook)
        sections = {"value": [_item("a.one", "book"), _item("toc.onetoc2", "book")]}
        stage.on("GET", "/v1.0/drives/d1/items/book/children", sections)
        await enumerate_drive(graph, SOURCE, state)

    assert _run(tmp_path, story)[0] == ["book", "book/a.one", "book/toc.onetoc2"]


def test_a_listing_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        more = f"{stage.graph}/v1.0/more?token=1"
        stage.on("GET", DELTA, {"value": [ROOT, _item("a", "root")], "@odata.nextLink": more})
        stage.on("GET", "/v1.0/more", refusal(403, "accessDenied"))
        with pytest.raises(GraphError):
            await enumerate_drive(graph, SOURCE, state)
        stage.on("GET", "/v1.0/more", _last(stage, _item("b", "root")))
        await enumerate_drive(graph, SOURCE, state)
        assert len(stage.requests("GET", DELTA)) == 1
        assert len(stage.requests("GET", "/v1.0/more")) == 2

    assert _run(tmp_path, story)[0] == ["a", "b"]


def test_a_410_in_the_middle_begins_anew_where_the_service_says(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        more = f"{stage.graph}/v1.0/more?token=1"
        stage.on("GET", DELTA, {"value": [ROOT, _item("old", "root")], "@odata.nextLink": more})
        fresh = f"{stage.graph}/v1.0/fresh"
        gone = refusal(
            410, "resyncRequired", headers={"Location": fresh},
            inner=("resyncChangesApplyDifferences",),
        )  # fmt: skip
        stage.on("GET", "/v1.0/more", gone)
        stage.on("GET", "/v1.0/fresh", _last(stage, ROOT, _item("new", "root")))
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    current = state.current_pass()
    assert current is not None
    assert (current.restarts, current.resync) == (1, "apply-differences")
    # what only the abandoned half named is gone
    assert paths == ["new"]


def test_a_listing_in_circles_is_given_up_and_its_link_forgotten(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        link = f"{stage.graph}{DELTA}"
        stage.on("GET", DELTA, {"value": [ROOT], "@odata.nextLink": link})
        with pytest.raises(LoopError):
            await enumerate_drive(graph, SOURCE, state)
        stage.on("GET", DELTA, _last(stage, ROOT, _item("a", "root")))
        await enumerate_drive(graph, SOURCE, state)

    assert _run(tmp_path, story)[0] == ["a"]
