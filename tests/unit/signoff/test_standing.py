"""Properties of the one question the gate asks: does the client's yes still stand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.evidence.answers import Compared
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Body, Handover, Plan, Scope, Shown, Signoff
from sluis.evidence.statements import Statement
from sluis.signoff.standing import standing
from support.evidence_made import NOW, Made, made

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DIGESTS = ("a" * 64, "b" * 64)


@dataclass(frozen=True)
class Event:
    """Something that happens in a change: a scope, a plan, a text shown, an answer.

    ``refers``: an answer names what was shown last, or nothing that was shown.
    """

    kind: str
    scope: str
    plan: str
    decision: str
    hours: int | None
    refers: bool


EVENTS = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(["scope", "plan", "shown", "shown", "signoff", "signoff", "signoff"]),
        scope=st.sampled_from(DIGESTS),
        plan=st.sampled_from(DIGESTS),
        decision=st.sampled_from(["yes", "yes", "yes", "no", "withdrawn"]),
        hours=st.sampled_from([48, 48, 1, None]),
        refers=st.sampled_from([True, True, True, False]),
    ),
    max_size=10,
)


def view_of(events: list[Event]) -> View:
    statements: list[Statement[Any]] = []
    shown = 0
    for number, event in enumerate(events, start=1):
        shown = number if event.kind == "shown" else shown
        at = START + timedelta(minutes=number)
        statements.append(
            Statement(
                number=number,
                sha256=f"{number:064x}",
                client="practice",
                change="CHG-1",
                kind=event.kind,
                body=_body(event, at, shown if event.refers else 0),
                previous=None,
                recorded_at=at,
                recorded_by="operator",
                keyid="0" * 64,
                subjects={},
            )
        )
    return View(tuple(statements), (), None)


def _body(event: Event, at: datetime, shown: int) -> Body:
    if event.kind == "scope":
        return Scope(scope_object=event.scope, source_object="c" * 64, assets=())
    if event.kind == "plan":
        return Plan(
            plan_object=event.plan, scope_object=event.scope, tree_sha256="c" * 64, steps=1,
            hosts=("h1",),
        )  # fmt: skip
    if event.kind == "shown":
        return Shown(to="client", language="nl", channel="prompt", documents={})
    return Signoff(
        decision=event.decision,  # type: ignore[arg-type]
        tier="attended",
        signer_name="A",
        signer_role="b",
        scope_object=event.scope,
        plan_object=event.plan,
        shown=f"{shown:064x}",
        expires_at=None if event.hours is None else at + timedelta(hours=event.hours),
    )


A, B = DIGESTS


def yes(scope: str = A, plan: str = A) -> Event:
    return Event("signoff", scope, plan, "yes", 48, True)


SHOWN = Event("shown", A, A, "yes", None, True)


@pytest.mark.parametrize("decision", ["no", "withdrawn"])
@pytest.mark.parametrize(("scope", "plan"), [(A, A), (A, B), (B, A), (B, B)])
def test_T15_a_later_answer_that_is_no_yes_ends_it_whatever_it_is_about(
    scope: str, plan: str, decision: str
) -> None:
    """Also an answer about another plan: a client who says no wants us to stop."""
    later = replace(yes(scope, plan), decision=decision)
    events = [SHOWN, yes()]
    assert standing(view_of(events), A, A, START + timedelta(hours=1)).signed
    found = standing(view_of([*events, later]), A, A, START + timedelta(hours=1))
    assert not found.signed
    assert found.why_not is not None
    assert found.why_not.code == {"no": "signoff-refused"}.get(decision, "signoff-withdrawn")


@pytest.mark.parametrize(("scope", "plan"), [(A, B), (B, A), (B, B)])
def test_T15_a_later_yes_to_something_else_is_no_yes_to_this(scope: str, plan: str) -> None:
    events = [SHOWN, yes(), yes(scope, plan)]
    assert not standing(view_of(events), A, A, START + timedelta(hours=1)).signed


def answered(**changes: Any) -> Made:
    """A signed change whose answer is like this."""
    change = made()
    bodies = tuple(
        (body.model_copy(update=changes) if isinstance(body, Signoff) else body, at)
        for body, at in change.bodies
    )
    return replace(change, bodies=bodies)


def carried_out() -> Made:
    """It was handed over, and the same plan was laid down again."""
    change = made()
    over = Handover(result="applied", sentence="Done.", plan_object=change.plan.digest())
    return change.and_then(over, change.view().of(Plan)[0].body)


def another_scope() -> Made:
    first = made().bodies[0][0]
    return made().and_then(first.model_copy(update={"scope_object": "c" * 64}))


def another_plan() -> Made:
    change = made()
    return change.and_then(change.view().of(Plan)[0].body.model_copy(update={"plan_object": B}))


#: by its code: the story, what is asked otherwise, and what it is about
WHY_NOT: dict[str, tuple[Callable[[], Made], dict[str, Any], str]] = {
    "awaiting-signoff": (lambda: made().without(Signoff), {}, "plan"),
    "signoff-refused": (lambda: answered(decision="no"), {}, "plan"),
    "signoff-withdrawn": (lambda: answered(decision="withdrawn"), {}, "plan"),
    "scope-changed": (made, {"scope": "c" * 64}, "scope"),
    "scope-changed since": (another_scope, {}, "scope"),
    "plan-changed": (made, {"plan": "c" * 64}, "plan"),
    "plan-changed since": (another_plan, {}, "plan"),
    "signoff-used": (carried_out, {}, "plan"),
    "signoff-from-the-future": (made, {"now": NOW - timedelta(hours=2)}, "plan"),
    "signoff-without-end": (lambda: answered(expires_at=None), {}, "plan"),
    "signoff-expired": (made, {"now": NOW + timedelta(hours=48)}, "plan"),
    "signoff-not-shown": (lambda: answered(shown="d" * 64), {}, "plan"),
}


@pytest.mark.parametrize("name", WHY_NOT)
def test_an_answer_that_does_not_stand_says_why_and_which_it_is(name: str) -> None:
    story, otherwise, about = WHY_NOT[name]
    change = story()
    asked = {
        "scope": change.scope.digest(), "plan": change.plan.digest(), "now": NOW, **otherwise,
    }  # fmt: skip
    found = standing(change.view(), asked["scope"], asked["plan"], asked["now"])
    assert found.why_not is not None
    assert (found.why_not.code, found.why_not.about) == (name.partition(" ")[0], asked[about])
    answers = change.view().of(Signoff)
    assert found.statement == (answers[-1] if answers else None)
    assert not found.signed
    assert "None" not in found.why_not.sentence


@pytest.mark.parametrize(("tier", "signed"), [("ssh-key", False), ("attended", True)])
def test_an_answer_under_the_clients_own_key_stands_only_where_it_could_be_compared(
    tier: str, signed: bool
) -> None:
    """One that was given beside the operator rests on the operator's word."""
    change = answered(tier=tier)
    view, plan_object = change.view(), change.plan.digest()
    (answer,) = view.of(Signoff)
    gone = replace(view, answers=(Compared(answer, unproven="x" * 3000),))
    found = standing(gone, change.scope.digest(), plan_object, NOW)
    assert (found.signed, found.statement) == (signed, answer)
    if not signed:
        assert found.why_not is not None
        assert (found.why_not.code, found.why_not.about) == ("signoff-unproven", plan_object)
        assert found.why_not.sentence.endswith(": " + "x" * 1000)
    assert standing(view, change.scope.digest(), plan_object, NOW).signed


