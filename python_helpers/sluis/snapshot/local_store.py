"""A store of kind ``local``: a folder by the same path on the host and on the verifier.

On the host it is used by the user that Ansible becomes there, on the verifier by the one that
runs there, and each needs all of it: restic reads and writes in every folder of a repository.
"""

from __future__ import annotations

import os
import pwd
from typing import Iterator, Optional

from ..border.store import Store
from ..border.verbs.asset_check import Disk
from ..errors import SnapshotError


def demand_use(store: Store, *, makes: bool) -> Disk:
    """Make sure that we may use the store's folder, or may make it.

    Args:
        store: of kind ``local``.
        makes: whether we are who makes the repository where there is none (the verifier).

    Returns:
        Who we are, and whether there is a repository.

    Raises:
        SnapshotError: ``store-not-writable``.
    """
    path = str(store.path)
    for folder, rights in _used(path, makes=makes):
        if not _may(folder, rights):
            raise not_writable(store, folder)
    there = os.path.exists(os.path.join(path, "config"))
    return Disk(who(), os.geteuid(), there)


def not_writable(store: Store, folder: str) -> SnapshotError:
    """The error for a folder of a local store that our user may not use."""
    return SnapshotError(
        "store-not-writable",
        f"The user {who()} may not read and write in {folder}, a folder of the store {store.id} "
        f"at {store.location}.",
        "Give that user the whole folder on that machine, or let another user do it: on a host "
        "snapshot_and_verify_become: true, on the verifier whoever runs there. A store of kind "
        "local is a folder that the host and the verifier both use, by the same path.",
    )


def who() -> str:
    """The user that we are here, by name and number."""
    number = os.geteuid()
    try:
        return f"{pwd.getpwuid(number).pw_name} ({number})"
    except KeyError:
        return str(number)


def _used(path: str, *, makes: bool) -> Iterator["tuple[str, int]"]:
    """The folders that are used, and the rights that each needs."""
    above: Optional[str] = path
    while above and not os.path.isdir(above):
        parent = os.path.dirname(above)
        above = parent if parent != above else None
    if above != path:
        yield above or "/", os.X_OK | (os.W_OK if makes else 0)
        return
    yield path, os.R_OK | os.W_OK | os.X_OK
    for folder in (path, os.path.join(path, "data")):
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            continue
        for name in names:
            whole = os.path.join(folder, name)
            if os.path.isdir(whole) and not os.path.islink(whole):
                yield whole, os.R_OK | os.W_OK | os.X_OK


def _may(folder: str, rights: int) -> bool:
    by_whom = os.access in os.supports_effective_ids
    return os.access(folder, rights, effective_ids=by_whom)
