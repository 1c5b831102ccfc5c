"""Where a copy is restored to: private, large enough, and gone afterwards.

Memory is preferred while the copy fits: it is another volume than any disk, it is
quick, and no client data is ever written to the verifier's disk.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import Optional

from ..counted import counted
from ..errors import SnapshotError

_MEMORY = "/dev/shm"  # noqa: S108  memory, not a shared folder of files: ours is made 0700
#: the share of free memory that a restore may take
_SHARE = 4
#: room for an item's own administration, and a tenth to spare
_PER_ITEM = 4096
_SPARE = 1.1
#: what to do about a scratch that is full, or too small
MAKE_ROOM = (
    "Make room there, or name a folder on a larger disk of the verifier in "
    "snapshot_and_verify_scratch."
)


@dataclass(frozen=True)
class Room:
    """A folder to restore under, with the room there is and the room it takes (bytes)."""

    folder: str
    free: int
    needed: int

    @property
    def is_enough(self) -> bool:
        """Whether the copy fits."""
        return self.free >= self.needed


def choose_scratch(wanted: Optional[str], size: int, items: int) -> Room:
    """Choose where to restore a copy.

    Args:
        wanted: the folder from ``snapshot_and_verify_scratch``; ``None``: memory when the
            copy takes at most a quarter of what is free, else the system's temporary folder.
        size: bytes of the copy.
        items: files and folders in it.

    Raises:
        SnapshotError: ``scratch-missing``.
    """
    needed = int((size + items * _PER_ITEM) * _SPARE)
    if wanted is not None:
        return Room(wanted, _free(wanted), needed)
    usable = os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK | os.X_OK)
    memory = free_memory() if usable else None
    if memory is not None and needed * _SHARE <= memory:
        room = Room(_MEMORY, _free(_MEMORY), needed)
        if room.is_enough:
            return room
    folder = tempfile.gettempdir()
    return Room(folder, _free(folder), needed)


def too_small(what: str, room: Room, more: str = "") -> SnapshotError:
    """The error for a copy that does not fit where it would be restored.

    Args:
        what: what would be restored there.
        room: where, with the room there is and the room it takes.
        more: a sentence more, about what came of it.
    """
    return SnapshotError(
        "scratch-too-small",
        f"Restoring {what} takes {counted(room.needed, 'byte')}, and the scratch folder "
        f"{room.folder} on "
        f"the verifier (on the disk at {disk_of(room.folder)}) has {room.free:,} free.{more}",
        MAKE_ROOM,
    )


def disk_of(folder: str) -> str:
    """Where the disk of a folder is mounted."""
    place = os.path.realpath(folder)
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    return place


def _free(folder: str) -> int:
    try:
        room = os.statvfs(folder)
    except OSError as error:
        raise SnapshotError(
            "scratch-missing",
            f"The scratch folder {folder} cannot be used: {error.strerror}.",
            "Make it, or name another one in snapshot_and_verify_scratch.",
        ) from error
    return room.f_bavail * room.f_frsize


def free_memory() -> Optional[int]:
    """Bytes of memory that programs may still take; ``None`` where nobody says."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
