"""Renames that never overwrite: exchange two names, or move to a name that is free.

Linux has ``renameat2(2)`` with ``RENAME_EXCHANGE`` and ``RENAME_NOREPLACE`` since 3.15;
the standard library does not offer it, so it is reached through ctypes. Not every
filesystem can do it, so both have an honest answer for "not here".

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from typing import Any, Callable, Iterable, List

_NOREPLACE = 1
_EXCHANGE = 2
#: answers of a kernel or filesystem without these flags (renameat2(2), ERRORS)
_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
#: system call numbers for C libraries without the wrapper (glibc before 2.28)
_NUMBERS = {
    "x86_64": 316,
    "aarch64": 276,
    "riscv64": 276,
    "ppc64le": 357,
    "s390x": 347,
    "i686": 353,
    "armv7l": 382,
}


def exchange(source_fd: int, source: str, target_fd: int, target: str) -> None:
    """Let two existing names change places, in one step that cannot be half done.

    Args:
        source_fd: open folder that holds ``source``.
        source: a plain name, no path.
        target_fd: open folder on the same filesystem that holds ``target``.
        target: a plain name, no path.

    Raises:
        OSError: ``ENOTSUP`` when this kernel or filesystem cannot exchange.
    """
    code = _renameat2(source_fd, source, target_fd, target, _EXCHANGE)
    if code in _NOT_HERE:
        raise OSError(errno.ENOTSUP, "names cannot be exchanged here", source)
    if code:
        raise OSError(code, os.strerror(code), source)


def can_exchange(folder_fd: int) -> bool:
    """Try an exchange with two files of our own in ``folder_fd`` and say whether it worked."""
    names = (".sluis-try-a", ".sluis-try-b")
    _remove(folder_fd, names)  # a killed try may have left them
    try:
        inodes = []
        for name in names:
            fd = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=folder_fd)
            inodes.append(os.fstat(fd).st_ino)
            os.close(fd)
        exchange(folder_fd, names[0], folder_fd, names[1])
        return os.stat(names[0], dir_fd=folder_fd).st_ino == inodes[1]
    except OSError:
        return False
    finally:
        _remove(folder_fd, names)


def move(source_fd: int, source: str, target_fd: int, target: str) -> None:
    """Rename ``source`` to the free name ``target``; what is there is never replaced.

    Raises:
        FileExistsError: ``target`` is taken.
        OSError: as from rename(2).
    """
    code = _renameat2(source_fd, source, target_fd, target, _NOREPLACE)
    if code in _NOT_HERE:
        # Without the flag a look comes before the rename. A rival in between would
        # have to create the very name that only this change uses.
        if _exists(target_fd, target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
        return
    if code:
        raise OSError(code, os.strerror(code), source, None, target)


def _remove(folder_fd: int, names: Iterable[str]) -> None:
    for name in names:
        try:
            os.unlink(name, dir_fd=folder_fd)
        except FileNotFoundError:
            pass


def _exists(folder_fd: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _renameat2(source_fd: int, source: str, target_fd: int, target: str, flag: int) -> int:
    for name in (source, target):
        if "/" in name or name in ("", ".", ".."):
            raise ValueError(f"not a plain name: {name!r}")
    call = _system_call()
    if call is None:
        return errno.ENOSYS
    ctypes.set_errno(0)
    if call(source_fd, os.fsencode(source), target_fd, os.fsencode(target), flag) == 0:
        return 0
    return ctypes.get_errno() or errno.EIO


def _system_call() -> Callable[..., Any] | None:
    library = ctypes.CDLL(None, use_errno=True)
    kinds: List[Any] = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    wrapper = getattr(library, "renameat2", None)
    if wrapper is not None:
        wrapper.argtypes = kinds
        wrapper.restype = ctypes.c_int
        return wrapper  # type: ignore[no-any-return]
    number = _NUMBERS.get(platform.machine())
    if number is None:
        return None
    raw = library.syscall
    raw.argtypes = [ctypes.c_long, *kinds]
    raw.restype = ctypes.c_long
    return lambda *arguments: raw(number, *arguments)
