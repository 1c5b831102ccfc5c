"""No regular expression of Sluis takes for ever on a text that somebody chose.

``tests/support/ambiguous.py`` says how that follows from an expression. The tests here hold for
every expression of the package, also for one that is written tomorrow; those with the texts of an
attacker stand in ``tests/unit/ground/test_chosen_texts.py``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.ambiguous import Use, growth
from tests.support.cpu import NeverEndsError, ends
from tests.support.expressions import FILES, Expression, expressions, strays

from sluis.manifest.exclude import _expression
from sluis.rehearsal import demo_signing
from sluis.runbook import host_errors
from sluis.snapshot import mariadb_swap

#: What may take the square of its text: because of what no tree shows.
KEPT = {
    "sluis/rehearsal/tenant/organisation_calls.py:_FILTERS": "asked of a tenant that is a play, by "
    "what plays with it; and a word that comes back is as long as the word",
    "sluis/runbook/settings_page.py:_text": "makes docs/settings.md of texts in this repository",
    "sluis/snapshot/mariadb_code_look.py:_ROUTINE": "gets 600 characters at most",
}

Made = tuple[re.Pattern[Any], Use]


def _excluded() -> Iterable[Made]:
    for pattern in ("*a*b*c*d", "a/**", "/a/**/b*c*/**/d?e/**/f*", "**/**/*a*", "**/a/*/b/**/*"):
        made = _expression(pattern, itertools.count(1))
        yield re.compile(made, re.DOTALL), "fullmatch"


#: What is built while Sluis runs, as a run would build it; or why that is seen elsewhere.
BUILT: dict[str, Callable[[], Iterable[Made]] | str] = {
    "sluis/border/shapes.py:__init__": "each Form(...) is collected where it is written",
    "sluis/runbook/surroundings.py:_like": "each _like(...) is collected where it is written",
    "sluis/cli/new_client.py:_name": lambda: [(re.compile("(?m)^client:.*$"), "search")],
    "sluis/manifest/exclude.py:matcher": _excluded,
    "sluis/rehearsal/demo_signing.py:fill_in": lambda: (
        (re.compile(one), "search") for one in demo_signing._PROMPTS
    ),
    "sluis/runbook/host_errors.py:_known": lambda: (
        (one, "fullmatch") for one in host_errors._known()[1]
    ),
    "sluis/snapshot/mariadb_look.py:_table_rights": lambda: [
        (re.compile(r"GRANT (.+?) ON `name`\.`proc` TO "), "match")
    ],
    "sluis/snapshot/mariadb_swap.py:_made_by": lambda: [
        (mariadb_swap._made_by("procedure", "it's `a` name"), "search")
    ],
}


def _found() -> list[Expression]:
    return [one for path in FILES for one in expressions(path)]


def test_each_expression_takes_time_as_its_text_is_long() -> None:
    found = _found()
    assert len(found) > 200
    grown = {
        one.place: f"line {one.line}: {how} by {use}: {one.pattern.pattern!r}"
        for one in found
        if one.pattern is not None
        for use in one.uses
        if (how := growth(one.pattern, use))
    }
    assert {place: said for place, said in grown.items() if place not in KEPT} == {}
    assert {place for place, said in grown.items() if "exponential" in said} == set()
    assert set(KEPT) == set(grown), "a reason without its expression"


def test_what_is_built_at_run_time_does_so_too() -> None:
    built = {one.place for one in _found() if one.pattern is None}
    assert built == set(BUILT)
    count = 0
    for place, makes in BUILT.items():
        for pattern, use in makes() if callable(makes) else ():
            count += 1
            assert growth(pattern, use) is None, (place, pattern.pattern)
    assert count > 50


def test_no_expression_is_used_in_a_way_that_is_not_seen() -> None:
    assert {path.name: lines for path in FILES if (lines := strays(path))} == {}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("from re import compile\n", [1]),
        ("import re as other\n", [1]),
        ("import re\nall(map(re.match, [], []))\n", [2]),
        ("import re\nre.match('a', '')\n", []),
    ],
    ids=["a name of it", "another name", "handed on", "plain"],
)
def test_ways_that_are_not_seen(tmp_path: Path, text: str, seen: list[int]) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert strays(path) == seen


@pytest.mark.parametrize(
    ("pattern", "use"),
    [
        (r"(a+)+b", "match"), (r"(?:\s*|\n)*\Z", "match"), (r"(a|ab|b)*c", "match"),
        (r"(a+)+", "fullmatch"), (r"(?:a{0,50}){0,50}b", "match"), (r"(?i)(?:ab|AB)*c", "match"),
        (r"(?s)(?:\s|<!--.*?-->)*<x", "match"), (r"(?:(?>a*)b|(a+)+c)", "match"),
        (r"\A(?:--.*|\\unrestrict \w+|\s*|\n)*\Z", "match"),
        (r"(?:[ \n]|%[^\n]*(?:\n|$))*", "fullmatch"), (r"x(?!(a+)+b)", "match"),
    ],
)  # fmt: skip
def test_two_ways_within_a_repeat_are_seen(pattern: str, use: Use) -> None:
    assert growth(re.compile(pattern), use) == "exponential"


@pytest.mark.parametrize(
    ("pattern", "use"),
    [
        (r"a*a*b", "match"), (r"\s*(a?)\s*b", "match"), (r"a+b", "search"),
        (r".*x.*y", "match"), (r"(?:(?!.*x).)*y", "match"), (r"(?m)^\s*x", "search"),
        (r"(?<!b)a+c", "search"), (r"a++b", "search"), (r"\.\s*[\u00a0a]+\(", "search"),
        (r'(: )".*"(\W*)$', "search"), (r"(a*)\1b", "match"), (r"\Ba+c", "search"),
    ],
)  # fmt: skip
def test_repeats_over_the_same_text_are_seen(pattern: str, use: Use) -> None:
    assert growth(re.compile(pattern), use) == "polynomial"


@pytest.mark.parametrize(
    ("pattern", "use"),
    [
        (r"(a+)+", "match"), (r"a+b", "match"), (r"foo\s+bar", "search"), (r"a*b*c", "match"),
        (r"(?:[^\"\\]|\\.)*\"", "match"), (r"(?:a++b?)*c", "match"), (r"[a-z]{1,62}[a-z]", "match"),
        (r"(?s)(?:\s++|<!--(?>.*?-->))*+<x", "match"), (r"(?<!a)a+c", "search"),
        (r"\b\w+c", "search"), (r"(?m)^.*x", "search"), (r"^\s*x", "search"),
        (r"(?=(?P<one>a+))(?P=one)(?=(?P<two>a+))(?P=two)c", "match"), (r"(?:(?!x).)*y", "match"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_only_is_fit(pattern: str, use: Use) -> None:
    assert growth(re.compile(pattern), use) is None


def test_what_would_go_on_for_ever_is_stopped() -> None:
    with pytest.raises(NeverEndsError, match="the processor"), ends(0.2):
        re.fullmatch("(a+)+", "a" * 60 + "b")
