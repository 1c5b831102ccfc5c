"""One digest over everything that decides what a runbook does."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import sluis
from sluis.evidence.canonical import canonical, sha256
from sluis.manifest.signature import is_settled, signature_of
from sluis.places import Places

#: what Python and editors leave behind; it decides nothing
_LEFT_BEHIND = ("__pycache__",)
_PIECE = 1 << 18

#: What the files read so far hold, by path: how each looked to the kernel, and its digest.
#: Ansible's workers are forked from the process that read them first, and inherit this.
_KNOWN: dict[bytes, tuple[tuple[int, ...], str]] = {}


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
    found: dict[str, str] = {}
    if folder.is_dir():
        _collect(os.fsencode(folder), f"{name}/", skip, found)
    return found


def _collect(folder: bytes, prefix: str, skip: tuple[str, ...], found: dict[str, str]) -> None:
    """Every file and link under ``folder``, by its path under ``prefix``.

    This runs at every step, so it works on plain bytes: path objects would take most of
    the time. Every file is looked at each time, and read when anything about it is new.
    """
    with os.scandir(folder) as items:
        for item in items:
            # a name need not be UTF-8, and it must still count
            name = item.name.decode("utf-8", "backslashreplace")
            if (name in _LEFT_BEHIND or name in skip) and item.is_dir():
                continue
            if item.is_symlink():
                target = os.readlink(item.path).decode("utf-8", "backslashreplace")  # noqa: PTH115
                found[prefix + name] = f"link:{target}"
            elif item.is_dir(follow_symlinks=False):
                _collect(item.path, f"{prefix}{name}/", (), found)
            elif not name.endswith(".pyc"):
                found[prefix + name] = _content_sha256(item.path)


def _content_sha256(path: bytes) -> str:
    known = _KNOWN.get(path)
    if known is not None and known[0] == _looks(os.lstat(path)):
        return known[1]
    began = time.time_ns()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        content = os.read(descriptor, _PIECE)
        digest = hashlib.sha256(content)
        while content:
            content = os.read(descriptor, _PIECE)
            digest.update(content)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    found = digest.hexdigest()
    if is_settled(after, began) and _looks(before) == _looks(after):
        _KNOWN[path] = _looks(after), found
    return found


def _looks(status: os.stat_result) -> tuple[int, ...]:
    """A path is another file, too, when another disk was mounted over its folder."""
    return (status.st_dev, status.st_mode, *signature_of(status))
