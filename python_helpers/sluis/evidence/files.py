"""Writing files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

#: names that start so are unfinished; a killed process may leave one behind
UNFINISHED = ".new-"


def make_folder(folder: Path, mode: int = 0o750) -> None:
    """Make ``folder`` and its missing parents, and make that last through a power cut."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=mode)
        sync_folder(path.parent)


def unfinished_name(folder: Path) -> Path:
    """A fresh name in ``folder`` for a file that is not finished yet."""
    return folder / f"{UNFINISHED}{secrets.token_hex(8)}"


def write_unfinished(path: Path, data: bytes, mode: int = 0o440) -> None:
    """Write ``data`` to ``path``, which must not exist; it is on disk when this returns.

    The caller then links or renames it to its real name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        remove(path)
        raise


def write_new(path: Path, data: bytes, mode: int = 0o440) -> None:
    """Write a file that must not exist yet; it appears whole or not at all.

    Raises:
        FileExistsError: somebody else was first; nothing was overwritten.
    """
    unfinished = unfinished_name(path.parent)
    write_unfinished(unfinished, data, mode)
    try:
        os.link(unfinished, path)
    finally:
        remove(unfinished)
    sync_folder(path.parent)


def replace(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Write a file, in place of an older one if there is any, in one step."""
    unfinished = unfinished_name(path.parent)
    write_unfinished(unfinished, data, mode)
    try:
        unfinished.replace(path)
    except BaseException:
        remove(unfinished)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file that may already be gone."""
    path.unlink(missing_ok=True)


def open_regular(path: Path | str) -> int:
    """Open a regular file to read, never through a symbolic link.

    Returns:
        A descriptor, for the caller to close.

    Raises:
        OSError: it is not there, a link, or not readable.
        ValueError: it is something else than a file.
    """
    # opening a device can do something, so look before
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        # it may change in between: O_NONBLOCK keeps a pipe from making a reader wait
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
    raise ValueError(f"{path} is not a regular file")


def read_regular(path: Path | str, largest: int) -> bytes:
    """Read a regular file, never through a symbolic link.

    Raises:
        OSError: it is not there, a link, or not readable.
        ValueError: it is not a regular file, or larger than ``largest`` bytes.
    """
    descriptor = open_regular(path)
    try:
        status = os.fstat(descriptor)
        if status.st_size > largest:
            raise ValueError(f"{path} is larger than {largest} bytes")
        blocks = []
        size = 0
        while block := os.read(descriptor, status.st_size + 1 - size):
            blocks.append(block)
            size += len(block)
            if size > status.st_size:
                raise ValueError(f"{path} grows while it is read")
        return b"".join(blocks)
    finally:
        os.close(descriptor)


def read_through_links(path: Path, largest: int) -> bytes:
    """Read a regular file that may be reached through links; never wait for anything else.

    Raises:
        OSError: it is not there, not readable, no regular file, or larger than ``largest`` bytes.
    """
    try:
        return read_regular(path.resolve(), largest)
    except (ValueError, RuntimeError) as error:  # the second: a link to itself
        raise OSError(errno.EINVAL, str(error)) from error


def open_to_lock(path: Path, mode: int = 0o600, *, make: bool = True) -> int:
    """Open a regular file to lock and to write, never through a symbolic link.

    Args:
        path: the file.
        mode: of a file that is made.
        make: whether it is made when it is not there.

    Returns:
        A descriptor, for the caller to close.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is something else than a file.
    """
    with contextlib.suppress(FileNotFoundError):
        # opening a device can do something, so look before
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise ValueError(f"{path.name} is not a regular file")
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_CREAT if make else 0)
    descriptor = os.open(path, flags, mode)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise ValueError(f"{path.name} is not a regular file")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``, which is made when it is not there.

    The system lets go of it when the process ends, however it ends.
    """
    try:
        descriptor = open_to_lock(path, 0o640)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
