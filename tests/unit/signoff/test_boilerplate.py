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


@pytest.mark.parametrize(
    ("words", "nothing"),
    [
        ("disks paper monday nobody treats", True),  # five words
        ("disks paper monday nobody treats again", False),  # six, of thirty letters and more
        ("abcde fghij klmno pqrst uvwxy zabcd", False),  # thirty letters
        ("abcde fghij klmno pqrst uvwxy zabc", True),  # one less
        ("Disk disk DISK paper monday nobody treats", True),  # the same words, spelled otherwise
        ("abcde fghij klmno pqrst uvwxy 12345 67890", True),  # numbers are no words
    ],
    ids=["five", "six", "letters", "too short", "spelled", "numbers"],
)
def test_case_A10_how_many_words_say_something(words: str, nothing: bool) -> None:
    assert says_nothing(words) is nothing


@pytest.mark.parametrize(("same", "copy"), [(17, True), (16, False)])
def test_case_A10_from_when_a_text_is_a_copy(same: int, copy: bool) -> None:
    """The share of words in common, of twenty each: 0.85 is a copy."""
    words = [f"{letter}{letter}" for letter in "abcdefghijklmnopqrst"]
    other = words[:same] + [f"{letter}x" for letter in "abcdefghijklmnopqrst"[same:]]
    assert copied(" ".join(words), " ".join(other), make_scope()) is copy


def test_case_A10_words_that_come_often_count_as_well() -> None:
    """Of a long text difflib leaves out what comes often, unless it is told not to."""
    often = " ".join(["aa bb cc dd"] * 60)
    assert copied(f"xx {often}", f"yy {often}", make_scope())


@pytest.mark.parametrize("name", ["Scanned letters", "Gescande brieven"])
def test_case_A10_an_asset_is_named_in_either_language(name: str) -> None:
    scope = make_scope({"assets.1.name": {"nl": "Gescande brieven.", "en": "Scanned letters."}})
    assert names_asset(f"What is in {name} is gone for good.", scope.assets[1])
    assert not names_asset("What is in there is gone for good.", scope.assets[1])


@pytest.mark.parametrize("name", ["FAX", "FAX."])
def test_case_A10_only_the_stop_is_no_part_of_a_name(name: str) -> None:
    asset = make_scope({"assets.1.name": name}).assets[1]
    assert names_asset("What came by FAX is gone for good.", asset)
