"""A test file is imported long before its last test runs, so its import is not the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_ASKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns"}


def at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Every call that is made when a file is imported: decorators and defaults are, bodies not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for part in (*getattr(child, "decorator_list", ()), child.args):
                yield from ([part] if isinstance(part, ast.Call) else ())
                yield from at_import(part)
        else:
            yield from at_import(child)


def asks_for_the_time(text: str) -> list[int]:
    """The lines in which importing a file asks for the time."""
    return [
        call.lineno
        for call in at_import(ast.parse(text))
        if (isinstance(call.func, ast.Attribute) and call.func.attr in _ASKS)
        or (isinstance(call.func, ast.Name) and call.func.id in _ASKS - {"time"})
    ]


FILES = sorted(
    path for folder in ("tests", "python_helpers") for path in (ROOT / folder).rglob("*.py")
)


def test_W14_no_file_takes_the_time_of_its_import_for_now() -> None:
    assert len(FILES) > 500
    found = {str(path.relative_to(ROOT)): asks_for_the_time(path.read_text()) for path in FILES}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("NOW = datetime.now(UTC).replace(microsecond=0)", [1]),
        ("class A:\n    at = time.time()", [2]),
        ("@pytest.mark.parametrize('a', [datetime.now()])\ndef test(a): ...", [1]),
        ("def made(at=datetime.now()): ...", [1]),
        ("if True:\n    X = [date.today()]", [2]),
        ("def test():\n    now = datetime.now()", []),
        ("now = lambda: datetime.now()", []),
        ("@fixture\ndef now():\n    return datetime.now()", []),
    ],
)
def test_W14_the_rule_can_fail(text: str, lines: list[int]) -> None:
    assert asks_for_the_time(text) == lines
