"""Which processes still have the live data open, so that nobody writes into quarantine.

A rename does not close files. A process that goes on writing after a swap writes into
the displaced data, and what it wrote is missing from the restored data. So before a
swap the processes of this machine are asked, through proc(5).

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Iterator, Sequence, Set, Tuple

from ..errors import SnapshotError

#: files that SQLite keeps beside a database (https://www.sqlite.org/tempfiles.html)
COMPANIONS = ("-wal", "-shm", "-journal")
_MOST_NAMED = 10

#: (device, inode)
_Key = Tuple[int, int]


@dataclass(frozen=True)
class InUse:
    """Who uses the data. ``unseen`` counts processes that could not be looked into."""

    users: Tuple[str, ...]
    unseen: int


def in_use(paths: Tuple[str, ...]) -> InUse:
    """Find the processes that have something of ``paths`` open.

    Files are known by device and inode, so a process in a container that sees them
    under another path is found as well.

    Args:
        paths: files and folders; folders count with all that is in them.
    """
    keys = {key for path in paths for key in _keys(path)}
    users = []
    unseen = 0
    for name in sorted(os.listdir("/proc")):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            what = _uses(f"/proc/{name}", keys)
        except FileNotFoundError:
            continue  # it ended meanwhile
        except PermissionError:
            unseen += 1
            continue
        except ProcessLookupError:
            continue
        if what:
            users.append(f"process {name} ({_command(name)}): {what}")
    return InUse(tuple(users), unseen)


def demand_quiet(path: str, companions: Sequence[str] = ()) -> InUse:
    """Refuse to go on while a process has the live data open.

    Args:
        path: of the live data, symlinks resolved.
        companions: suffixes of files that belong to it.

    Raises:
        SnapshotError: ``restore-in-use``, with the processes.
    """
    use = in_use(tuple(path + suffix for suffix in ("", *companions)))
    if use.users:
        raise SnapshotError(
            "restore-in-use",
            f"{path!r} is in use by {'; '.join(use.users[:_MOST_NAMED])}.",
            "Stop what uses it, or what it still writes would end up in quarantine; then apply "
            "again. Nothing of it was swapped.",
        )
    return use


def _keys(path: str) -> Iterator[_Key]:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    yield status.st_dev, status.st_ino
    if not stat.S_ISDIR(status.st_mode):
        return
    folders = [path]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                # The inode comes with the listing, so nothing is asked per file.
                yield status.st_dev, entry.inode()
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _uses(process: str, keys: Set[_Key]) -> str:
    for link in ("cwd", "root", "exe"):
        if _key(f"{process}/{link}") in keys:
            return f"its {link} is there"
    for number in os.listdir(f"{process}/fd"):
        if _key(f"{process}/fd/{number}") in keys:
            return _readable(f"{process}/fd/{number}")
    with open(f"{process}/maps", "rb") as lines:
        for line in lines:
            fields = line.split(None, 5)
            if len(fields) == 6 and fields[4] != b"0":
                major, minor = fields[3].split(b":")
                key = (os.makedev(int(major, 16), int(minor, 16)), int(fields[4]))
                if key in keys:
                    return ascii(os.fsdecode(fields[5].strip()))
    return ""


def _key(path: str) -> _Key | None:
    try:
        status = os.stat(path)
    except (FileNotFoundError, ProcessLookupError):
        return None  # a kernel thread has no exe; a descriptor may just have been closed
    except OSError:
        return None  # a socket or a filesystem that does not answer: not our file
    return status.st_dev, status.st_ino


def _readable(link: str) -> str:
    try:
        return ascii(os.readlink(link))
    except OSError:
        return "an open file"


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return ascii(file.read(64).decode("utf-8", "replace").strip())
    except OSError:
        return "'?'"
