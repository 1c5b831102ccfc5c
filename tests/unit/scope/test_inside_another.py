"""No asset lies in another one: putting back the outer one would take the inner one away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.scope.load import ScopeError, load_scope
from sluis.scope.model import ScopeDocument
from support.scopes import LETTERS, write_scope


def two(tmp_path: Path, location: str, **more: Any) -> Path:
    """A scope with the letters, and another asset at a place of its own."""
    inner = {**LETTERS, "id": "drawings", "name": "Drawings", "location": location, **more}
    risk = {"id": "d", "asset": "drawings", "words": "Drawings can tear.", "we_do": "We look."}
    left_out = {"assets.1.exclude": ["drawings"]}  # that helps nothing
    return write_scope(tmp_path, {"assets.2": inner, "risks.2": risk, **left_out})


@pytest.mark.parametrize(
    ("location", "more"),
    [
        (f"{LETTERS['location']}/drawings", {}),
        (f"{LETTERS['location']}/a/b/c", {}),
        (f"{LETTERS['location']}/drawings.db", {"kind": "sqlite", "exclude": []}),
        ("/srv", {}),
    ],
    ids=["in it", "deep in it", "a database in it", "around it"],
)
def test_an_asset_in_another_is_refused_with_its_line(
    tmp_path: Path, location: str, more: dict[str, Any]
) -> None:
    path = two(tmp_path, location, **more)
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    found = [one for one in caught.value.problems if one.code == "asset-inside-another"]
    inner, outer = ("letters", "drawings") if location == "/srv" else ("drawings", "letters")
    assert (found[0].asset, found[0].line > 0) == (inner, True)
    assert outer in found[0].what
    assert "one by one" in found[0].remedy


@pytest.mark.parametrize(
    ("location", "more"),
    [
        (f"{LETTERS['location']}-b", {}),
        (f"{LETTERS['location']}/drawings", {"host": "h1"}),
        ("drawings", {"kind": "postgresql", "host": "h1", "exclude": []}),
    ],
    ids=["a like name", "another host", "no path"],
)
def test_what_only_looks_like_it_is_fine(
    tmp_path: Path, location: str, more: dict[str, Any]
) -> None:
    assert load_scope(two(tmp_path, location, **more)).document.asset("drawings")


def test_a_scope_that_was_signed_before_the_rule_stays_readable(tmp_path: Path) -> None:
    fine = load_scope(two(tmp_path, f"{LETTERS['location']}-b")).document
    data = fine.model_dump()
    data["assets"][2]["location"] = f"{LETTERS['location']}/b"
    old = ScopeDocument.model_validate(data)
    assert ScopeDocument.from_bytes(old.to_bytes()) == old
