"""Give a process as little as this machine can give it, because it reads what others made.

A dump runs code in the server that it is restored into, and a file that looks like an archive is
opened by a decoder. Such a process gets a user of its own that no other process has, no network,
a file system that holds programs and its own folder and nothing else, and limits on memory, file
size and processes. What cannot be had is named in `Confinement.lacking`, for the record.

On Linux this takes namespaces (as root, or by a user namespace). Everything happens in the child,
between fork and exec, through the C library: no program has to be installed for it.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pwd
import random
import resource
import sys
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from ..errors import SnapshotError

# linux/sched.h, linux/mount.h, linux/prctl.h
_NEWNS, _NEWIPC, _NEWUSER, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _REMOUNT = 1, 2, 4, 32
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_KEPT_FLAGS = 0x1 | 0x2 | 0x4 | 0x8 | 0x400 | 0x800 | 0x1000  # of statvfs; all but ST_RELATIME

#: users for a process whose files cannot be kept apart: never one that runs a real server
_NAMED = ("sluis", "nobody")
#: numbers that belong to nobody: systemd takes users of the moment from the same range
_FREE_USERS = range(61184, 65520)
#: what programs need to run
_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt")
_DEVICES = ("null", "zero", "full", "random", "urandom")

#: folders that programs expect to be able to write in
_FOR_ALL = ("/tmp", "/dev/shm")  # noqa: S108  they lie in a root of the process's own
#: bytes of memory that one process may take
MEMORY = 6 << 30
#: processes and threads that a user of the moment may have
PROCESSES = 512
_SEEN = os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW if hasattr(os, "O_PATH") else 0
_SMALL = "size=64m,mode=0755"
#: a folder of every machine; what is mounted there is seen by the child alone
_MOUNTPOINT = "/tmp"  # noqa: S108  nothing is made in the folder itself


@dataclass(frozen=True)
class Confinement:
    """What a process is confined by.

    Args:
        uid: the user it becomes; ``None``: it stays who we are.
        gid: the group it becomes, its only one.
        files: whether it sees nothing but programs and its own folders.
        network: whether it has no network.
        lacking: what this machine could not give, in words.
        most_file: bytes that one file of it may have.
        most_memory: bytes of memory that one process of it may take.
    """

    uid: Optional[int]
    gid: Optional[int]
    files: bool
    network: bool
    lacking: Tuple[str, ...]
    most_file: int = 1 << 40
    most_memory: int = MEMORY

    @property
    def words(self) -> str:
        """How a process ran, for the record."""
        had = [
            word
            for word, there in (
                ("a user of its own", self.is_of_the_moment),
                ("no network", self.network),
                ("no files but its own", self.files),
            )
            if there
        ]
        said = ", ".join(["limits on memory and disk", *had])
        return f"confined: {said}" + (
            f"; ran without: {', '.join(self.lacking)}" if self.lacking else ""
        )

    @property
    def is_of_the_moment(self) -> bool:
        """Whether no other process has this user, so that all of its processes are ours."""
        return self.uid in _FREE_USERS


_USER = "a user of its own"
_NETWORK = "network isolation"
_FILES = "file system isolation"


def confinement() -> Confinement:
    """What this machine can give a process now, with a user that no other process has."""
    files, network = _possible()
    lacking: List[str] = [word for word, had in ((_NETWORK, network), (_FILES, files)) if not had]
    uid = gid = None
    if os.geteuid() == 0 and files:
        uid = gid = _free_user()
    elif os.geteuid() == 0:
        uid, gid = _named_user()
    if uid not in _FREE_USERS:
        lacking.append(_USER)
    return Confinement(uid, gid, files, network, tuple(sorted(lacking)))


class Enter:
    """Runs in a child between fork and exec, or instead of exec. It raises when it fails.

    Args:
        into: what to be confined by.
        writable: folders that the process owns.
        program: absolute path of what it runs; its surroundings become readable.
        held: open files, with their path, that become readable by another name: `held_name`.
    """

    def __init__(
        self,
        into: Confinement,
        writable: Sequence[str],
        program: str = "",
        held: Sequence[Tuple[int, str]] = (),
    ) -> None:
        self._into = into
        self._writable = [os.path.realpath(folder) for folder in writable]
        self._held = list(held)
        self._readable = _surroundings(program)
        self._libc = libc()
        self._us = (os.geteuid(), os.getegid())

    def __call__(self) -> None:
        """Enter it. There is no way back.

        Raises:
            OSError: this machine did not let us; nothing may be run then.
        """
        if self._into.network or self._into.files:
            self._unshare()
        if self._into.files:
            self._own_files()
        self._limits()
        uid, gid = self._into.uid, self._into.gid
        if uid is not None and gid is not None:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        with contextlib.suppress(OSError):  # the first to go when memory runs out
            _write("/proc/self/oom_score_adj", "1000")

    def _unshare(self) -> None:
        flags = _NEWIPC
        flags |= _NEWNET if self._into.network else 0
        flags |= _NEWNS if self._into.files else 0
        uid, gid = self._us
        if uid != 0:
            flags |= _NEWUSER
        self._call("unshare", flags)
        if uid != 0:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{uid} {uid} 1")
            _write("/proc/self/gid_map", f"{gid} {gid} 1")

    def _limits(self) -> None:
        limits = [
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_AS, self._into.most_memory),
            (resource.RLIMIT_FSIZE, self._into.most_file),
        ]
        if self._into.is_of_the_moment:
            limits.append((resource.RLIMIT_NPROC, PROCESSES))
        for which, most in limits:
            hard = resource.getrlimit(which)[1]
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (value, value))

    def _own_files(self) -> None:
        """A root of our own in memory: programs read-only, our folders, a few devices."""
        before = os.umask(0o022)
        self._mount(None, "/", None, _REC | _PRIVATE)
        root = _MOUNTPOINT
        # What lies below the mount point is bound through descriptors, so nothing is hidden.
        held = [os.open(path, _SEEN & ~os.O_NOFOLLOW) for path in self._writable]
        seen = [
            (path, os.open(path, _SEEN & ~os.O_NOFOLLOW))
            for path in self._readable
            if os.path.exists(path)
        ]
        links = [(path, os.readlink(path)) for path in _PROGRAMS if os.path.islink(path)]
        devices = [(name, os.open(f"/dev/{name}", _SEEN & ~os.O_NOFOLLOW)) for name in _DEVICES]
        proc = os.open("/proc", _SEEN & ~os.O_NOFOLLOW)
        # a descriptor of before belongs to another name space and cannot be bound
        again = [(was, os.open(path, _SEEN)) for was, path in self._held]
        if any(not os.path.sameopenfile(was, now) for was, now in again):
            raise OSError("a file is another one by now")
        self._mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, _SMALL)
        for folder in _FOR_ALL:
            os.makedirs(root + folder)
            os.chmod(root + folder, 0o1777)  # noqa: S103  it is seen by this process alone
        for path, to in links:
            os.symlink(to, root + path)
        for path, descriptor in seen:
            self._bind(descriptor, root + path, _RDONLY | _NOSUID | _NODEV)
        for name, descriptor in devices:
            _write(f"{root}/dev/{name}", "")
            self._bind(descriptor, f"{root}/dev/{name}", None)
        self._bind(proc, f"{root}/proc", None)
        for path, descriptor in zip(self._writable, held):
            self._bind(descriptor, root + path, _NOSUID | _NODEV)
        for was, descriptor in again:
            name = root + held_name(was)
            os.makedirs(os.path.dirname(name), exist_ok=True)
            _write(name, "")
            self._bind(descriptor, name, _RDONLY | _NOSUID | _NODEV)
            os.close(descriptor)
        self._own_passwd(root)
        for descriptor in (*held, *(one for _, one in (*seen, *devices)), proc):
            os.close(descriptor)
        os.chroot(root)
        os.chdir("/")
        os.umask(before)

    def _bind(self, descriptor: int, target: str, flags: Optional[int]) -> None:
        if not os.path.exists(target):
            os.makedirs(target, 0o755)
        self._mount(f"/proc/self/fd/{descriptor}", target, None, _BIND | _REC)
        if flags is not None:
            kept = os.statvfs(target).f_flag & _KEPT_FLAGS
            self._mount(None, target, None, _BIND | _REMOUNT | flags | kept)

    def _own_passwd(self, root: str) -> None:
        """Programs look up their own name, and a user of the moment has none."""
        uid = self._into.uid if self._into.uid is not None else self._us[0]
        if not os.path.exists(f"{root}/etc/passwd"):
            return
        _write(f"{root}/passwd", f"sluis:x:{uid}:{uid}:sluis:/tmp:/bin/sh\n")
        self._mount(f"{root}/passwd", f"{root}/etc/passwd", None, _BIND)

    def _mount(
        self, source: Optional[str], target: str, kind: Optional[str], flags: int, data: str = ""
    ) -> None:
        texts = [os.fsencode(text) if text is not None else None for text in (source, target, kind)]
        self._call("mount", *texts, ctypes.c_ulong(flags), data.encode() or None)

    def _call(self, name: str, *arguments: Any) -> None:
        if self._libc is None or getattr(self._libc, name)(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")


def held_name(descriptor: int) -> str:
    """The name of an open file for who is confined: no link, so it leads nowhere else."""
    return f"/held/{descriptor}"


@functools.lru_cache(maxsize=None)
def libc() -> Optional[Any]:
    """The C library with ``prctl``, ``unshare`` and ``mount``; ``None`` elsewhere than Linux."""
    if not hasattr(os, "posix_fadvise"):
        return None
    try:
        found = ctypes.CDLL(None, use_errno=True)
        found.prctl, found.unshare, found.mount  # noqa: B018  fails here when it has not
    except (OSError, AttributeError):
        return None
    return found


@functools.lru_cache(maxsize=None)
def _possible() -> Tuple[bool, bool]:
    """Whether files and network of a child can be kept apart: tried once, in a child."""
    uid = 65534 if os.geteuid() == 0 else None
    for files, network in ((True, True), (False, True)):
        trial = Confinement(uid, uid, files, network, ())
        if _works(Enter(trial, [])):
            return files, network
    return False, False


def _works(enter: Enter) -> bool:
    child = os.fork()
    if child == 0:
        try:
            enter()
            os._exit(0 if os.path.isfile("/etc/passwd") else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _surroundings(program: str) -> List[str]:
    """Folders that a program needs: the system's, and where it was installed."""
    found = [path for path in _PROGRAMS if not os.path.islink(path)]
    for path in {program, os.path.realpath(program) if program else ""} | {
        os.path.join(sys.prefix, "bin/x"), os.path.join(sys.base_prefix, "bin/x"),
    }:  # fmt: skip
        if not path or any(path.startswith(f"{one}/") for one in _PROGRAMS):
            continue
        folder = os.path.dirname(path)
        above = os.path.dirname(folder)
        # a program that lies in somebody's home shows no more of it than its own folder
        found.append(above if above.count("/") > 1 else folder)
    return found


def _free_user() -> int:
    """A number that no user and no process has."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                taken.add(os.stat(f"/proc/{name}").st_uid)
    while True:
        uid = random.SystemRandom().choice(_FREE_USERS)
        if uid not in taken:
            return uid


def _named_user() -> Tuple[int, int]:
    for name in _NAMED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise SnapshotError(
        "no-server-user",
        f"What is restored may not run as root, and none of {', '.join(_NAMED)} is a user here.",
        f"Create the system user {_NAMED[0]}, or run the verifier as an ordinary user.",
    )


def _write(path: str, text: str) -> None:
    """Write a file. Nothing is imported for it: where we are, there may be no Python."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


__all__: Tuple[str, ...] = ("Confinement", "Enter", "confinement", "libc")
