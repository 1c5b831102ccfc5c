"""Large files to the disk and back, past the page cache where the file system lets us.

Two reasons. What is read back then comes from the disk and cannot be the copy in memory. And it
is cheap: a page of the cache that the kernel must first find or ask of a hypervisor costs more
than hashing its bytes (measured on a virtual machine: 1.5 to 2.1 s of processor time per GiB
written through the cache, 0.1 to 0.2 s past it). open(2), ``O_DIRECT``: memory, place and length
must be multiples of the block size; where a file system refuses it, the cache is used as ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

#: what memory, place and length are multiples of; no disk has larger blocks
ALIGN = 4096
#: bytes handed to or taken from the disk at once: each time a thread waits for it
BLOCK = 4 << 20
_MOST_SPARE = 32
_spare: list[mmap.mmap] = []


@contextlib.contextmanager
def buffer() -> Iterator[mmap.mmap]:
    """A block of memory that a disk can be read into directly."""
    block = borrow()
    try:
        yield block
    finally:
        give_back(block)


def borrow() -> mmap.mmap:
    """The same, to be given back with :func:`give_back`."""
    try:
        return _spare.pop()
    except IndexError:
        return mmap.mmap(-1, BLOCK)  # begins at a page


def give_back(block: mmap.mmap) -> None:
    """The block is free for another file."""
    if len(_spare) < _MOST_SPARE:
        _spare.append(block)


def go_past_cache(descriptor: int, past: bool = True) -> bool:
    """Whether this file is read and written past the page cache from now on.

    Args:
        past: or through the cache again.
    """
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    wanted = flags | os.O_DIRECT if past else flags & ~os.O_DIRECT
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, wanted)
    except OSError:
        return False
    return past


def has_room(folder: Path, size: int) -> bool:
    """Whether so many bytes are free below a folder, as far as its file system says."""
    told = os.statvfs(folder)
    return not told.f_blocks or size <= told.f_bavail * told.f_frsize


def read_run(
    descriptor: int, start: int, end: int | None, take: Callable[[memoryview], object]
) -> int:
    """Read a run of bytes and hand them on, block by block.

    Args:
        start: its first byte; a multiple of :data:`ALIGN` if the file goes past the cache.
        end: one past its last byte; ``None``: to the end of the file.
        take: is given the bytes of each block, which are gone when it returns.

    Returns:
        where it ended; before ``end`` only when the file does.

    Raises:
        OSError: the disk.
    """
    at = start
    with buffer() as block, memoryview(block) as view:
        while end is None or at < end:
            got = os.preadv(descriptor, [view], at)
            if end is not None:
                got = min(got, end - at)
            if got <= 0:
                break
            take(view[:got])
            at += got
            if at % ALIGN and not start % ALIGN:
                break  # only a file's end lies there
    return at
