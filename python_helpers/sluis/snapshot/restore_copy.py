"""What all restores of files share: the opened place, the record, owner and rights.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Tuple

from ..errors import SnapshotError
from .restore_fetch import Signed
from .restore_place import Beside, Live, find_live, open_beside, open_folder

Request = Dict[str, Any]


@contextmanager
def opened(request: Request, *, create: bool) -> Iterator[Tuple[Live, Optional[Beside], int]]:
    """Open the live data's place and the folder of this restore in it."""
    live = find_live(str(request["asset"]["location"]))
    with open_folder(live.home) as home_fd:
        place = open_beside(live, home_fd, str(request["restore_id"]), create=create)
        with place as beside:
            yield live, beside, home_fd


def demand_same(beside: Beside, signed: Signed) -> None:
    """Refuse to swap in a copy of another snapshot than the one that is asked for.

    Raises:
        SnapshotError: ``restore-not-compared``.
    """
    if is_of(beside, signed):
        return
    raise SnapshotError(
        "restore-not-compared",
        f"{beside.path!r} holds no copy of snapshot {signed.snapshot_id[:8]} that was "
        "compared and found equal.",
        "Run the step that restores beside first.",
    )


def demand_untouched(beside: Beside, state: str) -> None:
    """Refuse a copy that somebody touched after it was compared.

    Raises:
        SnapshotError: ``restore-copy-touched``.
    """
    if beside.record.get("copy_state") == state:
        return
    raise SnapshotError(
        "restore-copy-touched",
        f"The copy in {beside.path!r} was touched after it was compared.",
        "Find out by whom, then run the step that restores beside again.",
    )


def is_of(beside: Beside, signed: Signed) -> bool:
    """Whether the folder holds a compared copy of just this snapshot."""
    record = beside.record
    return (
        record.get("state") in ("compared", "swapping", "swapped")
        and record.get("snapshot_id") == signed.snapshot_id
        and record.get("manifest") == signed.digest
    )


def copy_rights(source_fd: int, target_fd: int) -> None:
    """Give an open file or folder the owner, mode, ACL and other attributes of another."""
    status = os.fstat(source_fd)
    own_like(target_fd, status)
    for name in os.listxattr(source_fd):
        try:
            os.setxattr(target_fd, name, os.getxattr(source_fd, name))
        except OSError as error:
            # Some (security.*, trusted.*) are for root and for the system itself.
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EACCES):
                raise
    os.fchmod(target_fd, stat.S_IMODE(status.st_mode))


def own_like(fd: int, like: os.stat_result) -> None:
    """Give an open file or folder the owner of another, as far as we may."""
    mine = os.fstat(fd)
    if (mine.st_uid, mine.st_gid) == (like.st_uid, like.st_gid):
        return
    try:
        os.fchown(fd, like.st_uid, like.st_gid)
    except PermissionError:
        pass  # an ordinary user cannot give files away; restic could not either


def beside_path(live: Live, request: Request) -> str:
    """Where the folder of this restore is, or would be."""
    return os.path.join(live.home, live.restored_name(str(request["restore_id"])))
