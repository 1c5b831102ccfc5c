"""Let a program that runs as another user read one file or folder, and nothing around it.

Tools that read what others made do not run as root. The user they run as often cannot
enter the folder above, so they get the open descriptor, and own the thing meanwhile: each
worker of theirs can then open it again through ``/proc/self/fd``.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Iterator, List, Optional, Tuple

from .children import Account


@contextlib.contextmanager
def lent(path: str, account: Optional[Account]) -> Iterator[Tuple[str, List[int]]]:
    """Lend a file, or a folder with the files in it.

    Args:
        path: the file or folder; no link.
        account: who is to read it; None for ourselves.

    Yields:
        The path to give to the program, and the descriptors to pass to it.
    """
    if account is None:
        yield path, []
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        before = os.fstat(descriptor)
        within = _files_in(descriptor) if stat.S_ISDIR(before.st_mode) else []
        try:
            for name, _ in within:
                os.chown(name, account.uid, account.gid, dir_fd=descriptor, follow_symlinks=False)
            os.fchown(descriptor, account.uid, account.gid)
            yield f"/proc/self/fd/{descriptor}", [descriptor]
        finally:
            os.fchown(descriptor, before.st_uid, before.st_gid)
            for name, owner in within:
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=descriptor, follow_symlinks=False)
    finally:
        os.close(descriptor)


def _files_in(descriptor: int) -> List[Tuple[str, os.stat_result]]:
    found = [
        (name, os.stat(name, dir_fd=descriptor, follow_symlinks=False))
        for name in os.listdir(descriptor)
    ]
    return [(name, status) for name, status in found if stat.S_ISREG(status.st_mode)]
