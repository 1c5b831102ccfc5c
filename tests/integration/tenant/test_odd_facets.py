"""Items whose parts are null, or no parts: none may vanish or be taken for another."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sluis.tenant.target_tree import node_of
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest
from support.small_drive import Work, play

DATA = b"what the file holds"
PARTS = ["deleted", "root", "folder", "package", "remoteItem", "bundle", "shared", "malware"]
NO_SIZES = ["5", None, -1, 5.0, True, 1 << 70, [], "x"]


def _line(place: Path, data: bytes, **says: Any) -> ManifestLine:
    place.mkdir(exist_ok=True)
    found: list[ManifestLine] = []

    async def story(work: Work) -> None:
        work.drive.add("photo.jpg", data, **says)
        await work.export()
        found.extend(read_manifest(work.manifest))

    play(place, story)
    (line,) = found
    return line


@pytest.mark.parametrize("odd", [None, False])
@pytest.mark.parametrize("part", PARTS)
def test_M10_a_part_that_is_null_is_none(tmp_path: Path, part: str, odd: object) -> None:
    line = _line(tmp_path, DATA, **{part: odd})
    assert (line.type, line.state, line.check) == ("file", "had", "equal")
    assert line.sha256 == hashlib.sha256(DATA).hexdigest()


def test_M10_a_file_is_no_root_whatever_it_says(tmp_path: Path) -> None:
    line = _line(tmp_path, DATA, root={})
    assert (line.type, line.state, line.check) == ("file", "had", "equal")


@pytest.mark.parametrize("size", NO_SIZES)
def test_M10_a_size_that_is_none_is_not_nought(tmp_path: Path, size: object) -> None:
    empty = _line(tmp_path / "nothing", b"", size=size, file={})
    assert (empty.state, empty.check) == ("had", "not verified")
    assert "does not say how large" in (empty.check_note or "")
    crc = {"hashes": {"crc32Hash": "00000000"}}
    assert _line(tmp_path / "weak", b"", size=size, file=crc).check != "equal"
    right = _line(tmp_path / "right", DATA, size=size)
    assert (right.check, right.size) == ("equal", len(DATA))


@pytest.mark.parametrize("part", ["folder", "package", "remoteItem"])
def test_M10_the_target_is_read_as_the_source_is(part: str) -> None:
    assert node_of({"id": "a", "name": "a", "file": {}, part: None}).kind == "file"
    assert node_of({"id": "a", "name": "a", "folder": {}, "file": None}).kind == "folder"


@pytest.mark.parametrize("used", ["text", [], {}, True, None, 1.5])
def test_a_quota_that_is_no_number_of_bytes_ends_no_export(tmp_path: Path, used: object) -> None:
    async def story(work: Work) -> None:
        work.drive.add("photo.jpg", DATA)
        work.drive.quota = {"used": used}
        await work.export()
        assert [line.state for line in read_manifest(work.manifest)] == ["had"]

    play(tmp_path, story)
