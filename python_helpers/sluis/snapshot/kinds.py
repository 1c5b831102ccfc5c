"""Which adapter copies which kind of database. A directory needs none: it is its own copy."""

from __future__ import annotations

from typing import Any

from ..errors import InputError

#: kinds whose data is dumped to files first
DUMPED = ("postgresql", "mariadb", "sqlite")


def adapter_of(kind: str) -> Any:
    """The module with ``dump`` and ``check`` for a kind of database.

    Raises:
        InputError: ``kind-unknown``.
    """
    # Named one by one, and not by importlib: Ansible ships to a host what it finds
    # imported, and a verifier of files need not load database code.
    if kind == "postgresql":
        from . import postgresql

        return postgresql
    if kind == "mariadb":
        from . import mariadb

        return mariadb
    if kind == "sqlite":
        from . import sqlite

        return sqlite
    raise InputError(
        "kind-unknown",
        f"No snapshot can be made of a {kind!r}.",
        f"Use directory, {', '.join(DUMPED)}, or have a waiver signed for this asset.",
    )
