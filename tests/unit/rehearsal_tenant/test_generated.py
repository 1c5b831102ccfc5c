"""Generated content: the same at every reading, hashed without being made, unlike all else."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.rehearsal.tenant import office
from sluis.rehearsal.tenant.generated import BLOCK, Generator
from sluis.rehearsal.tenant.quick_xor import columns, text

GENERATOR = Generator(5)
SIZES = (0, 1, 15, 16, 17, 159, 160, 161, 5_000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 777)


@pytest.mark.parametrize("size", SIZES)
def test_the_hash_is_that_of_the_bytes(size: int) -> None:
    data = GENERATOR.read(9, 0, size)
    assert len(data) == size
    assert GENERATOR.quick_xor(9, size) == text(columns(data), size)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2 * BLOCK), st.integers(0, 2 * BLOCK))
def test_a_range_is_the_same_as_in_the_whole(one: int, other: int) -> None:
    start, end = sorted((one, other))
    whole = GENERATOR.read(3, 0, 2 * BLOCK)
    assert GENERATOR.read(3, start, end) == whole[start:end]


def test_no_two_files_and_no_two_blocks_are_alike() -> None:
    files = {GENERATOR.read(key, 0, 64) for key in range(500)}
    assert len(files) == 500
    data = GENERATOR.read(1, 0, 8 * BLOCK)
    blocks = {hashlib.sha256(data[at : at + BLOCK]).digest() for at in range(0, len(data), BLOCK)}
    assert len(blocks) == 8


def test_the_seed_decides_the_bytes() -> None:
    assert Generator(5).read(1, 0, 100) == GENERATOR.read(1, 0, 100)
    assert Generator(6).read(1, 0, 100) != GENERATOR.read(1, 0, 100)


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "pptx"])
def test_an_office_package_has_the_size_that_was_said_before_it_was_made(suffix: str) -> None:
    for more in (0, 1, 9_999):
        size = office.smallest(suffix) + more
        data = office.make(GENERATOR, 1 << 60, suffix, size)
        assert len(data) == size
        assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert office.make(GENERATOR, 1, suffix, 9_000) != office.make(GENERATOR, 2, suffix, 9_000)
