"""A1: days of what is still to happen lie before us, by the client's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sluis.scope.gone_by import gone_by, today_of
from sluis.scope.remarks import remarks
from support.scopes import DAY, make_scope

LATER = {"assets.1.disposition.when": date(2036, 12, 24)}
NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 19)
DISPOSITIONS: dict[str, dict[str, Any]] = {
    "by": {"what": "migrate", "to": "There", "old_copy": "It goes."},
    "when": {"what": "stays", "what_happens": "It stays."},
    "deadline": {"what": "client moves it", "to": "There", "owner": "B", "if_late": "We ask."},
    "day": {"what": "destroy", "words": "It is destroyed.", "in_change": "CHG-2"},
}


@pytest.mark.parametrize("field", ["ends_on", *DISPOSITIONS])
@pytest.mark.parametrize("day", [date(2020, 1, 1), YESTERDAY, TODAY])
def test_A1_a_day_that_is_past_is_refused_and_today_is_not(field: str, day: date) -> None:
    change: dict[str, Any] = {"assets.1.ends_on": day, **LATER}
    path: tuple[str | int, ...] = ("assets", 1, "ends_on")
    if field in DISPOSITIONS:
        change = {"assets.1.disposition": {**DISPOSITIONS[field], field: day}}
        path = ("assets", 1, "disposition", field)
    found = [(one.code, one.path) for one in gone_by(make_scope(change), NOW)]
    assert found == ([] if day == TODAY else [("day-is-past", path)])


def test_A1_today_is_told_by_the_clock_of_the_client() -> None:
    there = make_scope({"time_zone": "Europe/Amsterdam", "assets.1.ends_on": TODAY, **LATER})
    assert today_of(there, NOW) == date(2026, 11, 21)
    assert [one.code for one in gone_by(there, NOW)] == ["day-is-past"]


def test_A1_a_count_of_long_ago_is_remarked_and_not_refused() -> None:
    agreed = {"assets.1.processing_agreement": "PA-1"}
    old = {"assets.0.counted_on": date(2019, 1, 1), "assets.0.newest": date(2018, 1, 1)}
    (said,) = remarks(make_scope(agreed | old), DAY)
    assert said.startswith("patient-records: it was counted on 2019-01-01, ")
    assert remarks(make_scope(agreed | {"assets.0.counted_on": DAY}), DAY) == ()
