"""Which state is whose: each change and each place in the new tenant has one of its own.

Below the folder of an asset's imports:

    <change>-<digest of the place>/import.sqlite    as ``border.moving.Moving.work`` names it
    state.sqlite                                    of an earlier version, for whatever came

A state of an earlier version goes on being used, where it is, by the first change that asks for
the same place; from then on it is that change's. For everybody else it is one more import of
the past. No state is ever moved, changed or removed to make room for another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..border.moving import Moving
from ..border.tenant import Target
from ..border.verbs.tenant_reconcile import Earlier
from ..errors import EvidenceError
from .import_state import ImportState

_NAME = "import.sqlite"
#: of earlier versions, in the folder above
_OLD = "state.sqlite"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a state says of itself; nothing of it is ``None`` once somebody imported with it."""

    change: str | None
    drive: str | None
    folder: str | None
    files: int = 0
    begun: int = 0


def state_of(moving: Moving) -> Path:
    """The state of this import; made and bound when there is none.

    Raises:
        InputError: ``import-is-running``.
        EvidenceError: ``import-state-unreadable``, ``state-of-another-import``.
    """
    path = _place(moving)
    with ImportState(path) as state:
        state.bind(moving.target.drive_id, moving.target.folder, moving.change)
    return path


def earlier_imports(moving: Moving) -> Iterator[Earlier]:
    """Other imports of this asset that brought something over, by the name of their states."""
    own = _place(moving)
    root = Path(moving.all_work())
    for path in sorted([*root.glob(_OLD), *root.glob(f"*/{_NAME}")]):
        if path == own:
            continue
        try:
            kept = _look_into(path)
        except sqlite3.Error:
            yield Earlier(change=None, target=None, files=0, begun=0)
            continue
        if kept.drive is not None and kept.files + kept.begun:
            target = Target(kept.drive, kept.folder or "")
            yield Earlier(kept.change, target, kept.files, kept.begun)


def _place(moving: Moving) -> Path:
    """Where this import's state is, or will be."""
    own = Path(moving.work()) / _NAME
    old = Path(moving.all_work()) / _OLD
    if own.exists() or not old.exists():
        return own
    try:
        kept = _look_into(old)
    except sqlite3.Error as error:
        # it may be this very import's, and then a second one would send everything twice
        raise EvidenceError(
            "import-state-unreadable",
            f"The state of an earlier import of {moving.asset} cannot be read: {error} ({old}).",
            "Keep it, and ask before beginning anew: without it nobody knows what in the target "
            "is ours.",
        ) from error
    asked = {
        "change": moving.change, "drive": moving.target.drive_id, "folder": moving.target.folder,
    }  # fmt: skip
    said = {"change": kept.change, "drive": kept.drive, "folder": kept.folder}
    return old if all(said[key] in (None, value) for key, value in asked.items()) else own


def _look_into(path: Path) -> _Kept:
    """Read a state that may be somebody else's, and be in use: nothing is written, or waited for.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        if "about" not in names:  # killed before anything was in it
            return _Kept(None, None, None)
        about = {str(key): str(value) for key, value in database.execute("SELECT * FROM about")}
        steps = {}
        if "items" in names:
            counts = "SELECT step, count(*) FROM items WHERE sha256 IS NOT NULL GROUP BY step"
            steps = {str(step): int(count) for step, count in database.execute(counts)}
    return _Kept(
        about.get("change"),
        about.get("drive"),
        about.get("folder"),
        steps.get("sent", 0) + steps.get("aside", 0),
        steps.get("sending", 0),
    )
