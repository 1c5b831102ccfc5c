"""Throttling: windows, prices, headers, and who pays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.rehearsal.tenant.api_error import ApiError, error_body, request_ids
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.rights import Caller
from sluis.rehearsal.tenant.throttle import PRICES, Limits, Throttle, budget

ONE = Caller("one", frozenset())
TWO = Caller("two", frozenset())
#: a moment on which minute, five minutes, hour and day begin
MIDNIGHT = 86_400.0 * 20_000


class Hands:
    def __init__(self) -> None:
        self.seconds = MIDNIGHT

    def __call__(self) -> float:
        return self.seconds


def made(speed: float = 1.0, **limits: Any) -> tuple[Throttle, Hands]:
    hands = Hands()
    return Throttle(Limits(**limits), Clock(speed, wall=hands, elapsed=hands)), hands


def refused(throttle: Throttle, *call: Any, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        throttle.charge(*call, **more)
    assert error.value.status == 429
    return error.value


@pytest.mark.parametrize(
    ("licences", "minute", "day", "tenant"),
    [
        (1, 1_250, 1_200_000, 18_750),
        (1_000, 1_250, 1_200_000, 18_750),
        (1_001, 2_500, 2_400_000, 37_500),
        (15_000, 3_750, 3_600_000, 56_250),
        (50_000, 5_000, 4_800_000, 75_000),
        (50_001, 6_250, 6_000_000, 93_750),
    ],
)
def test_a_licence_tier_gives_its_units(licences: int, minute: int, day: int, tenant: int) -> None:
    given_units = budget(Limits(licences=licences))
    assert (given_units.minute, given_units.day, given_units.tenant) == (minute, day, tenant)


def test_calls_cost_what_the_page_says() -> None:
    for unit in ("get", "delta-token", "download"):
        assert PRICES[unit] == 1
    for units in ("list", "delta", "create", "update", "upload"):
        assert PRICES[units] == 2
    assert PRICES["permissions"] == PRICES["sharing"] == 5


def test_the_minute_ends_with_a_429_and_a_fractional_retry_after() -> None:
    throttle, hands = made()
    hands.seconds += 36.5
    for _ in range(1_250):
        throttle.charge(ONE, "get")
    error = refused(throttle, ONE, "get")
    assert error.headers["Retry-After"] == "23.500"
    assert error.headers["RateLimit-Reset"] == "24"
    hands.seconds += 23.5
    throttle.charge(ONE, "get")


def test_the_body_of_a_429_is_the_real_one() -> None:
    throttle, _ = made(minute_units=0)
    error = refused(throttle, ONE, "get")
    body = error_body(error, request_ids({"client-request-id": "mine"}), 0.0)["error"]
    assert body["code"] == "activityLimitReached"
    assert body["innerError"]["code"] == "throttledRequest"
    assert body["innerError"]["innerError"] == {"code": "quota"}
    assert body["innerError"]["client-request-id"] == "mine"


def test_headers_warn_from_80_percent_of_the_minute() -> None:
    throttle, hands = made()
    hands.seconds += 12
    verdicts = [throttle.charge(ONE, "get") for _ in range(1_250)]
    assert not any(verdict.headers for verdict in verdicts[:999])
    assert verdicts[999].headers == {
        "RateLimit-Limit": "1250",
        "RateLimit-Remaining": "250",
        "RateLimit-Reset": "48",
    }
    assert verdicts[1_249].headers["RateLimit-Remaining"] == "0"


def test_throttled_calls_are_charged() -> None:
    throttle, hands = made(minute_units=10, day_units=30)
    for _ in range(10):
        throttle.charge(ONE, "get")
    for _ in range(20):
        refused(throttle, ONE, "get")
    hands.seconds += 60
    error = refused(throttle, ONE, "get")
    # the day is used up by calls that were refused, and it says nothing in headers
    assert float(error.headers["Retry-After"]) == 86_400 - 60
    assert "RateLimit-Limit" not in error.headers
    assert throttle.spent.throttled == 21
    assert throttle.spent.units == 31


def test_the_day_is_spent_in_sixteen_hours_at_full_speed() -> None:
    published = budget(Limits())
    assert published.day == published.minute * 960
    throttle, hands = made(minute_units=5, day_units=5 * 960)
    minutes = 0
    while True:
        try:
            throttle.charge(ONE, "permissions")
        except ApiError:
            break
        minutes += 1
        hands.seconds += 60
    assert minutes == 960


def test_apps_share_one_budget_unless_told_otherwise() -> None:
    shared, _ = made(minute_units=2)
    shared.charge(ONE, "get")
    shared.charge(TWO, "get")
    refused(shared, TWO, "get")
    apart, _ = made(minute_units=2, apps_share=False)
    for app in (ONE, TWO):
        apart.charge(app, "get")
        apart.charge(app, "get")
        refused(apart, app, "get")


def test_the_tenant_has_a_window_of_its_own() -> None:
    throttle, hands = made(minute_units=100, tenant_units=150, apps_share=False)
    for _ in range(100):
        throttle.charge(ONE, "get")
    for _ in range(50):
        throttle.charge(TWO, "get")
    error = refused(throttle, TWO, "get")
    assert float(error.headers["Retry-After"]) == 300
    hands.seconds += 300
    throttle.charge(TWO, "get")


def test_bytes_out_and_in_have_caps() -> None:
    throttle, hands = made(egress_bytes=100, ingress_bytes=50)
    throttle.charge(ONE, "download", bytes_out=100)
    error = refused(throttle, ONE, "download", bytes_out=1)
    assert float(error.headers["Retry-After"]) == 3_600
    throttle.charge(ONE, "get")
    throttle.charge(ONE, "upload", bytes_in=60)
    refused(throttle, ONE, "upload", bytes_in=1)
    hands.seconds += 3_600
    throttle.charge(ONE, "download", bytes_out=1)
    assert (throttle.spent.bytes_out, throttle.spent.bytes_in) == (101, 60)


def test_sharing_calls_have_a_window_of_their_own() -> None:
    throttle, _ = made(minute_units=10_000, tenant_units=10_000)
    for _ in range(300):
        throttle.charge(ONE, "sharing")
    error = refused(throttle, ONE, "sharing")
    assert "RateLimit-Limit" not in error.headers
    throttle.charge(ONE, "permissions")


@pytest.mark.parametrize("charged", [False, True])
def test_pre_authenticated_urls_are_charged_by_a_switch(charged: bool) -> None:
    throttle, _ = made(minute_units=5, charge_pre_authenticated=charged)
    for _ in range(5):
        assert throttle.charge(None, "pre-authenticated", bytes_out=10).units == int(charged)
    if charged:
        refused(throttle, None, "pre-authenticated")
    else:
        throttle.charge(None, "pre-authenticated")


def test_a_fast_clock_turns_windows_sooner_and_tells_either_time() -> None:
    tenant, hands = made(speed=60.0, minute_units=1)
    tenant.charge(ONE, "get")
    assert float(refused(tenant, ONE, "get").headers["Retry-After"]) == 60
    hands.seconds += 1
    tenant.charge(ONE, "get")
    wall, _ = made(speed=60.0, minute_units=1, told_in="wall")
    wall.charge(ONE, "get")
    assert float(refused(wall, ONE, "get").headers["Retry-After"]) == 1


def test_without_limits_calls_are_counted_and_never_refused() -> None:
    throttle = Throttle(None, Clock())
    for _ in range(2_000):
        assert not throttle.charge(ONE, "list").headers
    assert (throttle.spent.units, throttle.spent.calls["list"]) == (4_000, 2_000)


def test_a_kind_that_has_no_price_is_a_mistake() -> None:
    throttle, _ = made()
    with pytest.raises(KeyError):
        throttle.charge(ONE, "something")


@given(
    st.lists(
        st.tuples(st.sampled_from(["get", "list", "permissions"]), st.floats(0, 20)), max_size=200
    )
)
def test_no_window_ever_gives_more_than_its_budget(calls: list[tuple[str, float]]) -> None:
    throttle, hands = made(minute_units=20, tenant_units=60, day_units=500)
    passed: list[tuple[float, int]] = []
    for kind, pause in calls:
        hands.seconds += pause
        try:
            passed.append((hands.seconds, throttle.charge(ONE, kind).units))
        except ApiError as error:
            wait = float(error.headers["Retry-After"])
            assert 0 < wait <= 86_400
    for length, most in ((60, 20), (300, 60), (86_400, 500)):
        spent: dict[int, int] = {}
        for when, units in passed:
            spent[int(when // length)] = spent.get(int(when // length), 0) + units
        assert all(units <= most for units in spent.values())
