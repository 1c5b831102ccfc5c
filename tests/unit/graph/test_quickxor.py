"""quickXorHash against its definition, known vectors, and any division into calls."""

from __future__ import annotations

import base64
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.graph.quickxor import QuickXor

RCLONE = Path(sys.executable).with_name("rclone")


def by_definition(data):
    """Each byte at bit 11·i mod 160, around the end; the length into the last eight bytes."""
    value = 0
    for place, byte in enumerate(data):
        shifted = byte << (11 * place % 160)
        value ^= (shifted & (1 << 160) - 1) | shifted >> 160
    value ^= len(data) << 96
    return value.to_bytes(20, "little")


#: worked out by hand from the definition: a byte at 0, at bit 11, and one that runs over the end
BY_HAND = [
    (b"", bytes(20)),
    (b"\x01", bytes([1, *[0] * 11, 1, *[0] * 7])),
    (b"\x00\x01", bytes([0, 8, *[0] * 10, 2, *[0] * 7])),  # bit 11 is bit 3 of byte 1
    # byte 14 stands at bit 154: six bits at the end, two at the beginning
    (bytes(14) + b"\xff", bytes([3, *[0] * 11, 15, *[0] * 6, 0xFC])),
]


@pytest.mark.parametrize(("data", "digest"), BY_HAND)
def test_by_hand(data, digest):
    assert QuickXor(data).digest() == digest
    assert by_definition(data) == digest
    assert base64.b64decode(QuickXor(data).base64()) == digest


@given(st.binary(max_size=2_000), st.lists(st.integers(0, 2_000), max_size=6))
def test_any_division_gives_what_the_definition_gives(data, cuts):
    running = QuickXor()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        running.update(memoryview(data)[start:end])
    assert running.digest() == by_definition(data)
    assert running.length == len(data)


@pytest.mark.parametrize("size", [159, 160, 161, 10_239, 10_240, 10_241, 20_480, 70_001])
@pytest.mark.parametrize("first", [0, 1, 7, 160, 10_241])
def test_sizes_about_the_widths_that_are_folded_at_once(size, first):
    data = random.Random(size).randbytes(size)
    running = QuickXor(data[:first])
    copied = running.copy()
    running.update(bytearray(data[first:]))
    copied.update(memoryview(data)[first:])  # often not aligned to eight bytes
    assert running.digest() == copied.digest() == by_definition(data)


def test_what_it_cannot_see():
    """Why SHA-256 is kept as well: 320 KiB is a multiple of 160 bytes."""
    chunk = 327_680
    data = random.Random(1).randbytes(2 * chunk)
    assert QuickXor(data).digest() == QuickXor(data[chunk:] + data[:chunk]).digest()


def test_rclone_says_the_same(tmp_path):
    sizes = [0, 1, 20, 160, 161, 1_000, 65_537, 1 << 20, (1 << 20) + 3]
    for size in sizes:
        (tmp_path / str(size)).write_bytes(random.Random(size).randbytes(size))
    told = subprocess.run(
        [RCLONE, "hashsum", "quickxor", "--base64", tmp_path],
        env={"PATH": os.environ["PATH"], "RCLONE_CONFIG": str(tmp_path / "none")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # rclone writes the URL-safe alphabet here, Graph the ordinary one
    pairs = (line.split() for line in told.splitlines())
    by_rclone = {name: base64.urlsafe_b64decode(text) for text, name in pairs}
    ours = {str(size): QuickXor((tmp_path / str(size)).read_bytes()).digest() for size in sizes}
    assert by_rclone == ours
