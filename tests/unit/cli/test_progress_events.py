"""Progress for a program: every event is what its JSON Schema says, on one line."""

from __future__ import annotations

import io
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from rich.console import Console

from sluis.cli.app import run
from sluis.cli.progress import Line, lines_of, progress_on
from sluis.cli.progress_event import progress_schema
from sluis.cli.progress_file import ProgressFile
from support.progress_events import VALIDATOR, events
from unit.cli.test_progress import _DATA, _GIVES

PAGE = Path(__file__).parents[3] / "docs" / "progress.schema.json"
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def told(*lines: Line) -> list[dict[str, Any]]:
    """The events that come of these lines, on a terminal: it is the form that counts."""
    out = io.StringIO()
    with progress_on(Console(file=out, force_terminal=True), "json", lambda: NOW) as progress:
        for line in lines:
            progress.tell(line)
    return events(out.getvalue())


def test_the_schema_in_the_docs_is_that_of_the_program() -> None:
    """``SLUIS_WRITE_SCHEMA=1`` writes it anew."""
    text = json.dumps(progress_schema(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("SLUIS_WRITE_SCHEMA"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
    Draft202012Validator.check_schema(json.loads(text))


@given(st.sampled_from(sorted(_GIVES, key=str)), _DATA)
def test_every_line_of_a_run_is_an_event(kind: str | None, data: object) -> None:
    lines = lines_of({"event": kind, "event_data": data})
    found = told(*lines)
    assert [(e["event"], e["text"]) for e in found] == [(one.kind, one.text) for one in lines]


_FIGURE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.dictionaries(st.sampled_from(["phase", "done", "bytes", "items"]), _FIGURE))
def test_whatever_a_host_says_of_its_work_is_an_event(figures: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "progress")
        path.write_text(json.dumps({"asset": "letters", **figures}) + "\n")
        (event,) = told(*ProgressFile(path).news())
    assert (event["event"], event["asset"], event["host"]) == ("at work", "letters", None)
    for name in ("done", "bytes", "items"):
        assert event[name] is None or event[name] == pytest.approx(figures[name], abs=1)


def test_figures_are_numbers_and_not_words(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text(
        '{"asset": "a", "phase": "restoring", "done": 0.25, "bytes": 1234567890, "items": 7}\n'
    )
    (event,) = told(*ProgressFile(path).news())
    assert (event["done"], event["bytes"], event["items"]) == (0.25, 1234567890, 7)
    assert event["at"] == "2030-01-02T03:04:05Z"


def test_what_makes_the_verb_itself_end_is_an_event_as_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--progress", "json"], ["--progress=json"]):
        assert run(["prepare", "nobody", "CHG-1", *words, "--json"]) == 64
        captured = capsys.readouterr()
        (event,) = events(captured.err)
        assert (event["event"], event["code"]) == ("error", "no-project")
        assert event["remedy"]
        assert json.loads(captured.out)["error"]["code"] == "no-project"


@pytest.mark.parametrize(
    "change", [{"schema_version": 2}, {"event": "fine"}, {"more": 1}, {"done": 1.5}, {"text": 1}]
)
def test_what_is_no_event_is_refused(change: dict[str, Any]) -> None:
    (event,) = told(Line("ok", "Copy", "h1"))
    with pytest.raises(ValidationError):
        VALIDATOR.validate(event | change)
