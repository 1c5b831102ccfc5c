"""Figures of a scope that are far from what was seen when the copy was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluis.scope.model import DATABASES, ScopeDocument

#: this many times as much, or as little
_FAR = 2
#: below these nothing is far: a few files more are a working day
_FEW_ITEMS, _FEW_BYTES = 10, 1_000_000


def counted_otherwise(
    document: ScopeDocument, seen: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    """One sentence for each asset of which the client would sign figures that are far off.

    Args:
        document: the scope. Of a database the client counts its own records and we its dump, so
            these are not compared.
        seen: by asset, items and bytes of the newest copy.
    """
    for asset in document.assets:
        if asset.kind in DATABASES or asset.id not in seen:
            continue
        items, size = seen[asset.id]
        said = []
        if _far(asset.items, items, _FEW_ITEMS):
            said.append(f"items: {asset.items}, and the copy has {items}")
        if _far(asset.size, size, _FEW_BYTES):
            said.append(f"size in bytes: {asset.size}, and the copy has {size}")
        if said:
            yield (
                f"{asset.id}: the scope says {'; '.join(said)}. See whether it is the right folder "
                "and whole; if it is, count it again before the client signs."
            )


def _far(said: int | None, seen: int, few: int) -> bool:
    if said is None or abs(said - seen) <= few:
        return False
    low, high = sorted((said, seen))
    return high >= low * _FAR
