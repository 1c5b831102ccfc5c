"""What was compared of a copy before anybody signs, for the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Compared:
    """A copy that was restored elsewhere and held against the original.

    Args:
        day: when, on the client's calendar.
        items: how many files and folders; ``None`` of a database, which is no number of files.
        size: their bytes.
    """

    day: date
    items: int | None
    size: int
