"""What comes after the hand-over changes nothing any more, so it is refused and not recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.cli import app as front
from sluis.evidence.predicates import Handover, Plan
from support.outcomes import laid_down, step
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

JUDGE = ["judge", CLIENT, CHANGE, "install", "--host", "h1", "--as", "run again", "--why", "I saw."]
#: without --why: whoever is refused is asked nothing first
ASKING = JUDGE[:-2]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch, datetime.now(UTC) - timedelta(hours=1))
    made.lay_down()
    return made


def half_run(change: SmallChange, result: str | None) -> int:
    """A step that may have half run, and a hand-over behind it; how many statements there are."""
    planned = change.ledger.read(change.later).latest(Plan)
    assert planned is not None
    plan = {"plan_object": planned.body.plan_object}
    change.record(step("install", "h1", "started").model_copy(update=plan))
    if result is not None:
        change.record(Handover.model_validate({"result": result, "sentence": "The end."}))
    return len(change.ledger.read(change.later).statements)


@pytest.mark.parametrize("result", ["applied", "failed and restored", "failed, data restored"])
@pytest.mark.parametrize("typed", [JUDGE, ASKING])
def test_newcomer_a_judgement_after_the_hand_over_is_refused(
    change: SmallChange, capsys: pytest.CaptureFixture[str], result: str, typed: list[str]
) -> None:
    before = half_run(change, result)
    assert front.run(typed) == 77
    said = " ".join(capsys.readouterr().err.split())
    assert f"{CHANGE} was handed over as {result}, on " in said
    assert "a judgement about install on h1 comes too late" in said
    assert f"sluis prepare {CLIENT} {CHANGE}" in said
    assert len(change.ledger.read(change.later).statements) == before


@pytest.mark.parametrize("result", [None, "failed"])
def test_newcomer_a_change_that_failed_and_was_not_put_back_is_still_judged(
    change: SmallChange, result: str | None
) -> None:
    before = half_run(change, result)
    assert front.run(JUDGE) == 0
    assert len(change.ledger.read(change.later).statements) == before + 1


def test_newcomer_a_new_plan_after_the_hand_over_is_judged(change: SmallChange) -> None:
    half_run(change, "applied")
    change.record(*laid_down())
    half_run(change, None)
    assert front.run(JUDGE) == 0


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        (["freeze", CLIENT, CHANGE, "--told-by", "A. Client"], "word of a freeze"),
        (["request", CLIENT, CHANGE, "--output", "out"], "a signature for its plan"),
        (["sign", CLIENT, CHANGE], "a signature for its plan"),
    ],
)
def test_newcomer_so_are_a_freeze_and_a_signature(
    change: SmallChange, capsys: pytest.CaptureFixture[str], typed: list[str], what: str
) -> None:
    before = half_run(change, "applied")
    assert front.run(typed) != 0
    assert what in " ".join(capsys.readouterr().err.split())
    assert len(change.ledger.read(change.later).statements) == before
