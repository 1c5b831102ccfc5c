"""When a worker is done with each of its sources, one after the other (B5). Pure.

Drives of a tenant cost its budget, whatever else the worker does in between; servers and
folders cost the time that was measured on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .forecast import Means, hours_for
from .margin import Verdict, verdict_of

#: what takes longer takes too long, and dates come to an end
_LONGEST_HOURS = 876_000.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One source, in the order in which the worker comes to it.

    Args:
        source_id: which.
        ends: when it goes away.
        tenant: whose budget it costs; ``None`` for what was measured in hours.
        units, bytes: what it costs of that budget.
        hours: what it takes, where that was measured; ``None``: nobody knows.
    """

    source_id: str
    ends: datetime | None
    tenant: str | None = None
    units: int = 0
    bytes: int = 0
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """When a source is done.

    Args:
        source_id: which.
        hours: that it takes by itself; ``None``: not known.
        done: when its turn is over; ``None`` when it, or one before it, is not known.
        margin_hours: between ``done`` and its end; below 0 is too late.
        start_by: the last moment to begin with this and all that goes before it.
        verdict: one of ``Verdict``.
    """

    source_id: str
    hours: float | None
    done: datetime | None
    margin_hours: float | None
    start_by: datetime | None
    verdict: Verdict


def in_turn(turns: Sequence[Turn], means: Mapping[str, Means], start: datetime) -> tuple[Done, ...]:
    """Say when each source is done, and hold it against the moment it ends.

    Args:
        turns: the worker's sources, in its order.
        means: what each tenant lets this worker use.
        start: when it begins; aware.
    """
    spent: dict[str, tuple[int, int]] = {}
    measured: float | None = 0.0
    lines = []
    for turn in turns:
        alone = turn.hours
        if turn.tenant is not None:
            alone = hours_for(turn.units, turn.bytes, means[turn.tenant])[0]
            units, size = spent.get(turn.tenant, (0, 0))
            spent[turn.tenant] = units + turn.units, size + turn.bytes
        elif measured is not None:
            # after a source of which nothing is known nothing can be said of the next one
            measured = None if alone is None else measured + alone
        hours = None
        if measured is not None:
            asked = (hours_for(*used, means[tenant])[0] for tenant, used in spent.items())
            hours = measured + sum(asked)
        lines.append(_line(turn, alone, hours, start))
    return tuple(lines)


def _line(turn: Turn, alone: float | None, hours: float | None, start: datetime) -> Done:
    if hours is None:
        past = turn.ends is not None and turn.ends <= start
        verdict: Verdict = "too late" if past else "not known"
        return Done(turn.source_id, alone, None, None, None, verdict)
    until_then = timedelta(hours=min(hours, _LONGEST_HOURS))
    done = start + until_then
    if turn.ends is None:
        return Done(turn.source_id, alone, done, None, None, "no end date")
    margin = turn.ends - done
    return Done(
        turn.source_id, alone, done, margin.total_seconds() / 3600, turn.ends - until_then,
        verdict_of(margin, until_then),
    )  # fmt: skip
