"""What a change put aside where the data is, for the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sluis.scope.words import Text


@dataclass(frozen=True)
class Aside:
    """Data of the client that lies beside what is in use.

    Args:
        change: which change put it there.
        asset: what the client calls it.
        day: when, on the client's calendar.
        until: until when it was agreed to be kept.
    """

    change: str
    asset: Text
    day: date
    until: date
