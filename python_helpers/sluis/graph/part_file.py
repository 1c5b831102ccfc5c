"""A file while it is being fetched: ``<name>.part``, its running hashes, its proven chunks.

All of this blocks and therefore runs in threads; a part belongs to one download, which has at most
one thread at work on it at a time.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import GraphError
from .quickxor import QuickXor

#: bytes per chunk that gets a SHA-256 of its own
CHUNK = 8 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """A run of bytes that was fetched and hashed.

    Args:
        offset: where it begins in the file, bytes.
        size: bytes.
        sha256: SHA-256, in hexadecimal, of the file from its first byte to this chunk's last. So
            one pass proves chunks, their order and the file, at half the cost of hashing each
            chunk for itself as well; the last chunk's is the file's.
    """

    offset: int
    size: int
    sha256: str


class PartFile:
    """``<target>.part``.

    Args:
        target: the file it becomes.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        #: bytes that are written and hashed; the next byte goes here
        self.position = 0
        self.chunks: list[Chunk] = []
        self._descriptor = -1
        self._total = hashlib.sha256()
        self._quickxor = QuickXor()

    def open(self, have: Sequence[Chunk]) -> None:
        """Take up what an earlier run left, as far as the disk still holds what was hashed.

        Raises:
            OSError: the file cannot be made, or is no plain file.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o640)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise OSError(f"{self.path} is no plain file")
        for chunk in sorted(have, key=lambda one: one.offset):
            if chunk.offset != self.position or not self._holds(chunk):
                break
        os.ftruncate(self._descriptor, self.position)
        os.lseek(self._descriptor, self.position, os.SEEK_SET)

    def write(self, block: bytes | bytearray | memoryview) -> list[Chunk]:
        """Write and hash the next bytes; return the chunks that became whole."""
        rest = memoryview(block)
        done = len(self.chunks)
        while rest:
            # a chunk that an earlier run left may be shorter than ours; chunks just follow on
            began = self._chunk_began()
            piece = rest[: CHUNK - (self.position - began)]
            self._put(piece)
            self._take(piece)
            rest = rest[len(piece) :]
            if self.position - began == CHUNK:
                self._end_chunk()
        return self.chunks[done:]

    def restart(self) -> None:
        """Throw away what was fetched: it belongs to another content."""
        self.position = 0
        self.chunks.clear()
        self._total, self._quickxor = hashlib.sha256(), QuickXor()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)

    def finish(self) -> list[Chunk]:
        """Put the file in its place, whole and on disk; return the last chunk, if there is one.

        The folder is not synced: who moves many files does that once for all of them.
        """
        done = len(self.chunks)
        if self.position > self._chunk_began():
            self._end_chunk()
        os.fsync(self._descriptor)
        self.close()
        self.path.replace(self.target)
        return self.chunks[done:]

    def close(self) -> None:
        """Let go of the file; what is in it stays for the next run."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes so far, in hexadecimal."""
        return self._total.hexdigest()

    @property
    def quickxor(self) -> str:
        """quickXorHash of all bytes so far, as Graph writes it."""
        return self._quickxor.base64()

    def _chunk_began(self) -> int:
        return self.chunks[-1].offset + self.chunks[-1].size if self.chunks else 0

    def _end_chunk(self) -> None:
        began = self._chunk_began()
        self.chunks.append(Chunk(began, self.position - began, self.sha256))

    def _take(self, piece: memoryview) -> None:
        self._total.update(piece)
        self._quickxor.update(piece)
        self.position += len(piece)

    def _put(self, piece: memoryview) -> None:
        while piece:
            piece = piece[os.write(self._descriptor, piece) :]

    def _holds(self, chunk: Chunk) -> bool:
        """Whether the disk holds this chunk; if so it is taken into the running hashes."""
        if chunk.size <= 0:
            return False
        total, quickxor = self._total.copy(), self._quickxor.copy()
        at, end = chunk.offset, chunk.offset + chunk.size
        while at < end:
            block = os.pread(self._descriptor, min(_BLOCK, end - at), at)
            if not block:
                return False
            total.update(block)
            quickxor.update(block)
            at += len(block)
        if total.hexdigest() != chunk.sha256:
            return False
        self._total, self._quickxor = total, quickxor
        self.chunks.append(chunk)
        self.position = end
        return True


def store_whole(target: Path, data: bytes | bytearray) -> tuple[str, str, tuple[Chunk, ...]]:
    """Write a small file in one go; return its SHA-256, quickXorHash and only chunk."""
    sha256 = hashlib.sha256(data).hexdigest()
    quickxor = QuickXor(data).base64()
    part = f"{target}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(part, flags, 0o640)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(part, target)  # noqa: PTH105 - a path object costs as much as the call
    return sha256, quickxor, (Chunk(0, len(data), sha256),) if data else ()


def cannot_write(target: Path, error: OSError) -> GraphError:
    """The error for a disk that is full, read-only or failing."""
    return GraphError(
        "cannot-write",
        f"{target} could not be written ({error.strerror or type(error).__name__}).",
        "Free space or mend the disk, and run again; what was fetched is kept.",
    )
