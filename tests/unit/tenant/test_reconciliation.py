"""What a reconciliation's result says, and the file in which each of its lines is kept."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from sluis.evidence import files
from sluis.tenant.import_plan import LeftOut
from sluis.tenant.reconciliation import (
    Line,
    Reconciliation,
    RightMissing,
    RightSurplus,
    write_lines,
)
from sluis.tenant.rights_left import RightLeft

EQUAL = Line("a.txt", "a.txt", "file", "equal", "every byte")
NOTED = Line("b.txt", "B.txt", "file", "equal", "the service's hash", notes=("spelled otherwise",))
WRITTEN = Line("c.docx", "c.docx", "file", "rewritten by the service", "every byte", "It says so.")
FOLDER = Line("d", "d", "folder", "equal", "the listing")
LOST = Line("e.txt", "e.txt", "file", "missing", "not verified", "It is not in the target.")


def _result(*lines: Line, **more: object) -> Reconciliation:
    return Reconciliation("drive", "Folder", "d" * 64, "every byte", list(lines), **more)  # type: ignore[arg-type]


def test_the_result_as_data_counts_all_and_lists_what_is_worth_reading() -> None:
    left = LeftOut("f", "shortcut", "It is one.")
    result = _result(
        EQUAL, NOTED, WRITTEN, FOLDER, LOST, left_out=(left,), rights_looked_at=3, there_before=2,
        reused=1,
        rights_missing=[RightMissing("a.txt", "x@y", "write", "It is not there.")],
        rights_surplus=[RightSurplus("a.txt", "z@y", "read", "Nobody signed for it.")],
        rights_left=[RightLeft("d", "z@y", "Z", "write", "folder-was-there", "it was")],
    )  # fmt: skip
    data = result.as_data()
    lines, missing, surplus, left_out, rights_left = (
        data.pop(name)
        for name in ("lines", "rights_missing", "rights_surplus", "left_out", "rights_left")
    )
    assert data == {
        "sound": False, "drive_id": "drive", "folder": "Folder", "manifest_sha256": "d" * 64,
        "trust": "every byte", "items": 5,
        "counts": {"equal": 3, "rewritten by the service": 1, "missing": 1},
        "files_by_basis": {"every byte": 2, "the service's hash": 1, "not verified": 1},
        "rights_looked_at": 3, "there_before": 2, "reused": 1,
    }  # fmt: skip
    assert [line["path"] for line in lines] == ["b.txt", "c.docx", "e.txt"]
    assert lines[0]["notes"] == ["spelled otherwise"]
    assert left_out == [{"path": "f", "code": "shortcut", "why": "It is one."}]
    assert missing == [
        {"path": "a.txt", "recipient": "x@y", "role": "write", "why": "It is not there."}
    ]
    assert rights_left == [
        {"path": "d", "principal": "z@y", "name": "Z", "role": "write",
         "code": "folder-was-there", "why": "it was"},
    ]  # fmt: skip
    assert surplus == [
        {"path": "a.txt", "principal": "z@y", "role": "read", "why": "Nobody signed for it."}
    ]


def test_rights_stop_the_hand_over_as_lines_do() -> None:
    assert _result(EQUAL, NOTED, WRITTEN, FOLDER).sound
    assert not _result(EQUAL, LOST).sound
    assert not _result(EQUAL, rights_missing=[RightMissing("a", "x", "read", "w")]).sound
    assert not _result(EQUAL, rights_surplus=[RightSurplus("a", "x", "read", "w")]).sound
    assert _result().sound


def test_every_line_is_kept_and_the_same_lines_are_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "lines.gz"
    digest = write_lines(path, [EQUAL, NOTED, LOST])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert path.stat().st_mode & 0o777 == 0o640
    # no name and no time of its own, packed for speed: the bytes depend on the lines alone
    assert path.read_bytes()[:10] == b"\x1f\x8b\x08" + bytes(5) + b"\x04\xff"
    kept = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert [one["path"] for one in kept] == ["a.txt", "b.txt", "e.txt"]
    assert list(kept[0]) == sorted(kept[0])
    assert kept[1]["notes"] == ["spelled otherwise"]
    assert b", " not in gzip.decompress(path.read_bytes())
    other = tmp_path / "again.gz"
    assert write_lines(other, iter([EQUAL, NOTED, LOST])) == digest
    assert write_lines(other, [EQUAL]) != digest
    assert [p.name for p in path.parent.iterdir()] == ["lines.gz"]


def test_names_that_are_no_text_are_kept_as_well(tmp_path: Path) -> None:
    strange = Line("a\udcff", "a", "file", "equal", "every byte")
    write_lines(tmp_path / "lines.gz", [strange])
    assert json.loads(gzip.decompress((tmp_path / "lines.gz").read_bytes()))["path"]


def test_a_file_that_could_not_be_finished_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines.gz"
    write_lines(path, [EQUAL])
    before = path.read_bytes()

    def broken() -> object:
        yield NOTED
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lines(path, broken())  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["lines.gz"]


def test_what_stands_in_the_place_of_an_unfinished_file_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could guess its name could otherwise have any file of ours overwritten."""
    other = tmp_path / "other"
    other.write_text("somebody's")
    monkeypatch.setattr(files, "unfinished_name", lambda folder: folder / "guessed")
    (tmp_path / "guessed").symlink_to(other)
    with pytest.raises(FileExistsError):
        write_lines(tmp_path / "lines.gz", [EQUAL])
    assert other.read_text() == "somebody's"
