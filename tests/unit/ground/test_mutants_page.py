"""``make mutants``: what is mutated exists, and each survivor on the page has a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mutants.areas import AREAS
from mutants.survivors import Survivor, _function, _lines, _only_words, listed

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "mutants.md"


@pytest.mark.parametrize("name", AREAS)
def test_an_area_names_modules_and_tests_that_exist(name: str) -> None:
    for pattern in AREAS[name].modules:
        assert list((ROOT / "python_helpers" / "sluis").glob(pattern)), pattern
    for path in AREAS[name].tests:
        assert (ROOT / "tests" / path).exists(), path


def _functions_of(module: str) -> set[str]:
    path = ROOT / "python_helpers" / Path(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text())
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    found |= {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            found |= {
                f"{one.name}.{node.name}"
                for node in one.body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return found


def test_each_survivor_on_the_page_is_in_a_function_that_exists_and_has_a_reason() -> None:
    for one, reason in listed(PAGE).items():
        parts = one.function.split(".")
        names = {".".join(parts[at:]): ".".join(parts[:at]) for at in (-1, -2)}
        assert any(name in _functions_of(module) for name, module in names.items()), one.function
        assert len(reason) > 10, one.function


def test_the_page_is_read_as_it_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Mutants\n\nWords.\n\n### `sluis.gate.decide.decide`\n\n```diff\n-    a\n+    b\n```\n\n"
        "Both are\nthe same.\n\n### `sluis.gate.decide.C.m`\n\n```diff\n- x\n```\n\nNo case.\n\n"
        "## More\n\nOther words.\n"
    )
    assert listed(page) == {
        Survivor("sluis.gate.decide.decide", "- a\n+ b"): "Both are the same.",
        Survivor("sluis.gate.decide.C.m", "- x"): "No case.",
    }


def test_names_and_changes_are_read_from_what_mutmut_says() -> None:
    assert _function("sluis.gate.decide.x__one__mutmut_12") == "sluis.gate.decide._one"
    assert _function("sluis.a.xǁKindǁrun__mutmut_1") == "sluis.a.Kind.run"
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n def f():\n-    return 1\n+    return 2\n"
    assert _lines(diff) == "- return 1\n+ return 2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('- say("It is late.")\n+ say("XXIt is late.XX")', True),
        ('- say("It is late.", x)\n+ say("IT IS LATE.", x)', True),
        ('- ("a", b, c, "It is late.")\n+ ("a", b, c, "XXIt is late.XX")', True),
        ('- ("a", b, c, "It is late.")\n+ ("A", b, c, "It is late.")', False),
        ('- say("late")\n+ say("XXlateXX")', False),
        ('- say("It is late.", x)\n+ say("It is late.", None)', False),
        ('- say("It is late.")\n+ say(None)', False),
    ],
)
def test_only_the_words_of_a_sentence_are_not_counted(change: str, words: bool) -> None:
    assert _only_words(change) == words
