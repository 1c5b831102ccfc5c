"""A worker comes to its sources one after the other; each is held against its own end (B5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.forecast import Means
from sluis.tenant.turns import Turn, in_turn

START = datetime(2019, 6, 27, 8, tzinfo=UTC)
END = datetime(2019, 6, 30, tzinfo=UTC)
#: 75,000 units an hour
MEANS = {"old": Means(1_250, 1_200_000)}


def drive(name: str, hours: float, ends: datetime | None = END) -> Turn:
    return Turn(name, ends, tenant="old", units=int(hours * 75_000), bytes=1)


def test_case_B5_what_ends_before_its_turn_is_over_is_too_late() -> None:
    first, second, third = in_turn(
        [drive("a", 10), Turn("share", END, hours=12), drive("b", 40)], MEANS, START
    )
    assert (first.verdict, second.verdict, third.verdict) == ("in time", "in time", "too late")
    assert third.hours == pytest.approx(56, rel=0.01)  # its 40 h pass the day's 1.2 million units
    assert second.done == START + timedelta(hours=22)
    assert second.margin_hours == pytest.approx(42)
    assert third.start_by is not None
    assert third.start_by < START


def test_a_day_or_less_to_spare_is_tight() -> None:
    (line,) = in_turn([Turn("share", END, hours=41)], {}, START)
    assert (line.verdict, line.margin_hours) == ("tight", 23)


def test_case_B5_of_what_nobody_counted_nothing_is_promised_nor_of_what_comes_after() -> None:
    lines = in_turn([drive("a", 1), Turn("share", END), drive("b", 1, None)], MEANS, START)
    assert [line.verdict for line in lines] == ["in time", "not known", "not known"]
    assert lines[2].hours == pytest.approx(1)
    assert lines[2].done is None
    # but what has ended already is too late whatever it would take
    (gone,) = in_turn([Turn("share", START - timedelta(seconds=1))], {}, START)
    assert gone.verdict == "too late"


def test_a_source_without_an_end_is_not_late() -> None:
    (line,) = in_turn([drive("a", 10_000_000, None)], MEANS, START)
    assert (line.verdict, line.margin_hours) == ("no end date", None)


_TURNS = st.lists(
    st.builds(
        Turn,
        st.just("x"),
        st.just(END),
        tenant=st.sampled_from(["old", None]),
        units=st.integers(0, 10**7),
        bytes=st.integers(0, 10**13),
        hours=st.floats(0, 1000),
    ),
    max_size=6,
)


@given(_TURNS)
def test_nothing_is_done_before_what_goes_before_it(turns: list[Turn]) -> None:
    lines = in_turn(turns, MEANS, START)
    done = [line.done for line in lines if line.done is not None]
    assert done == sorted(done)
    for line in lines:
        assert line.done is not None
        assert (line.verdict == "too late") == (line.done > END)
        assert line.hours is not None
        assert line.done >= START + timedelta(hours=line.hours) - timedelta(seconds=1)
