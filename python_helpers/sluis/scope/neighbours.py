"""Databases that share a server with those of the scope, and whether it speaks of each (B1)."""

from __future__ import annotations

from sluis.border.found import Found
from sluis.border.own_databases import is_beside
from sluis.scope.model import ScopeDocument

#: bytes. PostgreSQL makes a database ``postgres`` of 7 to 8 MB that nobody put data in
_EMPTY = 10_000_000


def is_named(scope: ScopeDocument, host: str, one: Found) -> bool:
    """Whether the scope speaks of a database that was found on a host.

    The database that PostgreSQL makes itself, as long as it is empty, and what a restore of
    ours left beside a database of the scope are nobody's data.
    """
    named = {
        asset.location
        for asset in scope.assets
        if asset.host == host and asset.kind in (one.kind, "other")
    }
    return (
        one.location in named
        or _is_empty_default(one)
        or any(is_beside(one.location, live) for live in named)
    )


def _is_empty_default(one: Found) -> bool:
    return (
        one.kind == "postgresql"
        and one.location == "postgres"
        and one.bytes is not None
        and one.bytes < _EMPTY
    )
