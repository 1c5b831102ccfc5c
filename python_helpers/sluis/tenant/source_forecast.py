"""How long it takes to read servers and directories, held against the day they end (B5). Pure.

Two figures bound it, both measured on the source itself (``source_speed``): files a second
for many small ones, bytes a second for large ones. What was not measured is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from .margin import Verdict, verdict_of
from .source import Source

#: what takes longer takes too long, and dates come to an end
_LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Speed:
    """What a source gives: small files a second, bytes a second; ``None``: not measured."""

    files: float | None
    bytes: float | None


@dataclass(frozen=True, slots=True)
class ReadingTime:
    """When one source will have been read.

    Args:
        source_id: which.
        bytes: to be read, a second reading included.
        hours: that it takes by itself; ``None`` when nothing can be said.
        done: when it is done, after the sources before it.
        ends: when the source goes away.
        margin_hours: between ``done`` and ``ends``; below 0 is too late.
        start_by: the last moment to begin with this and all that goes before it.
        verdict: one of ``Verdict``.
    """

    source_id: str
    bytes: int | None
    hours: float | None
    done: datetime | None
    ends: datetime | None
    margin_hours: float | None
    start_by: datetime | None
    verdict: Verdict

    def as_data(self) -> dict[str, Any]:
        """As plain JSON data; times as ISO 8601."""
        data = asdict(self)
        for key in ("done", "ends", "start_by"):
            data[key] = data[key].isoformat() if data[key] else None
        return data


def forecast_reading(
    sources: Sequence[Source],
    speeds: Mapping[str, Speed],
    start: datetime,
    ends: Mapping[str, datetime] | None = None,
    *,
    readings: int = 2,
) -> tuple[ReadingTime, ...]:
    """Say when each source will have been read, one after the other, what ends first first.

    Args:
        sources: with the figures of ``measure``.
        speeds: source id to what was measured.
        start: when it begins.
        ends: source id to the moment it goes away.
        readings: how often every file is read: 2, or 1 without a second reading.
    """
    ends = ends or {}
    far = datetime.max.replace(tzinfo=start.tzinfo)
    order = sorted(sources, key=lambda s: (ends.get(s.id, far), s.bytes or 0, s.id))
    lines: list[ReadingTime] = []
    spent: timedelta | None = timedelta(0)
    for source in order:
        end = ends.get(source.id)
        size = None if source.bytes is None else source.bytes * readings
        alone = _duration(source, speeds.get(source.id), readings)
        # after a source of which nothing is known nothing can be said of the next one
        spent = None if spent is None or alone is None else min(spent + alone, _LONGEST)
        hours = None if alone is None else alone.total_seconds() / 3600
        if spent is None:
            lines.append(ReadingTime(source.id, size, hours, None, end, None, None, "not known"))
            continue
        done = start + spent
        if end is None:
            lines.append(ReadingTime(source.id, size, hours, done, None, None, None, "no end date"))
            continue
        margin = end - done
        lines.append(
            ReadingTime(
                source.id, size, hours, done, end, margin.total_seconds() / 3600, end - spent,
                verdict_of(margin, spent),
            )
        )  # fmt: skip
    return tuple(lines)


def _duration(source: Source, speed: Speed | None, readings: int) -> timedelta | None:
    if source.items is None or source.bytes is None:
        return None
    if source.items == 0:
        return timedelta(0)
    if speed is None or not speed.files or not speed.bytes:
        return None
    # a small file costs its turn, a large one its bytes; a file costs both at most
    seconds = readings * (source.items / speed.files + source.bytes / speed.bytes)
    return timedelta(seconds=min(seconds, _LONGEST.total_seconds()))
