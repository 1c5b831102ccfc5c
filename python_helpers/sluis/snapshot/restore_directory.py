"""Restore a folder beside the live one, compare it with the signed manifest, swap.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from ..errors import SnapshotError
from ..manifest import observe_state
from .folder_rights import give_rights
from .nonce import FILE as NONCE_FILE
from .restore_copy import (
    Request,
    beside_path,
    demand_same,
    demand_untouched,
    is_of,
    opened,
    rights_for,
)
from .restore_fetch import (
    Signed,
    compare_with_signed,
    comparison_answer,
    fetch,
    not_equal,
    read_facts,
    read_signed,
)
from .restore_place import Beside, Live
from .restore_space import demand_space
from .restore_swap import DATA, swap_in, would_swap


def restore_beside(request: Request) -> Dict[str, Any]:
    """Put a restored and compared copy beside the live folder; use an equal one again.

    Args:
        request: ``asset`` (``id``, ``location``, ``exclude``), ``restore_id``,
            ``check_mode``, and what ``read_signed`` and ``fetch`` take.

    Returns:
        ``changed``, ``beside``, ``live``, ``equal`` (``None`` in check mode, when nothing
        was compared), ``compared_items``, ``compared_bytes``, ``counts``,
        ``differences``, ``changed_during``, ``ran``, ``warnings``.

    Raises:
        SnapshotError: ``restore-differs`` and all that can go wrong on the way; then
            nothing will be swapped.
    """
    signed = read_signed(request)
    with opened(request, create=not request.get("check_mode")) as (live, beside, _):
        if beside is not None:
            known = _known(beside, signed)
            if known is not None:
                return {**known, "changed": False}
        if request.get("check_mode"):
            demand_space(live.home, signed.sizes())
            return {
                "changed": True,
                "beside": beside_path(live, request),
                "live": live.path,
                "equal": None,
            }
        assert beside is not None  # noqa: S101
        return _restore(request, signed, live, beside)


def swap(request: Request) -> Dict[str, Any]:
    """Swap the compared copy in; the live folder goes to quarantine.

    Args:
        request: as for ``restore_beside``, with ``change`` and ``tolerate_use``.

    Returns:
        as ``restore_swap.swap_in``.
    """
    signed = read_signed(request)
    with opened(request, create=False) as (live, beside, home_fd):
        if request.get("check_mode"):
            return would_swap(live, beside, ())
        if beside is None:
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy beside {live.path!r}.",
                "Run the step that restores beside first.",
            )
        demand_same(beside, signed)
        if beside.record["state"] == "compared":
            demand_untouched(beside, _state_of(beside))
        return swap_in(
            live,
            beside,
            home_fd,
            change=str(request["change"]),
            tolerate_use=bool(request.get("tolerate_use")),
        )


def _restore(request: Request, signed: Signed, live: Live, beside: Beside) -> Dict[str, Any]:
    asset = str(request["asset"]["id"])
    beside.clear_for("restoring", signed.snapshot_id, signed.digest)
    os.mkdir(DATA, 0o700, dir_fd=beside.fd)
    fetched = fetch(request, signed, beside.inside(DATA), os.path.join(beside.path, DATA))
    found, _ = compare_with_signed(beside.inside(DATA), signed)
    answer = comparison_answer(found)
    if not found.holds:
        raise not_equal(asset, answer, beside.path)
    warnings = _finish_copy(request, beside, live)
    if signed.before.left_out:
        warnings.append(
            f"{signed.before.left_out} items were left out of the snapshot by agreement "
            f"({', '.join(signed.before.excluded)}); after the swap they are in quarantine"
        )
    answer.update(
        beside=beside.path,
        live=live.path,
        ran=fetched["ran"],
        warnings=warnings,
    )
    beside.write(
        state="compared",
        snapshot_id=signed.snapshot_id,
        manifest=signed.digest,
        copy_state=_state_of(beside),
        answer=answer,
    )
    return {**answer, "changed": True}


def _known(beside: Beside, signed: Signed) -> Optional[Dict[str, Any]]:
    """What an earlier run found out about the copy that is still there, if it still holds."""
    if not is_of(beside, signed):
        return None
    if beside.record["state"] == "compared" and beside.record["copy_state"] != _state_of(beside):
        return None
    return dict(beside.record["answer"])


def _state_of(beside: Beside) -> str:
    return observe_state(beside.inside(DATA))


def _finish_copy(request: Request, beside: Beside, live: Live) -> List[str]:
    """Take our nonce out of the copy, and give its folder its owner and rights.

    The engine was started inside the folder, so the folder itself is not in the snapshot.
    """
    rights = read_facts(request).get("folder") if request.get("facts") else None
    warnings: List[str] = []
    if rights is None:
        rights, warnings = rights_for(live, "0700")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    data_fd = os.open(DATA, flags, dir_fd=beside.fd)
    try:
        try:
            os.unlink(NONCE_FILE, dir_fd=data_fd)
        except FileNotFoundError:
            pass
        give_rights(data_fd, rights)
    finally:
        os.close(data_fd)
    return warnings
