"""What lies in the target is found, whatever the target's listing calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.graph_stage import refusal
from support.small_drive import Work, move_over, play


def _compared(folder: Path, says: dict[str, Any], data: bytes | None, refused: int = 0) -> Any:
    found: list[Any] = []

    async def story(work: Work) -> None:
        await move_over(work, {"d/a.txt": b"abc"})
        await work.bring_over()
        there = work.drive.at("d")
        assert there is not None
        hidden = work.drive._put(there.id, "hidden", data, {}, says)

        def bend(request: Any, _body: bytes) -> Any:
            if refused and request.path.endswith(f"/items/{hidden.id}"):
                return refusal(refused, "itemNotFound" if refused == 404 else "accessDenied")
            return None

        work.drive.bend = bend
        found.append(await work.compare())

    play(folder, story)
    return found[0]


@pytest.mark.parametrize("data", [None, b"what"])
@pytest.mark.parametrize("word", ["root", "deleted"])
def test_what_calls_itself_a_root_or_deleted_is_extra(
    tmp_path: Path, word: str, data: bytes | None
) -> None:
    found = _compared(tmp_path, {word: {}}, data)
    assert not found.sound
    assert [line.path for line in found.lines if line.category == "extra"] == ["d/hidden"]


def test_what_is_deleted_indeed_is_not_extra(tmp_path: Path) -> None:
    found = _compared(tmp_path, {"deleted": {"state": "deleted"}}, b"what", refused=404)
    assert found.sound
    assert [line.path for line in found.lines] == ["d", "d/a.txt"]


def test_what_nobody_says_is_gone_is_extra(tmp_path: Path) -> None:
    found = _compared(tmp_path, {"deleted": {}}, b"what", refused=403)
    assert [line.path for line in found.lines if line.category == "extra"] == ["d/hidden"]
