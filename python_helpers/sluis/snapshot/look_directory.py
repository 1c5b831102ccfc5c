"""Whether the files of an asset are there and can be read, and how many there are."""

from __future__ import annotations

import os
import stat
import time
from typing import Iterator, Tuple

from ..border.parts import Asset
from ..border.verbs.asset_check import Seen
from ..errors import SnapshotError
from ..manifest.exclude import matcher

#: counted between two looks at the clock
_AT_ONCE = 500


def look_at_files(asset: Asset, until: float) -> Seen:
    """Look at a folder, or at the one file of a SQLite database.

    Args:
        asset: which.
        until: when to stop counting (``time.monotonic``). What was counted by then is given.

    Raises:
        SnapshotError: ``asset-missing``, ``asset-unreadable``.
    """
    root = os.fsencode(asset.location)
    try:
        found = os.stat(root)
    except OSError as error:
        raise _missing(asset, str(error.strerror)) from None
    wanted = stat.S_ISREG if asset.kind == "sqlite" else stat.S_ISDIR
    if not wanted(found.st_mode):
        kind = "a file" if asset.kind == "sqlite" else "a folder"
        raise _missing(asset, f"it is not {kind}")
    if asset.kind == "sqlite":
        if not os.access(root, os.R_OK):
            raise _unreadable(asset, asset.location)
        return Seen(asset.id, asset.kind, found.st_size, 1)
    size = items = 0
    for path, length, readable in _walk(asset, root):
        if not readable:
            raise _unreadable(asset, os.fsdecode(path))
        size += length
        items += 1
        if items % _AT_ONCE == 0 and time.monotonic() > until:
            break
    return Seen(asset.id, asset.kind, size, items)


def _walk(asset: Asset, root: bytes) -> Iterator[Tuple[bytes, int, bool]]:
    left_out = matcher(asset.exclude)
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            listing = list(os.scandir(os.path.join(root, folder)))
        except OSError:
            yield os.path.join(root, folder), 0, False
            continue
        for item in listing:
            path = folder + b"/" + item.name if folder else item.name
            if left_out(path.decode("utf-8", "surrogateescape")):
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except OSError:  # gone since
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append(path)
                yield item.path, 0, True
            elif stat.S_ISREG(status.st_mode):
                yield item.path, status.st_size, os.access(item.path, os.R_OK)


def _missing(asset: Asset, why: str) -> SnapshotError:
    return SnapshotError(
        "asset-missing",
        f"{asset.id} is not at {asset.location}: {why}.",
        "Correct its location in scope.yml.",
    )


def _unreadable(asset: Asset, path: str) -> SnapshotError:
    return SnapshotError(
        "asset-unreadable",
        f"{asset.id} cannot be read by the user of the snapshot: {path} is closed to it.",
        "Give that user the right to read it all, or write snapshot_and_verify_become: true.",
    )
