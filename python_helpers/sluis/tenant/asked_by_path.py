"""An item of the target that no listing has, asked for by its path: is it the one meant?"""

from __future__ import annotations

from typing import Any

from .listed_items import has_part
from .target_tree import Node, TargetTree, composed_key


def why_another(
    told: dict[str, Any], node: Node, tree: TargetTree, base: str | None, path: str
) -> str | None:
    """Why an answer is not taken for the item at a path; ``None`` when it is.

    Args:
        told: the answer.
        node: the same.
        tree: what was listed.
        base: id of the folder that the path is below; ``None`` when it was not listed.
        path: in the target.
    """
    folder, _, name = path.rpartition("/")
    if has_part(told, "deleted"):
        return "it calls itself deleted"
    if has_part(told, "root"):
        return "it calls itself the root"
    if tree.path_of(node.id) is not None:  # what hangs from nothing may well be it
        return "it is another one, which is listed elsewhere"
    if composed_key(node.name) != composed_key(name):
        return f"it is called {node.name!r}"
    above = tree.at(folder, base) if base else None
    if above is None:  # the folder was not listed either, so only a listed one is wrong
        return "it is in another folder" if tree.get(node.parent) else None
    return None if node.parent.casefold() == above.id.casefold() else "it is in another folder"
