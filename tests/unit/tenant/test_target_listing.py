"""Whatever the target lists is held against something, or named as extra (M7)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.graph.errors import GraphError
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.reconcile import _Run
from sluis.tenant.reconciliation import Reconciliation
from sluis.tenant.target_tree import Node, TargetTree, _take


def node(item: str, name: str, parent: str = "root", kind: str = "file") -> Node:
    return Node(item, parent, name, kind)


def test_M7_of_two_items_with_one_name_none_is_lost() -> None:
    tree = TargetTree("root")
    for item, name in (("1", "a"), ("2", "A"), ("3", "a")):
        tree.put(node(item, name))
    assert [one.id for _, one in tree.below("root")] == ["1", "2", "3"]
    assert getattr(tree.at("a"), "id", None) == "1"
    tree.drop("1")
    assert getattr(tree.at("a"), "id", None) == "2"
    tree.drop("3")
    assert [one.id for _, one in tree.below("root")] == ["2"]
    tree.move("2", "root", "b")
    assert tree.at("a") is None


def _extras(tree: TargetTree, before: frozenset[str] = frozenset()) -> set[str]:
    run = _Run.__new__(_Run)
    run.tree, run.base, run.seen = tree, tree.root_id, set()
    run.result = Reconciliation("d", "", "e" * 64, "every byte")
    run.extras(before, {}, ImportPolicy())
    assert all(line.category == "extra" for line in run.result.lines)
    return {line.path for line in run.result.lines}


_TREES = st.lists(
    st.tuples(st.sampled_from(["a", "A", "b", ""]), st.sampled_from(["root", "0", "1", "2", "x"])),
    max_size=6,
)


@given(_TREES, st.randoms(use_true_random=False))
def test_M7_every_item_of_the_target_has_a_line(
    listed: list[tuple[str, str]], chance: random.Random
) -> None:
    tree = TargetTree("root")
    for number, (name, parent) in enumerate(listed):
        tree.put(node(str(number), name, parent, "folder"))
    for number, (name, parent) in enumerate(listed):
        if chance.random() < 0.3:  # it comes a second time
            tree.put(node(str(number), name, parent, "folder"))
    run = _Run.__new__(_Run)
    run.tree, run.base, run.seen = tree, tree.root_id, set()
    run.result = Reconciliation("d", "", "e" * 64, "every byte")
    run.extras(frozenset(), {}, ImportPolicy())
    assert len(run.result.lines) == len(tree) == len(listed)


def test_M7_what_the_target_lists_in_no_folder_is_extra() -> None:
    tree = TargetTree("root")
    tree.put(node("1", "fine"))
    tree.put(node("2", "lost", "nowhere"))
    tree.put(node("3", "ring", "4", "folder"))
    tree.put(node("4", "ring too", "3", "folder"))
    assert _extras(tree) == {"fine", "lost", "ring", "ring too"}
    assert _extras(tree, frozenset({"2"})) == {"fine", "ring", "ring too"}


@pytest.mark.parametrize("entry", [{}, {"name": "a", "file": {}}, {"id": "", "deleted": {}}])
def test_M11_an_entry_of_the_target_without_an_id_is_an_error_in_words(entry: object) -> None:
    with pytest.raises(GraphError, match="page-malformed"):
        _take(TargetTree("root"), entry, {})  # type: ignore[arg-type]
