"""The bytes of generated files: computed from a key when asked for, never stored.

A file is a row of blocks, each a slice of one pool of random bytes with a stamp at its
start that no other block of any file has: a block in the wrong place shows. The pool's
running XOR gives the quickXorHash of a slice without reading it, so that a listing of a
million files with hashes costs little.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

import numpy as np

from sluis.rehearsal.tenant import quick_xor

#: bytes of one block; a multiple of 160, so that every block starts at hash column 0
BLOCK = 1_310_720
_PERIOD = quick_xor.PERIOD
_STAMP = 16
_SPREAD = 1 << 20


class Generator:
    """Makes and hashes the content of generated files.

    Args:
        seed: the population's seed.
    """

    def __init__(self, seed: int) -> None:
        random = np.random.Generator(np.random.PCG64(seed))
        self._pool = random.bytes(_PERIOD + _SPREAD + BLOCK)
        rest = len(self._pool) % _PERIOD
        padded = self._pool + bytes(_PERIOD - rest if rest else 0)
        rows = np.frombuffer(padded, dtype=np.uint8).reshape(-1, _PERIOD)
        # entry i is the XOR of all pool bytes i, i-160, i-320, …
        self._running = np.bitwise_xor.accumulate(rows, axis=0).tobytes()
        self._seed = seed.to_bytes(16, "little", signed=True)

    def _block(self, key: int, number: int) -> tuple[int, bytes]:
        """Where in the pool a block starts, and the stamp that covers its first bytes."""
        made = hashlib.blake2b(
            struct.pack("<QQ", key, number), digest_size=_STAMP + 4, key=self._seed
        ).digest()
        at = _PERIOD + int.from_bytes(made[_STAMP:], "little") % _SPREAD
        return at, made[:_STAMP]

    def pieces(self, key: int, start: int, end: int) -> Iterator[bytes | memoryview]:
        """The bytes ``start`` up to ``end`` of a file, in pieces, none copied that need not be."""
        pool = memoryview(self._pool)
        while start < end:
            number, offset = divmod(start, BLOCK)
            at, stamp = self._block(key, number)
            stop = min(end - number * BLOCK, BLOCK)
            if offset < _STAMP:
                piece = stamp[offset : min(stop, _STAMP)]
                yield piece
                start += len(piece)
                offset += len(piece)
            if offset < stop:
                yield pool[at + offset : at + stop]
                start += stop - offset

    def read(self, key: int, start: int, end: int) -> bytes:
        """The bytes ``start`` up to ``end`` of a file."""
        return b"".join(self.pieces(key, start, end))

    def quick_xor(self, key: int, size: int) -> str:
        """The quickXorHash of a file, without making it."""
        folded = 0
        for number in range(-(-size // BLOCK)):
            length = min(size - number * BLOCK, BLOCK)
            at, stamp = self._block(key, number)
            covered = min(length, _STAMP)
            folded ^= self._slice_columns(at, length)
            folded ^= int.from_bytes(self._pool[at : at + covered], "little")
            folded ^= int.from_bytes(stamp[:covered], "little")
        return quick_xor.text(folded, size)

    def _slice_columns(self, at: int, length: int) -> int:
        if length < _PERIOD:
            return int.from_bytes(self._pool[at : at + length], "little")
        last = self._running[at + length - _PERIOD : at + length]
        before = self._running[at - _PERIOD : at]
        return quick_xor.turn(int.from_bytes(last, "little"), length % _PERIOD) ^ int.from_bytes(
            before, "little"
        )
