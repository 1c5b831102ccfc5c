"""How long a reading takes, from what was measured and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.source import Source
from sluis.tenant.source_forecast import Speed, forecast_reading

START = datetime(2019, 6, 1, tzinfo=UTC)
FAST = Speed(100.0, 1e6)


def source(name, items=3600, size=0):
    return Source("sftp", name, name, items=items, bytes=size)


def test_two_readings_of_files_and_bytes_add_up_to_hours():
    (line,) = forecast_reading([source("a", 180_000, 1_800_000_000)], {"a": FAST}, START)
    # 1,800 s for the files and 1,800 s for the bytes, twice
    assert (line.hours, line.bytes) == (2.0, 3_600_000_000)
    assert (line.done, line.verdict) == (START + timedelta(hours=2), "no end date")
    (once,) = forecast_reading(
        [source("a", 180_000, 1_800_000_000)], {"a": FAST}, START, readings=1
    )
    assert once.hours == 1.0


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [(-1, "too late"), (0, "tight"), (23, "tight"), (24, "in time"), (1000, "in time")],
)
def test_case_B5_the_margin_before_the_end_is_called_by_its_name(margin, verdict):
    ends = {"a": START + timedelta(hours=2 + margin)}
    (line,) = forecast_reading([source("a", 360_000)], {"a": FAST}, START, ends)
    assert (line.margin_hours, line.verdict) == (margin, verdict)
    assert line.start_by == START + timedelta(hours=margin)


def test_a_quarter_of_a_long_reading_is_tight():
    ends = {"a": START + timedelta(hours=200 + 49)}
    (line,) = forecast_reading([source("a", 36_000_000)], {"a": FAST}, START, ends)
    assert (line.hours, line.verdict) == (200.0, "tight")


def test_what_ends_first_is_read_first_and_what_comes_after_waits():
    ends = {"b": START + timedelta(days=10), "c": START + timedelta(days=5)}
    speeds = dict.fromkeys("abc", FAST)
    lines = forecast_reading([source(n, 180_000) for n in "abc"], speeds, START, ends)
    assert [line.source_id for line in lines] == ["c", "b", "a"]
    assert [line.done for line in lines] == [START + timedelta(hours=n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("one", "speed"),
    [
        (source("a", None, None), FAST),
        (source("a"), None),
        (source("a"), Speed(None, 1e6)),
        (source("a"), Speed(100.0, None)),
    ],
)
def test_what_was_not_measured_is_not_guessed_nor_what_comes_after_it(one, speed):
    speeds = {"b": FAST} | ({"a": speed} if speed else {})
    ends = {"a": START, "b": START + timedelta(days=99)}
    lines = forecast_reading([one, source("b")], speeds, START, ends)
    assert [(line.done, line.verdict) for line in lines] == [(None, "not known")] * 2


@given(st.integers(0, 10**18), st.integers(0, 10**18), st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_no_figures_break_it(items, size, files, rate):
    (line,) = forecast_reading([source("a", items, size)], {"a": Speed(files, rate)}, START)
    assert line.verdict in {"no end date", "not known"}
