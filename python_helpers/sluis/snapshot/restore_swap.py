"""Put a restored copy in the place of the live data; what was there goes to quarantine.

Nothing of the client is ever deleted. Where the kernel can exchange two names the live
name holds either the old or the new data at every instant; otherwise, and for a mount
point, it is a recorded list of renames. Killed anywhere, the next run finishes it.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from typing import Any, Dict, List, Sequence, Set

from ..border.verbs.asset_swap import Answer
from ..counted import counted
from ..errors import SnapshotError
from .folder_rights import folder_rights, give_rights
from .restore_in_use import InUse, demand_quiet, in_use
from .restore_moves import Folders, Move, inode_at, run, standing
from .restore_place import LEFT, Beside, Live, open_folder
from .restore_rename import can_exchange

#: the copy's name in the folder of the restore
DATA = "data"
#: made by mkfs, belongs to the filesystem and not to the client
OF_THE_FILESYSTEM = frozenset({"lost+found"})


def swap_in(
    live: Live,
    beside: Beside,
    home_fd: int,
    *,
    change: str,
    companions: Sequence[str] = (),
    tolerate_use: bool = False,
) -> Answer:
    """Swap the copy in ``beside`` with the live data.

    Args:
        live: where the live data is.
        beside: the folder with the compared copy; its record must say ``compared``,
            or ``swapping`` when an earlier run was cut off.
        home_fd: ``live.home``, opened.
        change: the change id, for the quarantine's name.
        companions: suffixes of files that belong to the live file and are displaced
            with it (SQLite's ``-wal`` and the like).
        tolerate_use: go on when processes have the live data open.

    Raises:
        SnapshotError: ``restore-not-compared``, ``restore-in-use``, and those of
            ``restore_moves``.
    """
    state = beside.record.get("state")
    if state == "swapped":
        return _answer(live, beside, changed=False, resumed=False, warnings=_since(live, beside))
    if state not in ("compared", "swapping"):
        raise SnapshotError(
            "restore-not-compared",
            f"{beside.path!r} holds no copy that was compared and found equal.",
            "Restore beside first; only an equal copy is swapped in.",
        )
    before = dict(beside.record)
    warnings: List[str] = []
    with ExitStack() as stack:
        if state == "compared":
            warnings += _demand_quiet(live, companions, tolerate_use)
            folders: Dict[str, int] = {"home": home_fd, "beside": beside.fd}
            if live.mounted:
                folders["data"] = _open(stack, beside.fd, DATA)
            record = _intend(live, beside, folders, change, companions)
            beside.write(**record)
        folders = _folders(live, beside, home_fd, stack)
        done = _where_are_we(live, beside, folders) if state == "swapping" else 0
        moves = _moves(beside)
        try:
            run(moves, folders, done)
        except SnapshotError as error:
            if error.code == "restore-swap-failed":
                beside.write(**{**before, "state": "compared"})
            raise
        if live.mounted:
            _take_over_root(folders)
        _finish(live, beside, folders)
    warnings += _still_open(live, beside)
    return _answer(live, beside, changed=True, resumed=state == "swapping", warnings=warnings)


def would_swap(
    live: Live, beside: Beside | None, companions: Sequence[str], *, tolerate_use: bool = False
) -> Answer:
    """What ``swap_in`` would do now, for check mode. Changes nothing.

    Args:
        live: as for ``swap_in``.
        beside: as for ``swap_in``; ``None``: nothing was restored yet.
        companions: as for ``swap_in``.
        tolerate_use: as for ``swap_in``.

    Raises:
        SnapshotError: ``restore-in-use``, as ``swap_in`` would.
    """
    state = beside.record.get("state") if beside else None
    if beside and state == "swapped":
        return _answer(live, beside, changed=False, resumed=False, warnings=_since(live, beside))
    # a swap that was cut off goes on, whoever came meanwhile
    warnings = _demand_quiet(live, companions, tolerate_use or state == "swapping")
    return Answer(
        changed=True,
        resumed=state == "swapping",
        live=live.path,
        quarantine=(),
        equal=None,
        warnings=tuple(warnings),
    )


def _demand_quiet(live: Live, companions: Sequence[str], tolerate_use: bool) -> List[str]:
    if not tolerate_use:
        return _unseen(demand_quiet(live.path, companions))
    use = in_use(tuple(live.path + suffix for suffix in ("", *companions)))
    return list(use.users) + _unseen(use)


def _intend(
    live: Live, beside: Beside, folders: Folders, change: str, companions: Sequence[str]
) -> Dict[str, Any]:
    """The record of what is about to happen: every move, with the inodes it moves."""
    number = _free_number(live, folders, change, 1, ("", *companions))
    quarantine = live.quarantine_name(change, number)
    if live.mounted:
        moves = _moves_inside(beside, folders, quarantine)
        displaced = [quarantine] if any(m.target[0] == "quarantine" for m in moves) else []
    else:
        moves = _moves_beside(live, beside, folders, quarantine, companions)
        displaced = [m.target[1] for m in moves if m.target[1].startswith(quarantine)]
    return {
        **beside.record,
        "state": "swapping",
        "change": change,
        "moves": [move.to_json() for move in moves],
        "quarantine": displaced,
        "quarantine_folder": quarantine if live.mounted else None,
        "next_number": number + 1,
    }


def _free_number(
    live: Live, folders: Folders, change: str, number: int, suffixes: Sequence[str]
) -> int:
    """The first number from ``number`` on whose quarantine names are all free."""
    while any(
        inode_at(folders, ("home", live.quarantine_name(change, number) + suffix)) is not None
        for suffix in suffixes
    ):
        number += 1
    return number


def _moves_beside(
    live: Live, beside: Beside, folders: Folders, quarantine: str, companions: Sequence[str]
) -> List[Move]:
    here, copy = ("home", live.name), ("beside", DATA)
    old, new = inode_at(folders, here), _must(inode_at(folders, copy), beside)
    extra = [
        Move("move", ("home", live.name + suffix), ("home", quarantine + suffix), inode)
        for suffix in companions
        for inode in [inode_at(folders, ("home", live.name + suffix))]
        if inode is not None
    ]
    if old is None:
        return [*extra, Move("move", copy, here, new)]
    if not extra and can_exchange(beside.fd):
        return [
            Move("exchange", copy, here, new, old),
            Move("move", copy, ("home", quarantine), old),
        ]
    # A file's companions leave before the copy comes: SQLite would replay a left-over
    # journal or write-ahead log into the restored database.
    return [
        Move("move", here, ("home", quarantine), old),
        *extra,
        Move("move", copy, here, new),
    ]


def _moves_inside(beside: Beside, folders: Folders, quarantine: str) -> List[Move]:
    # what earlier restores left keeps the place that was recorded of it, unless the copy has it too
    ours = left_in(folders["home"]) - set(os.listdir(folders["data"]))
    ours |= {os.path.basename(beside.path), quarantine} | OF_THE_FILESYSTEM

    def moves(source: str, target: str) -> List[Move]:
        return [
            Move("move", (source, name), (target, name), _must(inode, beside))
            for name in sorted(os.listdir(folders[source]))
            if name not in ours
            for inode in [inode_at(folders, (source, name))]
        ]

    return moves("home", "quarantine") + moves("data", "home")


def left_in(home_fd: int) -> Set[str]:
    """Names of what restores left in a mount point: folders of this account, closed to others."""
    found = set()
    for name in os.listdir(home_fd):
        if name.startswith(LEFT):
            status = os.stat(name, dir_fd=home_fd, follow_symlinks=False)
            closed = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
            if closed and status.st_uid == os.geteuid():
                found.add(name)
    return found


def _where_are_we(live: Live, beside: Beside, folders: Folders) -> int:
    """How far a cut-off swap came; what took a freed name meanwhile is displaced too."""
    moves = _moves(beside)
    found = standing(moves, folders)
    if found.newcomers:
        record = dict(beside.record)
        for spot in found.newcomers:
            change = str(record["change"])
            number = _free_number(live, folders, change, int(record["next_number"]), ("",))
            name = live.quarantine_name(change, number)
            inode = _must(inode_at(folders, spot), beside)
            moves.insert(found.done, Move("move", spot, ("home", name), inode))
            record["quarantine"] = [*record["quarantine"], name]
            record["next_number"] = number + 1
        record["moves"] = [move.to_json() for move in moves]
        beside.write(**record)
    return found.done


def _finish(live: Live, beside: Beside, folders: Folders) -> None:
    record = {name: value for name, value in beside.record.items() if name != "moves"}
    live_inode = None if live.mounted else inode_at(folders, ("home", live.name))
    beside.write(**{**record, "state": "swapped", "live_inode": live_inode})
    try:
        os.rmdir(DATA, dir_fd=beside.fd)  # only the empty shell of a mount point's copy
    except OSError:
        pass


def _take_over_root(folders: Folders) -> None:
    """Give a mount point's own folder the owner and rights of the restored one."""
    give_rights(folders["home"], folder_rights(folders["data"]))


def _folders(live: Live, beside: Beside, home_fd: int, stack: ExitStack) -> Dict[str, int]:
    folders = {"home": home_fd, "beside": beside.fd}
    if live.mounted:
        folders["data"] = _open(stack, beside.fd, DATA)
        name = str(beside.record["quarantine_folder"])
        try:
            os.mkdir(name, 0o700, dir_fd=home_fd)
        except FileExistsError:
            pass
        folders["quarantine"] = _open(stack, home_fd, name)
    return folders


def _open(stack: ExitStack, folder_fd: int, name: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, dir_fd=folder_fd)
    stack.callback(os.close, fd)
    return fd


def _moves(beside: Beside) -> List[Move]:
    return [Move.from_json(item) for item in beside.record["moves"]]


def _must(inode: int | None, beside: Beside) -> int:
    if inode is None:
        raise SnapshotError(
            "restore-copy-missing",
            f"Something that was to be swapped disappeared meanwhile (copy in {beside.path!r}).",
            "Find out who works there, then restore beside again. Nothing was swapped.",
        )
    return inode


def _unseen(use: InUse) -> List[str]:
    if not use.unseen:
        return []
    unseen = counted(use.unseen, "process", "processes")
    return [f"not verified: {unseen} could not be asked whether they use the data"]


def _still_open(live: Live, beside: Beside) -> List[str]:
    paths = tuple(os.path.join(live.home, name) for name in beside.record["quarantine"])
    return [f"still open after the swap, in quarantine: {user}" for user in in_use(paths).users]


def _since(live: Live, beside: Beside) -> List[str]:
    inode = beside.record.get("live_inode")
    if inode is None:
        return []
    with open_folder(live.home) as home_fd:
        now = inode_at({"home": home_fd}, ("home", live.name))
    if now == inode:
        return []
    return [f"{live.path!r} was replaced by somebody after it was swapped in"]


def _answer(
    live: Live, beside: Beside, *, changed: bool, resumed: bool, warnings: List[str]
) -> Answer:
    return Answer(
        changed=changed,
        resumed=resumed,
        live=live.path,
        quarantine=tuple(os.path.join(live.home, n) for n in beside.record["quarantine"]),
        equal=True,
        warnings=tuple(warnings),
    )
