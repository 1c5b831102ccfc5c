"""Find and read back the copies of an existing backup: folders, archives, dump files."""

from __future__ import annotations

import datetime
import glob
import os
import shutil
import tarfile
import zipfile
from typing import Any, Dict, List, Tuple

from ..errors import InputError, SnapshotError
from ..manifest import Manifest
from .generations import Generation

#: how many copies are looked into to find two that differ
MOST_LOOKED_INTO = 5
_CHUNK = 1 << 20
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def find_copies(backup: Dict[str, Any]) -> List[Tuple[str, Generation]]:
    """All copies that a backup holds, newest first, with their paths.

    Args:
        backup: ``kind`` (``copies`` or ``dump``), ``locations`` (absolute paths, ``*``
            allowed), ``layout`` (``one``: each location is a copy; ``each``: each item in
            it is one).

    Raises:
        InputError: ``bad-backup``.
    """
    layout = backup.get("layout") or ("one" if backup["kind"] == "dump" else "each")
    paths: List[str] = []
    for location in backup.get("locations") or ():
        if not str(location).startswith("/") or ".." in str(location).split("/"):
            raise InputError(
                "bad-backup",
                f"The place {str(location)!r} of a backup is not an absolute path.",
                "Write absolute paths in snapshot_and_verify_adopt.",
            )
        for found in sorted(glob.glob(str(location))):
            if layout == "each" and os.path.isdir(found):
                paths += [os.path.join(found, name) for name in sorted(os.listdir(found))]
            else:
                paths.append(found)
    copies = [
        (path, Generation(path, _written(path), None))
        for path in dict.fromkeys(paths)
        if os.path.isdir(path) or os.path.isfile(path)
    ]
    return sorted(copies, key=lambda pair: pair[1].time, reverse=True)


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


def _written(path: str) -> str:
    """When the newest item of a copy was written there. ctime: copying keeps mtime."""
    newest = os.lstat(path).st_ctime
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                newest = max(newest, os.lstat(os.path.join(folder, name)).st_ctime)
            except OSError:
                continue
    moment = datetime.datetime.fromtimestamp(newest, datetime.timezone.utc)
    return moment.isoformat()


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
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            here = _inside(target, item.filename)
            if item.filename.endswith("/"):
                os.makedirs(here, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(here), exist_ok=True)
            with archive.open(item) as source, open(here, "wb") as file:
                shutil.copyfileobj(source, file)


def _untar(path: str, target: str) -> None:
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
                with source, open(here, "wb") as file:
                    shutil.copyfileobj(source, file)
                os.utime(here, (item.mtime, item.mtime))
        # tarfile stops at its own end mark; the checksum of a compressed one comes after it.
        while archive.fileobj is not None and archive.fileobj.read(_CHUNK):
            pass


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