@pytest.mark.parametrize("code", ["signoff-from-the-future", "signoff-expired"])
def test_an_answer_stands_from_its_moment_until_its_end(code: str) -> None:
    change = made()
    (answer,) = change.view().of(Signoff)
    assert answer.body.expires_at is not None
    last = answer.body.expires_at - timedelta(seconds=1)
    at = answer.recorded_at if code == "signoff-from-the-future" else last
    found = standing(change.view(), change.scope.digest(), change.plan.digest(), at)
    assert (found.signed, found.why_not, found.statement) == (True, None, answer)


@pytest.mark.parametrize(
    ("remarks", "ends"), [("", " UTC."), ("Not on a Friday", " UTC: Not on a Friday")]
)
def test_what_a_client_objects_to_is_said(remarks: str, ends: str) -> None:
    change = answered(decision="no", remarks=remarks)
    found = standing(change.view(), change.scope.digest(), change.plan.digest(), NOW)
    assert found.why_not is not None
    assert found.why_not.sentence.endswith(ends)


def test_of_long_remarks_the_beginning_is_said() -> None:
    change = answered(decision="no", remarks="x" * 3000)
    found = standing(change.view(), change.scope.digest(), change.plan.digest(), NOW)
    assert found.why_not is not None
    assert found.why_not.sentence.count("x") == 1000


