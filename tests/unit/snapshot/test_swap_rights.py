"""What gives a user of PostgreSQL the right to swap is told in the words of that server."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.snapshot.postgresql_swap import MARKS_SINCE, swap_rights_lacking

#: a user who lacks everything, as a server that can grant the mark says it
NOTHING: dict[str, Any] = {
    "user": "weak", "super": False, "createdb": False, "signals": False, "marks": False,
    "others": ["letters"], "held": 1,
}  # fmt: skip


@pytest.mark.parametrize("major", [12, 13, MARKS_SINCE - 1])
def test_a_server_without_that_grant_is_not_told_to_run_it(major: int) -> None:
    """GRANT SET ON PARAMETER came with 15: before, it is an error of syntax."""
    (lacking,) = swap_rights_lacking({**NOTHING, "marks": None}, "letters", major)
    assert 'alter role "weak" superuser' in lacking
    assert f"PostgreSQL {major}" in lacking
    assert "parameter" not in lacking


@pytest.mark.parametrize("major", [MARKS_SINCE, 18])
def test_a_server_that_has_it_names_each_right(major: int) -> None:
    lacking = "; ".join(swap_rights_lacking(NOTHING, "letters", major))
    for word in ("createdb", "pg_signal_backend", "grant set on parameter sluis.copy", "letters"):
        assert word in lacking
    assert "superuser to" not in lacking
    assert swap_rights_lacking(
        {**NOTHING, "createdb": True, "signals": True, "marks": True, "others": [], "held": 0},
        "letters", major,
    ) == []  # fmt: skip


@pytest.mark.parametrize("major", [13, 15])
def test_a_superuser_lacks_nothing(major: int) -> None:
    assert swap_rights_lacking({**NOTHING, "super": True}, "letters", major) == []
