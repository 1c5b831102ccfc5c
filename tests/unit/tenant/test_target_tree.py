"""What hangs from nothing, in a listing as long as somebody likes."""

from __future__ import annotations

import random

import pytest

from sluis.tenant.target_tree import Node, TargetTree

MANY = 100_000


@pytest.mark.parametrize("root", ["R", "gone", "i7"], ids=["whole", "headless", "ring"])
@pytest.mark.parametrize("order", ["deepest first", "highest first", "any"])
def test_a_chain_of_very_many_folders_is_followed_once(order: str, root: str) -> None:
    numbers = list(range(MANY))
    if order == "deepest first":
        numbers.reverse()
    elif order == "any":
        random.Random(3).shuffle(numbers)
    tree = TargetTree("R")
    for number in numbers:
        tree.put(Node(f"i{number}", f"i{number - 1}" if number else root, "x", "folder"))
    assert len(list(tree.strays())) == (0 if root == "R" else MANY)
