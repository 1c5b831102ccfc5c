"""The copy of one file on our disk, written in pieces and resumed from what can be proven.

While it is not whole it is called ``<stored>.part``. At every 8 MiB the SHA-256 of all that
came so far is kept in the state; going on means reading that back from the disk first. A
digest of all before proves each piece and its place at once, and costs no second hashing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ..graph.part_file import CHUNK, Chunk, PartFile, ReadBack
from ..graph.quickxor import QuickXor
from .stored_names import ExportFolder

#: bytes of a piece that is proven by itself
PIECE = CHUNK
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an unfinished file.

    Args:
        start: where it begins, bytes from the file's beginning.
        size: its bytes.
        sha256: of the file from its beginning to the end of this piece, in hexadecimal.
    """

    start: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished copy: its bytes, SHA-256 in hexadecimal, quickXorHash in base64.

    And how far it was read back from the disk already, if it was.
    """

    size: int
    sha256: str
    quickxor: str
    read_back: ReadBack | None = None


class LocalCopy:
    """An unfinished copy of one file, held open; ``finish`` gives it its name.

    Args:
        folder: the export's folder.
        stored: the file's place in it.
        pieces: what the state says is on disk already, in order.
        on_piece: called with each further piece once it is on disk.
    """

    def __init__(
        self,
        folder: ExportFolder,
        stored: str,
        pieces: Sequence[Piece] = (),
        on_piece: Callable[[Piece], None] | None = None,
    ) -> None:
        self._on_piece = on_piece
        self._stack = contextlib.ExitStack()
        try:
            self._part = PartFile(self._stack.enter_context(folder.place(stored)))
            self._stack.callback(self._part.close)
            self._part.open([Chunk(one.start, one.size, one.sha256) for one in pieces])
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def size(self) -> int:
        """Bytes it has so far; the next one goes here."""
        return self._part.position

    def write(self, data: memoryview) -> None:
        """Add the bytes that follow."""
        for chunk in self._part.write(data):
            if self._on_piece is not None:
                self._on_piece(Piece(chunk.offset, chunk.size, chunk.sha256))

    def begin_again(self) -> None:
        """Forget all bytes."""
        self._part.restart()

    def finish(self, modified_ns: int | None) -> Copied:
        """Give it its name and its time; it is complete.

        Args:
            modified_ns: nanoseconds since 1970, UTC.
        """
        part = self._part
        part.finish(modified_ns)
        return Copied(part.position, part.sha256, part.quickxor, part.read_back)

    def discard(self) -> None:
        """Remove what there is of it."""
        with contextlib.suppress(FileNotFoundError):
            self._part.path.unlink()


class OnlyRead:
    """Bytes that are hashed and not kept; in the place of a ``LocalCopy``."""

    def __init__(self) -> None:
        self.begin_again()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, data: memoryview) -> None:
        """Take the bytes that follow."""
        self._whole.update(data)
        self.size += len(data)

    def begin_again(self) -> None:
        """Forget all bytes."""
        self._whole, self.size = hashlib.sha256(), 0

    def finish(self, _modified_ns: int | None) -> Copied:
        """What was read; it has no quickXorHash, because it is compared with what has."""
        return Copied(self.size, self._whole.hexdigest(), "")

    def discard(self) -> None:
        """Nothing was kept."""


def store_whole(
    folder: ExportFolder, stored: str, data: Sequence[memoryview], modified_ns: int | None
) -> Copied:
    """Write a small file that is in memory; it appears whole or not at all."""
    whole, quickxor, size = hashlib.sha256(), QuickXor(), 0
    with folder.place(stored) as path:
        # as text: for a million small files a Path here is a tenth of all the work
        final = str(path)
        part = final + _PART
        file = os.open(
            part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640
        )
        try:
            for piece in data:
                _write_all(file, piece)
                whole.update(piece)
                quickxor.update(piece)
                size += len(piece)
            if modified_ns is not None:
                os.utime(file, ns=(modified_ns, modified_ns))
        finally:
            os.close(file)
        os.replace(part, final)  # noqa: PTH105
    return Copied(size, whole.hexdigest(), quickxor.base64())


def _write_all(file: int, data: memoryview) -> None:
    while len(data):
        data = data[os.write(file, data) :]
