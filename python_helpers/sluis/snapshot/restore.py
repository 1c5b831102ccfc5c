"""Restore an asset beside its live data, or swap the copy in: one door for every kind.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

from typing import Any, Dict

from ..errors import InputError


def restore_beside(request: Dict[str, Any]) -> Dict[str, Any]:
    """Put a restored and compared copy beside the live data; nothing live is touched.

    Args:
        request: ``asset`` (id, kind, location, and a database's connection data),
            ``change``, ``restore_id``, ``snapshot_id``, ``manifests``, ``facts``,
            ``store``, ``secrets``, ``check_mode``; see the module of each kind.
    """
    answer: Dict[str, Any] = _of_kind(request).restore_beside(request)
    return answer


def swap(request: Dict[str, Any]) -> Dict[str, Any]:
    """Swap the compared copy in; the live data goes to quarantine, never away.

    Args:
        request: as for ``restore_beside``, with ``tolerate_use``.
    """
    answer: Dict[str, Any] = _of_kind(request).swap(request)
    return answer


def _of_kind(request: Dict[str, Any]) -> Any:
    # Named one by one, so that Ansible finds them and ships them to the host.
    kind = request["asset"].get("kind")
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
        f"An asset of kind {str(kind)[:40]!r} cannot be restored.",
        "Only directory, postgresql, mariadb and sqlite can.",
    )
