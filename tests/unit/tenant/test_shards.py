"""Drives are divided so that workers end at about the same time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.tenant.shards import divide, weight
from sluis.tenant.source import Source

SOURCES = st.lists(
    st.builds(
        Source,
        kind=st.just("sharepoint"),
        id=st.uuids().map(str),
        name=st.just("x"),
        items=st.none() | st.integers(0, 10_000),
        bytes=st.none() | st.integers(0, 10**12),
    ),
    max_size=30,
    unique_by=lambda source: source.id,
)


@given(SOURCES, st.integers(1, 5), st.randoms(use_true_random=False))
def test_every_source_has_one_worker_and_the_division_is_fair(
    sources: list[Source], count: int, chance: random.Random
) -> None:
    workers = [f"w{number}" for number in range(count)]
    shares = divide(sources, workers)
    assert sorted(one for share in shares.values() for one in share) == sorted(
        source.id for source in sources
    )
    assert list(shares) == workers
    by_id = {source.id: source for source in sources}
    loads = [sum(weight(by_id[one]) for one in share) for share in shares.values()]
    # the heaviest-first rule is never worse than the mean plus one source
    heaviest = max((weight(source) for source in sources), default=0)
    assert max(loads) <= sum(loads) / count + heaviest
    chance.shuffle(sources)
    assert divide(sources, workers) == shares


def test_what_was_begun_somewhere_goes_on_there() -> None:
    sources = [Source("onedrive", f"d{n}", "x", items=n, bytes=n * 10**9) for n in range(6)]
    keep = {"d5": "b", "d4": "b", "d3": "gone"}
    shares = divide(sources, ["a", "b"], keep)
    assert {"d5", "d4"} <= set(shares["b"])
    assert "d3" in shares["a"]


@pytest.mark.parametrize(
    ("sources", "workers", "code"),
    [
        ([], [], "no-workers"),
        ([], ["a", "a"], "double-worker"),
        ([Source("onedrive", "d", "x")] * 2, ["a"], "double-source"),
    ],
)
def test_a_division_that_makes_no_sense_is_refused(
    sources: list[Source], workers: list[str], code: str
) -> None:
    with pytest.raises(InputError) as error:
        divide(sources, workers)
    assert error.value.code == code
