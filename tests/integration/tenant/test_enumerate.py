"""Listings that the rehearsal tenant would not give: gaps, circles, links that are forgotten."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.graph.errors import GraphError, LoopError
from sluis.tenant import enumerate as enumerate_module
from sluis.tenant.enumerate import Listing, enumerate_drive
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from sluis.tenant.tenant_manifest import UNCOUNTED, Gap
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


def _gaps(state: DriveState, number: int) -> tuple[Gap, ...]:
    """Without the one that names folders of these listings that tell no count."""
    return tuple(gap for gap in state.gaps(number) if gap.what != UNCOUNTED)


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
        stage.on("GET", "/v1.0/drives/d1/items/g", _folder("g", "f", 2))
        stage.on("GET", "/v1.0/drives/d1/items/f", _folder("f", "root", 1))
        await enumerate_drive(graph, SOURCE, state)
        assert len(stage.requests("GET", "/v1.0/drives/d1/items/g")) == 1

    assert _run(tmp_path, story)[0] == ["f", "f/g", "f/g/x", "f/g/y"]


def test_M8_what_hangs_from_nothing_is_named(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        loop = [_folder("a", "b"), _folder("b", "a")]
        stage.on("GET", DELTA, _last(stage, ROOT, _item("lost", "nowhere"), *loop))
        for item in loop:
            stage.on("GET", f"/v1.0/drives/d1/items/{item['id']}", item)
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert paths == []
    # "lost" answers 404, and nobody said that it was deleted; the two that hang from each other
    # are there, without a path
    gaps = {gap.subject: gap.why for gap in _gaps(state, 1)}
    assert set(gaps) == {f"{SOURCE.name}: {one} ({one})" for one in ("a", "b", "lost")}
    assert all("no path" in why for why in gaps.values())


@pytest.mark.parametrize("part", [{"folder": {}}, {"package": {"type": "oneNote"}}])
def test_M8_what_hangs_from_another_is_no_root_whatever_it_calls_itself(
    tmp_path: Path, part: dict[str, Any]
) -> None:
    """Taken for the root, it vanished without a line, and what it holds came out at the top."""

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        payroll = _item("Payroll", "root", root={}, **part)
        stage.on("GET", DELTA, _last(stage, ROOT, payroll, _item("slip", "Payroll")))
        for one in ("Payroll", "root"):
            shown = {"value": [_item("slip", "Payroll")] if one == "Payroll" else [payroll]}
            stage.on("GET", f"/v1.0/drives/d1/items/{one}/children", shown)
        stage.on("GET", "/v1.0/drives/d1/items/Payroll", payroll)
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert paths == ["Payroll", "Payroll/slip"]
    assert not _gaps(state, 1)


def test_M8_a_second_root_that_hangs_from_nothing_is_named(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        other = {"id": "other", "name": "Payroll", "root": {}, "folder": {"childCount": 1}}
        stage.on("GET", DELTA, _last(stage, ROOT, other, _item("slip", "other")))
        await enumerate_drive(graph, SOURCE, state)

    _, state = _run(tmp_path, story)
    (gap,) = _gaps(state, 1)
    assert gap.subject == f"{SOURCE.name}: Payroll (other)"
    assert "as another does" in gap.why


def test_a_root_that_says_what_it_hangs_from_is_the_root_all_the_same(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        root = {**ROOT, "parentReference": {"id": "the-drive"}}
        stage.on("GET", DELTA, _last(stage, root, _item("x", "root")))
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert paths == ["x"]
    assert not _gaps(state, 1)


@pytest.mark.parametrize("deleted", [True, False])
def test_M8_what_delta_left_out_is_found_and_what_is_not_there_is_gone_or_named(
    tmp_path: Path, deleted: bool
) -> None:
    listings: list[Listing] = []

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        told = [_folder("f", "root", 3), _item("seen", "f"), _item("ghost", "f")]
        later = [{"id": "ghost", "deleted": {}}] if deleted else []
        whole = _last(stage, ROOT, *told)
        # what it does not call deleted, a listing from the beginning names once more
        stage.on("GET", DELTA, whole, _last(stage, *later), whole)
        stage.on("GET", "/v1.0/drives/d1/items/f", _folder("f", "root", 4))
        shown = [_item("seen", "f"), _folder("deep", "f", 1), _item("new", "f")]
        stage.on("GET", "/v1.0/drives/d1/items/f/children", {"value": shown})
        stage.on("GET", "/v1.0/drives/d1/items/deep", _folder("deep", "f", 1))
        below = {"value": [_item("far", "deep")]}
        stage.on("GET", "/v1.0/drives/d1/items/deep/children", below)
        for one in (shown[2], *below["value"]):
            stage.on("GET", f"/v1.0/drives/d1/items/{one['id']}", one)
        listings.append(await enumerate_drive(graph, SOURCE, state))

    paths, state = _run(tmp_path, story)
    ghost = [] if deleted else ["f/ghost"]
    assert paths == sorted(["f", "f/deep", "f/deep/far", "f/new", "f/seen", *ghost])
    assert (listings[0].found, listings[0].ghosts, listings[0].hidden) == (3, 1, int(deleted))
    (gap,) = _gaps(state, 1)
    if deleted:
        # four counted, three shown: a blind spot, and it is named
        assert gap.subject == "Team / Documents/f"
        assert "counts 4 children and the service shows 3" in gap.why
    else:
        # three shown, and the fourth is the one that answers 404
        assert gap.subject == "Team / Documents: f/ghost (ghost)"
        assert "it is not there" in gap.why


@pytest.mark.parametrize("kind", ["folder", "package"])
def test_what_is_in_a_folder_that_tells_no_count_is_looked_for_and_the_rest_is_said(
    tmp_path: Path, kind: str
) -> None:
    """Delta left one out, and there is no count that would miss it; a notebook never has one."""
    book = _folder("book", "root")
    if kind == "package":
        book = _item("book", "root", package={"type": "oneNote"})

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        root = {**ROOT, "folder": {"childCount": 1}}
        stage.on("GET", DELTA, _last(stage, root, book, _item("told", "book")))
        stage.on("GET", "/v1.0/drives/d1/items/book", book)
        shown = {"value": [_item("told", "book"), _item("left out", "book")]}
        stage.on("GET", "/v1.0/drives/d1/items/book/children", shown)
        assert (await enumerate_drive(graph, SOURCE, state)).found == 1

    paths, state = _run(tmp_path, story)
    assert paths == ["book", "book/left out", "book/told"]
    (gap,) = state.gaps(1)
    assert (gap.what, gap.subject) == (UNCOUNTED, SOURCE.name)
    assert gap.why.startswith("1 do not tell how many items they hold (book)")


def _wandered(stage: Stage, *shown: dict[str, Any], counts: int, in_g: Any = ()) -> None:
    """Delta told of ``seen`` and ``wanders`` in the folder f, and of an empty g."""
    told = [_folder("f", "root", counts + 1), _item("seen", "f"), _item("wanders", "f")]
    stage.on("GET", DELTA, _last(stage, ROOT, *told, _folder("g", "root")))
    stage.on("GET", "/v1.0/drives/d1/items/f", _folder("f", "root", counts))
    stage.on("GET", "/v1.0/drives/d1/items/f/children", {"value": list(shown)})
    # g tells no count, so it is looked into
    stage.on("GET", "/v1.0/drives/d1/items/g", _folder("g", "root"))
    stage.on("GET", "/v1.0/drives/d1/items/g/children", {"value": list(in_g)})


@pytest.mark.parametrize(
    ("now", "path"),
    [
        (_item("wanders", "g"), "g/wanders"),
        ({**_item("wanders", "g"), "name": "renamed"}, "g/renamed"),
        (_item("wanders", "root"), "wanders"),
        (_item("wanders", "far"), "g/far/wanders"),  # in a folder that no page told of
    ],
    ids=["another folder", "and renamed", "one up", "an unknown folder"],
)
def test_T36_an_item_that_only_moved_is_not_gone(tmp_path: Path, now: Any, path: str) -> None:
    listings: list[Listing] = []

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        # f counts two more than it shows, so it is listed again
        far = _folder("far", "g", 1)
        lies_in = {"g": [now], "far": [far]}.get(now["parentReference"]["id"], [])
        _wandered(stage, _item("seen", "f"), counts=2, in_g=lies_in)
        stage.on("GET", "/v1.0/drives/d1/items/wanders", now)
        stage.on("GET", "/v1.0/drives/d1/items/far", far)
        listings.append(await enumerate_drive(graph, SOURCE, state))

    paths, state = _run(tmp_path, story)
    assert path in paths
    assert {"f", "f/seen", "g"} <= set(paths)
    assert "f/wanders" not in paths
    assert listings[0].ghosts == 0
    (row,) = state.db.execute("SELECT gone_in_pass, gone_how FROM items WHERE item_id = 'wanders'")
    assert tuple(row) == (None, None)


def test_T36_only_what_was_deleted_is_gone(tmp_path: Path) -> None:
    listings: list[Listing] = []

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        _wandered(stage, _item("seen", "f"), counts=2)
        stage.on("GET", "/v1.0/drives/d1/items/wanders", refusal(404, "itemNotFound"))
        told = stage._plays["GET", DELTA][0]
        stage.on("GET", DELTA, told, _last(stage, {"id": "wanders", "deleted": {}}))
        listings.append(await enumerate_drive(graph, SOURCE, state))

    paths, state = _run(tmp_path, story)
    assert paths == ["f", "f/seen", "g"]
    assert listings[0].ghosts == 1
    (row,) = state.db.execute("SELECT gone_in_pass, gone_how FROM items WHERE item_id = 'wanders'")
    assert tuple(row) == (1, "deleted (asked for, it is not there)")
    assert [gap.what for gap in _gaps(state, 1)] == ["items"]  # f counts two, and shows one


REFUSED = pytest.mark.parametrize("status", [403, 500, 502], ids=str)


@REFUSED
@pytest.mark.parametrize("what", ["wanders", "f", "f/children"])
def test_T36_what_is_not_told_of_is_not_gone_and_is_one_line(
    tmp_path: Path, what: str, status: int
) -> None:
    """One folder or item that fails for ever does not end its drive."""

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        _wandered(stage, _item("seen", "f"), counts=2)
        stage.on("GET", "/v1.0/drives/d1/items/wanders", _item("wanders", "g"))
        stage.on("GET", f"/v1.0/drives/d1/items/{what}", refusal(status, "accessDenied"))
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert set(paths) == {"f", "f/seen", "f/wanders", "g"}
    (gone,) = state.db.execute("SELECT count(*) FROM items WHERE gone_in_pass IS NOT NULL")
    assert gone[0] == 0
    about = "f/wanders (wanders)" if what == "wanders" else "f (f)"
    (why,) = [gap.why for gap in _gaps(state, 1) if gap.subject == f"{SOURCE.name}: {about}"]
    assert ("does not tell" if what == "wanders" else "could not be listed") in why


@REFUSED
def test_a_parent_that_is_not_told_leaves_one_item_without_a_place(
    tmp_path: Path, status: int
) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        stage.on("GET", DELTA, _last(stage, ROOT, _item("x", "g"), _item("here", "root")))
        stage.on("GET", "/v1.0/drives/d1/items/g", refusal(status, "accessDenied"))
        stage.on("GET", "/v1.0/drives/d1/items/x", _item("x", "g"))
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert paths == ["here"]
    assert {gap.subject for gap in _gaps(state, 1)} >= {f"{SOURCE.name}: x (x)"}


@pytest.mark.parametrize("what", ["wanders", "f/children"])
def test_T36_a_service_that_refuses_everything_ends_the_listing(tmp_path: Path, what: str) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        _wandered(stage, _item("seen", "f"), counts=2)
        stage.on("GET", f"/v1.0/drives/d1/items/{what}", refusal(403, "accessDenied"))
        stage.on("GET", "/v1.0/drives/d1", refusal(403, "accessDenied"))
        with pytest.raises(GraphError) as told:
            await enumerate_drive(graph, SOURCE, state)
        assert told.value.status == 403

    _run(tmp_path, story)


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


@pytest.mark.parametrize("depth", [41, 120])
def test_M9_what_delta_left_out_is_found_however_deep_it_lies(tmp_path: Path, depth: int) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        stage.on("GET", DELTA, _last(stage, ROOT, _folder("f0", "root", 1)))
        for at in range(depth):
            here, below = f"f{at}", f"f{at + 1}"
            stage.on("GET", f"/v1.0/drives/d1/items/{here}", _folder(here, "root", 1))
            parent = "root" if at == 0 else f"f{at - 1}"
            stage.on("GET", f"/v1.0/drives/d1/items/{here}", _folder(here, parent, 1))
            more = _item("last", here) if at == depth - 1 else _folder(below, here, 1)
            stage.on("GET", f"/v1.0/drives/d1/items/{here}/children", {"value": [more]})
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert len(paths) == depth + 1
    assert _gaps(state, 1) == ()


def test_M9_a_tree_without_an_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumerate_module, "_MOST_ROUNDS", 3)

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        stage.on("GET", DELTA, _last(stage, ROOT, _folder("f0", "root", 1)))
        for at in range(9):
            parent = "root" if at == 0 else f"f{at - 1}"
            stage.on("GET", f"/v1.0/drives/d1/items/f{at}", _folder(f"f{at}", parent, 1))
            more = {"value": [_folder(f"f{at + 1}", f"f{at}", 1)]}
            stage.on("GET", f"/v1.0/drives/d1/items/f{at}/children", more)
        await enumerate_drive(graph, SOURCE, state)

    _, state = _run(tmp_path, story)
    assert any("did not fit its own counts" in gap.why for gap in _gaps(state, 1))


@pytest.mark.parametrize(
    "answer", [{}, {"id": "another"}, {"id": 7}, (302, None, {"Location": "/x"})]
)
@pytest.mark.parametrize("what", ["f", "wanders"])
def test_M11_an_answer_that_is_no_item_is_a_line_with_its_call(
    tmp_path: Path, answer: Any, what: str
) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        _wandered(stage, _item("seen", "f"), counts=2)
        stage.on("GET", f"/v1.0/drives/d1/items/{what}", answer)
        await enumerate_drive(graph, SOURCE, state)

    paths, state = _run(tmp_path, story)
    assert set(paths) == {"f", "f/seen", "f/wanders", "g"}
    assert any(f"items/{what}" in gap.why for gap in _gaps(state, 1)), _gaps(state, 1)


def test_M11_a_listing_that_fails_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ValueError("the disk is full")

    async def story(stage: Stage, graph: Graph, state: DriveState) -> None:
        more = {"value": [ROOT], "@odata.nextLink": f"{stage.graph}{DELTA}?token=2"}
        stage.on("GET", DELTA, more, _last(stage))
        with monkeypatch.context() as patch:
            patch.setattr(enumerate_module, "apply_page", fails)
            with pytest.raises(ValueError, match="disk"):
                await enumerate_drive(graph, SOURCE, state)
        left = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        assert not [one for one in left if "follow" in repr(one) or "_page" in repr(one)]

    _run(tmp_path, story)
    gc.collect()
    assert "aclose" not in capfd.readouterr().err
