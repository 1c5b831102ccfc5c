"""Open what came back only if it is a file: no link out of the copy, no pipe that never ends."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO


def open_regular(path: str) -> IO[bytes]:
    """Open a regular file for reading.

    Raises:
        OSError: it cannot be opened, or is a link, a pipe, a socket or a device.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return os.fdopen(descriptor, "rb")


def is_regular(path: str) -> bool:
    """Whether this is a regular file itself, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
