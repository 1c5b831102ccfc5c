"""Whether a folder above what is bound was renamed while a run goes on.

A folder that is renamed away and back leaves no trace in what lies in it. Its own time of change
also goes on when a name comes or goes in it, which in ``inventories`` happens every day. The
kernel tells the two apart (inotify(7), ``IN_MOVE_SELF``).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import termios
from collections.abc import Iterable

from sluis.errors import RefusedError

_MOVE_SELF, _DELETE_SELF, _ONLYDIR = 0x800, 0x400, 0x0100_0000


class Moves:
    """Hears of each folder that is renamed from now on; workers that are forked hear it too.

    Args:
        folders: absolute paths.

    Raises:
        RefusedError: ``not-watched``: the kernel has no more room for this.
    """

    def __init__(self, folders: Iterable[bytes]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._events: int = library.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._events < 0:
            raise _not_watched(ctypes.get_errno())
        for folder in folders:
            wanted = _MOVE_SELF | _DELETE_SELF | _ONLYDIR
            if library.inotify_add_watch(self._events, folder, wanted) < 0:
                number = ctypes.get_errno()
                # what we may not read is not ours to rename either; what is gone is seen as gone
                if number not in (errno.EACCES, errno.ENOENT, errno.ENOTDIR):
                    self.close()
                    raise _not_watched(number)

    def heard(self) -> bool:
        """Whether a folder was renamed. What was heard stays heard, in every process."""
        try:
            waiting = fcntl.ioctl(self._events, termios.FIONREAD, bytes(4))
        except OSError:
            return True  # who closed it may have had a reason
        return bool(struct.unpack("i", waiting)[0])

    def close(self) -> None:
        """Hear no more."""
        os.close(self._events)


def folders_above(paths: Iterable[bytes]) -> list[bytes]:
    """Every folder above these paths that is not one of them itself.

    Args:
        paths: absolute, as a walk stamped them.
    """
    known, found = set(paths), set[bytes]()
    for path in known:
        folder = os.path.dirname(path)  # noqa: PTH120
        while folder not in found and folder != b"/":
            found.add(folder)
            folder = os.path.dirname(folder)  # noqa: PTH120
    return sorted(found - known)


def _not_watched(number: int) -> RefusedError:
    return RefusedError(
        "not-watched",
        f"The kernel does not tell of folders that are renamed: {os.strerror(number)}.",
        "Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches (sysctl), or end a "
        "program that uses them up.",
    )
