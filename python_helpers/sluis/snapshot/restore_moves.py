"""A list of renames that can be killed anywhere and is then finished or undone.

Every thing that moves is known by its inode, which a rename does not change. So the
filesystem itself tells how far a list of moves has come; nothing has to be written
down between two of them, and there is no moment at which the record can be wrong.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple

from ..errors import SnapshotError
from . import restore_rename

#: a name in one of the open folders of a swap: (folder, name)
Spot = Tuple[str, str]
#: the open folders of a swap: folder -> file descriptor
Folders = Mapping[str, int]
#: folders are flushed after this many moves, and at the end
_FLUSH_EVERY = 64


@dataclass(frozen=True)
class Move:
    """One rename: ``move`` to a free name, or ``exchange`` of two existing names."""

    action: str
    source: Spot
    target: Spot
    source_inode: int
    target_inode: int | None = None

    def to_json(self) -> list[Any]:
        """The move as a JSON list."""
        return [
            self.action,
            list(self.source),
            list(self.target),
            self.source_inode,
            self.target_inode,
        ]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Move:
        """The move from its JSON list."""
        action, source, target, source_inode, target_inode = data
        if action not in ("move", "exchange"):
            raise ValueError(f"unknown action {action!r}")
        return cls(
            str(action),
            (str(source[0]), str(source[1])),
            (str(target[0]), str(target[1])),
            int(source_inode),
            None if target_inode is None else int(target_inode),
        )


@dataclass(frozen=True)
class Standing:
    """How far a list of moves has come.

    ``done`` moves are done, the rest is not. ``newcomers`` are names that should be
    free at this point and hold something that was not there when the list was made.
    """

    done: int
    newcomers: Tuple[Spot, ...] = ()


def standing(moves: Sequence[Move], folders: Folders) -> Standing:
    """Find out how far ``moves`` has come by looking where each inode is now.

    Raises:
        SnapshotError: ``restore-swap-unclear`` when the names fit no point of the list.
    """
    states = _expected_start(moves)
    actual = {spot: inode_at(folders, spot) for spot in states}
    known = {inode for move in moves for inode in (move.source_inode, move.target_inode)}
    wrong = {spot for spot, inode in states.items() if actual[spot] != inode}
    answers = []
    for done in range(len(moves) + 1):
        if done:
            _apply(states, moves[done - 1])
            for spot in (moves[done - 1].source, moves[done - 1].target):
                (wrong.discard if actual[spot] == states[spot] else wrong.add)(spot)
        if not wrong:
            return Standing(done)
        if all(states[spot] is None and actual[spot] not in known for spot in wrong):
            answers.append(Standing(done, tuple(sorted(wrong))))
    if len(answers) == 1:
        return answers[0]
    seen = ", ".join(f"{'/'.join(spot)}: {actual[spot] or 'nothing'}" for spot in sorted(wrong)[:8])
    raise SnapshotError(
        "restore-swap-unclear",
        f"A swap that was begun earlier cannot be recognised any more (inodes now: {seen}).",
        "Nothing was moved. Somebody changed these names by hand: look at them, put back "
        "the data you want at the asset's own path, and make a new restore change.",
    )


def run(moves: Sequence[Move], folders: Folders, done: int = 0) -> None:
    """Do the moves from number ``done`` on; on an error undo all and raise.

    Raises:
        SnapshotError: ``restore-swap-failed`` (everything is back where it was) or
            ``restore-swap-stuck`` (the way back failed too; it says what is where).
    """
    for number in range(done, len(moves)):
        move = moves[number]
        try:
            _do(move, folders)
        except OSError as error:
            undo(moves, folders, number, because=error)
            raise SnapshotError(
                "restore-swap-failed",
                f"{move.source[1]!r} could not be renamed to {move.target[1]!r}: {error}.",
                "Everything was put back as it was. Take the cause away and run it again.",
            ) from error
        if (number + 1) % _FLUSH_EVERY == 0:
            flush(folders)
    flush(folders)


def undo(moves: Sequence[Move], folders: Folders, done: int, because: object) -> None:
    """Undo the first ``done`` moves, last one first.

    Raises:
        SnapshotError: ``restore-swap-stuck``.
    """
    for number in range(done - 1, -1, -1):
        move = moves[number]
        back = Move(move.action, move.target, move.source, move.source_inode, move.target_inode)
        if move.action == "exchange":
            back = move
        try:
            _do(back, folders)
        except OSError as error:
            flush(folders)
            raise SnapshotError(
                "restore-swap-stuck",
                f"The swap stopped ({because}) and {move.target[1]!r} could not be renamed back "
                f"to {move.source[1]!r}: {error}.",
                "No data is lost. Take the cause away and run the same step again: it finds "
                "out how far it came and goes on from there.",
            ) from error
    flush(folders)


def flush(folders: Folders) -> None:
    """Make the renames so far survive a power cut."""
    for fd in folders.values():
        os.fsync(fd)


def inode_at(folders: Folders, spot: Spot) -> int | None:
    """The inode at a spot, or ``None`` when the name is free."""
    try:
        return os.stat(spot[1], dir_fd=folders[spot[0]], follow_symlinks=False).st_ino
    except FileNotFoundError:
        return None


def _do(move: Move, folders: Folders) -> None:
    rename = restore_rename.exchange if move.action == "exchange" else restore_rename.move
    rename(folders[move.source[0]], move.source[1], folders[move.target[0]], move.target[1])


def _expected_start(moves: Sequence[Move]) -> Dict[Spot, Any]:
    start: Dict[Spot, Any] = {}
    for move in moves:
        start.setdefault(move.source, move.source_inode)
        start.setdefault(move.target, move.target_inode)
    return start


def _apply(state: Dict[Spot, Any], move: Move) -> None:
    if move.action == "exchange":
        state[move.source], state[move.target] = state[move.target], state[move.source]
    else:
        state[move.source], state[move.target] = None, state[move.source]
