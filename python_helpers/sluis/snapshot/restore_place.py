"""Where a restore works: beside the live data, on the same filesystem, out of reach of others.

The restored copy lies in a folder of our own, mode 0700, next to the live data (or
inside it when the live data is a mount point, which cannot be renamed). The folder is
opened once and then only reached through its descriptor: somebody who may write in the
parent can rename it, but cannot make a process of root write somewhere else.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator

from ..errors import InputError, SnapshotError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COPY, _DISPLACED = ".sluis-restored-", ".sluis-quarantine-"
#: how the names begin that a restore gives inside a mount point
LEFT = (_COPY, _DISPLACED)
_RECORD = "restore.json"
_A_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FOLDER = os.O_RDONLY | _A_FOLDER
_PASS_FOLDER = os.O_PATH | _A_FOLDER  # needs no right to read it, as in a path


@dataclass(frozen=True)
class Live:
    """The place of the live data, symlinks resolved.

    ``mounted``: the path is itself a mount point, so its contents are swapped instead.
    """

    path: str
    mounted: bool

    @property
    def parent(self) -> str:
        """The folder that holds the live name."""
        return os.path.dirname(self.path)

    @property
    def name(self) -> str:
        """The live name without its folder."""
        return os.path.basename(self.path)

    @property
    def home(self) -> str:
        """The folder in which the copy and the quarantine get their names."""
        return self.path if self.mounted else self.parent

    def restored_name(self, restore_id: str) -> str:
        """The name of the folder that holds the restored copy, in ``home``."""
        return self._beside(f"{_COPY}{restore_id}")

    def quarantine_name(self, change: str, number: int) -> str:
        """The name that displaced data gets, in ``home``.

        There is room behind it for what companions of a file are called by (``-journal``).
        """
        return self._beside(f"{_DISPLACED}{change}-{number}", spare=len("-journal"))

    def _beside(self, suffix: str, spare: int = 0) -> str:
        name = b"" if self.mounted else os.fsencode(self.name)
        room = 255 - len(suffix) - spare
        if len(name) > room:
            name = name[: room - 9] + b"~" + hashlib.sha256(name).hexdigest()[:8].encode()
        return os.fsdecode(name) + suffix


def find_live(location: str) -> Live:
    """Resolve an asset's path and look at what kind of place it is.

    Args:
        location: absolute path; it may be missing, its folder may not.

    Raises:
        InputError: ``restore-bad-path``.
        SnapshotError: ``restore-no-folder``, ``restore-nested-mount``.
    """
    if not os.path.isabs(location) or "\0" in location or ".." in location.split("/"):
        raise InputError(
            "restore-bad-path",
            f"{location[:200]!r} is not a plain absolute path.",
            "Write the asset's location as an absolute path without '..'.",
        )
    path = os.path.realpath(location)
    if path == "/":
        raise InputError(
            "restore-bad-path",
            "The whole root filesystem cannot be swapped.",
            "Make the folders that hold the data the assets.",
        )
    if not os.path.isdir(os.path.dirname(path)):
        raise SnapshotError(
            "restore-no-folder",
            f"The folder of {path!r} does not exist, so nothing can be restored beside it.",
            f"Make {os.path.dirname(path)!r} with the right owner and mode, then run again.",
        )
    mounts = mount_points()
    below = sorted(mount for mount in mounts if mount.startswith(path + "/"))
    if below:
        raise SnapshotError(
            "restore-nested-mount",
            f"{below[0]!r} is a mount point inside {path!r}; it would be displaced with it.",
            "Unmount it for the restore. For the next change, name the folders beside it as "
            "assets, one by one, so that none holds a mount point.",
        )
    return Live(path, path in mounts)


def mount_points() -> set[str]:
    """The mount points that this process sees (proc(5), ``/proc/self/mountinfo``)."""
    with open("/proc/self/mountinfo", "rb") as lines:
        fields = [line.split(b" ")[4] for line in lines]
    return {
        os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), field))
        for field in fields
    }


@contextmanager
def open_folder(path: str) -> Iterator[int]:
    """Open a folder by its real path, refusing a symlink at any part of it.

    Only the folder itself is read: those above it may be execute-only (mode 0711).

    Raises:
        OSError: ``ELOOP`` or ``ENOTDIR`` when somebody changed the path meanwhile.
    """
    fd = os.open("/", _PASS_FOLDER)
    try:
        for part in [*filter(None, path.split("/")), "."]:
            flags = _OPEN_FOLDER if part == "." else _PASS_FOLDER
            deeper = os.open(part, flags, dir_fd=fd)
            os.close(fd)
            fd = deeper
        yield fd
    finally:
        os.close(fd)


@dataclass
class Beside:
    """The opened folder with the restored copy, and its record.

    Only the process that holds the lock has one. ``path`` is for people;
    ``inside()`` gives paths that cannot be redirected.
    """

    fd: int
    path: str
    record: Dict[str, Any]

    def inside(self, name: str) -> str:
        """A path to ``name`` in this folder that also works for a child process."""
        return f"/proc/{os.getpid()}/fd/{self.fd}/{name}"

    def write(self, **record: Any) -> None:
        """Replace the record, so that a kill leaves the old one or the new one."""
        data = json.dumps({"format": 1, **record}, sort_keys=True, indent=1).encode("ascii")
        temporary = f"{_RECORD}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(temporary, flags, 0o600, dir_fd=self.fd)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, _RECORD, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        os.fsync(self.fd)
        self.record = {"format": 1, **record}

    def clear_for(self, state: str, snapshot_id: str, manifest: str) -> None:
        """Remove an unused copy and record that another one is being made."""
        self.clear()
        self.write(state=state, snapshot_id=snapshot_id, manifest=manifest)

    def clear(self) -> None:
        """Remove a copy that was never swapped in. It is ours, never client data.

        Raises:
            SnapshotError: ``restore-copy-in-use`` when a swap has begun: what lies here
                may by then be displaced client data. ``restore-foreign-folder`` when
                there is no record of what lies here.
        """
        if self.record.get("state") in ("swapping", "swapped"):
            raise SnapshotError(
                "restore-copy-in-use",
                f"{self.path!r} takes part in a swap, so it is not cleared.",
                "Let the swap finish first: run the same restore again.",
            )
        # The record goes last: without it nobody would know whose data the rest is.
        names = set(os.listdir(self.fd)) - {_RECORD, f"{_RECORD}.new"}
        if names and not self.record:
            raise _foreign(self.path)
        for name in names:
            path = self.inside(name)
            if stat.S_ISDIR(os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_mode):
                shutil.rmtree(path)
            else:
                os.unlink(name, dir_fd=self.fd)
        os.fsync(self.fd)


@contextmanager
def open_beside(
    live: Live, home_fd: int, restore_id: str, *, create: bool
) -> Iterator[Beside | None]:
    """Open (or make) the folder with the restored copy and hold its lock.

    Args:
        live: where the live data is.
        home_fd: ``live.home``, opened.
        restore_id: names this restore; the same id finds the same folder again.
        create: make the folder when it is missing; otherwise give ``None``.

    Raises:
        InputError: ``restore-bad-id``.
        SnapshotError: ``restore-foreign-folder``, ``restore-running``,
            ``restore-record-unreadable``.
    """
    if not _ID.fullmatch(restore_id):
        raise InputError(
            "restore-bad-id",
            f"{restore_id[:80]!r} cannot name a restore.",
            "Use letters, digits, '.', '_' and '-', at most 100 of them.",
        )
    name = live.restored_name(restore_id)
    path = os.path.join(live.home, name)
    if create:
        try:
            os.mkdir(name, 0o700, dir_fd=home_fd)
            os.fsync(home_fd)
        except FileExistsError:
            pass
    try:
        fd = os.open(name, _OPEN_FOLDER, dir_fd=home_fd)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _foreign(path) from error
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != 0o700:
            raise _foreign(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SnapshotError(
                "restore-running",
                f"Another process works in {path!r} ({error}).",
                "Wait until it has ended, then run again.",
            ) from error
        yield Beside(fd, path, _read_record(fd, path))
    finally:
        os.close(fd)


def _read_record(folder_fd: int, path: str) -> Dict[str, Any]:
    try:
        fd = os.open(_RECORD, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    except FileNotFoundError:
        return {}
    try:
        with os.fdopen(fd, "rb") as file:
            record = json.loads(file.read().decode("ascii"))
        if not isinstance(record, dict) or record.get("format") != 1:
            raise ValueError("not a restore record")
    except ValueError as error:
        raise SnapshotError(
            "restore-record-unreadable",
            f"The record in {path!r} cannot be read ({error}).",
            "Nothing was touched. Look at what lies in that folder; it may be displaced data. "
            "Move the folder away by hand when you know what it is.",
        ) from error
    return record


def _foreign(path: str) -> SnapshotError:
    return SnapshotError(
        "restore-foreign-folder",
        f"{path!r} exists and was not made by this restore (owner, mode or kind differ).",
        "Look at what it is and move it away by hand, then run again.",
    )
