"""A1: figures of a scope that are far from what the copy holds are remarked."""

from __future__ import annotations

import pytest

from sluis.scope.otherwise import counted_otherwise
from support.scopes import make_scope

ITEMS, BYTES = 61_300, 53_000_000_000


@pytest.mark.parametrize(
    ("items", "size", "said"),
    [
        (ITEMS, BYTES, ()),
        (ITEMS + 400, BYTES * 1.5, ()),
        (3, BYTES, ("items: 61300, and the copy has 3",)),
        (ITEMS * 2, BYTES, ("items: 61300, and the copy has 122600",)),
        (0, 0, ("items: 61300, and the copy has 0", "size in bytes: 53000000000")),
    ],
)
def test_A1_twice_or_half_is_far(items: int, size: float, said: tuple[str, ...]) -> None:
    told = " ".join(counted_otherwise(make_scope(), {"letters": (items, int(size))}))
    assert bool(told) == bool(said)
    for words in said:
        assert words in told


def test_A1_a_few_more_and_the_records_of_a_database_are_not_compared() -> None:
    small = make_scope({"assets.1.items": 4, "assets.1.size": 10_000})
    assert not list(counted_otherwise(small, {"letters": (12, 60_000)}))
    assert not list(counted_otherwise(make_scope(), {"patient-records": (1, 5)}))
    assert not list(counted_otherwise(make_scope(), {}))
