"""quickXorHash, the only hash that SharePoint and OneDrive for Business give.

Byte ``i`` of a file is XORed into 160 bits at bit ``11 * i mod 160``; the length, as 64
bits little-endian, is XORed into the last 8 bytes (onedrive-api-docs,
``docs/code-snippets/quickxorhash.md``). Position repeats every 160 bytes, so a file is
first folded into 160 columns, and only those are spread over the bits.

This is the tenant's own; the graph room has another, so that one checks the other.
"""

from __future__ import annotations

import base64

import numpy as np

#: bytes after which the position repeats
PERIOD = 160
_MASK = (1 << 160) - 1


def columns(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """Fold bytes into 160 columns, as one number of 160 bytes, little-endian.

    Args:
        data: the bytes.
        start: offset of the first of them in the file.
    """
    whole = len(data) - len(data) % PERIOD
    folded = 0
    if whole:
        table = np.frombuffer(data, dtype=np.uint64, count=whole // 8).reshape(-1, PERIOD // 8)
        folded = int.from_bytes(np.bitwise_xor.reduce(table, axis=0).tobytes(), "little")
    if whole < len(data):
        folded ^= int.from_bytes(data[whole:], "little")
    return turn(folded, start % PERIOD)


def turn(folded: int, places: int) -> int:
    """Move every column ``places`` further; the last come round to the front."""
    if not places:
        return folded
    bits = 8 * places
    return ((folded << bits) | (folded >> (8 * PERIOD - bits))) & ((1 << 8 * PERIOD) - 1)


def digest(folded: int, length: int) -> bytes:
    """The 20 bytes of the hash.

    Args:
        folded: the file's columns.
        length: the file's length in bytes.
    """
    table = folded.to_bytes(PERIOD, "little")
    bits = 0
    for first in range(8):
        # columns first, first + 8, …: each lies 11 bytes on from the one before it, so as
        # whole bytes they are a permutation of 20 places (11 is its own inverse modulo 20)
        spread = (table[first::8] * 11)[::11][:20]
        part = int.from_bytes(spread, "little")
        shift = 11 * first
        bits ^= ((part << shift) | (part >> (160 - shift))) & _MASK
    return (bits ^ (length << 96)).to_bytes(20, "little")


def text(folded: int, length: int) -> str:
    """The hash as Graph writes it: base64."""
    return base64.b64encode(digest(folded, length)).decode("ascii")


class QuickXor:
    """The hash of a file that comes in pieces."""

    def __init__(self) -> None:
        self.length = 0
        self.folded = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next piece."""
        self.folded ^= columns(data, self.length)
        self.length += len(data)

    def base64(self) -> str:
        """The hash of what came so far."""
        return text(self.folded, self.length)
