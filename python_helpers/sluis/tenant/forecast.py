"""How much an export costs and how long it takes, before it starts (B5). Pure.

Every figure follows from counts that discovery made and from Microsoft's published prices
and limits (sp-dev-docs "How to avoid getting throttled or blocked in SharePoint Online",
page of 2025-10-02). Afterwards the plan is shown beside what was used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ..graph import cost
from .margin import Verdict, verdict_of
from .source import Source
from .versions import VersionPolicy

#: bytes per hour and app that leave a tenant (same page)
EGRESS = 400_000_000_000
#: entries of one page: of a delta as asked for, and of other listings
_DELTA_PAGE, _PAGE = 200, 200


@dataclass(frozen=True, slots=True)
class Means:
    """What an export has to work with.

    Args:
        minute_units, day_units: resource units per minute and per 24 hours.
        egress: bytes per hour that the tenant lets out.
        line: bytes per second of our own line, where it is known to be less.
        share: of the budget that this job may use; others of the same tenant need theirs.
    """

    minute_units: int
    day_units: int
    egress: int = EGRESS
    line: int | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked of the service besides the files themselves.

    Args:
        versions: of earlier versions nothing, a list, or their bytes too.
        permissions: where the scope of rights changes.
        fields: the library's columns.
        relist: list everything anew and not only what changed since the pass before; for
            the last pass, because some deletions are never told (docs-contrib#8794).
        only_since: what a last pass must have begun after: see ``DriveState.begin_pass``.
    """

    versions: VersionPolicy = "none"
    permissions: bool = True
    fields: bool = True
    relist: bool = False
    only_since: str | None = None


