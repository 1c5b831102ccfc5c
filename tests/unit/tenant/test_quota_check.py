from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.quota_check import check_quota


@pytest.mark.parametrize(
    ("quota", "needed", "verdict"),
    [
        ({"total": 100, "used": 40, "remaining": 60}, 60, "enough"),
        ({"total": 100, "used": 40, "remaining": 60}, 61, "not enough"),
        ({"total": 100, "used": 90, "remaining": 60}, 20, "not enough"),
        ({"remaining": 60}, 60, "enough"),
        ({"total": 100, "used": 100, "remaining": 0}, 1, "not enough"),
        ({"total": 100, "used": 0}, 100, "enough"),
        ({"total": 0, "used": 0, "remaining": 0}, 1, "not verified"),
        ({"remaining": "60"}, 1, "not verified"),
        ({"remaining": True}, 1, "not verified"),
        ({}, 1, "not verified"),
        ({}, 0, "enough"),
    ],
)
def test_only_room_that_is_known_is_enough(quota, needed, verdict):
    answer = check_quota(quota, needed)
    assert answer.verdict == verdict
    assert answer.enough == (verdict == "enough")
    assert answer.why


def test_what_must_stay_free_stays_free():
    assert check_quota({"remaining": 100}, 60, 40).enough
    assert not check_quota({"remaining": 100}, 60, 41).enough


@given(st.dictionaries(st.sampled_from(["total", "used", "remaining", "state"]), st.integers()))
def test_enough_is_never_said_of_more_than_any_figure_allows(quota):
    answer = check_quota(quota, 1000)
    if answer.enough:
        assert answer.remaining is not None
        assert answer.remaining >= 1000
        assert quota.get("remaining", 1000) >= 1000 or quota["remaining"] < 0
