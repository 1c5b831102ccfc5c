"""Case B3, F4: nobody is asked to sign while a question about the data is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sluis.dossier.state import Facts, exit_status, next_thing, state_of
from sluis.gate.coverage import unproven
from sluis.gate.open_questions import OPEN_QUESTION
from sluis.scope.model import OpenQuestion, ScopeDocument
from support.evidence_made import NOW, made, scope

PREPARED = Facts(
    asked="prepare", ended_well=True, holds=True, planned=True, documents=True,
    scope_is_newest=True, signoff=None, steps=(), checks=(), handover=None, refused=False,
    last_refusal=None, awaits_freeze=False,
)  # fmt: skip


def asked() -> ScopeDocument:
    one, two = scope().assets
    question = OpenQuestion(question="All of it?", asked_of="A. Client", asked_on=date(2026, 11, 1))
    return scope(assets=(one, two.model_copy(update={"open_questions": (question,)})))


def test_case_B3_F4_an_open_question_is_a_reason_not_to_ask_for_a_signature() -> None:
    assert unproven(made().evidence(), NOW) == ()
    (found,) = unproven(replace(made().evidence(), scope=asked()), NOW)
    assert (found.code, found.about) == (OPEN_QUESTION, "files-two")
    assert "All of it?" in found.sentence


def test_case_B3_F4_the_next_thing_is_the_answer_and_no_waiver() -> None:
    reasons = unproven(replace(made().evidence(), scope=asked()), NOW)
    facts = replace(PREPARED, unproven=reasons)
    assert (state_of(facts), exit_status(state_of(facts))) == ("not proven", 77)
    said = next_thing("not proven", facts, "practice", "CHG-1")
    assert "scope.yml" in said
    assert "sluis prepare practice CHG-1" in said
    assert "waiver" not in said
    other: Any = reasons[0].model_copy(update={"code": "level-too-low"})
    mixed = replace(facts, unproven=(*reasons, other))
    assert "waiver" in next_thing("not proven", mixed, "practice", "CHG-1")
