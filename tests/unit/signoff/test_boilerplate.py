"""Words that were copied from another waiver are seen, whatever names were put in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.scope.model import ScopeDocument
from sluis.signoff.boilerplate import copied, general_term, names_asset, says_nothing
from support.scopes import make_scope

#: names of assets, each within the next: the shorter one must not leave half of the longer one
NESTED = (
    "letters",
    "letters and drawings",
    "letters and drawings of the practice on the river",
)


def scope_with(*names: str) -> ScopeDocument:
    """A scope whose two assets have these names; hosts and places are of no help."""
    changes: dict[str, Any] = {}
    for number, name in enumerate(names):
        changes[f"assets.{number}.name"] = name
    return make_scope(changes)


def about(name: str) -> str:
    return f"If {name} cannot be read afterwards, somebody has to type them in again by hand."


@pytest.mark.parametrize(("one", "two"), [(0, 1), (0, 2), (1, 2)])
def test_T16_a_copied_waiver_with_a_longer_name_in_it_is_a_copy(one: int, two: int) -> None:
    short, long = NESTED[one], NESTED[two]
    scope = scope_with(short, long)
    assert copied(about(short), about(long), scope)
    assert copied(about(long), about(short), scope)
    # whichever stands first in the scope
    assert copied(about(short), about(long), scope_with(long, short))


def test_T16_a_name_inside_another_word_is_left() -> None:
    """The name "letters" is not in "loveletters"; what is left must still be compared."""
    scope = scope_with("letters", "records")
    assert not copied(
        "Without loveletters the museum has to close its doors for the whole of the summer.",
        "If the records are gone the practice treats nobody until they are typed in again.",
        scope,
    )


VOCABULARY = (
    "disk", "paper", "Monday", "nobody", "treats", "again", "scanned", "lost", "archive", "week",
)  # fmt: skip
WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=10, max_size=25).map(" ".join)


@given(words=WORDS, one=st.sampled_from(NESTED), two=st.sampled_from(NESTED))
@settings(max_examples=60, deadline=None)
def test_any_text_with_another_name_put_in_is_a_copy(words: str, one: str, two: str) -> None:
    scope = scope_with(NESTED[0], NESTED[2])
    if NESTED[1] in (one, two):
        scope = scope_with(one, two) if one != two else scope_with(one, "records")
    assert copied(f"{one} {words}", f"{two.upper()}, {words}", scope)


@given(words=WORDS)
@settings(max_examples=60, deadline=None)
def test_a_text_is_a_copy_of_itself_and_says_the_same_folded_anew(words: str) -> None:
    scope = make_scope()
    assert copied(words, words.replace(" ", "\n  "), scope)
    assert says_nothing(words) == says_nothing(words.upper())
    assert general_term(words) == general_term(words.replace(" ", "  "))


@pytest.mark.parametrize("around", ["{}", "({})", "“{}”.", "/{}/", "the {}, and more"])
def test_a_name_counts_wherever_a_word_may_stand(around: str) -> None:
    asset = make_scope().assets[1]
    assert names_asset(around.format("scanned LETTERS"), asset)
    assert not names_asset(around.format("unscanned lettersets"), asset)
