"""No sentence of ours says ``1 items``: a number and its words agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.counted import all_of, counted, plural

ROOT = Path(__file__).resolve().parents[3]
#: the rehearsal shows its own figures only, which are never one
FILES = sorted(
    {*ROOT.glob("python_helpers/sluis/**/*.py"), *ROOT.glob("roles/**/*.py")}
    - {*ROOT.glob("python_helpers/sluis/rehearsal/**/*.py")}
)
_MANY = re.compile(
    r" (?:more |listed |other )?(?:items|files|rights|rows|tables|hosts|assets|statements|bytes|"
    r"drives|objects|checks|steps|copies|names|answers|entries|characters|units|dumps|sessions|"
    r"processes|differences|libraries|folders|lines|places|questions|reasons|licences)\b"
)
#: counted where it is more than one already
_NEVER_ONE = {
    "len(matches)", "len(dumps)", "len(text)", "len(data)", "len(files)", "one.get('bytes')",
    "needed_for(0.001, 0.99)", "times", "_RESTARTS + 1", "most", "most_file", "most_memory",
    "limits.entries", "length", "largest", "self._longest", "self._most", "self._most_listed",
    "most_bytes", "most_values", "total", "self.most or 0", "looked_at",
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 items were"), (1, "1 item was"), (2, "2 items were"), (12345, "12,345 items were")],
)
def test_a_number_and_its_words_agree(number: int, said: str) -> None:
    assert counted(number, "item was", "items were") == said


def test_words_alone_and_words_for_all_of_them() -> None:
    assert [plural(number, "it", "them") for number in (1, 2, -1)] == ["it", "them", "it"]
    assert (counted(1, "file"), counted(3, "file")) == ("1 file", "3 files")
    assert all_of(1, "check") == "the one check"
    assert all_of(3, "step was", "steps were") == "all 3 steps were"


def test_no_sentence_is_written_for_more_than_one_only() -> None:
    assert [one for path in FILES for one in _written_for_many(path)] == []


def _written_for_many(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for number, words in zip(node.values, node.values[1:], strict=False):
            if not isinstance(number, ast.FormattedValue) or not isinstance(words, ast.Constant):
                continue
            said = ast.unparse(number.value)
            agrees = said.isupper() or said.startswith("plural(") or said in _NEVER_ONE
            if _MANY.match(words.value) and not agrees:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {said}{words.value[:30]}"
