"""Whether the client's own backup is where it is said to be, and opens; it is only read.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import glob
import os
import tempfile
from typing import List, Optional, Sequence

from ..border.parts import StoreSecrets
from ..border.store import Store
from ..border.verbs.asset_check import Repository
from ..errors import InputError, SnapshotError
from .access import Access, open_access, unreachable
from .children import Children
from .restic import Restic, password_of
from .restic_lines import Listed
from .store_keys import keys_of

#: snapshots of other hosts and paths that are named
_SHOWN = 10


def demand_backup(backup: Repository, secrets: Optional[StoreSecrets], program: str) -> None:
    """Look for a backup as an adoption looks for it.

    Args:
        backup: where it is said to be.
        secrets: the login and the password; ``None``: there is none.
        program: restic.

    Raises:
        InputError: ``backup-password-missing``.
        SnapshotError: ``backup-missing``, ``backup-password-wrong``, ``backup-of-another``, or
            that of a store.
    """
    if backup.store is None:
        _demand_places(backup)
        return
    with Children(tempfile.gettempdir()) as children:
        if secrets is None or not secrets.repository_password:
            raise _no_password(backup.asset)
        access = open_access(backup.store, secrets, children.private, children)
        if not access.reachable():
            raise unreachable(backup.store, "nobody answers at its address")
        demand_open(backup.asset, backup.store, secrets, access)
        if backup.path is None:
            return
        cache = os.path.join(children.private, "cache")
        restic = Restic(children, access, password_of(secrets), cache, program=program)
        listed = restic.snapshots()
        if listed:
            demand_one(backup.asset, backup.store, listed, backup.path, backup.host)


def demand_open(asset: str, store: Store, secrets: StoreSecrets, access: Access) -> None:
    """The repository is there, and the password opens it.

    Args:
        asset: whose backup.
        store: the repository.
        secrets: the password.
        access: to the store.

    Raises:
        InputError: ``backup-password-missing``.
        SnapshotError: ``backup-missing``, ``backup-password-wrong``.
    """
    if not secrets.repository_password:
        raise _no_password(asset)
    if not access.names("keys"):
        raise SnapshotError(
            "backup-missing",
            f"There is no repository of restic's at {store.location}, where the backup of "
            f"{asset} is said to be.",
            f"Correct the store of {asset} in snapshot_and_verify_adopt.",
        )
    if not keys_of(access, secrets.repository_password, escrowed=False, sure=True):
        raise SnapshotError(
            "backup-password-wrong",
            f"backup_repository_password of {asset} opens no key of the repository at "
            f"{store.location}.",
            f"Correct it under {asset} in snapshot_and_verify_secrets: it is the password that "
            "the client's backup program uses.",
        )


def demand_one(
    asset: str, store: Store, listed: Sequence[Listed], path: str, host: Optional[str]
) -> List[Listed]:
    """Those snapshots of a repository that are of an asset.

    Args:
        asset: whose backup.
        store: the repository.
        listed: all its snapshots.
        path: of the asset, as the backup was told.
        host: whose, as the backup names it; ``None``: of any.

    Raises:
        SnapshotError: ``backup-of-another``: there are snapshots, and none of it.
    """
    found = [one for one in listed if _is_of(one, path, host)]
    if listed and not found:
        there = sorted({(one.hostname, one.paths) for one in listed})
        named = "; ".join(f"{name} with {', '.join(paths)}" for name, paths in there[:_SHOWN])
        more = f"; and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        by = f" by the host {host}" if host else ""
        raise SnapshotError(
            "backup-of-another",
            f"The repository at {store.location} has no snapshot of {path}{by}, as which the "
            f"backup of {asset} is described. It has those of {named}{more}.",
            f"Correct path and host of {asset} in snapshot_and_verify_adopt.",
        )
    return found


def _is_of(snapshot: Listed, path: str, host: Optional[str]) -> bool:
    plain = path.rstrip("/")
    inside = any(plain == p or plain.startswith(p.rstrip("/") + "/") for p in snapshot.paths)
    return inside and (not host or snapshot.hostname == host)


def _demand_places(backup: Repository) -> None:
    missing = [one for one in backup.locations if not glob.glob(one)]
    if missing:
        raise SnapshotError(
            "backup-missing",
            f"There is nothing at {', '.join(missing)}, where the backup of {backup.asset} is said "
            "to be.",
            f"Correct the locations of {backup.asset} in snapshot_and_verify_adopt.",
        )


def _no_password(asset: str) -> InputError:
    return InputError(
        "backup-password-missing",
        f"There is no backup_repository_password of {asset}, so its own backup cannot be opened.",
        f"Write backup_repository_password under {asset} in snapshot_and_verify_secrets.",
    )
