"""Databases that share a server with those of the scope, and whether it speaks of each (B1)."""

from __future__ import annotations

from sluis.border.found import Found
from sluis.border.own_databases import is_beside
from sluis.scope.model import ScopeDocument


def is_named(scope: ScopeDocument, host: str, one: Found) -> bool:
    """Whether the scope speaks of a database that was found on a host.

    What a restore of ours left beside a database of the scope needs no name of its own.
    """
    named = {
        asset.location
        for asset in scope.assets
        if asset.host == host and asset.kind in (one.kind, "other")
    }
    return one.location in named or any(is_beside(one.location, live) for live in named)
