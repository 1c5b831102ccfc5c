"""Find and read back the copies of an existing backup: folders, archives, dump files."""

from __future__ import annotations

import contextlib
import datetime
import glob
import os
import shutil
import stat
import tarfile
import zipfile
from typing import IO, List, Optional, Tuple

from ..border.verbs.asset_copies import Backup, Generation
from ..errors import InputError, SnapshotError
from ..manifest import Manifest
from .filling import free_in

#: how many copies are looked into to find two that differ
MOST_LOOKED_INTO = 5
#: the share of the scratch that an archive may take
_SHARE = 0.9
_CHUNK = 1 << 20
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def find_copies(backup: Backup) -> List[Tuple[str, Generation]]:
    """All copies that a backup holds, newest first, with their paths.

    Args:
        backup: of kind ``copies`` or ``dump``; its ``locations`` are absolute paths, with
            ``*`` allowed.

    Raises:
        InputError: ``bad-backup``.
    """
    layout = backup.layout or ("one" if backup.kind == "dump" else "each")
    paths: List[str] = []
    for location in backup.locations:
        if not location.startswith("/") or ".." in location.split("/"):
            raise InputError(
                "bad-backup",
                f"The place {location!r} of a backup is not an absolute path.",
                "Write absolute paths in snapshot_and_verify_adopt.",
            )
        for found in sorted(glob.glob(location)):
            if layout == "each" and os.path.isdir(found):
                paths += [os.path.join(found, name) for name in sorted(os.listdir(found))]
            else:
                paths.append(found)
    copies = [
        (path, _as_it_lies(path))
        for path in dict.fromkeys(paths)
        if os.path.isdir(path) or os.path.isfile(path)
    ]
    return sorted(copies, key=lambda pair: pair[1].time, reverse=True)


def _as_it_lies(path: str) -> Generation:
    size = os.path.getsize(path) if os.path.isfile(path) else None
    leads_to = end_of_links(path)
    last, touched = written(path)
    return Generation(path, last, None, size=size, leads_to=leads_to, touched=touched)


def end_of_links(path: str) -> Optional[str]:
    """Where a copy really lies, when a link leads there; ``None``: there is no link."""
    real = os.path.realpath(path)
    return None if real == os.path.normpath(path) else real


def bring_back(path: str, target: str, manifest: Manifest) -> None:
    """Restore a copy to a new folder, byte by byte.

    Args:
        path: the copy: a folder, an archive or a file.
        target: a new folder.
        manifest: of the copy, when it is a folder.

    Raises:
        SnapshotError: ``copy-unreadable``.
    """
    os.mkdir(target, 0o700)
    try:
        if os.path.isdir(path):
            _copy_tree(path, target, manifest)
        elif path.endswith(".zip"):
            _unzip(path, target)
        elif path.endswith(_ARCHIVES):
            _untar(path, target)
        else:
            shutil.copyfile(path, os.path.join(target, os.path.basename(path)))
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        raise SnapshotError(
            "copy-unreadable",
            f"The copy {path} cannot be read back: {error}.",
            "Do not rely on this medium. Make a new copy on another one.",
        ) from error


def is_archive(path: str) -> bool:
    """Whether a copy is one file that holds many."""
    return os.path.isfile(path) and path.endswith(_ARCHIVES)


def written(path: str) -> Tuple[str, str]:
    """When the newest file of a copy was written there, and when anything in it was changed.

    ctime: copying keeps mtime. A link to a copy is as old as what it leads to. What was renamed or
    removed shows at its folder alone, and makes no copy newer than it is.
    """
    newest = touched = os.stat(path).st_ctime
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            touched = max(touched, status.st_ctime)
            if not stat.S_ISDIR(status.st_mode):
                newest = max(newest, status.st_ctime)
    return _as_time(newest), _as_time(touched)


def _as_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def _copy_tree(path: str, target: str, manifest: Manifest) -> None:
    root, goal = os.fsencode(path), os.fsencode(target)
    folders = []
    for entry in manifest.entries.values():
        name = entry.path.encode("utf-8", "surrogateescape")
        there, here = os.path.join(root, name), os.path.join(goal, name)
        if entry.type == "dir":
            os.mkdir(here, 0o700)
            folders.append((here, entry))
        elif entry.type == "link":
            os.symlink(os.readlink(there), here)
        elif entry.type == "file":
            shutil.copyfile(there, here, follow_symlinks=False)
            os.utime(here, ns=(entry.mtime_ns, entry.mtime_ns))
    for here, entry in reversed(folders):
        os.utime(here, ns=(entry.mtime_ns, entry.mtime_ns))


def _unzip(path: str, target: str) -> None:
    left = _may_take(target)
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            here = _inside(target, item.filename)
            if item.filename.endswith("/"):
                os.makedirs(here, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(here), exist_ok=True)
            with archive.open(item) as source:
                left = _new_file(source, here, left)


def _untar(path: str, target: str) -> None:
    left = _may_take(target)
    with tarfile.open(path) as archive:
        for item in archive:
            here = _inside(target, item.name)
            os.makedirs(os.path.dirname(here), exist_ok=True)
            if item.isdir():
                os.makedirs(here, exist_ok=True)
            elif item.issym():
                os.symlink(item.linkname, here)
            elif item.isreg() or item.islnk():
                source = archive.extractfile(item)
                if source is None:
                    raise ValueError(f"{item.name} has no content")
                with source:
                    left = _new_file(source, here, left)
                os.utime(here, (item.mtime, item.mtime))
        # tarfile stops at its own end mark; the checksum of a compressed one comes after it.
        while archive.fileobj is not None and archive.fileobj.read(_CHUNK):
            pass


def _may_take(target: str) -> int:
    """Bytes that an archive may unpack to: it says nothing of it that can be believed."""
    return int(free_in(target) * _SHARE)


def _new_file(source: IO[bytes], here: str, left: int) -> int:
    """Write one item's content; how many bytes the others may still have."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(here)  # an earlier item of that name, which may be a link that leads out
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(here, flags, 0o600), "wb") as file:
        for piece in iter(lambda: source.read(_CHUNK), b""):
            left -= len(piece)
            if left < 0:
                raise ValueError("it unpacks to more than the scratch can hold")
            file.write(piece)
    return left


def _inside(target: str, name: str) -> str:
    """Where an archive's item goes; an archive may not write outside the scratch."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts:
        return target
    here = os.path.join(target, *parts)
    folder = os.path.dirname(here)
    if ".." in parts:
        raise ValueError(f"{name!r} in it points outside")
    # a link that the archive made before could lead out as well
    if os.path.realpath(folder) != os.path.join(os.path.realpath(target), *parts[:-1]):
        raise ValueError(f"{name!r} in it goes through a link")
    return here
