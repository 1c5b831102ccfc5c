"""Figures of a day that has not come: nobody can have counted them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sluis.scope.broken import Broken
from sluis.scope.model import ScopeDocument

#: where the client is, it may be tomorrow already
_ELSEWHERE = timedelta(days=1)


def counted_ahead(document: ScopeDocument, today: date) -> Iterator[Broken]:
    """Every asset that was counted after ``today``, by the clock of this machine, in UTC."""
    for number, asset in enumerate(document.assets):
        if asset.counted_on > today + _ELSEWHERE:
            yield Broken(
                ("assets", number, "counted_on"),
                "counted-in-the-future",
                f"says that {asset.id} was counted on {asset.counted_on}; today is {today}.",
                "Write the day on which it was counted. If today is wrong, set this machine's "
                "clock.",
            )
