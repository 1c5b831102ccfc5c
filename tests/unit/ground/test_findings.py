"""docs/findings.md: each finding has been worked on, and names tests that exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "findings.md"

EXPECTED = (
    *(f"L{number}" for number in range(1, 26)),
    *("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14"),
    *(f"T{number}" for number in range(1, 42)),
    *(f"W{number}" for number in range(1, 15)),
    *(f"M{number}" for number in range(1, 12)),
    *(f"U{number:02}" for number in range(1, 16)),
    *(f"R{number:02}" for number in range(1, 15)),
)


class Row(NamedTuple):
    """One finding: what was changed, and the tests as ``file::name``."""

    changed: str
    tests: tuple[str, ...]


def read(page: str) -> dict[str, Row]:
    """The findings of a page by their id.

    Raises:
        AssertionError: one stands there twice or has another form.
    """
    found: dict[str, Row] = {}
    for section in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
        match = re.fullmatch(
            r"([LFTWMUR]\d+) · [^\n]+\n+- Changed:\s+(.+?)\n- Test:\s+(.+?)\s*", section, re.DOTALL
        )
        assert match, f"another form: {section!r}"
        name, changed, tests = match.groups()
        assert name not in found, f"{name} stands there twice"
        found[name] = Row(" ".join(changed.split()), tuple(re.findall(r"`([^`]+)`", tests)))
    return found


@functools.cache
def named_in(file: str) -> frozenset[str]:
    """The names of a file's test functions, those of its classes as well."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def is_open(row: Row) -> bool:
    return "(open)" in row.changed or not row.tests


ROWS = read(PAGE.read_text())


def test_every_finding_is_on_the_page_once() -> None:
    assert tuple(ROWS) == EXPECTED


def test_no_finding_is_open() -> None:
    assert [name for name, row in ROWS.items() if is_open(row)] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_findings_tests_exist_and_one_bears_its_name(name: str) -> None:
    row = ROWS[name]
    for named in row.tests:
        file, _, function = named.partition("::")
        assert file.startswith("tests/"), named
        assert function.split("::")[-1] in named_in(file), f"{name}: there is no {named}"
    # U: the numbered "wrong or unfriendly" things of a move
    # R: what the rehearsal tenant lacked beside the real Graph
    called = name.replace("U", "unfriendly_").replace("R", "tenant_")
    own = [test for test in row.tests if re.search(rf"::test_([LFTWM]\d+_)*{called}_", test)]
    assert own, f"no test of {name} is called test_{called}_…"


@pytest.mark.parametrize(
    "page",
    [
        "### L1 · a\n\n- Changed: x\n- Test: `t`\n\n### L1 · b\n\n- Changed: x\n- Test: `t`\n",
        "### L1 a\n\n- Changed: x\n- Test: `t`\n",
        "### L1 · a\n\n- Test: `t`\n",
    ],
)
def test_a_page_of_another_form_is_refused(page: str) -> None:
    with pytest.raises(AssertionError):
        read(page)


def test_an_open_finding_is_seen() -> None:
    page = "### L1 · a\n\n- Changed: (open)\n- Test: (open)\n\n## More\n\ntext\n"
    assert is_open(read(page)["L1"])
    assert not is_open(read(page.replace("(open)", "`t`"))["L1"])
