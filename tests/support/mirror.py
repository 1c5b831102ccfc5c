"""Put a folder back as it was, and copy only what differs: most tests change a few files."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path


def make_like(folder: Path, kept: Path) -> None:
    """Make ``folder`` equal to ``kept``, which was copied from it with its times.

    Args:
        folder: what a test may have changed; it need not exist.
        kept: the copy; it is not changed.
    """
    folder.mkdir(exist_ok=True)
    wanted = {item.name: item for item in os.scandir(kept)}
    for item in os.scandir(folder):
        if item.name not in wanted:
            _remove(Path(item.path))
    for name, item in wanted.items():
        target = folder / name
        if item.is_dir(follow_symlinks=False):
            if target.is_symlink() or not target.is_dir():
                _remove(target)
            make_like(target, Path(item.path))
        elif not _same(item.stat(follow_symlinks=False), target):
            _remove(target)
            shutil.copy2(item.path, target, follow_symlinks=False)
    shutil.copystat(kept, folder)


def _same(wanted: os.stat_result, target: Path) -> bool:
    try:
        found = target.lstat()
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(wanted.st_mode):
        return False  # cheap to make again, and its text would have to be compared
    return (wanted.st_mode, wanted.st_size, wanted.st_mtime_ns, wanted.st_nlink) == (
        found.st_mode,
        found.st_size,
        found.st_mtime_ns,
        found.st_nlink,
    )


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)
