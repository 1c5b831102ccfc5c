"""Items of ours whose names the target spells otherwise than we did.

A service may keep an accent as one character where we sent two (Unicode NFC for NFD). The item
is the one that we know by its id, so it is neither missing nor one too many.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from .import_state import Row
from .target_tree import TargetTree


def recognise(tree: TargetTree, rows: Iterable[Row], folder: str) -> None:
    """Have items of ours found by the names that we gave them.

    Args:
        tree: the target as it was listed.
        rows: what of it is ours.
        folder: the target's folder, below which the rows' paths are.
    """
    base = tree.place(folder)
    if base is None:
        return
    found = []
    for row in rows:
        if row.target.isascii() or tree.get(row.target_id) is None:
            continue
        path = tree.path_of(str(row.target_id), base.id)
        if path is not None and path != row.target and _composed(path) == _composed(row.target):
            found.append((str(row.target_id), row.target.rpartition("/")[2]))
    for item_id, name in found:
        tree.spell(item_id, name)


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)
