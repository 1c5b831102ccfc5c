"""Files and folders that look like those which are read, and which nobody would read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from sluis.plan.faults import Fault, looks_like

#: what a client's inventory and a change may hold
OF_CLIENT = ("group_vars", "host_vars", "changes", "vault.cfg", "hosts.yml")
OF_CHANGE = ("scope.yml", "update.yml", "restore.yml", "waivers", "documents", "files")
_NOT_READ = (".example", ".md", ".txt", ".j2")


def place_faults(folder: Path, known: Collection[str], root: Path) -> Iterator[Fault]:
    """What in a folder is named almost as something that is read.

    Args:
        folder: a client's inventory, or a change.
        known: what is read in it.
        root: the project's folder; files are named from there.
    """
    there = {item.name for item in folder.iterdir()} if folder.is_dir() else set()
    for name in sorted(there - set(known)):
        if name.startswith(".") or name.endswith("~") or Path(name).suffix in _NOT_READ:
            continue
        near = looks_like(name.lower(), known)
        if near is not None and near not in there:
            yield Fault(
                "not-read", str((folder / name).relative_to(root)), 0, "Nobody would read it.",
                f"Did you mean {near!r}? Otherwise give it a name that does not look like it.",
            )  # fmt: skip
