"""What comes after the hand-over changes nothing any more, so it is refused and not recorded."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from sluis.cli import app as front
from sluis.evidence.predicates import Handover, Plan, Step
from sluis.gate.demand import judge_command
from support.outcomes import laid_down, step
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

JUDGE = ["judge", CLIENT, CHANGE, "install", "--host", "h1", "--as", "run again", "--why", "I saw."]
WITHDRAW = ["sign", CLIENT, CHANGE, "--withdraw"]
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


def test_newcomer_without_a_terminal_the_option_that_is_missing_is_named(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    half_run(change, None)
    assert front.run(ASKING) == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "no-terminal" in said
    assert '--why "…"' in said
    assert "sluis request" not in said


def test_newcomer_who_takes_it_back_is_asked_at_a_terminal_or_given(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(WITHDRAW) == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "no-terminal" in said
    assert '--name "…" --role "…" --why "…"' in said
    assert "sluis request" not in said


@pytest.mark.parametrize(("typed", "recorded"), [("1", "run again"), ("2", "counts as done")])
def test_newcomer_the_command_as_it_is_told_asks_for_the_rest(
    change: SmallChange, typed: str, recorded: str
) -> None:
    """What was found is the operator's to say: pasted as it stands, the command decides nothing."""
    half_run(change, None)
    command = judge_command(CLIENT, CHANGE, "install", "h1").split()
    program = str(Path(sys.executable).parent / command[0])
    child = pexpect.spawn(program, command[1:], encoding="utf-8", env=dict(os.environ))
    child.expect("What did you find")
    child.sendline("yes")
    child.expect("What did you find")
    child.sendline(typed)
    child.expect("What did you look at")
    child.sendline("I saw it.")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    judged = change.ledger.read(change.later).latest(Step)
    assert judged is not None
    assert (judged.body.judgement, judged.body.detail) == (recorded, "I saw it.")


def test_newcomer_a_judgement_that_is_none_is_said_in_our_words(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    half_run(change, None)
    assert front.run([*JUDGE[:-3], "again", *JUDGE[-2:]]) == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "'again' is no judgement" in said
    assert "--as 'run again' or: --as 'counts as done'" in said
    assert "Value error" not in said


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
        ([*WITHDRAW, "--name", "A", "--role", "owner", "--why", "No."], "taking back the sign-off"),
        (WITHDRAW, "taking back the sign-off"),
        ([*WITHDRAW, "--waiver", "letters"], "taking back the waiver for letters"),
    ],
)
def test_newcomer_so_are_a_freeze_and_a_signature(
    change: SmallChange, capsys: pytest.CaptureFixture[str], typed: list[str], what: str
) -> None:
    before = half_run(change, "applied")
    assert front.run(typed) == 77
    assert what in " ".join(capsys.readouterr().err.split())
    assert len(change.ledger.read(change.later).statements) == before
