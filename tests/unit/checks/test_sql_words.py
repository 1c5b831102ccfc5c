"""The words of a query."""

from __future__ import annotations

import pytest

from sluis.checks.sql_mariadb import ask_mariadb
from sluis.checks.sql_words import calls_a_quoted_name
from sluis.errors import InputError


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


@pytest.mark.parametrize(
    "query",
    ["select 1 from patient for update", "select 1 from patient lock in share mode",
     "select sleep(3) from patient LOCK\tin\n SHARE mode", "select next value for counter"],
)  # fmt: skip
def test_L9_a_query_that_takes_locks_or_numbers_does_more_than_read(query: str) -> None:
    check = {"id": "it", "database": "practice", "query": query}
    with pytest.raises(InputError, match="does more than read"):
        ask_mariadb(check, query, 1, None)
