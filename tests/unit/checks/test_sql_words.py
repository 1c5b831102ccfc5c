"""The words of a query."""

from __future__ import annotations

import pytest

from sluis.checks.sql_words import calls_a_quoted_name


@pytest.mark.parametrize(
    "query",
    ["select `key`()", "select `x-count` ()", "select `a max`\n\t(1)", 'select "row"()',
     "select `using`/* x */ (1)", "select `using` -- x\n(1)", "select `a`#x\n()", "select `o``k`()",
     "select `practice` . `wipe`\v()"],
)  # fmt: skip
def test_L9_a_bracket_after_a_name_in_quotes_is_a_call(query: str) -> None:
    assert calls_a_quoted_name(query)


@pytest.mark.parametrize(
    "query",
    ["select count(*) from `patient` where (`id`) in (1)", 'select max("name"), (1) from `a b`'],
)
def test_names_in_quotes_without_a_bracket_after_them(query: str) -> None:
    assert not calls_a_quoted_name(query)
