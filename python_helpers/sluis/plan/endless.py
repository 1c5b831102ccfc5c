"""Folders of variables that lead into themselves by links: Ansible would read them without end.

Two links to ``.`` in one folder are 2^40 paths to the files beside them.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sluis.evidence.predicates import Reason

#: folders below one another, and folders in all, each as often as a path leads to it
_DEEPEST = 20
_MOST = 2_000


def endless(root: Path, names: list[str]) -> list[Reason]:
    """Which of these folders Ansible could not read to an end.

    Args:
        root: the project.
        names: folders, from there; what is not there is passed over.
    """
    return [
        Reason(
            code="folder-without-end",
            about=name[:300],
            sentence=f"More than {_MOST:,} folders lie in it, or folders lie more than {_DEEPEST} "
            "deep: perhaps a link leads back to where it is.",
            remedy="Take that link out. This lists the links in it: find "
            f"{shlex.quote(name)} -type l -ls",
        )
        for name in names
        if _is_endless(root / name)
    ]


def _is_endless(top: Path) -> bool:
    left, todo = _MOST, [(str(top), 0)]
    while todo:
        folder, depth = todo.pop()
        left -= 1
        if left < 0 or depth > _DEEPEST:
            return True
        try:
            with os.scandir(folder) as items:
                todo += [(one.path, depth + 1) for one in items if one.is_dir()]
        except OSError:
            continue  # it cannot be read, is no folder, or is a link to itself
    return False
