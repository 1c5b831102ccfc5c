"""Of a scope everything that is wrong is said at once, as far as it can be judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.scope.complaints import Problem
from sluis.scope.load import ScopeError, load_scope
from support.scopes import write_scope


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    return caught.value.problems


def codes(path: Path) -> set[str]:
    return {one.code for one in problems(path)}


def scope(tmp_path: Path, changes: dict[str, Any], *pairs: tuple[str, str]) -> Path:
    path = write_scope(tmp_path, changes)
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


def line_of(path: Path, words: str) -> int:
    return 1 + path.read_text().partition(words)[0].count("\n")


def test_at_once_a_misspelt_field_its_value_a_type_and_a_rule(tmp_path: Path) -> None:
    path = scope(
        tmp_path,
        {
            "assets.1.criticality": "enormous",
            "retention.snapshot_days": "ninety",
            "assets.0.items": ...,
        },
        ('criticality: "enormous"', 'criticalty: "enormous"'),
    )
    found = {(one.code, one.line) for one in problems(path)}
    wrong = line_of(path, "criticalty:")
    assert ("unknown-field", wrong) in found
    assert ("not-a-choice", wrong) in found, "what is said in it is wrong as well"
    assert ("not-a-number", line_of(path, "snapshot_days:")) in found
    assert "figure-missing" in {code for code, _ in found}
    assert "field-missing" not in {code for code, _ in found}, "that is the misspelt one"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("criticality:", "critcality:"), ("management:", "managment:"), ("title:", "tittle:")],
)
def test_at_once_a_misspelt_field_is_not_also_a_missing_one(
    tmp_path: Path, right: str, wrong: str
) -> None:
    path = scope(tmp_path, {}, (right, wrong))
    assert [(one.code, one.line) for one in problems(path)] == [
        ("unknown-field", line_of(path, wrong))
    ]


def test_at_once_what_yaml_reads_differently_and_what_is_empty(tmp_path: Path) -> None:
    path = scope(
        tmp_path,
        {"assets.0.items": ..., "retention.snapshot_days": "x"},
        ("consent: true", "consent: yes"),
        ("version: 1", "version:"),
    )
    found = [(one.code, one.line) for one in problems(path)]
    assert ("two-meanings", line_of(path, "consent: yes")) in found
    assert ("empty-value", line_of(path, "version:")) in found
    assert "figure-missing" in {code for code, _ in found}
    assert {code for code, _ in found} == {
        "two-meanings", "empty-value", "not-a-number", "figure-missing",
    }, "and nothing is said twice"  # fmt: skip


def test_at_once_a_field_twice_hides_nothing(tmp_path: Path) -> None:
    path = scope(
        tmp_path, {"retention.snapshot_days": "x"}, ("version: 1", "version: 1\nversion: 2")
    )
    assert codes(path) == {"duplicate-key", "not-a-number"}


@pytest.mark.parametrize("what", ["an asset", "a risk", "all risks"])
def test_at_once_no_rule_is_judged_by_what_was_left_out(tmp_path: Path, what: str) -> None:
    changes: dict[str, Any] = {
        "an asset": {"assets.0.counted_on": "someday"},
        "a risk": {"risks.0.id": 5},
        "all risks": {"risks": "none"},
    }[what]
    found = codes(write_scope(tmp_path, changes))
    assert not found & {"risk-without-asset", "asset-without-risk"}, found
    assert len(found) == 1


def test_at_once_a_rule_keeps_its_line_when_what_is_before_it_cannot_be_read(
    tmp_path: Path,
) -> None:
    path = write_scope(
        tmp_path,
        {
            "assets.0.counted_on": "someday",
            "assets.1.items": ...,
        },
    )
    (rule,) = [one for one in problems(path) if one.code == "figure-missing"]
    assert rule.asset == "letters"


def test_at_once_the_wrong_folder_and_a_document_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "inventories" / "another" / "changes" / "CHG-9"
    folder.mkdir(parents=True)
    entry = {"id": "terms", "title": "Terms", "file": "terms.pdf"}
    path = write_scope(folder, {"documents": [entry], "retention.snapshot_days": "x"})
    assert codes(path) == {"wrong-place", "scope-not-readable", "not-a-number"}
