from __future__ import annotations

import pytest

from sluis.snapshot.forecast import MB, Load, Route, forecast, forecast_lines

TERABYTE = Load(bytes=10**12, items=1)


def _copy_hours(name: str) -> float:
    return next(e.copy / 3600 for e in forecast(TERABYTE) if e.route.name == name)


@pytest.mark.parametrize(
    ("route", "hours"),
    [
        # 2 Mbit/s is about 15 MB a minute
        ("wan-2mbit", 10**12 / (15 * MB) / 60),
        # USB 2: 126 GB an hour, 8 hours for a terabyte
        ("usb2-disk", 10**12 / (126 * 10**9)),
        # a NAS on gigabit is three times that
        ("gigabit-nas", 10**12 / (3 * 126 * 10**9)),
    ],
)
def test_case_A13_known_routes_give_the_hours_of_the_case(route: str, hours: float) -> None:
    assert _copy_hours(route) == pytest.approx(hours, rel=0.01)


def test_case_A13_usb_2_takes_eight_hours() -> None:
    assert round(_copy_hours("usb2-disk")) == 8


def test_case_A13_routes_come_quickest_first_and_say_what_is_measured() -> None:
    slow = Route("store", "the store", 0.5 * MB, 5 * MB, measured=True)
    estimates = forecast(TERABYTE, disk=80 * MB, measured=[slow])
    names = [e.route.name for e in estimates]
    assert names == ["usb3-ssd", "gigabit-nas", "usb2-disk", "store", "wan-2mbit"]
    lines = forecast_lines(estimates)
    assert any("the store" in line and "measured" in line for line in lines)
    assert any("days" in line for line in lines)


def test_a_slow_disk_slows_every_route() -> None:
    quick = {e.route.name: e.seconds for e in forecast(TERABYTE)}
    slow = {e.route.name: e.seconds for e in forecast(TERABYTE, disk=5 * MB)}
    assert all(slow[name] > quick[name] for name in quick)


def test_case_C6_many_small_files_cost_time_too() -> None:
    few, many = forecast(Load(10**9, 100)), forecast(Load(10**9, 5_000_000))
    assert many[0].seconds > few[0].seconds + 600


def test_only_what_is_new_travels_and_all_of_it_is_proven() -> None:
    first = {e.route.name: e for e in forecast(TERABYTE)}
    again = {e.route.name: e for e in forecast(Load(10**12, 1, new=10**9))}
    assert again["wan-2mbit"].copy < first["wan-2mbit"].copy / 50
    assert again["wan-2mbit"].verify == first["wan-2mbit"].verify


def test_a_forecast_is_json() -> None:
    record = forecast(TERABYTE)[0].as_dict()
    assert set(record) == {
        "route", "words", "measured", "mb_per_second_up", "copy_hours", "hours",
    }  # fmt: skip
