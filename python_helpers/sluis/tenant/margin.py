"""What there is to spare between the end of a job and the day its source ends (B5). Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Verdict = Literal["in time", "tight", "too late", "no end date", "not known"]

#: a margin smaller than this share of the duration, or than this time, is called tight
_TIGHT_SHARE, _TIGHT = 0.25, timedelta(hours=24)


def verdict_of(margin: timedelta, spent: timedelta) -> Verdict:
    """Whether a source is done in time.

    Args:
        margin: from when it is done until it ends; below 0 is too late.
        spent: how long the job takes until then.
    """
    if margin < timedelta(0):
        return "too late"
    return "tight" if margin < max(_TIGHT, spent * _TIGHT_SHARE) else "in time"
