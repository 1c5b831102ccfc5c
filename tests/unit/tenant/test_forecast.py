"""Units, bytes and hours before the first download, held against the end dates (B5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.forecast import Means, Policy, Spending, beside, forecast, units_of
from sluis.tenant.source import Source

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
#: 1,000 licences: 1,250 units a minute, 1.2 million a day
MEANS = Means(1_250, 1_200_000)
FILES_ONLY = Policy("none", permissions=False, fields=False)


def _source(name: str, items: int | None, size: int | None = 0, **more: object) -> Source:
    return Source("sharepoint", name, name, items=items, bytes=size, **more)  # type: ignore[arg-type]


def test_units_are_those_of_the_price_list() -> None:
    price = units_of(_source("a", 1000, folders=99, shared=3, site_id="s"), Policy("list"))
    assert price["files"] == 1000
    assert price["permissions"] == 5 * 4
    assert price["versions"] == 2000
    assert price["listing"] == 6 + 2  # six pages of 200, the first one a unit more, the quota one
    assert price["recycle bin"] == 2
    # the budget for files alone: at most 1.05 units a file
    assert sum(units_of(_source("a", 20_000), FILES_ONLY).values()) <= 1.05 * 20_000


def test_small_files_are_bound_by_the_minute() -> None:
    planned = forecast([_source("a", 100_000, 10**9)], FILES_ONLY, MEANS, START)
    assert planned.bound_by == "minute"
    assert planned.hours == pytest.approx(100_000 / 1250 / 60, rel=0.05)


def test_many_files_are_bound_by_the_day() -> None:
    # full minute speed ends the day's budget after 16 hours; then nothing goes until the next
    planned = forecast([_source("a", 2_400_000)], FILES_ONLY, MEANS, START)
    assert planned.bound_by == "day"
    assert 40 <= planned.hours <= 49
    assert planned.hours > planned.hours_minute


def test_large_files_are_bound_by_what_may_leave_the_tenant() -> None:
    planned = forecast([_source("a", 100, 4 * 10**12)], FILES_ONLY, MEANS, START)
    assert planned.bound_by == "egress"
    assert planned.hours == pytest.approx(10)
    slow = Means(1_250, 1_200_000, line=12_500_000)  # 100 Mbit/s
    assert forecast([_source("a", 1, 45 * 10**9)], FILES_ONLY, slow, START).bound_by == "line"
    assert forecast([_source("a", 1, 45 * 10**9)], FILES_ONLY, slow, START).hours == 1


def test_case_B5_the_forecast_is_held_against_the_day_the_source_ends() -> None:
    # each takes a good 13.4 hours at 1,250 units a minute
    sources = [_source(name, 1_000_000) for name in ("late", "soon", "never")]
    ends = {"soon": START + timedelta(hours=60), "late": START + timedelta(hours=20)}
    planned = forecast(sources, FILES_ONLY, MEANS, START, ends)
    lines = {line.source_id: line for line in planned.sources}
    # what ends first goes first
    assert [line.source_id for line in planned.sources] == ["late", "soon", "never"]
    assert lines["late"].verdict == "tight"
    assert lines["soon"].verdict == "in time"
    assert lines["never"].verdict == "no end date"
    assert lines["late"].start_by is not None
    assert lines["late"].start_by < ends["late"] - timedelta(hours=13)
    # begun a day later it is too late, and said so before anything is fetched
    late = forecast(sources, FILES_ONLY, MEANS, START + timedelta(hours=24), ends).sources[0]
    assert late.verdict == "too late"
    assert late.margin_hours is not None
    assert late.margin_hours < 0


def test_what_nobody_counted_is_not_known_and_in_no_figure() -> None:
    planned = forecast([_source("a", None, None)], Policy(), MEANS, START, {"a": START})
    assert planned.not_known == ("a",)
    assert planned.sources[0].verdict == "not known"
    assert planned.units == 0


def test_plan_beside_actual() -> None:
    planned = forecast([_source("a", 1000, 5_000_000)], FILES_ONLY, MEANS, START)
    rows = {r["what"]: r for r in beside(planned, Spending(planned.units, 5_000_000, 1.0, 2))}
    assert rows["units"]["share"] == 1
    assert rows["bytes"]["share"] == 1
    assert rows["hours"]["actual"] == 1.0
    assert rows["throttled"] == {"what": "throttled", "planned": 0, "actual": 2, "share": None}
    assert json.loads(json.dumps(planned.as_data()))["units"] == planned.units


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**13)), max_size=6))
def test_more_to_do_never_takes_less_time(sizes: list[tuple[int, int]]) -> None:
    sources = [_source(str(n), items, size) for n, (items, size) in enumerate(sizes)]
    before = 0.0
    for count in range(len(sources) + 1):
        planned = forecast(sources[:count], Policy(), MEANS, START)
        assert planned.hours >= before
        before = planned.hours
    times = [line.done for line in forecast(sources, Policy(), MEANS, START).sources if line.done]
    assert times == sorted(times)
