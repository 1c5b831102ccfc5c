"""What a scope needs of a tenant or a server, and for which assets."""

from __future__ import annotations

from dataclasses import dataclass, field

from sluis.scope.model import Asset

#: more are not asked for in one look (``tenant_check``)
MOST_PEOPLE = 1000


@dataclass
class TenantUse:
    """Drives with the assets that name them, and in which field; people with theirs.

    ``becomes`` are addresses to which rights go over, with their place in the scope's list.
    """

    drives: dict[str, list[tuple[Asset, tuple[str, ...]]]] = field(default_factory=dict)
    people: dict[str, list[Asset]] = field(default_factory=dict)
    becomes: dict[str, int] = field(default_factory=dict)


@dataclass
class ServerUse:
    """Folders with the assets that are fetched from them."""

    folders: dict[str, list[Asset]] = field(default_factory=dict)


def names_of(assets: list[Asset]) -> str:
    """The ids of some assets, for a line."""
    return ", ".join(sorted({one.id for one in assets}))
