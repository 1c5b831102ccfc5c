"""Is there room for a second copy beside the live data?

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from typing import Iterable

from ..counted import counted
from ..errors import SnapshotError

#: kept free for the host itself: the larger of this many bytes and this share
_SPARE_BYTES = 16 * 2**20
_SPARE_SHARE = 0.02


def need_of(sizes: Iterable[int], block: int = 4096) -> tuple[int, int]:
    """Bytes (in whole blocks, one more each for names and metadata) and inodes for files.

    Args:
        sizes: the size of each item in bytes; folders and links count as 0.
        block: the filesystem's block size in bytes.
    """
    need = items = 0
    for size in sizes:
        need += -(-size // block) * block + block // 4
        items += 1
    return need, items


def demand_space(path: str, sizes: Iterable[int], shown: str | None = None) -> dict[str, int]:
    """Refuse when ``path``'s filesystem has no room for a copy with these sizes.

    Args:
        path: an existing folder on the filesystem.
        sizes: as in ``need_of``.
        shown: the folder as people know it, when ``path`` is a way through a descriptor.

    Returns:
        ``{"needed_bytes", "free_bytes"}``

    Raises:
        SnapshotError: ``restore-no-space``.
    """
    status = os.statvfs(path)
    block = status.f_frsize or 4096
    need, items = need_of(sizes, block)
    free = status.f_bavail * block
    spare = max(_SPARE_BYTES, int(need * _SPARE_SHARE))
    # f_files is 0 on filesystems that make inodes as they go (btrfs, some network ones).
    short_of_inodes = status.f_files > 0 and status.f_favail < items
    if free < need + spare or short_of_inodes:
        what = (
            f"{counted(items, 'name is', 'names are')} needed and "
            f"{counted(status.f_favail, 'is', 'are')} left"
            if short_of_inodes
            else f"{counted(need + spare, 'byte is', 'bytes are')} needed and "
            f"{counted(free, 'is', 'are')} free"
        )
        raise SnapshotError(
            "restore-no-space",
            f"There is no room for a copy beside the live data in {shown or path!r}: {what}.",
            "Make room or enlarge the filesystem. Nothing was restored and nothing was removed.",
        )
    return {"needed_bytes": need, "free_bytes": free}
