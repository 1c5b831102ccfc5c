"""One thing at a time differs between an answer and what lies under it, and is said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sluis.evidence.answers import Compared, compare_answers
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Shown
from sluis.evidence.statements import Statement
from sluis.signoff.attend import attend
from sluis.signoff.dialogue import Question
from support.signed_dossier import Ground, prepared
from support.signing import SIGNER

TWO = "2" * 64


@pytest.fixture(scope="module")
def attended(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A client who answered beside the operator."""
    ground = prepared(tmp_path_factory.mktemp("attended") / "one")
    given = {"name": SIGNER[0], "role": SIGNER[1]}

    def ask(question: Question) -> str:
        return given.get(question.id, "yes")

    made = ground.made
    attend(made, (), tell=lambda text: None, ask=ask, clock=lambda: made.now)
    assert made.read().problems == ()
    return ground


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A client who signed a form elsewhere."""
    ground = prepared(tmp_path_factory.mktemp("signed") / "one")
    ground.answer("yes")
    return ground


def compared(
    ground: Ground,
    body: dict[str, Any] | None = None,
    *,
    request: dict[str, Any] | None = None,
    documents: dict[str, str] | None = None,
    statement: dict[str, Any] | None = None,
) -> Compared:
    """Compare the newest answer, with other fields in it, its request, or what was shown."""
    statements: list[Statement] = list(ground.made.read().statements)
    place = next(n for n, one in enumerate(statements) if one.kind == "signoff")
    objects = ground.made.objects
    shown, answer = statements[place - 1], statements[place]
    assert isinstance(shown.body, Shown)
    named = dict(shown.body.documents)
    changes = dict(body or {})
    if request is not None:
        value = json.loads(objects.get(named["request"]))
        digest = objects.put(canonical({**value, **request}))
        named["request"] = changes["request_object"] = digest
    named.update(documents or {})
    statements[place - 1] = replace(shown, body=shown.body.model_copy(update={"documents": named}))
    statements[place] = replace(
        answer, body=answer.body.model_copy(update=changes), **(statement or {})
    )
    (found,) = compare_answers(statements[: place + 1], objects, ground.made.anchors)
    return found


def body_of(ground: Ground) -> Any:
    return next(one.body for one in ground.made.read().statements if one.kind == "signoff")


def test_L15_what_is_honest_agrees(attended: Ground, signed: Ground) -> None:
    for ground in (attended, signed):
        found = compared(ground)
        assert (found.agrees, found.differs, found.unproven) == (True, (), "")
    assert (compared(attended).signature, compared(attended).signature_holds) == ("", None)


BOTH: list[tuple[dict[str, Any], str]] = [
    ({"body": {"scope_object": TWO}}, "The request is about another scope."),
    ({"body": {"plan_object": TWO}}, "The request is about another plan."),
    ({"body": {"expires_at": None}}, "It counts until another moment than the request says."),
    ({"statement": {"client": "others"}}, "The request is for practice/CHG-1042."),
    ({"statement": {"change": "CHG-2"}}, "The request is for practice/CHG-1042."),
    ({"documents": {"scope": TWO}},
     "The texts of the request are not those that the client was shown."),
    ({"documents": {"plan": TWO}},
     "The texts of the request are not those that the client was shown."),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sentence"), BOTH)
def test_L15_what_differs_from_the_request_is_said_of_both_tiers(
    attended: Ground, signed: Ground, what: dict[str, Any], sentence: str
) -> None:
    assert compared(attended, **what).differs == (sentence,)
    differs, unproven = compared(signed, **what).differs, compared(signed, **what).unproven
    assert sentence in differs
    # a scope that is not there cannot say who may sign
    assert (len(differs) == 1) or bool(unproven)
    assert not compared(signed, **what).agrees


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"request": {"purpose": "waiver"}}, "The request asks for a waiver."),
        ({"documents": {"request": TWO}}, "The client was shown another request."),
        ({"body": {"ssh_principal": "client@practice"}},
         "It was given beside the operator, but names a signature with the client's key."),
        ({"body": {"ssh_signature_object": TWO}},
         "It was given beside the operator, but names a signature with the client's key."),
        ({"body": {"decision": "no", "expires_at": None}},
         "It says no, but no question was answered with a no."),
    ],
)  # fmt: skip
def test_L15_what_differs_beside_the_operator_is_said(
    attended: Ground, what: dict[str, Any], sentence: str
) -> None:
    assert compared(attended, **what).differs == (sentence,)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"retention": None}, "It says yes, but not every question was answered with a yes."),
        ({"retention": "no"}, "It says yes, but not every question was answered with a yes."),
        ({"decision": "nee"}, "It says yes, but not every question was answered with a yes."),
        ({"retention": "perhaps"}, "Its answers are not answers to the questions of the request."),
        ({"more": "yes"}, "Its answers are not answers to the questions of the request."),
        ({"name": "yes"}, "Its answers are not answers to the questions of the request."),
    ],
)
def test_L15_single_answers_beside_the_operator_are_looked_at(
    attended: Ground, change: dict[str, Any], sentence: str
) -> None:
    confirmed = {**body_of(attended).confirmed, **change}
    body = {"confirmed": {name: typed for name, typed in confirmed.items() if typed is not None}}
    assert compared(attended, body).differs == (sentence,)


def test_a_no_beside_the_operator_ends_at_the_first_no(attended: Ground) -> None:
    body = {"decision": "no", "expires_at": None, "confirmed": {"read:scope": "nee"}}
    assert compared(attended, body).agrees


def test_what_was_not_kept_is_not_compared(attended: Ground) -> None:
    found = compared(attended, {"request_object": None})
    assert (found.differs, found.agrees) == ((), False)
    assert found.unproven == "It does not name the request that it answers."


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_L15_an_answer_counts_only_until_its_request_ends(
    attended: Ground, signed: Ground, seconds: int
) -> None:
    for ground in (attended, signed):
        until: datetime = body_of(ground).expires_at
        at = until + timedelta(seconds=seconds)
        found = compared(ground, statement={"recorded_at": at})
        late = [item for item in found.differs if "could be answered until" in item]
        assert len(late) == (seconds >= 0)


@pytest.mark.parametrize(
    "body", [{"request_object": None}, {"ssh_signature_object": None}, {"ssh_principal": None}]
)
def test_L15_an_answer_under_a_key_names_all_three(signed: Ground, body: dict[str, Any]) -> None:
    found = compared(signed, body)
    assert found.signature_holds is False
    assert not found.agrees


@pytest.mark.parametrize("title", ["request", "form"])
def test_L15_an_answer_under_a_key_needs_a_record_of_its_form(signed: Ground, title: str) -> None:
    """Either is missing from what was shown: nothing says what the client read."""
    statements = list(signed.made.read().statements)
    place = next(n for n, one in enumerate(statements) if one.kind == "signoff")
    shown = statements[place - 1]
    assert isinstance(shown.body, Shown)
    documents = {name: one for name, one in shown.body.documents.items() if name != title}
    statements[place - 1] = replace(
        shown, body=shown.body.model_copy(update={"documents": documents})
    )
    (found,) = compare_answers(statements[: place + 1], signed.made.objects, signed.made.anchors)
    assert found.differs == ("There is no earlier record of the form that was sent to the client.",)


def test_what_is_missing_hides_nothing_that_was_found(signed: Ground) -> None:
    """A scope that is not there ends the comparison; what differed before it is still said."""
    found = compared(signed, {"scope_object": TWO, "remarks": "And the printers."})
    assert "The request is about another scope." in found.differs
    assert "The client's signed form differs in: remarks." in found.differs
    assert found.unproven


def test_answers_without_a_recorded_request_are_no_replays(attended: Ground) -> None:
    """Older records name no request in what was shown: nothing can be said of them."""
    statements = list(attended.made.read().statements)
    place = next(n for n, one in enumerate(statements) if one.kind == "signoff")
    shown = statements[place - 1]
    assert isinstance(shown.body, Shown)
    documents = {name: one for name, one in shown.body.documents.items() if name != "request"}
    statements[place - 1] = replace(
        shown, body=shown.body.model_copy(update={"documents": documents})
    )
    again = replace(statements[place], sha256=TWO, number=statements[place].number + 1)
    found = compare_answers(
        [*statements[: place + 1], again], attended.made.objects, attended.made.anchors
    )
    assert [item.differs for item in found] == [(), ()]
