"""Which of a list of versions is the current one, however it is ordered (M10)."""

from __future__ import annotations

import itertools
from typing import Any

from sluis.tenant.versions import earlier_than_current


def entry(number: str, date: str | None = None) -> dict[str, Any]:
    return {"id": number, **({"lastModifiedDateTime": date} if date else {})}


def test_M10_no_order_of_a_list_loses_a_version() -> None:
    entries = [entry("3.0", "2026-03"), entry("2.0", "2026-02"), entry("1.0", "2026-01")]
    for listed in itertools.permutations(entries):
        kept = earlier_than_current(list(listed))
        assert sorted(one["id"] for one in kept) == ["1.0", "2.0"]


def test_M10_numbers_count_as_numbers_and_dates_where_there_are_none() -> None:
    ten = [entry("9.0"), entry("10.0"), entry("512.0")]
    assert [one["id"] for one in earlier_than_current(ten)] == ["9.0", "10.0"]
    named = [entry("a", "2026-01"), entry("b", "2026-03"), entry("c", "2026-02")]
    assert [one["id"] for one in earlier_than_current(named)] == ["a", "c"]
    # nothing to go by: as the service usually lists them
    assert [one["id"] for one in earlier_than_current([entry("a"), entry("b")])] == ["b"]
    assert earlier_than_current([]) == []
