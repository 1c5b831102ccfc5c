"""A listed file that is asked for again while it is fetched never leaves without a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.tenant import export_drive
from sluis.tenant.tenant_manifest import read_manifest
from support.graph_stage import refusal
from support.small_drive import Work, play

#: in which the listing is wrong, so that the file is asked for
WRONG = {"file": {"hashes": {"quickXorHash": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}
ITEMS = "/v1.0/drives/d1/items"

Told = dict[str, Any]


def _in(parent: str) -> Callable[[Told], Told]:
    return lambda told: {**told, "parentReference": {"id": parent}}


def _folder(item: str, parent: str) -> Told:
    return {
        "id": item, "name": item, "folder": {"childCount": 1}, "parentReference": {"id": parent},
    }  # fmt: skip


#: what the file says when it is asked for, and folders that are then there too
STAYS: dict[str, tuple[Callable[[Told], Told], list[Told]]] = {
    "in a folder that is not there": (_in("nowhere"), []),
    "in no folder": (lambda told: {**told, "parentReference": {}}, []),
    "in itself": (lambda told: {**told, "parentReference": {"id": told["id"]}}, []),
    "in a ring": (_in("ring"), [_folder("ring", "gnir"), _folder("gnir", "ring")]),
    "in a folder that hangs from nothing": (_in("loose"), [_folder("loose", "nowhere")]),
    "a folder": (lambda told: {**told, "file": None, "folder": {"childCount": 0}}, []),
    "the root": (lambda told: {**told, "file": None, "root": {}, "parentReference": {}}, []),
    "without a name": (lambda told: {**told, "name": ""}, []),
    "nothing but its id": (lambda told: {"id": told["id"]}, []),
}


async def _export(work: Work, change: Callable[[Told], Told], there: list[Told]) -> list[str]:
    """A pass in which a file changes after it was listed: the paths of the manifest."""
    drive = work.drive
    thing = drive.add("f/a.txt", b"what is in it", **WRONG)
    drive.more |= {f"{ITEMS}/{one['id']}": one for one in there}

    def bend(request: Any, _body: bytes) -> Any:
        if request.method == "GET" and request.path == f"{ITEMS}/{thing.id}":
            return 200, change(drive.told(thing))
        return None

    drive.bend = bend
    await work.export()
    return [line.path for line in read_manifest(work.manifest)]


def _places(work: Work) -> list[str]:
    return [gap.why for gap in work.report.gaps if gap.what == "place of an item"]


@pytest.mark.parametrize("name", STAYS)
def test_what_cannot_be_placed_stays_where_it_was_listed(tmp_path: Path, name: str) -> None:
    async def story(work: Work) -> None:
        assert await _export(work, *STAYS[name]) == ["f", "f/a.txt"]
        (why,) = _places(work)
        assert "where it was listed" in why and "not verified" in why

    play(tmp_path, story)


def test_a_file_in_a_new_folder_is_found_there(tmp_path: Path) -> None:
    async def story(work: Work) -> None:
        there = [_folder("deep", "new"), _folder("new", "root")]
        paths = await _export(work, _in("deep"), there)
        assert paths == ["f", "new", "new/deep", "new/deep/a.txt"]
        assert not _places(work)
        said = [gap.subject for gap in work.report.gaps if "after the drive was listed" in gap.why]
        assert said == ["Team: new (new)", "Team: new/deep (deep)"]

    play(tmp_path, story)


def test_what_is_given_is_there_whatever_it_calls_itself(tmp_path: Path) -> None:
    async def story(work: Work) -> None:
        paths = await _export(work, lambda told: {**told, "deleted": {"state": "softDeleted"}}, [])
        assert paths == ["f", "f/a.txt"]

    play(tmp_path, story)


def test_what_is_not_there_any_more_has_a_line(tmp_path: Path) -> None:
    async def story(work: Work) -> None:
        thing = work.drive.add("f/a.txt", b"what is in it", **WRONG)
        path = f"{ITEMS}/{thing.id}"
        work.drive.bend = lambda request, _body: (
            refusal(404, "itemNotFound") if request.path == path else None
        )
        await work.export()
        lines = {line.path: line.state for line in read_manifest(work.manifest)}
        assert lines == {"f": "had", "f/a.txt": "could not be had"}

    play(tmp_path, story)


@pytest.mark.parametrize("lost", ["gone_in_pass = 1", "parent_id = 'nowhere'"])
def test_a_pass_that_lost_something_is_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Whatever lost it, and the next run begins with a whole listing."""
    real = export_drive.find_sealed

    def losing(state: Any, *more: Any) -> None:
        state.db.execute(f"UPDATE items SET {lost} WHERE name = 'a.txt'")
        real(state, *more)

    async def story(work: Work) -> None:
        work.drive.add("f/a.txt", b"what is in it")
        monkeypatch.setattr(export_drive, "find_sealed", losing)
        with pytest.raises(SnapshotError) as error:
            await work.export()
        assert error.value.code == "listed-and-unsaid"
        monkeypatch.setattr(export_drive, "find_sealed", real)
        await work.export()
        assert [line.path for line in read_manifest(work.manifest)] == ["f", "f/a.txt"]

    play(tmp_path, story)
