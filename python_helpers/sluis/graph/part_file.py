"""A file while it is being fetched: ``<name>.part``, its running hashes, its proven chunks.

All of this blocks and therefore runs in threads; a part belongs to one download, which has at most
one thread at work on it at a time.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import disk
from .errors import GraphError
from .quickxor import QuickXor

#: bytes per chunk that gets a SHA-256 of its own
CHUNK = 8 << 20
#: bytes by which reading back stays behind writing: more than a disk keeps in its own memory
BEHIND = 256 << 20
#: bytes that are hashed at once: they are then still in the processor's own memory
_PIECE = 1 << 20
#: bytes that are made durable and read back at once
_STRIDE = 64 << 20


@dataclass(frozen=True)
class ReadBack:
    """How far a file was read back from its disk while it was still being fetched.

    Args:
        size: bytes from its beginning.
        sha256: the running SHA-256 of those bytes, as the disk gave them.
    """

    size: int
    sha256: hashlib._Hash


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

    A large file is read back from the disk while it is still being fetched, some way behind;
    the rest is left to who reads everything back.

    Args:
        target: the file it becomes.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        #: bytes that were taken and hashed; the next byte goes here
        self.position = 0
        self.chunks: list[Chunk] = []
        self._descriptor = -1
        self._total = hashlib.sha256()
        self._quickxor = QuickXor()
        #: bytes that were taken and are not yet written
        self._stage: mmap.mmap | None = None
        self._staged = 0
        self._past_cache = False
        #: SHA-256 of what was read back, which goes up to here
        self._on_disk = hashlib.sha256()
        self._read_back = 0

    def open(self, have: Sequence[Chunk]) -> None:
        """Take up what an earlier run left, as far as the disk still holds what was hashed.

        Raises:
            OSError: the file cannot be made, or is no plain file.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o640)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise OSError(f"{self.path} is no plain file")
        self._stage = disk.borrow()
        self._past_cache = disk.go_past_cache(self._descriptor)
        for chunk in sorted(have, key=lambda one: one.offset):
            if chunk.offset != self.position or not self._holds(chunk):
                break
        if self.position % disk.ALIGN:
            self._through_cache()
        os.ftruncate(self._descriptor, self.position)
        os.lseek(self._descriptor, self.position, os.SEEK_SET)
        if self._past_cache:  # then what was just read came from the disk
            self._on_disk, self._read_back = self._total.copy(), self.position

    def room(self) -> memoryview:
        """Where the next bytes are to be put; tell :meth:`took` how many came."""
        assert self._stage is not None  # noqa: S101  for the type checker
        # a chunk that an earlier run left may be shorter than ours; chunks just follow on
        left = CHUNK - (self.position - self._chunk_began())
        most = min(left, _PIECE, disk.BLOCK - self._staged)
        return memoryview(self._stage)[self._staged : self._staged + most]

    def took(self, count: int) -> list[Chunk]:
        """Hash what was put into :meth:`room`, write what fills a block; the chunks now whole."""
        assert self._stage is not None  # noqa: S101  for the type checker
        done = len(self.chunks)
        piece = memoryview(self._stage)[self._staged : self._staged + count]
        self._total.update(piece)
        self._quickxor.update(piece)
        self._staged += count
        self.position += count
        is_chunk = self.position - self._chunk_began() == CHUNK
        if is_chunk or self._staged == disk.BLOCK:
            self._flush()
        if is_chunk:
            self._end_chunk()
            if self._past_cache and self.position - self._read_back >= BEHIND + _STRIDE:
                self._read_up_to(self._read_back + _STRIDE)
        return self.chunks[done:]

    def write(self, block: bytes | bytearray | memoryview) -> list[Chunk]:
        """Write and hash the next bytes; return the chunks that became whole."""
        rest, fresh = memoryview(block), []
        while rest:
            room = self.room()
            piece = rest[: len(room)]
            room[: len(piece)] = piece
            fresh += self.took(len(piece))
            rest = rest[len(piece) :]
        return fresh

    def restart(self) -> None:
        """Throw away what was fetched: it belongs to another content."""
        self.position = self._staged = self._read_back = 0
        self.chunks.clear()
        self._total, self._quickxor = hashlib.sha256(), QuickXor()
        self._on_disk = hashlib.sha256()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._past_cache = disk.go_past_cache(self._descriptor)

    def discard(self) -> None:
        """Leave nothing of it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def finish(self, modified_ns: int | None = None) -> list[Chunk]:
        """Put the whole file in its place; return the last chunk, if there is one.

        It is not synced: who moves many files does that once for all, before reading them back.

        Args:
            modified_ns: its time, in nanoseconds since 1970, UTC; ``None``: now.
        """
        done = len(self.chunks)
        self._flush()
        if self.position > self._chunk_began():
            self._end_chunk()
        if modified_ns is not None:
            os.utime(self._descriptor, ns=(modified_ns, modified_ns))
        self.close()
        self.path.replace(self.target)
        return self.chunks[done:]

    def close(self) -> None:
        """Let go of the file; what is in it stays for the next run."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._stage is not None:
            disk.give_back(self._stage)
            self._stage = None

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes so far, in hexadecimal."""
        return self._total.hexdigest()

    @property
    def quickxor(self) -> str:
        """quickXorHash of all bytes so far, as Graph writes it."""
        return self._quickxor.base64()

    @property
    def read_back(self) -> ReadBack | None:
        """What was read back of it so far."""
        return ReadBack(self._read_back, self._on_disk) if self._read_back else None

    def _chunk_began(self) -> int:
        return self.chunks[-1].offset + self.chunks[-1].size if self.chunks else 0

    def _end_chunk(self) -> None:
        began = self._chunk_began()
        self.chunks.append(Chunk(began, self.position - began, self.sha256))

    def _flush(self) -> None:
        """Hand what is staged to the disk."""
        assert self._stage is not None  # noqa: S101  for the type checker
        rest = memoryview(self._stage)[: self._staged]
        self._staged = 0
        while rest:
            if len(rest) % disk.ALIGN:
                whole = len(rest) - len(rest) % disk.ALIGN
                if not whole or not self._past_cache:
                    self._through_cache()
                    whole = len(rest)
            else:
                whole = len(rest)
            try:
                rest = rest[os.write(self._descriptor, rest[:whole]) :]
            except OSError as error:
                if error.errno != errno.EINVAL or not self._past_cache:
                    raise
                self._through_cache()  # this file system wants more than we know of

    def _through_cache(self) -> None:
        self._past_cache = disk.go_past_cache(self._descriptor, False)

    def _read_up_to(self, end: int) -> None:
        os.fdatasync(self._descriptor)
        self._read_back = disk.read_run(
            self._descriptor, self._read_back, end, self._on_disk.update
        )

    def _holds(self, chunk: Chunk) -> bool:
        """Whether the disk holds this chunk; if so it is taken into the running hashes."""
        if chunk.size <= 0:
            return False
        total, quickxor = self._total.copy(), self._quickxor.copy()

        def take(block: memoryview) -> None:
            total.update(block)
            quickxor.update(block)

        end = chunk.offset + chunk.size
        if chunk.offset % disk.ALIGN:
            self._through_cache()
        if disk.read_run(self._descriptor, chunk.offset, end, take) < end:
            return False
        if total.hexdigest() != chunk.sha256:
            return False
        self._total, self._quickxor = total, quickxor
        self.chunks.append(chunk)
        self.position = end
        return True


def store_whole(target: Path, data: bytes | bytearray) -> tuple[str, str, tuple[Chunk, ...]]:
    """Write a small file in one go; return its SHA-256, quickXorHash and only chunk.

    It is not synced: who moves many files does that once for all, before reading them back.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    quickxor = QuickXor(data).base64()
    part = f"{target}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(part, flags, 0o640)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
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
