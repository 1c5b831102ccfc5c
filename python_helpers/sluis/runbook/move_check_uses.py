"""What a scope needs of a tenant or a server, for which assets, and in which line that stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from sluis.runbook.run import Run
from sluis.scope.model import Asset
from sluis.scope.strict_yaml import FormError, read_tree


@dataclass
class TenantUse:
    """Drives with the assets that name them, and in which field; people with theirs."""

    drives: dict[str, list[tuple[Asset, tuple[str, ...]]]] = field(default_factory=dict)
    people: dict[str, list[Asset]] = field(default_factory=dict)


@dataclass
class ServerUse:
    """Folders with the assets that are fetched from them."""

    folders: dict[str, list[Asset]] = field(default_factory=dict)


def names_of(assets: list[Asset]) -> str:
    """The ids of some assets, for a line."""
    return ", ".join(sorted({one.id for one in assets}))


def line_in_scope(run: Run, asset: Asset, where: tuple[str, ...]) -> str:
    """File and line of the scope in which a field of an asset stands.

    Args:
        run: the current run.
        asset: whose field.
        where: its path below the asset.
    """
    path = run.change_folder / "scope.yml"
    name = str(path.relative_to(run.places.root))
    try:
        tree = read_tree(path.read_bytes())
        number = next(n for n, one in enumerate(tree.value["assets"]) if one.get("id") == asset.id)
        return f"{name}, line {tree.marks[('assets', number, *where)][0]}"
    except (OSError, FormError, LookupError, TypeError, AttributeError, StopIteration):
        return name
