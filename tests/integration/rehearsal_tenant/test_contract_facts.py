"""The facts that the contract suite rests on: there, whole, and what the originals say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import graph_facts

ROOT = Path(__file__).resolve().parents[3]
_NAMED = re.compile(r"(?:Collection\()?graph\.(\w+)\)?")


def test_W13_the_facts_are_what_the_originals_say(facts: dict[str, Any]) -> None:
    """Where the originals are; the suite itself needs the facts alone, in every clone."""
    folder = graph_facts.originals()
    fresh = facts if folder is None else graph_facts.extract(folder)
    assert facts == fresh
    assert graph_facts.FACTS.read_text() == graph_facts.written(fresh)


def test_W13_without_its_facts_the_suite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_facts, "FACTS", ROOT / "none.json")
    with pytest.raises(FileNotFoundError):
        graph_facts.committed()
    monkeypatch.setenv("SLUIS_GRAPH_SCHEMAS", str(ROOT / "none"))
    folder = graph_facts.originals()
    assert folder is not None
    with pytest.raises(FileNotFoundError):
        graph_facts.extract(folder)


def test_W13_the_facts_hold_together_and_no_text_of_others(facts: dict[str, Any]) -> None:
    assert len(facts["types"]) > 100
    assert len(facts["examples"]) == 105
    known = {*facts["types"], *facts["enums"]}
    missing = {
        found[1]
        for one in facts["types"].values()
        for type_name in (*one["properties"].values(), *one["leads_to"].values())
        if (found := _NAMED.fullmatch(type_name)) and found[1] not in known
    }
    assert len(missing) < len(known) / 2, "most of what the types lead to is in the facts"
    assert {one["base"] for one in facts["types"].values()} - known <= {None, *missing}
    words = {graph_facts.TEXT, graph_facts.NUMBER, graph_facts.TRUTH, graph_facts.NOTHING}
    for example in facts["examples"]:
        assert set(_leaves(example["shape"])) <= words, example["name"]
        assert re.fullmatch(r"[\w-]+ \d+", example["name"])


def _leaves(shape: Any) -> Iterator[str]:
    if isinstance(shape, dict):
        for one in shape.values():
            yield from _leaves(one)
    elif isinstance(shape, list):
        for one in shape:
            yield from _leaves(one)
    elif shape is not None:
        yield shape


def test_W13_no_test_is_skipped_or_expected_to_fail() -> None:
    """A test that needs something and does not find it fails (CONTRIBUTING, "Real parts")."""
    words = {"skip", "skipif", "importorskip", "xfail", "SkipTest", "skipTest", "skipUnless"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if (isinstance(node, ast.Attribute) and node.attr in words)
        or (isinstance(node, ast.Name) and node.id in words)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ({"a": "words of somebody", "b": 1.5, "c": False, "d": None},
         {"a": "text", "b": "number", "c": "truth", "d": "nothing"}),
        ([{"a": 1}, {"b": "x"}], [{"a": "number", "b": "text"}]),
        (["x", "y"], ["text"]),
        ([], []),
        ({"a": "boolean", "b": "true | false"}, {"a": "truth", "b": "truth"}),
        ({"a": [{"b": []}]}, {"a": [{"b": []}]}),
    ],
)  # fmt: skip
def test_W13_a_shape_has_names_and_no_values(value: Any, shape: Any) -> None:
    assert graph_facts.shape_of(value) == shape
