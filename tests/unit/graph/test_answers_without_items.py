"""An answer that is no item is an error in words, whatever it is (M11)."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.graph.answer import item_of
from sluis.graph.errors import GraphError


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}, {"id": 7}, {"id": ["a"]}])
def test_M11_an_answer_without_an_id_is_not_one(body: dict[str, Any]) -> None:
    with pytest.raises(GraphError, match="does not describe the item"):
        item_of(body, "/drives/d/items/a")


def test_M11_an_answer_about_another_item_is_not_one() -> None:
    assert item_of({"id": "a", "name": "x"}, "-", "a") == {"id": "a", "name": "x"}
    # ids are told apart without regard to case, and ours is the one that we know it by
    assert item_of({"id": "A"}, "-", "a") == {"id": "a"}
    with pytest.raises(GraphError, match="page-malformed"):
        item_of({"id": "b"}, "-", "a")
