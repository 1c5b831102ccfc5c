"""What the target gives for a path is the item that was meant, or it is not verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.small_drive import SmallDrive, Work, move_over, play

FILES = {"f/a.txt": b"same bytes", "f/b.txt": b"same bytes", "g/c.txt": b"third"}

Told = dict[str, Any]


def _with(**more: Any) -> Callable[[SmallDrive, Told], Told]:
    return lambda _drive, told: {**told, **more}


def _another(drive: SmallDrive, _told: Told) -> Told:
    thing = drive.at("f/a.txt")
    assert thing is not None
    return drive.told(thing)


def _elsewhere(drive: SmallDrive, told: Told) -> Told:
    folder = drive.at("g")
    assert folder is not None
    return {**told, "parentReference": {"id": folder.id}}


ODD: dict[str, tuple[Callable[[SmallDrive, Told], Told], str]] = {
    "another item": (_another, "it is another one"),
    "the same bytes in another folder": (_elsewhere, "in another folder"),
    "in a folder that nobody knows": (_with(parentReference={"id": "x"}), "in another folder"),
    "in no folder": (_with(parentReference={}), "in another folder"),
    "deleted": (_with(deleted={"state": "deleted"}), "calls itself deleted"),
    "another name": (_with(name="d.txt"), "is called 'd.txt'"),
    "the root": (_with(root={}), "calls itself the root"),
}


async def _compared(
    work: Work, change: Callable[[SmallDrive, Told], Told]
) -> dict[str, tuple[str, str, str]]:
    """Category, basis and reason by path, where the listing leaves out ``f/b.txt``."""
    await move_over(work, FILES)
    await work.bring_over()
    drive = work.drive
    left_out = drive.at("f/b.txt")
    assert left_out is not None
    told = change(drive, drive.told(left_out))

    def bend(request: Any, _body: bytes) -> Any:
        if request.path.endswith("/root/delta"):
            value = [drive._root(), *map(drive.told, drive.things.values())]
            value = [one for one in value if one["id"] != left_out.id]
            return 200, {"value": value, "@odata.deltaLink": f"{drive.stage.graph}{request.path}"}
        if request.path.endswith("/root:/f/b.txt"):
            return 200, told
        return None

    drive.bend = bend
    found = await work.compare()
    return {line.path: (line.category, line.basis, line.why) for line in found.lines}


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_it_is_not_verified(tmp_path: Path, name: str) -> None:
    async def story(work: Work) -> None:
        change, why = ODD[name]
        lines = await _compared(work, change)
        category, basis, said = lines["f/b.txt"]
        assert (category, basis) == ("missing", "not verified")
        assert why in said
        assert lines["f/a.txt"][0] == lines["g/c.txt"][0] == "equal"

    play(tmp_path, story)


def test_what_a_listing_left_out_is_still_found(tmp_path: Path) -> None:
    async def story(work: Work) -> None:
        lines = await _compared(work, _with(name="B.TXT"))
        assert {category for category, *_ in lines.values()} == {"equal"}

    play(tmp_path, story)
