"""What all restores of files share: the opened place, the record, owner and rights.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import Iterator, List, Optional, Tuple

from ..border import codec
from ..border.facts import FolderRights
from ..border.restores import Request
from ..border.strict_json import WrongError
from ..border.verbs.asset_restore import Answer
from ..errors import SnapshotError
from .folder_rights import folder_rights
from .restore_fetch import Signed
from .restore_place import Beside, Live, find_live, open_beside, open_folder


@contextmanager
def opened(request: Request, *, create: bool) -> Iterator[Tuple[Live, Optional[Beside], int]]:
    """Open the live data's place and the folder of this restore in it.

    Raises:
        SnapshotError: ``restore-leads-elsewhere``, and as ``find_live`` and ``open_beside``.
    """
    live = find_live(request.asset.location)
    if request.place is not None and live.path != request.place:
        raise SnapshotError(
            "restore-leads-elsewhere",
            f"{request.asset.location!r} leads to {live.path!r} now, and led to {request.place!r} "
            f"before the change. What lies in {live.path!r} is not what was copied.",
            f"Make {request.asset.location!r} lead to {request.place!r} again, then run this "
            "again. Nothing was moved.",
        )
    with open_folder(live.home) as home_fd:
        place = open_beside(live, home_fd, request.restore_id, create=create)
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


def worked_in(live: str, why: str) -> SnapshotError:
    """The error for a swap that was done, after which somebody worked in what is live.

    Args:
        live: path or name of the live data.
        why: what differs, without a full stop.
    """
    return SnapshotError(
        "restore-worked-in",
        f"The copy was swapped in as {live!r} before, and what is live now is not it: {why}.",
        "Nothing was swapped now. Look at what was done there. To put the copy back once more, "
        "prepare again and have it signed: what is live then is kept beside it.",
    )


def is_of(beside: Beside, signed: Signed) -> bool:
    """Whether the folder holds a compared copy of just this snapshot."""
    record = beside.record
    return (
        record.get("state") in ("compared", "swapping", "swapped")
        and record.get("snapshot_id") == signed.snapshot_id
        and record.get("manifest") == signed.digest
    )


def rights_for(live: Live, mode: str) -> Tuple[FolderRights, List[str]]:
    """Owner and rights for a copy when the signed figures have none: those of the live data.

    Args:
        live: where the live data is, or was.
        mode: of the copy when there is no live data to take it from.

    Returns:
        The rights, and a warning when they are only a careful guess.
    """
    try:
        return folder_rights(live.path), []
    except FileNotFoundError:
        guess = replace(folder_rights(live.parent), mode=mode, attributes={})
        return guess, [f"{live.path!r} is gone: the copy got its parent's owner and mode {mode}"]


def known_answer(beside: Beside) -> Optional[Answer]:
    """What an earlier run found out about the copy that is still there.

    ``None`` when that record cannot be read: then the copy is made again.
    """
    try:
        return codec.load(Answer, beside.record.get("answer"))
    except WrongError:
        return None


def beside_path(live: Live, request: Request) -> str:
    """Where the folder of this restore is, or would be."""
    return os.path.join(live.home, live.restored_name(request.restore_id))
