"""The tenant's quickXorHash against a slow one that follows the definition bit by bit."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from sluis.rehearsal.tenant.quick_xor import QuickXor, columns, text

_MASK = (1 << 160) - 1


def _by_definition(data: bytes) -> str:
    bits = 0
    for place, byte in enumerate(data):
        shift = 11 * place % 160
        bits ^= ((byte << shift) | (byte << shift >> 160)) & _MASK
    bits ^= len(data) << 96
    return base64.b64encode(bits.to_bytes(20, "little")).decode()


@given(st.binary(max_size=700))
def test_it_follows_the_definition(data: bytes) -> None:
    assert text(columns(data), len(data)) == _by_definition(data)


@given(st.binary(min_size=1, max_size=900), st.integers(1, 400))
def test_pieces_make_no_difference(data: bytes, step: int) -> None:
    hashing = QuickXor()
    for start in range(0, len(data), step):
        hashing.update(data[start : start + step])
    assert hashing.base64() == _by_definition(data)


def test_known_values() -> None:
    # the empty file (facts), and the first vectors that onedrive-api-docs' code gives
    assert QuickXor().base64() == base64.b64encode(bytes(20)).decode()
    assert _by_definition(b"J") == "SgAAAAAAAAAAAAAAAQAAAAAAAAA="


def test_it_does_not_see_swapped_320_kib_blocks() -> None:
    """What the real hash cannot see, this one must not see either."""
    block = 320 * 1024
    one, other = bytes(range(256)) * (block // 256), b"other" * (block // 5)
    assert text(columns(one + other), 2 * block) == text(columns(other + one), 2 * block)
