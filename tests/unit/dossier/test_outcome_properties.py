"""Whatever the ledger tells, the outcome never says more than it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.dossier.outcome import outcome
from sluis.evidence.chain import Problem
from sluis.evidence.predicates import Body
from support.outcomes import (
    NOW,
    PLAN,
    check,
    handover,
    laid_down,
    material,
    permit,
    refusal,
    shown,
    signoff,
    step,
    whole_story,
)

_FORWARD = [("install", "h1"), ("install", "h2")]

bodies: st.SearchStrategy[Body] = st.one_of(
    st.sampled_from(laid_down()),
    st.just(shown()),
    st.builds(
        signoff,
        st.integers(1, 6),
        st.sampled_from(["yes", "yes", "no", "withdrawn"]),
        st.sampled_from([0.01, 0.1, 48.0]),
    ),
    st.just(permit()),
    st.builds(
        lambda where, state: step(*where, state),
        st.sampled_from([*_FORWARD, ("restore", "h1")]),
        st.sampled_from(["started", "done", "failed"]),
    ),
    st.builds(
        lambda where, judgement: step(*where, "judged", judgement),
        st.sampled_from(_FORWARD),
        st.sampled_from(["run again", "counts as done"]),
    ),
    st.builds(check, st.sampled_from([True, True, False, None])),
    st.builds(handover, st.sampled_from(["applied", "applied", "failed", "failed and restored"])),
    st.just(refusal()),
)


@st.composite
def stories(draw: st.DrawFn) -> list[Body]:
    """Random ledgers, and the whole story with some statements taken out, put in or moved:
    purely random ones hardly ever come near a yes."""
    if draw(st.booleans()):
        return draw(st.lists(bodies, max_size=14))
    story = whole_story()
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(story) - 1)) if story else 0
        match draw(st.sampled_from(["out", "in", "swap"])):
            case "out" if story:
                del story[place]
            case "in":
                story.insert(place, draw(bodies))
            case "swap" if place + 1 < len(story):
                story[place], story[place + 1] = story[place + 1], story[place]
    return story


def _plainly_applied(story: list[Body]) -> bool:
    """The claim said once more, from the last statement backwards, sharing no code."""
    told: list[dict[str, Any]] = [{"kind": b.kind, **b.model_dump()} for b in story]
    plans = [i for i, t in enumerate(told) if t["kind"] == "plan"]
    scopes = [t for t in told if t["kind"] == "scope"]
    if not plans or not scopes:
        return False
    after = told[plans[-1] :]
    offset = plans[-1]
    if any(t["kind"] == "step" and t["step"] == "restore" for t in after):
        return False
    last_step = 0
    for where in _FORWARD:
        mine = [
            (offset + i, t)
            for i, t in enumerate(after)
            if t["kind"] == "step" and (t["step"], t["host"]) == where
        ]
        states = [t["state"] for _, t in mine]
        if states[-2:] != ["started", "done"] and not (
            states[-1:] == ["judged"]
            and mine[-1][1]["judgement"] == "counts as done"
            and "started" in states
        ):
            return False
        for index, t in mine:
            if t["state"] == "started" and not _yes_stood(told, index):
                return False
        last_step = max(last_step, mine[-1][0])
    checks = [(i, t) for i, t in enumerate(told) if t["kind"] == "check" and i > last_step]
    if not checks or checks[-1][1]["passed"] is not True:
        return False
    handovers = [(i, t) for i, t in enumerate(told) if t["kind"] == "handover" and i >= offset]
    return bool(
        handovers and handovers[-1][1]["result"] == "applied" and handovers[-1][0] > checks[-1][0]
    )


def _yes_stood(told: list[dict[str, Any]], index: int) -> bool:
    before = told[:index]
    answers = [(i, t) for i, t in enumerate(before) if t["kind"] == "signoff"]
    if not answers or not any(t["kind"] == "permit" for t in before):
        return False
    place, answer = answers[-1]
    number = int(answer["shown"], 16)
    return (
        answer["decision"] == "yes"
        and number - 1 < place
        and before[number - 1]["kind"] == "shown"
        and answer["expires_at"] > NOW - timedelta(hours=2) + timedelta(minutes=index + 1)
    )


@settings(max_examples=400, deadline=None)
@given(stories(), st.sampled_from(["prepare", "apply", "status"]), st.booleans(), st.integers(0, 9))
def test_applied_exactly_when_the_ledger_shows_all_of_it(
    story: list[Body], asked: Any, ended_well: bool, since: int
):
    found = outcome(material(story), NOW, asked=asked, since=since, ended_well=ended_well)
    if found.state == "applied and verified":
        assert _plainly_applied(story)
        assert found.missing == ()
    elif asked == "status":
        assert not _plainly_applied(story)
    assert (found.exit_status == 0) == (found.state == "applied and verified")


@settings(max_examples=150, deadline=None)
@given(stories(), st.sampled_from(["prepare", "apply", "status"]))
def test_never_applied_when_the_chain_does_not_hold(story: list[Body], asked: Any):
    problem = Problem("removed", "000001.json", "It is gone.", "Put it back.")
    found = outcome(material(story, problems=(problem,)), NOW, asked=asked)
    assert found.exit_status in (1, 77)
    assert found.state in ("does not hold", "refused")


@settings(max_examples=150, deadline=None)
@given(stories(), st.sampled_from(["prepare", "apply"]), st.integers(0, 9))
def test_a_badly_ended_run_never_makes_it_better(story: list[Body], asked: Any, since: int):
    order = {0: 0, 75: 1, 77: 2, 1: 3}
    well = outcome(material(story), NOW, asked=asked, since=since, ended_well=True)
    badly = outcome(material(story), NOW, asked=asked, since=since, ended_well=False)
    assert badly.exit_status == well.exit_status or (
        order[badly.exit_status] > order[well.exit_status]
    )


@settings(max_examples=150, deadline=None)
@given(stories(), st.integers(0, 14))
def test_apply_never_awaits_and_a_fresh_refusal_without_steps_is_refused(
    story: list[Body], since: int
):
    found = outcome(material(story), NOW, asked="apply", since=since)
    assert found.exit_status != 75
    tail = story[since:]
    kinds = [b.kind for b in tail]
    if "refusal" in kinds:
        after = kinds[len(kinds) - kinds[::-1].index("refusal") :]
        if not {"step", "handover"} & set(after):
            assert found.state == "refused"


def test_the_plan_of_these_stories_has_what_the_claim_counts_on():
    assert [(s.step, s.host) for s in PLAN.steps if not s.way_back] == _FORWARD
    assert _plainly_applied(whole_story())
