"""A part file: whatever was cut, killed or rotted, what is finished is right."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.graph import disk, part_file
from sluis.graph.part_file import Chunk, PartFile, store_whole
from sluis.graph.quickxor import QuickXor

CHUNK = 64


@settings(max_examples=120, deadline=None)
@given(
    data=st.binary(max_size=5 * CHUNK + 9),
    blocks=st.lists(st.integers(1, 3 * CHUNK), min_size=1, max_size=12),
    killed_after=st.integers(0, 12),
    rot=st.none() | st.integers(0, 5 * CHUNK),
    forgotten=st.integers(0, 3),
    swapped=st.booleans(),
)
def test_a_killed_download_goes_on_and_ends_right(
    data, blocks, killed_after, rot, forgotten, swapped
):
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(part_file, "CHUNK", CHUNK):
        target = Path(folder, "f")
        first = PartFile(target)
        first.open(())
        known, at = [], 0
        for size in blocks[:killed_after]:
            known += first.write(data[at : at + size])
            at = min(len(data), at + size)
        first.close()
        known = known[: len(known) - forgotten] if forgotten else known

        on_disk = bytearray(first.path.read_bytes())
        intact = sum(chunk.size for chunk in known)
        if swapped and len(known) >= 2:  # what quickXorHash may not see
            on_disk[:CHUNK], on_disk[CHUNK : 2 * CHUNK] = (
                on_disk[CHUNK : 2 * CHUNK], on_disk[:CHUNK],
            )  # fmt: skip
        if rot is not None and rot < len(on_disk):
            on_disk[rot] ^= 0x40
        while intact and bytes(on_disk[:intact]) != data[:intact]:
            intact -= CHUNK
        first.path.write_bytes(on_disk)

        second = PartFile(target)
        second.open(known)
        assert second.position == max(0, intact)
        at = second.position
        for size in [*blocks, len(data)]:
            second.write(memoryview(data)[at : at + size])
            at = min(len(data), at + size)
        second.finish()

        assert target.read_bytes() == data
        assert not second.path.exists()
        assert second.sha256 == hashlib.sha256(data).hexdigest()
        assert second.quickxor == QuickXor(data).base64()
        ends = [chunk.offset + chunk.size for chunk in second.chunks]
        assert [chunk.offset for chunk in second.chunks] == [0, *ends[:-1]][: len(ends)]
        for chunk, end in zip(second.chunks, ends, strict=True):
            assert chunk.sha256 == hashlib.sha256(data[:end]).hexdigest()


def test_chunks_that_do_not_follow_on_are_not_believed(tmp_path):
    data = b"abcdef"
    (tmp_path / "f.part").write_bytes(data)
    whole = hashlib.sha256(data).hexdigest()
    for have in ([Chunk(1, 5, whole)], [Chunk(0, 0, whole)], [Chunk(0, -1, whole)],
                 [Chunk(0, 7, whole)], [Chunk(0, 6, "")]):  # fmt: skip
        part = PartFile(tmp_path / "f")
        part.open(have)
        assert part.position == 0
        part.close()
        (tmp_path / "f.part").write_bytes(data)
    part = PartFile(tmp_path / "f")
    part.open([Chunk(0, 6, whole)])
    assert (part.position, part.sha256) == (6, whole)
    part.close()


@pytest.mark.parametrize("tail", [1, CHUNK - 1, 3 * CHUNK, 70_000])
@pytest.mark.parametrize("kept", [0, 1, 2])
def test_T34_nothing_stays_behind_what_was_proven(tmp_path, monkeypatch, kept, tail):
    """A longer part of an earlier content ends where the proven chunks end."""
    monkeypatch.setattr(part_file, "CHUNK", CHUNK)
    data = random.Random(12).randbytes(2 * CHUNK + 5)
    first = PartFile(tmp_path / "f")
    first.open(())
    known = first.write(data[: kept * CHUNK])
    first.close()
    (tmp_path / "f.part").write_bytes(data[: kept * CHUNK] + b"\xee" * tail)

    second = PartFile(tmp_path / "f")
    second.open(known)
    assert second.position == kept * CHUNK
    assert second.path.stat().st_size == kept * CHUNK
    second.write(data[kept * CHUNK :])
    second.finish()
    assert (tmp_path / "f").read_bytes() == data


@pytest.mark.parametrize("kept", [0, 2])
def test_T34_a_content_that_became_shorter_has_no_old_end(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(part_file, "CHUNK", CHUNK)
    old = random.Random(13).randbytes(5 * CHUNK)
    first = PartFile(tmp_path / "f")
    first.open(())
    known = first.write(old)
    first.close()

    second = PartFile(tmp_path / "f")
    second.open(known[:kept])
    if kept:
        second.finish()
        assert (tmp_path / "f").read_bytes() == old[: kept * CHUNK]
    else:
        second.write(old)
        assert second.path.stat().st_size == len(old)
        second.restart()
        assert second.path.stat().st_size == 0
        second.write(b"new")
        second.finish()
        assert (tmp_path / "f").read_bytes() == b"new"


def test_a_small_file_replaces_what_was_there_in_one_step(tmp_path):
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f.part").write_bytes(b"left over and longer than the new one")
    sha256, quickxor, chunks = store_whole(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"
    assert sha256 == hashlib.sha256(b"new").hexdigest()
    assert quickxor == QuickXor(b"new").base64()
    assert chunks == (Chunk(0, 3, sha256),)
    assert not (tmp_path / "f.part").exists()


_KIB = 1 << 10


def _part_behind(target: Path, data: bytes, *, rot: int | None = None) -> PartFile:
    """A part file that took ``data`` in pieces; a byte rots once half of it is on the disk."""
    part = PartFile(target)
    part.open(())
    for at in range(0, len(data), 48 * _KIB):
        part.write(data[at : at + 48 * _KIB])
        if rot is not None and part.position > rot + 100 * _KIB:
            with part.path.open("r+b") as file:
                file.seek(rot)
                file.write(bytes([data[rot] ^ 1]))
            rot = None
    return part


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_file, "CHUNK", 64 * _KIB)
    monkeypatch.setattr(part_file, "BEHIND", 256 * _KIB)
    monkeypatch.setattr(part_file, "_STRIDE", 128 * _KIB)


@pytest.mark.usefixtures("behind")
def test_case_A4_a_large_file_is_read_back_while_it_still_comes(tmp_path):
    data = random.Random(7).randbytes(1000 * _KIB + 17)
    part = _part_behind(tmp_path / "f", data)
    part.finish()
    assert (tmp_path / "f").read_bytes() == data
    seen = part.read_back
    assert seen is not None
    # what came last may still be in the disk's own memory
    assert len(data) - seen.size >= 256 * _KIB > 0
    assert seen.size >= 512 * _KIB
    assert seen.sha256.hexdigest() == hashlib.sha256(data[: seen.size]).hexdigest()


@pytest.mark.usefixtures("behind")
def test_case_A4_what_rots_on_the_disk_while_a_file_comes_is_seen(tmp_path):
    data = random.Random(8).randbytes(1000 * _KIB)
    part = _part_behind(tmp_path / "f", data, rot=70_000)
    part.finish()
    assert part.sha256 == hashlib.sha256(data).hexdigest()
    seen = part.read_back
    assert seen is not None
    assert seen.sha256.hexdigest() != hashlib.sha256(data[: seen.size]).hexdigest()


@pytest.mark.usefixtures("behind")
def test_a_content_that_begins_anew_is_read_back_anew(tmp_path):
    data = random.Random(9).randbytes(1000 * _KIB)
    part = _part_behind(tmp_path / "f", data)
    part.restart()
    assert part.read_back is None
    part.write(b"another one")
    part.finish()
    assert (tmp_path / "f").read_bytes() == b"another one"
    assert part.read_back is None


@pytest.mark.parametrize("refused", ["always", "writing"])
def test_where_the_page_cache_cannot_be_passed_nothing_else_changes(tmp_path, monkeypatch, refused):
    if refused == "always":
        monkeypatch.setattr(disk, "go_past_cache", lambda _file, _past=True: False)
    else:
        write = os.write

        def picky(descriptor: int, data: memoryview) -> int:
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
                raise OSError(errno.EINVAL, "wants larger blocks")
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", picky)
    data = random.Random(10).randbytes(1000 * _KIB + 5)
    part = _part_behind(tmp_path / "f", data)
    part.finish()
    assert (tmp_path / "f").read_bytes() == data
    assert part.sha256 == hashlib.sha256(data).hexdigest()
    assert part.read_back is None
