"""quickXorHash: the only content hash that SharePoint and OneDrive for Business give.

160 bits; byte ``i`` of the content is XORed in at bit ``11 * i mod 160``; the length in bytes is
XORed into the last eight bytes, little endian (Microsoft's definition in onedrive-api-docs,
``docs/code-snippets/quickxorhash.md``). Two things follow from ``11 * 160 mod 160 = 0``:

- all bytes at the same position modulo 160 land at the same bits, so the content can first be
  folded to 160 bytes with wide XORs, which is what makes this fast;
- the hash cannot see swapped 320 KiB chunks. It is never enough alone: keep SHA-256 as well.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

_PERIOD = 160  # bytes after which positions repeat; also the number of bits
_SHIFT = 11
_SIZE = 20  # bytes of a digest
#: bytes folded in one row; a multiple of the period that, with its source, stays in the L1 cache
_ROW = _PERIOD * 64


class QuickXor:
    """The running quickXorHash of one content.

    Args:
        data: first bytes, if there are any yet.
    """

    __slots__ = ("_folded", "length")

    def __init__(self, data: bytes | bytearray | memoryview = b"") -> None:
        self._folded: NDArray[np.uint8] = np.zeros(_PERIOD, np.uint8)
        #: bytes taken so far
        self.length = 0
        if len(data):
            self.update(data)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; any division into calls gives the same digest."""
        fresh = np.frombuffer(data, np.uint8)
        at = self.length % _PERIOD
        folded = _fold(fresh)
        self._folded ^= np.roll(folded, at) if at else folded
        self.length += fresh.size

    def digest(self) -> bytes:
        """The 20 bytes of the hash of what was taken so far."""
        # the bits of 160 bytes laid out 11 apart: 8 bits of content, then 3 that stay 0
        spread = np.zeros((_PERIOD, _SHIFT), np.uint8)
        spread[:, :8] = np.unpackbits(self._folded, bitorder="little").reshape(_PERIOD, 8)
        rows = np.packbits(spread, bitorder="little").reshape(_SHIFT, _SIZE)
        value = bytearray(np.bitwise_xor.reduce(rows, axis=0).tobytes())
        for place, byte in enumerate(self.length.to_bytes(8, "little"), start=_SIZE - 8):
            value[place] ^= byte
        return bytes(value)

    def base64(self) -> str:
        """The hash as Graph writes it in ``file.hashes.quickXorHash``."""
        return base64.b64encode(self.digest()).decode("ascii")

    def copy(self) -> QuickXor:
        """A second running hash that starts where this one is."""
        other = QuickXor()
        other._folded, other.length = self._folded.copy(), self.length
        return other


def _fold(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """XOR together all bytes that stand at the same position modulo 160."""
    wide, rest = divmod(data.size, _ROW)
    folded = np.zeros(_PERIOD, np.uint8)
    if wide:
        body = data[: wide * _ROW]
        if body.__array_interface__["data"][0] % 8 == 0:  # eight bytes a step
            row = np.bitwise_xor.reduce(body.view(np.uint64).reshape(wide, -1), axis=0)
            folded ^= np.bitwise_xor.reduce(row.view(np.uint8).reshape(-1, _PERIOD), axis=0)
        else:
            row8 = np.bitwise_xor.reduce(body.reshape(wide, -1), axis=0)
            folded ^= np.bitwise_xor.reduce(row8.reshape(-1, _PERIOD), axis=0)
    tail = data[data.size - rest :]
    whole = rest // _PERIOD * _PERIOD
    if whole:
        folded ^= np.bitwise_xor.reduce(tail[:whole].reshape(-1, _PERIOD), axis=0)
    folded[: rest - whole] ^= tail[whole:]
    return folded
