"""The tenant's clock, and the shape of an error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.rehearsal.tenant.api_error import ApiError, RequestIds, error_body, request_ids
from sluis.rehearsal.tenant.clock import Clock

IDS = RequestIds("ours", "theirs")
WHEN = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC).timestamp()


class Hands:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def test_a_fast_clock_shows_three_times() -> None:
    hands = Hands(1_000.0)
    clock = Clock(60.0, wall=hands, elapsed=hands)
    hands.seconds += 10
    clock.advance(500)
    assert clock.now() == 1_000 + 600 + 500
    assert clock.steady() == 1_000 + 10 + 500
    assert clock.wall() == 1_010


def test_the_tenants_time_does_not_follow_a_wall_clock_that_is_put_back() -> None:
    wall, elapsed = Hands(1_000.0), Hands(5.0)
    clock = Clock(wall=wall, elapsed=elapsed)
    wall.seconds, elapsed.seconds = 0.0, 6.0
    assert clock.now() == 1_001


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))), st.floats(0.01, 1e4))
def test_time_never_goes_back(moves: list[tuple[float, float]], speed: float) -> None:
    hands = Hands(0.0)
    clock = Clock(speed, wall=hands, elapsed=hands)
    before = clock.now()
    for passed, advanced in moves:
        hands.seconds += passed
        clock.advance(advanced)
        assert clock.now() >= before
        before = clock.now()


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_clock_needs_a_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Clock(speed)


def test_a_clock_is_not_put_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)


def test_an_error_has_the_real_shape() -> None:
    error = ApiError(429, "activityLimitReached", "No.", inner=("throttledRequest", "quota"))
    assert error_body(error, IDS, WHEN) == {
        "error": {
            "code": "activityLimitReached",
            "message": "No.",
            "innerError": {
                "code": "throttledRequest",
                "innerError": {"code": "quota"},
                "date": "2026-11-22T01:02:03",
                "request-id": "ours",
                "client-request-id": "theirs",
            },
        }
    }


def test_an_error_without_inner_codes_still_says_which_request_it_was() -> None:
    body = error_body(ApiError(404, "itemNotFound", "Gone."), IDS, WHEN)
    assert set(body["error"]["innerError"]) == {"date", "request-id", "client-request-id"}


def test_every_answer_names_the_request() -> None:
    assert IDS.headers(WHEN) == {
        "request-id": "ours",
        "client-request-id": "theirs",
        "Date": "Sun, 22 Nov 2026 01:02:03 GMT",
    }


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, "é", "a\r\nSet-Cookie: x"])
def test_a_clients_id_comes_back_only_when_it_is_plain(given_id: str) -> None:
    ids = request_ids({"client-request-id": given_id})
    assert ids.client == ids.request
    assert request_ids({"client-request-id": "mine-1"}).client == "mine-1"
