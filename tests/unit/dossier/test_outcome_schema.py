"""The outcome document is what its JSON Schema says, whatever the ledger holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from sluis.cli.runner import RunReport
from sluis.dossier.outcome import Outcome, outcome
from sluis.dossier.schema import outcome_schema
from sluis.evidence.predicates import Body
from sluis.rehearsal.project import checkout
from support.outcomes import NOW, material, whole_story
from unit.dossier.test_outcome_properties import stories

PAGE = checkout().root / "docs" / "outcome.schema.json"
VALIDATOR = Draft202012Validator(outcome_schema())


def document(story: list[Body], **more: Any) -> dict[str, Any]:
    found = outcome(material(story), NOW, **more).model_dump(mode="json")
    assert isinstance(found, dict)
    return found


def test_the_schema_in_the_docs_is_that_of_the_program() -> None:
    """``SLUIS_WRITE_SCHEMA=1`` writes it anew."""
    text = json.dumps(outcome_schema(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("SLUIS_WRITE_SCHEMA"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
    Draft202012Validator.check_schema(json.loads(text))


@given(stories())
@settings(max_examples=60, deadline=None)
def test_every_outcome_keeps_to_it(story: list[Body]) -> None:
    for asked in ("prepare", "apply", "status"):
        VALIDATOR.validate(document(story, asked=asked))


def test_so_does_what_a_run_adds() -> None:
    report = RunReport(
        "1", "by itself", 2, Path("/srv/log"), ("a sentence",),
        ({"host": "h1", "code": "c", "what": "w", "remedy": "r"},),
    )  # fmt: skip
    VALIDATOR.validate(document(whole_story()) | {"run": report.as_dict(), "running": None})


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2}, {"state": "fine"}, {"more": 1}, {"steps": [{}]},
        {"exit_status": "0"},
    ],
)  # fmt: skip
def test_what_is_no_outcome_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document(whole_story()) | change)


def test_newcomer_each_field_of_an_outcome_stands_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "front-door.md").read_text()
    table = page.partition("## The outcome document")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in row.replace("`", " ").replace(",", " ").split()}
    assert set(Outcome.model_fields) - named == set()
