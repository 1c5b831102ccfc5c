"""Files that a service does not hand out: each has a line that says why, in its own words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.graph.errors import GraphError
from sluis.graph.quickxor import QuickXor
from sluis.tenant.fetch import Fetched, fetch_files
from sluis.tenant.listed_items import apply_page
from sluis.tenant.manifest_lines import manifest_lines
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import ExportFolder
from sluis.tenant.tenant_manifest import ManifestLine, line_as_data, line_from_data
from support.graph_stage import Stage, connected, refusal

SOURCE = Source("sharepoint", "d1", "Team / Documents", site_id="s1", drive_id="d1")
ROOT = {"id": "root", "name": "root", "root": {}, "folder": {"childCount": 1}}
DATA = b"what the file holds\n" * 40


def _file(item_id: str, name: str, data: bytes = DATA, **more: Any) -> dict[str, Any]:
    digest = QuickXor()
    digest.update(data)
    return {
        "id": item_id,
        "name": name,
        "size": len(data),
        "eTag": f'"{{{item_id}}},1"',
        "parentReference": {"id": "root"},
        "file": {"hashes": {"quickXorHash": digest.base64()}},
        **more,
    }


Story = Callable[[Stage, Graph, DriveState, ExportFolder], Awaitable[Fetched]]


def _run(folder: Path, items: list[dict[str, Any]], story: Story) -> dict[str, ManifestLine]:
    async def whole() -> dict[str, ManifestLine]:
        async with connected(folder) as (stage, graph):
            place = folder / "export"
            with ExportFolder(place) as root, DriveState(place / "s.sqlite", "d1") as state:
                state.begin_pass("2026-01-01T00:00:00Z")
                apply_page(state, 1, [ROOT, *items], "end", complete=True)
                state.give_places()
                for item in items:
                    stage.on("GET", f"/v1.0/drives/d1/items/{item['id']}", item)
                await story(stage, graph, state, root)
                return {line.path: line for line in manifest_lines(state)}

    return asyncio.run(whole())


def _serve(stage: Stage, item_id: str, *answers: Any) -> None:
    """``/content`` leads to the other origin, which answers so."""
    link = f"{stage.content}/bytes/{item_id}?tempauth=secret-of-{item_id}"
    stage.on("GET", f"/v1.0/drives/d1/items/{item_id}/content", (302, None, {"Location": link}))
    stage.on("GET", f"/bytes/{item_id}", *answers)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("virus.exe", refusal(403, "malwareDetected"), "found malware"),
        ("Section.one", refusal(503, "serviceNotAvailable"), "part of a OneNote notebook"),
        (
            "sealed.docx",
            refusal(400, "resourceModified", inner=("irmEncryptFailedToFindProtector",)),
            "rights management",
        ),
        ("theirs.txt", refusal(404, "itemNotFound"), "restricted to its owner"),
        ("locked.txt", refusal(423, "resourceLocked"), "423"),
        ("forbidden.txt", refusal(403, "accessDenied"), "accessDenied"),
    ],
)
def test_what_is_not_handed_out_is_said_with_the_services_own_reason(
    tmp_path: Path, name: str, answer: Any, words: str
) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        stage.on("GET", "/v1.0/drives/d1/items/a/content", answer)
        _serve(stage, "b", (200, DATA))
        done = await fetch_files(graph, SOURCE, state, root, workers=2)
        assert (done.files, done.could_not) == (1, 1)
        # in the same pass it is not asked for again
        again = await fetch_files(graph, SOURCE, state, root, workers=2)
        assert (again.files, again.could_not) == (0, 0)
        return done

    lines = _run(tmp_path, [_file("a", name), _file("b", "fine.txt")], story)
    assert lines[name].state == "could not be had"
    assert words in (lines[name].why or "")
    assert lines[name].sha256 is None
    assert (lines["fine.txt"].state, lines["fine.txt"].check) == ("had", "equal")
    # the address the bytes came from is a secret
    kept = b"".join(path.read_bytes() for path in (tmp_path / "export").glob("s.sqlite*"))
    assert b"tempauth" not in kept


def test_a_file_deleted_after_it_was_listed_is_told_apart_from_a_hidden_one(
    tmp_path: Path,
) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        stage.on("GET", "/v1.0/drives/d1/items/a", refusal(404, "itemNotFound"))
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [_file("a", "a.txt")], story)
    assert "deleted after it was listed" in (lines["a.txt"].why or "")


def test_a_service_that_is_away_stops_the_export_and_condemns_no_file(tmp_path: Path) -> None:
    items = [_file(f"i{number}", f"{number}.txt") for number in range(60)]

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        for item in items:
            away = refusal(503, "serviceNotAvailable")
            stage.on("GET", f"/v1.0/drives/d1/items/{item['id']}/content", away)
        with pytest.raises(GraphError):
            await fetch_files(graph, SOURCE, state, root, workers=4)
        for item in items:
            _serve(stage, item["id"], (200, DATA))
        return await fetch_files(graph, SOURCE, state, root, workers=4)

    lines = _run(tmp_path, items, story)
    assert {line.state for line in lines.values()} == {"had"}


def test_notebooks_that_are_never_handed_out_do_not_stop_the_export(tmp_path: Path) -> None:
    items = [_file(f"i{number:02d}", f"{number}.one") for number in range(40)]
    items.append(_file("z", "last.txt"))

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        for item in items[:-1]:
            away = refusal(503, "serviceNotAvailable")
            stage.on("GET", f"/v1.0/drives/d1/items/{item['id']}/content", away)
        _serve(stage, "z", (200, DATA))
        return await fetch_files(graph, SOURCE, state, root, workers=2)

    lines = _run(tmp_path, items, story)
    assert lines["last.txt"].state == "had"
    assert sum("OneNote" in (line.why or "") for line in lines.values()) == 40


def test_a_folders_listing_saves_the_questions_for_addresses(tmp_path: Path) -> None:
    items = [_file(f"i{number}", f"{number}.txt") for number in range(5)]

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        shown = [
            {"id": item["id"], "eTag": item["eTag"],
             "@microsoft.graph.downloadUrl": f"{stage.content}/bytes/{item['id']}"}
            for item in items[:-1]
        ]  # fmt: skip
        # one was edited since: what the listing says of it is not what this address gives
        shown[0]["eTag"] = '"{i0},2"'
        stage.on("GET", "/v1.0/drives/d1/items/root/children", {"value": shown})
        for item in items:
            _serve(stage, item["id"], (200, DATA))
        done = await fetch_files(graph, SOURCE, state, root)
        asked = [one["path"] for one in stage.seen if one["path"].endswith("/content")]
        assert sorted(asked) == [f"/v1.0/drives/d1/items/{one}/content" for one in ("i0", "i4")]
        return done

    lines = _run(tmp_path, items, story)
    assert {line.check for line in lines.values()} == {"equal"}


def test_a_listing_without_a_hash_is_not_called_proven(tmp_path: Path) -> None:
    bare = _file("a", "a.txt", file={})

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, DATA))
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [bare], story)
    assert lines["a.txt"].check == "not verified"
    assert "no hash" in (lines["a.txt"].check_note or "")


def test_a_hash_that_appears_after_the_first_download_is_used(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, DATA))
        stage.on("GET", "/v1.0/drives/d1/items/a", _file("a", "a.txt"))
        return await fetch_files(graph, SOURCE, state, root)

    async def bare(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        state.db.execute("UPDATE items SET quickxor = NULL WHERE item_id = 'a'")
        return await story(stage, graph, state, root)

    lines = _run(tmp_path, [_file("a", "a.txt")], bare)
    assert lines["a.txt"].check == "stale metadata"
    assert lines["a.txt"].listed_quickxor == lines["a.txt"].quickxor


def test_two_downloads_that_differ_are_corrupt(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, b"x" * len(DATA)), (200, b"y" * len(DATA)))
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [_file("a", "a.txt")], story)
    assert lines["a.txt"].check == "corrupt"
    assert "different bytes" in (lines["a.txt"].check_note or "")


def test_bytes_damaged_on_the_way_once_are_fetched_again(tmp_path: Path) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, b"x" * len(DATA)), (200, DATA))
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [_file("a", "a.txt")], story)
    assert lines["a.txt"].check == "equal"
    assert (tmp_path / "export" / str(lines["a.txt"].stored)).read_bytes() == DATA


@pytest.mark.parametrize("answer", [{}, {"id": "b"}, (302, None, {"Location": "/elsewhere"})])
def test_M11_a_file_of_which_nothing_is_told_is_a_line_and_no_crash(
    tmp_path: Path, answer: Any
) -> None:
    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, b"x" * len(DATA)))
        stage.on("GET", "/v1.0/drives/d1/items/a", answer)
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [_file("a", "a.txt")], story)
    assert lines["a.txt"].state == "could not be had"
    assert lines["a.txt"].why


@pytest.mark.parametrize("done", [True, False])
def test_M10_content_that_is_still_being_written_is_not_equal(tmp_path: Path, done: bool) -> None:
    pending = {"pendingOperations": {"pendingContentUpdate": {"queuedDateTime": "2026-01-01"}}}
    listed = _file("a", "a.txt", **pending)

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        _serve(stage, "a", (200, DATA))
        stage.on("GET", "/v1.0/drives/d1/items/a", _file("a", "a.txt") if done else listed)
        return await fetch_files(graph, SOURCE, state, root)

    lines = _run(tmp_path, [listed], story)
    assert lines["a.txt"].check == ("equal" if done else "edited meanwhile")


@pytest.mark.parametrize("facets", [{"bundle": {"childCount": 3}}, {"bundle": {}, "file": {}}, {}])
def test_M10_what_is_no_file_is_no_empty_file(tmp_path: Path, facets: dict[str, Any]) -> None:
    item = {"id": "a", "name": "album", "parentReference": {"id": "root"}, **facets}

    async def story(stage: Stage, graph: Graph, state: DriveState, root: ExportFolder) -> Fetched:
        return await fetch_files(graph, SOURCE, state, root)

    line = _run(tmp_path, [item], story)["album"]
    assert (line.type, line.state, line.stored, line.sha256) == (
        "other", "could not be had", None, None,
    )  # fmt: skip
    assert line.why
    assert line_from_data(line_as_data(line)) == line
