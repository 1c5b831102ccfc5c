"""Which files a pass still fetches, and when a folder is listed for their addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.graph.errors import ConnectionCutError, ThrottledError
from sluis.tenant.classify import Listed
from sluis.tenant.listed_items import store_items
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from sluis.tenant.wanted import Wanted, wanted_files
from support.graph_stage import Stage, connected, refusal

SOURCE = Source("sharepoint", "d1", "Team / Documents", site_id="s1", drive_id="d1")
URL = "@microsoft.graph.downloadUrl"


def _file(name: str, parent: str = "f", **more: Any) -> dict[str, Any]:
    hashes = {"hashes": {"quickXorHash": more.pop("quickxor", f"xor {name}")}}
    return {
        "id": name, "name": name, "parentReference": {"id": parent}, "file": hashes,
        "size": 10, "eTag": f"e {name}", **more,
    }  # fmt: skip


def _folder(name: str, children: int | None, parent: str = "root") -> dict[str, Any]:
    counted = {} if children is None else {"childCount": children}
    return {"id": name, "name": name, "parentReference": {"id": parent}, "folder": counted}


ROOT = {"id": "root", "name": "root", "root": {}, "folder": {}}


def _run(folder: Path, items: list[dict[str, Any]], prepare: Any = None, play: Any = None) -> Any:
    """What is wanted, and what was asked of the service for it."""

    async def whole() -> tuple[list[Wanted], Stage]:
        async with connected(folder) as (stage, graph):
            with DriveState(folder / "state.sqlite", "d1") as state:
                state.begin_pass("2026-01-01T00:00:00Z")
                store_items(state, 1, [ROOT, *items])
                state.give_places()
                if prepare:
                    prepare(state)
                if play:
                    play(stage)
                found = [one async for one in _all(graph, state)]
            return found, stage

    return asyncio.run(whole())


def _all(graph: Graph, state: DriveState) -> AsyncIterator[Wanted]:
    return wanted_files(graph, SOURCE, state)


CHILDREN = "/v1.0/drives/d1/items/f/children"


def test_a_file_is_wanted_with_all_that_the_listing_says_of_it(tmp_path: Path) -> None:
    found, stage = _run(tmp_path, [_folder("f", 2), _file("a"), _file("b", size=20)])
    assert [(one.item_id, one.parent_id, one.name, one.stored, one.url) for one in found] == [
        ("a", "f", "a", "content/f/a", None),
        ("b", "f", "b", "content/f/b", None),
    ]
    listed = found[1].listed
    assert (listed.size, listed.quickxor, listed.etag) == (20, "xor b", "e b")
    # two requests of their own cost less than a listing
    assert stage.requests("GET", CHILDREN) == []
    assert repr(found[0]) == "Wanted(a)"


def test_all_that_the_listing_says_of_a_file_is_told_on(tmp_path: Path) -> None:
    """Its times, that it is still being written, and that it has no size."""
    odd = _file(
        "a", pendingOperations={"pendingContentUpdate": {"queuedDateTime": "2026-01-01T00:00:00Z"}},
        fileSystemInfo={"lastModifiedDateTime": "2025-01-01T00:00:00Z"},
        lastModifiedDateTime="2025-01-02T00:00:00Z",
    )  # fmt: skip
    del odd["size"]
    found, _ = _run(tmp_path, [_folder("f", 2), odd, _file("b")])
    times = "2025-01-01T00:00:00Z 2025-01-02T00:00:00Z"
    assert [one.listed for one in found] == [
        Listed(0, "xor a", "e a", times, pending=True, sized=False),
        Listed(10, "xor b", "e b", " "),
    ]


@pytest.mark.parametrize(
    ("wanted", "children", "listed"),
    [(2, 2, False), (3, 3, True), (3, 60, True), (3, 61, False), (3, None, True), (4, 80, True)],
)
def test_a_folder_is_listed_when_enough_of_it_is_wanted(
    tmp_path: Path, wanted: int, children: int | None, listed: bool
) -> None:
    names = [f"n{at}" for at in range(wanted)]
    urls = [{"id": name, "eTag": f"e {name}", URL: f"https://x/{name}"} for name in names]
    found, stage = _run(
        tmp_path, [_folder("f", children), *map(_file, names)],
        play=lambda stage: stage.on("GET", CHILDREN, {"value": urls}),
    )  # fmt: skip
    assert sorted(one.item_id for one in found) == names
    asked = stage.requests("GET", CHILDREN)
    assert len(asked) == listed
    assert {one.url for one in found} == (
        {f"https://x/{name}" for name in names} if listed else {None}
    )
    if listed:
        assert asked[0]["query"] == {"$select": f"id,eTag,{URL}", "$top": "200"}


def test_what_the_listing_does_not_give_is_asked_for_by_itself(tmp_path: Path) -> None:
    """Without an address, or edited since, or left out of the listing."""
    names = ["edited", "fine", "left-out", "no-url", "null-url"]
    page = [
        {"id": "edited", "eTag": "another", URL: "https://x/edited"},
        {"id": "fine", "eTag": "e fine", URL: "https://x/fine"},
        {"id": "no-url", "eTag": "e no-url"},
        {"id": "null-url", "eTag": "e null-url", URL: None},
        {"id": "a stranger", "eTag": "e", URL: "https://x/stranger"},
    ]
    found, _ = _run(
        tmp_path, [_folder("f", 5), *map(_file, names)],
        play=lambda stage: stage.on("GET", CHILDREN, {"value": page}),
    )  # fmt: skip
    assert sorted(one.item_id for one in found) == names
    assert {one.item_id: one.url for one in found if one.url} == {"fine": "https://x/fine"}


def test_a_folder_that_cannot_be_listed_is_fetched_file_by_file(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    found, stage = _run(
        tmp_path, [_folder("f", 3), *map(_file, names)],
        play=lambda stage: stage.on("GET", CHILDREN, refusal(403, "accessDenied")),
    )  # fmt: skip
    assert [(one.item_id, one.url) for one in found] == [(name, None) for name in names]
    assert len(stage.requests("GET", CHILDREN)) == 1


@pytest.mark.parametrize("error", [ThrottledError, ConnectionCutError])
def test_a_service_that_is_away_ends_it(tmp_path: Path, error: type) -> None:
    answer: Any = refusal(429, "tooManyRequests", headers={"Retry-After": "1"})
    if error is ConnectionCutError:

        def answer(request: Any) -> Any:
            request.transport.abort()

    def play(stage: Any) -> None:
        stage.on("GET", CHILDREN, answer)
        stage.on("GET", "/v1.0/drives/d1", answer)

    with pytest.raises(error):
        _run(tmp_path, [_folder("f", 3), *map(_file, ["a", "b", "c"])], play=play)


def test_unfriendly_02_a_folder_whose_listing_is_put_off_for_ever_is_fetched_file_by_file(
    tmp_path: Path,
) -> None:
    answer: Any = refusal(429, "tooManyRequests", headers={"Retry-After": "1"})

    def play(stage: Any) -> None:
        stage.on("GET", CHILDREN, answer)
        stage.on("GET", "/v1.0/drives/d1", {"id": "d1"})

    names = ["a", "b", "c"]
    found, _ = _run(tmp_path, [_folder("f", 3), *map(_file, names)], play=play)
    assert [(one.item_id, one.url) for one in found] == [(name, None) for name in names]


def _had(drive: DriveState, name: str, **other: Any) -> None:
    row = {
        "item_id": name, "state": "had", "verdict": "equal", "in_pass": 1, "etag": f"e {name}",
        "listed_quickxor": f"xor {name}", "listed_size": 10, **other,
    }  # fmt: skip
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    drive.db.execute(f"INSERT INTO contents ({columns}) VALUES ({marks})", tuple(row.values()))


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ({}, False),
        ({"etag": "another"}, True),  # a new tag, and size and hash as they were
        ({"listed_quickxor": "another"}, True),
        ({"listed_times": "another"}, True),
        ({"listed_times": None}, False),  # of a state that knew no times
        ({"etag": "another", "listed_size": 9}, True),
        ({"etag": "another", "listed_quickxor": "another"}, True),
        ({"listed_size": 9}, True),  # the very same tag
        ({"verdict": "not verified"}, False),
        ({"verdict": "not verified", "in_pass": 0}, True),
        ({"verdict": "edited meanwhile", "in_pass": 0}, True),
        ({"verdict": "stale metadata", "in_pass": 0}, False),
        ({"verdict": "corrupt"}, False),  # found in this pass, and tried twice
        ({"verdict": "corrupt", "in_pass": 0}, True),
        ({"state": "could not", "in_pass": 1}, False),
        ({"state": "could not", "in_pass": 0}, True),
    ],
)
def test_M2_what_is_had_as_it_is_listed_is_not_wanted(
    tmp_path: Path, other: dict[str, Any], wanted: bool
) -> None:
    found, _ = _run(
        tmp_path, [_folder("f", 2), _file("a"), _file("b")],
        prepare=lambda state: (_had(state, "a", **other), _had(state, "b")),
    )  # fmt: skip
    assert [one.item_id for one in found] == (["a"] if wanted else [])


def test_every_folder_has_its_turn_however_many_files_are_in_it(tmp_path: Path) -> None:
    items = [_folder("f", None), _folder("g", None)]
    items += [_file(f"f{at:04}") for at in range(1_003)]
    items += [_file(f"g{at}", "g") for at in range(2)]
    found, _ = _run(
        tmp_path, items, play=lambda stage: stage.on("GET", CHILDREN, refusal(403, "accessDenied"))
    )
    assert len({one.item_id for one in found}) == len(found) == 1_005
    assert [one.parent_id for one in found] == ["f"] * 1_003 + ["g"] * 2


def test_a_page_of_any_length_tells_where_all_its_files_are(tmp_path: Path) -> None:
    names = [f"n{at:03}" for at in range(501)]
    urls = [{"id": name, "eTag": f"e {name}", URL: f"https://x/{name}"} for name in names]
    found, _ = _run(
        tmp_path, [_folder("f", 501), *map(_file, names)],
        play=lambda stage: stage.on("GET", CHILDREN, {"value": urls}),
    )  # fmt: skip
    assert {one.item_id: one.url for one in found} == {name: f"https://x/{name}" for name in names}
