"""One digest over everything that decides what a runbook does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import sluis
from sluis.evidence.canonical import canonical, sha256
from sluis.places import Places

#: what Python and editors leave behind; it decides nothing
_LEFT_BEHIND = ("__pycache__",)


def tree_sha256(places: Places, client: str, change: str) -> str:
    """Digest of playbooks, roles, settings, the package, the inventory and the change.

    Variables come from the inventory, so the inventory belongs to what is signed; of
    its ``changes/`` only this change does.

    Args:
        places: the project.
        client: client id.
        change: change id.

    Returns:
        Lower-case hexadecimal SHA-256 over the canonical list of paths and digests.
    """
    inventory = places.inventory(client)
    entries = {
        **_entries("playbooks", places.root / "playbooks"),
        **_entries("roles", places.root / "roles"),
        **_entries("sluis", Path(sluis.__file__).parent),
        **_entries("inventory", inventory, skip=("changes",)),
        **_entries("change", places.change(client, change)),
        "ansible.cfg": file_sha256(places.root / "ansible.cfg"),
    }
    return sha256(canonical(entries))


def file_sha256(path: Path) -> str:
    """SHA-256 of one file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def path_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the canonical list of a folder's files."""
    if path.is_dir():
        return sha256(canonical(_entries("", path)))
    return file_sha256(path)


def _entries(name: str, folder: Path, skip: tuple[str, ...] = ()) -> dict[str, str]:
    return {f"{name}/{relative}": digest for relative, digest in _walk(folder, skip)}


def _walk(folder: Path, skip: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for base, folders, files in os.walk(folder):
        top = Path(base) == folder
        folders[:] = sorted(
            item for item in folders if item not in _LEFT_BEHIND and not (top and item in skip)
        )
        for item in sorted([*files, *folders]):
            path = Path(base, item)
            # os.fsencode: a name need not be UTF-8, and it must still count
            relative = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
            if path.is_symlink():
                target = os.fsencode(path.readlink()).decode("utf-8", "backslashreplace")
                yield relative, f"link:{target}"
            elif item in files and not item.endswith(".pyc"):
                yield relative, file_sha256(path)
