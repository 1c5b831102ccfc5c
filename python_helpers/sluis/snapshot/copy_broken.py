"""Keep a broken state before it is replaced (case A6): whatever can still be copied.

An asset that a failed change removed, or a database that does not start, must not block
the way back. What is there is kept, and the record says what was not.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Tuple

from ..errors import SluisError
from .copy_directory import copy_directory
from .copy_dump import copy_dump
from .kinds import DUMPED
from .maker import Copied, Maker

_NOTE = "sluis-note.txt"


def copy_broken_state(maker: Maker) -> Copied:
    """Copy the asset as usual; else the database's own files; else a note that says why.

    Returns:
        As ``copy_directory``; ``as_files`` is true when a database was not dumped.

    Raises:
        SnapshotError: not even a note could be put on the store.
    """
    asset = maker.asset
    try:
        if asset.kind in DUMPED:
            return copy_dump(maker)
        return copy_directory(maker, asset.location, asset.exclude)
    except SluisError as error:
        if error.code not in _BROKEN and asset.kind not in DUMPED:
            raise
        why = error.what
    root, exclude = _what_is_left(maker, why)
    return replace(copy_directory(maker, root, exclude), as_files=True)


#: errors that mean the asset itself is not there any more as it was
_BROKEN = frozenset({"source-missing", "source-not-a-folder"})


def _what_is_left(maker: Maker, why: str) -> Tuple[str, Tuple[str, ...]]:
    folder = maker.asset.connection.data_directory
    if folder and os.path.isdir(folder):
        maker.warn("as-files", f"no dump could be made ({why}); {folder} was copied as it is")
        return folder, ()
    maker.warn("nothing-left", f"there was nothing to copy: {why}")
    note = os.path.join(maker.children.private, "note")
    os.makedirs(note, exist_ok=True)
    with open(os.path.join(note, _NOTE), "w", encoding="utf-8") as file:
        file.write(f"{maker.asset.id} could not be copied before it was replaced.\n{why}\n")
    return note, ()
