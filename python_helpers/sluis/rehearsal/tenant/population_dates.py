"""The dates of a population: fixed, so that a seed gives the same dates on every day."""

from __future__ import annotations

from random import Random

#: 1 June 2026: nothing that a population makes is younger
EPOCH = 1_780_272_000.0
#: seconds
YEAR = 31_536_000.0


def draw_dates(random: Random) -> tuple[float, float]:
    """When something was made, and when it was changed last; seconds since 1970."""
    created = EPOCH - float(random.randrange(int(2 * YEAR)))
    return created, created + float(random.randrange(int(EPOCH - created) + 1))
