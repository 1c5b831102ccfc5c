"""Measure, for a second or two, how fast a source can be read. What is read is not kept."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from ..manifest.walk import Walk
from . import sftp_wire as wire
from .found import Found
from .sftp_fetch import ask_small, stream
from .sftp_listing import under, walk
from .sftp_login import SftpLogin
from .sftp_session import SftpSession
from .sftp_wire import Kind
from .source_file import Wanted
from .source_forecast import Speed

#: seconds of reading that say enough, items looked at, and small files read
_SECONDS = 1.0
_LOOKED_AT = 5000
_SMALL_FILES = 300
#: bytes up to which a file is a small one, and from which its reading tells of the line
_SMALL, _LARGE = 64 << 10, 1 << 20
#: files that any disk opens in a second
_OPENED = 100.0
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def sftp_speed(login: SftpLogin, root: str, clock: Callable[[], float] = time.monotonic) -> Speed:
    """Read some small files of a server side by side, then a large one, over one connection.

    Args:
        login: how to get in.
        root: the folder, as the server spells it.
        clock: seconds, from any beginning.

    Returns:
        what was measured. Without a large file the small ones' bytes are taken, which is a
        lower bound.

    Raises:
        SourceError: the server is not the one we know, says no, or has no such folder.
        CutError: the connection was lost.
    """
    where = os.fsencode(root)
    session = SftpSession.open(login)
    try:
        # the whole walk is ended before anything else is asked on this connection
        files = [f for f in islice(walk(session, where), _LOOKED_AT) if _is_file(f)]
    finally:
        session.close()
    session = SftpSession.open(login)
    try:
        small = [f for f in files if (f.size or 0) <= _SMALL][:_SMALL_FILES]
        begun = clock()
        errands = (
            ask_small(session, where, Wanted(str(n), one, "", keep=False))
            for n, one in enumerate(small)
        )
        count = size = 0
        for whole in session.run(errands, 48):
            if whole.data is not None:
                count, size = count + 1, size + sum(map(len, whole.data))
        took = clock() - begun
        per_file = count / took if count and took > 0 else None
        bytes_a_second = _line(session, where, files, clock)
        if bytes_a_second is None and size and took > 0:
            bytes_a_second = size / took
        # where there are only large files, a file costs a turn: asked, answered
        return Speed(per_file or _turns(session, where, files, clock), bytes_a_second)
    finally:
        session.close()


def _line(
    session: SftpSession, root: bytes, files: list[Found], clock: Callable[[], float]
) -> float | None:
    largest = max(files, key=lambda f: f.size or 0, default=None)
    if largest is None or (largest.size or 0) < _LARGE:
        return None
    opened = session.one(wire.open_file(under(root, largest.path)))
    if opened.kind != Kind.HANDLE:
        return None
    begun, size = clock(), 0
    for piece in _for_a_while(session, opened.handle(), largest.size or 0, clock, begun):
        size += len(piece)
    took = clock() - begun
    return size / took if size and took > 0 else None


def _for_a_while(
    session: SftpSession, handle: bytes, size: int, clock: Callable[[], float], begun: float
) -> Iterator[memoryview]:
    """Bytes of a file in spans of 8 MiB, each to its end, until enough is known."""
    for at in range(0, size, 8 << 20):
        for piece in stream(session, handle, at, min(size, at + (8 << 20))):
            if isinstance(piece, str):
                return
            yield piece
        if clock() - begun >= _SECONDS:
            return


def _turns(
    session: SftpSession, root: bytes, files: list[Found], clock: Callable[[], float]
) -> float | None:
    if not files:
        return None
    begun = clock()
    for found in files[:20]:
        session.one(wire.of_path(Kind.LSTAT, under(root, found.path)))
    took = clock() - begun
    return min(len(files), 20) / took if took > 0 else None


def _is_file(found: Found) -> bool:
    return found.kind == "file" and found.why is None


def directory_speed(root: Path, clock: Callable[[], float] = time.monotonic) -> Speed:
    """Read some small files of a directory, then its largest, past what is in memory.

    Raises:
        SnapshotError: ``source-missing``, ``source-not-a-folder``, ``source-unreadable``.
    """
    walk = Walk(str(root), ())
    seen = [s for s in islice(walk, _LOOKED_AT) if stat.S_ISREG(s.status.st_mode)]
    small = [s.path for s in seen if s.size <= _SMALL][:_SMALL_FILES]
    begun = clock()
    count = size = 0
    for path in small:
        size += _read(walk.root, path, clock, begun)
        count += 1
        if clock() - begun >= _SECONDS:
            break
    took = clock() - begun
    per_file = count / took if count and took > 0 else None
    largest = max(seen, key=lambda s: s.size, default=None)
    if largest is None or largest.size < _LARGE:
        return Speed(per_file, size / took if size and took > 0 else None)
    begun = clock()
    size = _read(walk.root, largest.path, clock, begun)
    took = clock() - begun
    line = size / took if size and took > 0 else None
    # where there are only large files, opening one is what a file costs besides its bytes
    return Speed(per_file or _OPENED, line)


def _read(root: bytes, path: bytes, clock: Callable[[], float], begun: float) -> int:
    """Bytes of a file that were read before the time was up; 0 when it cannot be read."""
    size = 0
    try:
        file = os.open(os.path.join(root, path), _FILE)  # noqa: PTH118
    except OSError:
        return 0
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := os.read(file, 1 << 20):
            size += len(piece)
            if clock() - begun >= _SECONDS:
                break
    except OSError:
        return size
    finally:
        os.close(file)
    return size
