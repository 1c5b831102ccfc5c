"""Restore an asset beside its live data, or swap the copy in: one door for every kind.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

from typing import Any

from ..border.parts import Asset, Secrets
from ..border.restores import Request
from ..border.verbs.asset_restore import Answer as RestoreAnswer
from ..border.verbs.asset_swap import Answer as SwapAnswer
from ..errors import InputError


def restore_beside(request: Request, secrets: Secrets) -> RestoreAnswer:
    """Put a restored and compared copy beside the live data; nothing live is touched.

    Args:
        request: which snapshot, and where; see the module of each kind.
        secrets: the store's login and the database's.
    """
    answer: RestoreAnswer = _of_kind(request.asset).restore_beside(request, secrets)
    return answer


def swap(request: Request, secrets: Secrets) -> SwapAnswer:
    """Swap the compared copy in; the live data goes to quarantine, never away.

    Args:
        request: as for ``restore_beside``.
        secrets: as for ``restore_beside``.
    """
    answer: SwapAnswer = _of_kind(request.asset).swap(request, secrets)
    return answer


def _of_kind(asset: Asset) -> Any:
    # Named one by one, so that Ansible finds them and ships them to the host.
    kind = asset.kind
    if kind == "directory":
        from . import restore_directory

        return restore_directory
    if kind == "sqlite":
        from . import restore_sqlite

        return restore_sqlite
    if kind in ("postgresql", "mariadb"):
        from . import restore_database

        return restore_database
    raise InputError(
        "kind-unknown",
        f"An asset of kind {kind!r} cannot be restored.",
        "Only directory, postgresql, mariadb and sqlite can.",
    )
