"""Lines of a compressed file that may come from somebody who means harm, within bounds.

A small file can unfold to gigabytes, or to one line without an end. What it may take grows with
the bytes that came.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

#: text that any file may unfold to, and what each byte that came adds: it costs time
_FREE = 64 << 20
_PER_BYTE = 400


class _Counted:
    """A file that knows how many bytes were read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.count += len(data)
        return data


class Unfolding:
    """The lines of one file, each with its line end; see `unfold`."""

    def __init__(self, came: _Counted, unpacked: gzip.GzipFile, longest: int) -> None:
        self._came = came
        self._unpacked = unpacked
        self._longest = longest
        self._text = 0

    @property
    def came(self) -> int:
        """Bytes that were read of the compressed file until now."""
        return self._came.count

    def next_line(self) -> bytes:
        """The next line; nothing at the end.

        Raises:
            ValueError: it is longer than a line may be, or the file unfolds to too much.
            OSError: it cannot be read or unpacked.
            EOFError: it was cut short.
        """
        line = self._unpacked.readline(self._longest + 1)
        if len(line) > self._longest:
            raise ValueError(f"a line is longer than {self._longest:,} bytes")
        self._text += len(line)
        if self._text > _FREE + _PER_BYTE * self.came:
            raise ValueError("it unfolds to more than a manifest of its size can be")
        return line


@contextmanager
def unfold(file: IO[bytes], longest: int) -> Iterator[Unfolding]:
    """Read a gzip file line by line.

    Args:
        file: open for reading.
        longest: bytes that a line may have, its end included.
    """
    came = _Counted(file)
    with gzip.GzipFile(fileobj=came, mode="rb") as unpacked:  # type: ignore[call-overload]
        yield Unfolding(came, unpacked, longest)
