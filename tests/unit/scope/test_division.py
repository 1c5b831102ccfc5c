"""Who fetches what: fair, the same for everybody, and what was begun stays where it is."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.scope.division import (
    CONTROLLER,
    Division,
    divide,
    fetched_anew,
    needs_controller,
    placed,
    weight,
    workers_from,
    workers_into,
    workers_of,
)
from sluis.scope.model import ScopeDocument
from support.divided import drive, move, sized
from support.scopes import make_scope

SIZES = st.lists(
    st.tuples(st.none() | st.integers(0, 10**12), st.none() | st.integers(0, 10_000)),
    min_size=1,
    max_size=20,
)
WORKERS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True)


def loads(document: ScopeDocument, division: Division) -> list[int]:
    found = dict.fromkeys(division.workers, 0)
    for asset in document.assets:
        found[division.given[asset.id]] += weight(asset)
    return list(found.values())


@given(SIZES, WORKERS, st.randoms(use_true_random=False))
def test_every_asset_has_one_worker_and_the_division_is_fair(
    sizes: list[tuple[int | None, int | None]], workers: list[str], chance: random.Random
) -> None:
    document = sized(sizes)
    division = divide(document, workers, {})
    assert division.workers == tuple(sorted(workers))
    assert division.given.keys() == {asset.id for asset in document.assets}
    assert set(division.given.values()) <= set(workers)
    # the heaviest-first rule is never worse than the mean plus one asset
    each = loads(document, division)
    assert max(each) <= sum(each) / len(workers) + max(map(weight, document.assets))
    if len(sizes) >= len(workers):
        assert all(each), "nobody stands idle while there is work for everybody"
    mixed = document.model_copy(
        update={"assets": tuple(chance.sample(document.assets, len(document.assets)))}
    )
    chance.shuffle(workers)
    assert divide(mixed, workers, {}) == division


@given(SIZES, WORKERS, st.sets(st.integers(0, 19)))
def test_dividing_again_in_the_middle_of_the_work_changes_nothing(
    sizes: list[tuple[int | None, int | None]], workers: list[str], done: set[int]
) -> None:
    """Whoever asks, however far the others are, is told the same."""
    document = sized(sizes)
    division = divide(document, workers, {})
    ids = [asset.id for number, asset in enumerate(document.assets) if number in done]
    fetched = {name: division.given[name] for name in ids}
    assert divide(document, workers, fetched, division) == division
    assert divide(document, workers, dict(division.given)) == division


@given(SIZES, WORKERS, WORKERS)
def test_other_workers_move_only_what_has_to_move(
    sizes: list[tuple[int | None, int | None]], before: list[str], after: list[str]
) -> None:
    document = sized(sizes)
    was = divide(document, before, {})
    now = divide(document, after, was.given, was)
    assert set(now.given.values()) <= set(after)
    for name, worker in was.given.items():
        if worker in after:
            assert now.given[name] == worker
    lost = {name for name, worker in was.given.items() if worker not in after}
    moved = list(fetched_anew(placed(document, now), was.given))
    assert {one.asset.id for one in moved} == lost
    assert all("anew" in one.words and one.had in one.words for one in moved)


def test_what_no_worker_has_whole_is_divided_anew_when_a_worker_comes() -> None:
    document = sized([(10**9, 1)] * 6)
    alone = divide(document, ["a"], {})
    both = divide(document, ["a", "b"], {"d05": "a", "d04": "a"}, alone)
    assert Counter(both.given.values()) == {"a": 3, "b": 3}
    assert (both.given["d05"], both.given["d04"]) == ("a", "a")
    # when one goes, what the other was given stays with it, begun or not
    left = divide(document, ["b"], {}, both)
    assert set(left.given.values()) == {"b"}
    fewer = divide(document, ["a", "b"], {}, divide(document, ["a", "b", "c"], {}))
    assert set(fewer.given.values()) == {"a", "b"}


def test_a_new_asset_goes_to_the_worker_that_came() -> None:
    whole = [drive("one", size=10**9), drive("two", size=10**9)]
    was = divide(move(*whole), ["a"], {})
    now = divide(move(*whole, drive("three", size=10**9)), ["a", "b"], was.given, was)
    assert now.given == {"one": "a", "two": "a", "three": "b"}


def test_an_asset_with_a_host_of_its_own_weighs_and_stays() -> None:
    document = move(
        drive("own", host="a", size=10**12), drive("one", size=10**9), drive("two", size=10**9)
    )
    division = divide(document, ["a", "b"], {"own": "b"})
    assert division.given == {"one": "b", "two": "b"}
    assert placed(document, division).assets[0].host == "a"


def test_case_C1_a_worker_without_work_is_named_and_not_a_host_nobody_spoke_of() -> None:
    document = move(drive("one"))
    division = divide(document, ["a", "b"], {})
    scope = placed(document, division)
    assert [asset.host for asset in scope.assets] == ["a"]
    assert [entry.host for entry in scope.hosts_without_data] == ["b"]
    assert document.assets[0].host is None, "what is signed stays as it was"
    assert placed(document, Division()) == document


def test_only_workers_with_something_of_a_tenant_share_its_budget() -> None:
    document = move(
        drive("one", size=10**9), drive("two", size=10**9),
        drive("files", size=1, items=1, kind="share",
              origin={"by": "sftp", "server": "s", "folder": "/srv"}),
    )  # fmt: skip
    scope = placed(document, divide(document, ["a", "b", "c", "d"], {}))
    assert workers_from(scope) == {"old": ("a", "b")}
    assert workers_into(scope) == {"new": ("a", "b", "c")}
    assert workers_from(document) == {}


def test_the_controller_does_it_when_there_is_no_group() -> None:
    open_one, closed = move(drive("one")), move(drive("one", host="h1"))
    assert workers_of(open_one, None) == (CONTROLLER,)
    assert needs_controller(open_one, None)
    assert not needs_controller(open_one, ("a",))
    assert not needs_controller(closed, None)
    assert workers_of(closed, None) == ()
    assert workers_of(closed, ("b", "a")) == ("a", "b")
    assert workers_of(make_scope(), ("a",)) == (), "an update has no export workers"
    with pytest.raises(InputError) as error:
        workers_of(open_one, ())
    assert error.value.code == "no-workers"
