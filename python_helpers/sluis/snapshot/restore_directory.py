"""Restore a folder beside the live one, compare it with the signed manifest, swap.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import List, Optional

from ..border import codec
from ..border.facts import DirectoryFacts
from ..border.parts import Secrets
from ..border.restores import Request
from ..border.verbs.asset_restore import Answer
from ..border.verbs.asset_swap import Answer as SwapAnswer
from ..counted import counted
from ..errors import SnapshotError
from ..manifest import observe_state, shown
from .folder_rights import Owners, give_rights, not_given
from .nonce import FILE as NONCE_FILE
from .restore_copy import (
    beside_path,
    demand_same,
    demand_untouched,
    is_of,
    known_answer,
    opened,
    rights_for,
    worked_in,
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
from .restore_place import Beside, Live, open_folder
from .restore_space import demand_space
from .restore_swap import DATA, OF_THE_FILESYSTEM, left_in, swap_in, would_swap


def restore_beside(request: Request, secrets: Secrets) -> Answer:
    """Put a restored and compared copy beside the live folder; use an equal one again.

    Args:
        request: which snapshot, and where.
        secrets: the store's login.

    Raises:
        SnapshotError: ``restore-differs`` and all that can go wrong on the way; then
            nothing will be swapped.
    """
    signed = read_signed(request)
    with opened(request, create=not request.check_mode) as (live, beside, _):
        if beside is not None:
            known = _known(beside, signed)
            if known is not None:
                return replace(known, changed=False)
        if request.check_mode:
            demand_space(live.home, signed.sizes())
            return Answer(True, live.path, beside_path(live, request), None)
        assert beside is not None  # noqa: S101
        return _restore(request, secrets, signed, live, beside)


def swap(request: Request, secrets: Secrets) -> SwapAnswer:
    """Swap the compared copy in; the live folder goes to quarantine.

    Args:
        request: as for ``restore_beside``.
        secrets: not used: nothing is fetched.
    """
    del secrets
    signed = read_signed(request)
    with opened(request, create=False) as (live, beside, home_fd):
        if beside is not None:
            demand_same(beside, signed)
            if beside.record["state"] == "compared":
                demand_untouched(beside, _state_of(beside))
            if beside.record["state"] == "swapped":
                _demand_still_live(live, beside, signed)
        if request.check_mode:
            return would_swap(live, beside, (), tolerate_use=request.tolerate_use)
        if beside is None:
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy beside {live.path!r}.",
                "Run the step that restores beside first.",
            )
        return swap_in(
            live,
            beside,
            home_fd,
            change=request.change,
            tolerate_use=request.tolerate_use,
        )


def _demand_still_live(live: Live, beside: Beside, signed: Signed) -> None:
    """A swap that was done before is only called done while the signed data is live.

    Our nonce counts for nothing: the signed state has one, and the copy of what is live now,
    which every run makes first, may have left one.
    """
    if not os.path.isdir(live.path):
        raise worked_in(live.path, "it is no folder any more")
    ours = {NONCE_FILE}
    if live.mounted:
        with open_folder(live.home) as home_fd:
            ours |= left_in(home_fd) - {path.split("/")[0] for path in signed.before.entries}
        ours |= {os.path.basename(beside.path), *beside.record["quarantine"], *OF_THE_FILESYSTEM}
    found, _ = compare_with_signed(live.path, signed)
    differ = [
        shown(item.path)
        for item in (*found.failed, *found.missing, *found.extra, *found.unknown)
        if item.path.split("/")[0] not in ours
    ]
    if differ:
        verb = "is" if len(differ) == 1 else "are"
        items = counted(len(differ), "item")
        raise worked_in(live.path, f"{items} {verb} not as signed, such as {', '.join(differ[:5])}")


def _restore(
    request: Request, secrets: Secrets, signed: Signed, live: Live, beside: Beside
) -> Answer:
    beside.clear_for("restoring", signed.snapshot_id, signed.digest)
    os.mkdir(DATA, 0o700, dir_fd=beside.fd)
    called = os.path.join(beside.path, DATA)
    owners: Owners = {}
    ran = fetch(request, secrets, signed, beside.inside(DATA), called, owners)
    found, _ = compare_with_signed(beside.inside(DATA), signed)
    if not found.holds:
        raise not_equal(request.asset.id, found, beside.path)
    warnings = _finish_copy(request, beside, live, owners)
    if signed.before.left_out:
        warnings.append(
            f"{counted(signed.before.left_out, 'item was', 'items were')} left out of the "
            "snapshot by agreement "
            f"({', '.join(signed.before.excluded)}); after the swap they are in quarantine"
        )
    answer = comparison_answer(found, live.path, beside.path)
    answer = replace(answer, ran=ran, warnings=tuple(warnings))
    beside.write(
        state="compared",
        snapshot_id=signed.snapshot_id,
        manifest=signed.digest,
        copy_state=_state_of(beside),
        answer=codec.dump(answer),
    )
    return answer


def _known(beside: Beside, signed: Signed) -> Optional[Answer]:
    """What an earlier run found out about the copy that is still there, if it still holds."""
    if not is_of(beside, signed):
        return None
    if beside.record["state"] == "compared" and beside.record["copy_state"] != _state_of(beside):
        return None
    return known_answer(beside)


def _state_of(beside: Beside) -> str:
    return observe_state(beside.inside(DATA))


def _finish_copy(request: Request, beside: Beside, live: Live, owners: Owners) -> List[str]:
    """Take our nonce out of the copy, and give its folder its owner and rights.

    The engine was started inside the folder, so the folder itself is not in the snapshot.
    """
    facts = read_facts(request) if request.facts else None
    warnings: List[str] = []
    if isinstance(facts, DirectoryFacts):
        rights = facts.folder
    else:
        rights, warnings = rights_for(live, "0700")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    data_fd = os.open(DATA, flags, dir_fd=beside.fd)
    try:
        try:
            os.unlink(NONCE_FILE, dir_fd=data_fd)
        except FileNotFoundError:
            pass
        for pair, number in give_rights(data_fd, rights).items():
            owners[pair] = owners.get(pair, 0) + number
    finally:
        os.close(data_fd)
    return warnings + not_given(owners)
