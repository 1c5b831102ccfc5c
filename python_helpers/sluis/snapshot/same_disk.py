"""Does a copy lie on a disk of the very machine that its source is on?"""

from __future__ import annotations

import os
from typing import Optional

from ..border.parts import Identity

#: file systems on no block device that are of this machine all the same
_LOCAL = frozenset({"btrfs", "overlay", "tmpfs", "zfs"})


def why_not_outside(maker: Identity, here: Identity, path: str) -> Optional[str]:
    """Why a copy that is read here is not outside the source's machine; ``None``: unknown.

    Args:
        maker: the source's machine, with ``device``, the number of the asset's volume.
        here: the machine that reads the copy.
        path: the copy.
    """
    if not maker.boot_id or maker.boot_id != here.boot_id:
        return None
    if os.stat(path).st_dev == maker.device:
        return "the copy lies on the same volume as the source"
    return "the copy lies on a disk of that machine itself" if _is_local(path) else None


def _is_local(path: str) -> bool:
    number = _mount_of(path)
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    for line in lines:
        mount, _, kind = line.partition(" - ")
        if mount.split()[:1] == [number]:
            name, source = (*kind.split(), "", "")[:2]
            return name in _LOCAL or source.startswith("/dev/")
    return False


def _mount_of(path: str) -> Optional[str]:
    """The number of the mount that a path is in; ``None``: the kernel does not say.

    A subvolume of btrfs has a device number that no line of mountinfo has (proc(5), ``mnt_id``).
    """
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{opened}", encoding="ascii") as file:
            for line in file:
                if line.startswith("mnt_id:"):
                    return line.partition(":")[2].strip()
    except OSError:
        return None
    finally:
        os.close(opened)
    return None
