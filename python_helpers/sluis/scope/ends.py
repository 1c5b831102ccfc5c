"""The moments that days in a scope stand for: sources that end, and deadlines (B4, B5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from sluis.scope.model import Asset

_FAR = datetime.max.replace(tzinfo=UTC)


def end_of_source(asset: Asset) -> datetime | None:
    """When a source goes away: at the first moment of its last day, in UTC.

    A supplier who deletes everything "that day" does not say at what hour.
    """
    if not isinstance(asset.ends_on, date):
        return None
    return datetime.combine(asset.ends_on, time(), UTC)


def end_of_deadline(day: date) -> datetime:
    """The last second of the day until which somebody has, in UTC."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def by_end(assets: Iterable[Asset]) -> list[Asset]:
    """What ends first comes first; of the others, what is small."""
    return sorted(assets, key=lambda a: (end_of_source(a) or _FAR, a.size or 0, a.id))