@dataclass(frozen=True, slots=True)
class SourceForecast:
    """One source: its cost, and whether it is done before it ends.

    Args:
        source_id: which.
        units: resource units by kind of call.
        bytes: to be fetched.
        hours: that it takes by itself.
        done: when it is done, in the order of the forecast.
        ends: when the source goes away.
        margin_hours: between ``done`` and ``ends``; below 0 is too late.
        start_by: the last moment to begin with this and all that goes before it.
        verdict: one of ``Verdict``.
    """

    source_id: str
    units: dict[str, int]
    bytes: int
    hours: float
    done: datetime | None
    ends: datetime | None
    margin_hours: float | None
    start_by: datetime | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Forecast:
    """All sources together.

    Args:
        sources: in the order in which they should be exported: what ends first, first.
        units: all of them.
        bytes: all of them.
        hours_minute, hours_day, hours_egress: what each limit alone would take.
        hours: the longest of them.
        bound_by: which limit that is.
        not_known: ids of sources that nobody counted, and so are in no figure.
    """

    sources: tuple[SourceForecast, ...]
    units: int
    bytes: int
    hours_minute: float
    hours_day: float
    hours_egress: float
    hours: float
    bound_by: str
    not_known: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The forecast as plain JSON data; times as ISO 8601."""
        data = asdict(self)
        for source in data["sources"]:
            for key in ("done", "ends", "start_by"):
                source[key] = source[key].isoformat() if source[key] else None
        return data


@dataclass(frozen=True, slots=True)
class Spending:
    """What an export used: units, requests, bytes, hours and answers that said to wait."""

    units: int
    bytes: int
    hours: float
    throttled: int = 0


def forecast(
    sources: Sequence[Source],
    policy: Policy,
    means: Means,
    start: datetime,
    ends: Mapping[str, datetime] | None = None,
    *,
    passes: int = 1,
) -> Forecast:
    """Say what an export of all these sources costs, and hold it against their end dates.

    Args:
        sources: as discovery counted them.
        policy: what is asked for.
        means: budget and lines.
        start: when it begins.
        ends: source id to the moment it goes away.
        passes: how often everything is listed; files are fetched once.
    """
    ends = ends or {}
    known = [s for s in sources if s.items is not None and s.bytes is not None]
    far = datetime.max.replace(tzinfo=start.tzinfo)
    known.sort(key=lambda s: (ends.get(s.id, far), s.bytes or 0, s.id))
    lines, units, size = [], 0, 0
    for source in known:
        price = units_of(source, policy, passes)
        mine = source.bytes or 0
        alone = hours_for(sum(price.values()), mine, means)[0]
        units, size = units + sum(price.values()), size + mine
        until_then = timedelta(hours=hours_for(units, size, means)[0])
        lines.append(_line(source.id, price, mine, alone, start, until_then, ends.get(source.id)))
    not_known = tuple(sorted(s.id for s in sources if s.items is None or s.bytes is None))
    lines.extend(
        SourceForecast(one, {}, 0, 0.0, None, ends.get(one), None, None, "not known")
        for one in not_known
    )
    hours, minute, day, egress, bound_by = hours_for(units, size, means)
    return Forecast(tuple(lines), units, size, minute, day, egress, hours, bound_by, not_known)


def units_of(source: Source, policy: Policy, passes: int = 1) -> dict[str, int]:
    """Resource units that one source costs, by kind of call."""
    files, folders = source.items or 0, source.folders or 0
    pages = max(1, math.ceil((files + folders + 1) / _DELTA_PAGE))
    price = {
        "listing": passes * (pages * cost.SINGLE + cost.MANY - cost.SINGLE + cost.SINGLE),
        "files": files * cost.DOWNLOAD,
        "download addresses": max(1, math.ceil(files / _PAGE)) * cost.MANY if files else 0,
        "recycle bin": passes * cost.MANY if source.site_id else 0,
    }
    if policy.permissions:
        price["permissions"] = cost.PERMISSIONS * (1 + (source.shared or 0))
    if policy.versions != "none":
        price["versions"] = cost.MANY * files
    if policy.fields:
        price["list fields"] = passes * cost.MANY * max(1, math.ceil((files + folders) / _PAGE))
    return price


def beside(planned: Forecast, used: Spending) -> list[dict[str, Any]]:
    """Plan beside actual: one row per figure, with actual as a share of the plan."""
    rows = []
    for what, plan, actual in (
        ("units", planned.units, used.units),
        ("bytes", planned.bytes, used.bytes),
        ("hours", planned.hours, used.hours),
        ("throttled", 0, used.throttled),
    ):
        share = actual / plan if plan else None
        rows.append({"what": what, "planned": plan, "actual": actual, "share": share})
    return rows


def hours_for(units: int, size: int, means: Means) -> tuple[float, float, float, float, str]:
    """Hours in all, and by minute, day and egress alone, and the one that binds.

    Args:
        units, size: resource units to spend, and bytes to fetch.
        means: budget and lines.
    """
    minute = units / (means.minute_units * means.share) / 60
    per_day = means.day_units * means.share
    # the pacer goes at minute speed until the day is used up, and waits for the next
    full, rest = divmod(max(0, units - 1), per_day)
    day = full * 24 + min(24.0, (rest + 1) / (means.minute_units * means.share) / 60)
    day = day if units > per_day else 0.0
    hourly = min(means.egress, means.line * 3600 if means.line else means.egress)
    egress = size / hourly
    longest = max(minute, day, egress)
    names = {minute: "minute", day: "day", egress: "egress"}
    if means.line and hourly < means.egress:
        names[egress] = "line"
    return longest, minute, day, egress, names[longest] if longest else "nothing"


def _line(
    source_id: str,
    price: dict[str, int],
    size: int,
    hours: float,
    start: datetime,
    until_then: timedelta,
    ends: datetime | None,
) -> SourceForecast:
    done = start + until_then
    if ends is None:
        return SourceForecast(source_id, price, size, hours, done, None, None, None, "no end date")
    margin = ends - done
    return SourceForecast(
        source_id, price, size, hours, done, ends,
        margin.total_seconds() / 3600, ends - until_then, verdict_of(margin, until_then),
    )  # fmt: skip