@given(EVENTS, st.sampled_from(DIGESTS), st.sampled_from(DIGESTS), st.integers(0, 60))
@settings(max_examples=400, deadline=None)
def test_signed_means_the_newest_answer_is_a_shown_unexpired_yes_to_just_this(
    events: list[Event], scope: str, plan: str, hours: int
) -> None:
    now = START + timedelta(hours=hours)
    found = standing(view_of(events), scope, plan, now)
    assert found.signed == _signed(events, scope, plan, now)
    if found.signed:
        assert found.statement is not None


@given(EVENTS, st.sampled_from(DIGESTS), st.sampled_from(DIGESTS))
@settings(max_examples=200, deadline=None)
def test_W4_nothing_but_a_new_yes_turns_not_signed_into_signed(
    events: list[Event], scope: str, plan: str
) -> None:
    now = START + timedelta(hours=10)
    for length in range(len(events)):
        before = standing(view_of(events[:length]), scope, plan, now).signed
        after = standing(view_of(events[: length + 1]), scope, plan, now).signed
        if after and not before:
            new = events[length]
            assert (new.kind, new.decision) == ("signoff", "yes")
            assert (new.scope, new.plan) == (scope, plan)
        if before and not after:
            new = events[length]
            # another text that is shown changes nothing; anything else may end it
            assert new.kind != "shown"
        if length and events[length].kind == "signoff":
            # the newest answer alone decides, whatever it is about
            assert not after or (new_is_yes(events[length], scope, plan))


@given(EVENTS, st.sampled_from(DIGESTS), st.sampled_from(DIGESTS))
@settings(max_examples=200, deadline=None)
def test_once_expired_it_stays_expired(events: list[Event], scope: str, plan: str) -> None:
    view = view_of(events)
    answers = [
        standing(view, scope, plan, START + timedelta(hours=hours)).signed for hours in range(1, 60)
    ]
    assert answers == sorted(answers, reverse=True)


def new_is_yes(event: Event, scope: str, plan: str) -> bool:
    return (event.decision, event.scope, event.plan) == ("yes", scope, plan)


def _signed(events: list[Event], scope: str, plan: str, now: datetime) -> bool:
    """The rule once more, written the other way round."""
    given_at = [index for index, event in enumerate(events) if event.kind == "signoff"]
    if not given_at:
        return False
    index = given_at[-1]
    event, at = events[index], START + timedelta(minutes=index + 1)
    later = events[index + 1 :]
    shown = event.refers and any(item.kind == "shown" for item in events[:index])
    return (
        event.decision == "yes"
        and (event.scope, event.plan) == (scope, plan)
        and at <= now
        and event.hours is not None
        and now < at + timedelta(hours=event.hours)
        and shown
        and not any(item.kind == "scope" and item.scope != scope for item in later)
        and not any(item.kind == "plan" and item.plan != plan for item in later)
    )
