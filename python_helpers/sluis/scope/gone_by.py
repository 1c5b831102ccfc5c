"""Days of what is still to happen that are past: nobody can sign for them any more.

Not a rule of the document: what was signed while its days were still to come stays signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sluis.scope.broken import Broken
from sluis.scope.model import Asset, ClientMovesIt, Destroy, Migrate, ScopeDocument, Stays


def today_of(document: ScopeDocument, now: datetime) -> date:
    """The day that it is where the client is; without a time zone in the scope, in UTC.

    Args:
        document: the scope.
        now: aware.
    """
    return now.astimezone(ZoneInfo(document.time_zone or "UTC")).date()


def gone_by(document: ScopeDocument, now: datetime) -> Iterator[Broken]:
    """Every day of something that is to happen and that lies before today.

    Args:
        document: a scope that holds.
        now: aware; today is told by the client's own clock.
    """
    today = today_of(document, now)
    for number, asset in enumerate(document.assets):
        for path, day in _to_come(asset):
            if isinstance(day, date) and day < today:
                yield Broken(
                    ("assets", number, *path),
                    "day-is-past",
                    f"says {day}, and that day is past; today is {today}.",
                    "Write the day on which it will happen, as agreed with the client.",
                )


def _to_come(asset: Asset) -> Iterator[tuple[tuple[str, ...], date | str]]:
    yield ("ends_on",), asset.ends_on
    match asset.disposition:
        case Migrate(by=day):
            yield ("disposition", "by"), day
        case Stays(when=when):
            yield ("disposition", "when"), when
        case ClientMovesIt(deadline=day):
            yield ("disposition", "deadline"), day
        case Destroy(day=day):
            yield ("disposition", "day"), day
