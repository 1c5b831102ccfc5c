from __future__ import annotations

import os
from pathlib import Path

from sluis.manifest import build_manifest
from sluis.snapshot.randomness import hardly_compresses, measure_randomness


def _fill(folder: Path, random: int, text: int) -> str:
    for number in range(random):
        (folder / f"photo-{number}.jpg").write_bytes(os.urandom(9000))
    for number in range(text):
        (folder / f"letter-{number}.txt").write_text("Dear patient, \n" * 600)
    return str(folder)


def test_case_C5_what_looks_random_is_told_from_text(tmp_path: Path) -> None:
    root = _fill(tmp_path, 10, 30)
    (tmp_path / "tiny").write_bytes(os.urandom(20))
    found = measure_randomness(root, build_manifest(root))
    assert (found.looked_at, found.random, found.share) == (40, 10, "0.2500")
    assert measure_randomness(str(tmp_path), build_manifest(str(tmp_path), ("*",))).share is None


def test_case_C5_a_head_that_was_left_alone_does_not_hide_encryption(tmp_path: Path) -> None:
    (tmp_path / "f.docx").write_bytes(b"PK\x03\x04 as before " * 400 + os.urandom(90_000))
    found = measure_randomness(str(tmp_path), build_manifest(str(tmp_path)))
    assert found.random == 1


def test_case_C6_photos_are_not_compressed_again(tmp_path: Path) -> None:
    photos, mixed, few = (tmp_path / name for name in ("photos", "mixed", "few"))
    for folder in (photos, mixed, few):
        folder.mkdir()
    assert hardly_compresses(_fill(photos, 60, 1))
    assert not hardly_compresses(_fill(mixed, 30, 30))
    assert not hardly_compresses(_fill(few, 3, 0))
    (photos / "pipe").unlink(missing_ok=True)
    os.mkfifo(photos / "a-pipe")
    (photos / "a-link").symlink_to("/dev/zero")
    assert hardly_compresses(str(photos))
