"""Measure, for a second or two, how fast the source reads and how fast the store takes data."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Dict, List, Optional, Tuple

from ..border.characters import clean_text
from ..border.parts import Asset, Secrets
from ..border.verbs.asset_forecast import Answer, Request, Size
from ..errors import SluisError, SnapshotError
from ..manifest.exclude import matcher
from .access import Access, open_access
from .children import Children
from .kinds import DUMPED

#: seconds and bytes after which a measurement knows enough
_SECONDS = 1.0
_BYTES = 64 << 20
_FIRST_UPLOAD = 256 << 10
_LARGEST_UPLOAD = 8 << 20
_LONG_ENOUGH = 0.25


def measure_speeds(request: Request, secrets: Secrets) -> Answer:
    """Count the assets and measure disk and link.

    Args:
        request: which assets, to which store.
        secrets: the store's login.
    """
    sizes: Dict[str, Optional[Size]] = {}
    why: List[str] = []
    sample: List[Tuple[bytes, int]] = []
    for asset in request.assets:
        if asset.kind in DUMPED and asset.kind != "sqlite":
            sizes[asset.id] = None
            continue
        sizes[asset.id], files = _count(asset)
        sample.extend(files)
    try:
        disk = _read_speed(sample)
    except OSError as error:
        disk = None
        why.append(f"disk: {_said(error)}")
    if disk is None and not why:
        why.append("disk: there was too little to read")
    upload: Optional[float] = None
    try:
        if request.check_mode:
            raise SnapshotError("check-mode", "nothing is sent in check mode", "Run it for real.")
        with Children(tempfile.gettempdir()) as children:
            access = open_access(request.store, secrets.store, children.private, children)
            upload = _upload_speed(access)
    except SluisError as error:
        why.append(f"link: {error.what}")
    except OSError as error:  # nobody needs this figure so much that a change waits for it
        why.append(f"link: {_said(error)}")
    return Answer(disk, upload, sizes, tuple(why))


def _count(asset: Asset) -> Tuple[Size, List[Tuple[bytes, int]]]:
    root = os.fsencode(asset.location)
    if os.path.isfile(root):
        length = _length(root)
        return Size(length, 1), [(root, length)]
    left_out = matcher(asset.exclude)
    size = items = 0
    largest: List[Tuple[bytes, int]] = []
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            listing = list(os.scandir(os.path.join(root, folder)))
        except OSError:
            continue
        for item in listing:
            path = folder + b"/" + item.name if folder else item.name
            if left_out(path.decode("utf-8", "surrogateescape")):
                continue
            items += 1
            if item.is_dir(follow_symlinks=False):
                folders.append(path)
            elif item.is_file(follow_symlinks=False):
                length = _length(item.path)
                size += length
                largest.append((item.path, length))
                if len(largest) > 2000:
                    largest = sorted(largest, key=lambda pair: -pair[1])[:500]
    return Size(size, items), largest


def _length(path: bytes) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:  # gone meanwhile
        return 0


def _said(error: OSError) -> str:
    named = isinstance(error.filename, (str, bytes))
    where = f": {clean_text(os.fsdecode(error.filename), 200)}" if named else ""
    return f"{error.strerror or type(error).__name__}{where}"


def _read_speed(files: List[Tuple[bytes, int]]) -> Optional[float]:
    """Read the largest files, past the memory's copy of them where that can be asked for."""
    total, start = 0, time.monotonic()
    for path, _ in sorted(files, key=lambda pair: -pair[1]):
        if total >= _BYTES or time.monotonic() - start >= _SECONDS:
            break
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            while total < _BYTES and time.monotonic() - start < _SECONDS:
                piece = os.read(handle, 1 << 20)
                if not piece:
                    break
                total += len(piece)
        finally:
            os.close(handle)
    seconds = time.monotonic() - start
    return total / seconds if total >= (1 << 20) and seconds > 0 else None


def _upload_speed(access: Access) -> float:
    """Send more and more until it takes long enough to mean something."""
    size, start = _FIRST_UPLOAD, time.monotonic()
    while True:
        seconds = access.upload(size)
        done = seconds >= _LONG_ENOUGH or size >= _LARGEST_UPLOAD
        if done or time.monotonic() - start >= _SECONDS:
            return size / max(seconds, 0.001)
        size *= 4
