"""Moved and compared, and waiting for the freeze: nothing is wrong, and nothing is finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluis.dossier.lines import CheckLine, HandoverLine, SignoffLine, StepLine
from sluis.dossier.state import Facts, exit_status, next_thing, state_of
from support.outcomes import NOW


def line(step: str, state: Any, *, last_pass: bool = False, signed: bool = True) -> StepLine:
    return StepLine(
        step=step, host="w1", name=step, way_back=False, last_pass=last_pass, state=state,
        signed=signed, number=5 if state == "done" else None,
    )  # fmt: skip


def check(state: Any) -> CheckLine:
    return CheckLine(check="reconcile-a", host="w1", what="It is equal.", state=state, number=6)


SIGNED = SignoffLine(
    decision="yes", signer_name="A. Client", signer_role="owner", tier="attended", signed_at=NOW,
    expires_at=None, stands=True, why_not=None,
)  # fmt: skip
WAITING = Facts(
    asked="apply", ended_well=True, holds=True, planned=True, documents=True,
    scope_is_newest=True, signoff=SIGNED,
    steps=(line("import-a", "done"), line("finish-a", "open", last_pass=True)),
    checks=(check("passed"),), handover=None, refused=False, last_refusal=None,
    awaits_freeze=True,
)  # fmt: skip


@pytest.mark.parametrize("asked", ["apply", "status", "prepare"])
def test_all_that_is_left_is_the_last_pass(asked: Any) -> None:
    facts = replace(WAITING, asked=asked)
    state = state_of(facts)
    assert (state, exit_status(state)) == ("awaiting freeze", 75)
    assert "sluis freeze practice CHG-1" in next_thing(state, facts, "practice", "CHG-1")


HANDED = HandoverLine(number=9, at=NOW, result="failed", sentence="It ended.", quarantine={})


@pytest.mark.parametrize(
    "less",
    [
        {"awaits_freeze": False},
        {"ended_well": False},
        {"holds": False},
        {"documents": False},
        {"scope_is_newest": False},
        {"handover": HANDED},
        {"steps": (line("import-a", "open"), line("finish-a", "open", last_pass=True))},
        {"steps": (line("import-a", "failed"), line("finish-a", "open", last_pass=True))},
        {"steps": (line("import-a", "done", signed=False),)},
        {"steps": (line("import-a", "done"), line("finish-a", "maybe half run", last_pass=True))},
        {"steps": (line("finish-a", "open", last_pass=True),)},
        {"checks": (check("not passed"),)},
        {"checks": (check("not made"),)},
    ],
    ids=str,
)
def test_anything_less_is_no_waiting(less: dict[str, Any]) -> None:
    assert state_of(replace(WAITING, **less)) not in ("awaiting freeze", "applied and verified")
