"""Figures of a day that has not come are a slip of the pen, and refused with their line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.scope.counted_ahead import counted_ahead
from sluis.scope.load import ScopeError, load_scope
from support.scopes import make_scope, write_scope


def test_figures_of_another_year_are_refused_with_their_line(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    ahead = today.replace(month=1, day=1) + timedelta(days=10 * 366)
    path = write_scope(tmp_path, {"assets.1.counted_on": ahead})
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    (found,) = caught.value.problems
    assert (found.code, found.asset, found.line > 0) == ("counted-in-the-future", "letters", True)
    assert f"was counted on {ahead}; today is {today}" in found.what
    assert "Write the day on which it was counted" in found.remedy


@pytest.mark.parametrize(("days", "refused"), [(0, 0), (1, 0), (2, 1)])
def test_it_may_be_tomorrow_already_where_the_client_is(days: int, refused: int) -> None:
    document = make_scope()
    today = max(asset.counted_on for asset in document.assets) - timedelta(days=days)
    assert bool(list(counted_ahead(document, today))) == bool(refused)
