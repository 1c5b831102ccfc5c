"""How much a restore may put into a folder, and whether it does more.

What comes back is what somebody else stored: its size is their word. A restore that takes more
than it should is ended before the verifier's disk is full.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

from ..counted import counted
from ..errors import SnapshotError
from .scratch import MAKE_ROOM, disk_of

#: a restore may take this much more than its manifest says: data changes while it is copied
_MORE = 1.5
#: and this many bytes on top, for administration and small copies
_SLACK = 256 << 20


@dataclass(frozen=True)
class Filling:
    """A folder that is being filled.

    Args:
        folder: what grows; it need not be there yet.
        shown: the scratch that it lies in, as people know it.
        needed: bytes that it should take.
        free: bytes that were free when it began.
        bounded: whether ``needed`` is known, so that much more of it is too much.
    """

    folder: str
    shown: str
    needed: int
    free: int
    bounded: bool = True

    @property
    def most(self) -> Optional[int]:
        """Bytes that it may take; ``None``: nobody knows."""
        return int(self.needed * _MORE) + _SLACK if self.bounded else None

    def overrun(self) -> bool:
        """Whether it takes more than it may. Looks at the disk first, which costs nothing."""
        most = self.most
        if most is None:
            return False
        try:
            room = os.statvfs(self.shown)
        except OSError:
            return False
        if self.free - room.f_bavail * room.f_frsize <= most:
            return False
        return used(self.folder) > most

    def is_full(self, said: str) -> SnapshotError:
        """The error for a disk that had no room left."""
        return SnapshotError(
            "no-space",
            f"There is no room left in {self.shown} (on the disk at "
            f"{disk_of(self.shown)}). The restore takes {counted(self.needed, 'byte')}, and "
            f"{self.free:,} were free when it began. The system said: {said}.",
            MAKE_ROOM,
        )

    def is_too_much(self) -> SnapshotError:
        """The error for a copy that is larger than it said."""
        return SnapshotError(
            "copy-too-large",
            f"The copy takes more than {self.most or 0:,} bytes in {self.shown}, and it should "
            f"take {self.needed:,}. The restore was ended.",
            "Find out what its machine stores: a copy of this asset is not that large.",
        )


def free_in(folder: str) -> int:
    """Bytes that are free for us on the volume of a folder; 0 when nobody says."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return 0
    return room.f_bavail * room.f_frsize


def used(folder: str) -> int:
    """Bytes on the disk below a folder; what vanishes meanwhile counts as nothing."""
    total, stack = 0, [folder]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    total += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(entry.path)
        except OSError:
            continue
    return total
