"""What tells without reading a file that it is still the file it was."""

from __future__ import annotations

import os
from typing import Tuple

#: size, mtime, ctime, inode. A user can set mtime back; ctime is set by the kernel only.
Signature = Tuple[int, int, int, int]

#: A file touched this shortly before we looked may change again without a new
#: ctime, because file systems keep times in ticks (FAT: 2 s). It is read again.
TICK_NS = 2_000_000_000


def signature_of(status: os.stat_result) -> Signature:
    """What tells that an item may have changed."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def is_settled(status: os.stat_result, looked_ns: int) -> bool:
    """Whether a change after ``looked_ns`` must show in the signature.

    Args:
        status: of the item.
        looked_ns: when it was looked at, in nanoseconds since the epoch.
    """
    return status.st_ctime_ns < looked_ns - TICK_NS
