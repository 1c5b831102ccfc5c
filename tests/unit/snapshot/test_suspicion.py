"""Case C5 and the rows about drops and jumps: reported before the snapshot is trusted."""

from __future__ import annotations

from dataclasses import replace

from sluis.manifest import Entry, Manifest
from sluis.snapshot.suspicion import Seen, seen_of, suspicions


def _manifest(contents: dict[str, str]) -> Manifest:
    return Manifest({p: Entry(p, "file", 9, c * 64, 0, 0o644) for p, c in contents.items()})


LAST = Seen(
    bytes=1000, items=100, manifest=_manifest({f"f{n}": "1" for n in range(100)}),
    random_share=0.1, empty_files=0, rows={"patient": 1000, "visit": 0},
)  # fmt: skip


def _codes(now: Seen, last: Seen | None = LAST) -> list[str]:
    return [line.split(":")[0] for line in suspicions(last, now)]


def test_nothing_to_say_about_an_asset_that_is_as_it_was() -> None:
    assert _codes(LAST) == []
    assert _codes(LAST, None) == []


def test_row_size_drop_past_tolerance() -> None:
    assert _codes(replace(LAST, bytes=899)) == ["size-drop"]
    assert _codes(replace(LAST, bytes=901)) == []
    assert _codes(replace(LAST, items=80)) == ["items-drop"]
    unknown = replace(LAST, bytes=None, items=None)
    assert _codes(unknown) == _codes(LAST, unknown) == []


def test_row_rows_drop_and_table_missing_against_last_time() -> None:
    assert _codes(replace(LAST, rows={"patient": 500, "visit": 5})) == ["rows-drop"]
    assert _codes(replace(LAST, rows={"visit": 5})) == ["table-missing"]
    assert _codes(replace(LAST, rows={"patient": 990, "visit": 0, "new": 1})) == []


def test_case_C5_entropy_jump() -> None:
    assert _codes(replace(LAST, random_share=0.95)) == ["randomness-jump"]
    assert _codes(replace(LAST, random_share=0.25)) == []
    # photos always look random: no jump, no alarm
    photos = replace(LAST, random_share=0.98)
    assert _codes(photos, photos) == []


def test_case_C5_changed_files_jump() -> None:
    encrypted = {f"f{n}": "2" for n in range(60)} | {f"f{n}": "1" for n in range(60, 100)}
    assert _codes(replace(LAST, manifest=_manifest(encrypted))) == ["changed-files-jump"]
    renamed = {f"f{n}.locked": "2" for n in range(100)}
    assert _codes(replace(LAST, manifest=_manifest(renamed))) == ["changed-files-jump"]
    some = {f"f{n}": "2" for n in range(20)} | {f"f{n}": "1" for n in range(20, 100)}
    assert _codes(replace(LAST, manifest=_manifest(some))) == []


def test_row_zero_byte_files() -> None:
    assert _codes(replace(LAST, empty_files=50)) == ["empty-files-jump"]
    assert _codes(replace(LAST, empty_files=1)) == []


def test_facts_of_files_and_of_databases_are_read_alike() -> None:
    files = seen_of({"randomness": {"looked_at": 50, "share": "0.5000"}, "empty_files": 2}, 9, 1,
                    None)  # fmt: skip
    assert (files.random_share, files.empty_files, files.rows) == (0.5, 2, None)
    few = seen_of({"randomness": {"looked_at": 3, "share": "1.0000"}}, 9, 1, None)
    assert few.random_share is None
    tables = {"public.patient": {"rows": "12", "checksum": "x"}, "odd": {"rows": None}}
    assert seen_of({"tables": tables}, 9, 1, None).rows == {"public.patient": 12}
