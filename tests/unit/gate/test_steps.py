"""Where a step stands decides whether it, its batch or the way back may go on."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.evidence.predicates import Check, Plan, Reason, Refusal, Step
from sluis.gate.decide import decide
from sluis.gate.steps import StepState, failure_under, may_still_run, step_states
from support.evidence_made import EMPTY, NOW, Made, digest_of, made, snapshot, step, verification

RUN, OTHER_RUN = "1" * 16, "2" * 16


def reasons(change: Made, step: Any = None, **demand: Any) -> tuple[Reason, ...]:
    answer = decide(change.evidence(), change.demand(step=step, **demand), NOW)
    return answer.reasons if isinstance(answer, Refusal) else ()


def codes(change: Made, step: Any = None, **demand: Any) -> set[tuple[str, str]]:
    return {(item.code, item.about) for item in reasons(change, step, **demand)}


def said(change: Made, state: str, host: str = "h1", **more: Any) -> Step:
    return Step.model_validate(
        {
            "step": "install",
            "host": host,
            "state": state,
            "plan_object": change.plan.digest(),
            "call_sha256": EMPTY,
            **more,
        }
    )


def with_broken_state_kept(change: Made) -> Made:
    for asset, host, address in (
        ("files-one", "h1", "192.0.2.1"),
        ("files-two", "h2", "192.0.2.2"),
    ):
        number = len(change.bodies) + 1
        taken = snapshot(asset, host, address, NOW, purpose="broken state")
        proof = verification(asset, digest_of(number), taken.snapshot_id, "V3")
        change = change.and_then(taken, proof)
    return change


@pytest.mark.parametrize("run", ["", RUN, OTHER_RUN])
def test_T3_a_step_whose_connection_was_lost_is_refused(run: str) -> None:
    """In the same run as well, and the rest of the batch with it."""
    change = made()
    change = change.and_then(said(change, "started", run=RUN), said(change, "lost", run=RUN))
    own, other = change.plan.steps[0], change.plan.steps[1]
    for asked in (own, other, None):
        assert ("step-maybe-half-run", "install on h1") in codes(change, asked, run=run)


def test_T4_a_step_that_this_run_started_does_not_run_a_second_time() -> None:
    change = made()
    change = change.and_then(said(change, "started", run=RUN))
    own, other = change.plan.steps[0], change.plan.steps[1]
    assert codes(change, own, run=RUN) == {("step-maybe-half-run", "install on h1")}
    # what the same run does on another host meanwhile is in order
    assert codes(change, other, run=RUN) == set()
    assert codes(change, other, run=OTHER_RUN) == {("step-maybe-half-run", "install on h1")}
    assert codes(change, other) == {("step-maybe-half-run", "install on h1")}


def test_T5_steps_from_before_the_plan_was_laid_down_anew_do_not_count() -> None:
    change = made()
    old = change.and_then(said(change, "started"), said(change, "done"))
    key = ("install", "h1")
    assert step_states(old.view(), old.plan.digest())[key].state == "done"
    again = old.and_then(old.view().of(Plan)[0].body)
    assert step_states(again.view(), again.plan.digest()) == {}
    # and neither does a failure from before it
    failed = change.and_then(said(change, "started"), said(change, "failed"))
    assert failure_under(failed.view(), failed.plan.digest()) is not None
    again = failed.and_then(failed.view().of(Plan)[0].body)
    assert failure_under(again.view(), again.plan.digest()) is None
    assert codes(again, again.plan.steps[0]) == set()


def test_T5_steps_of_another_plan_do_not_count() -> None:
    change = made()
    other = said(change, "done", plan_object="f" * 64)
    digest = change.plan.digest()
    assert step_states(change.and_then(other).view(), digest) == {}
    # nor do they hide those of this one
    both = change.and_then(other, said(change, "done", "h2"))
    assert list(step_states(both.view(), digest)) == [("install", "h2")]
    assert step_states(both.view(), None) == {}


@pytest.mark.parametrize("hosts", [("h1", "h2"), ("h2", "h1")])
def test_T6_a_check_that_passed_on_one_host_does_not_hide_its_failure_on_another(
    hosts: tuple[str, str],
) -> None:
    """One check on two hosts, whichever is recorded last."""
    change = made()
    for host in hosts:
        passed = host == "h2"
        change = change.and_then(Check(check="http", host=host, what="It answers", passed=passed))
    number = failure_under(change.view(), change.plan.digest())
    assert number is not None
    assert change.view().statements[number - 1].body.host == "h1"


def test_a_check_that_passed_later_is_no_failure() -> None:
    change = made()
    for passed in (None, False, True):
        change = change.and_then(Check(check="http", host="h1", what="It answers", passed=passed))
    assert failure_under(change.view(), change.plan.digest()) is None


def judge(step: str, host: str) -> str:
    return f"sluis judge acme CHG-1 {step} --host {host}"


@pytest.mark.parametrize("state", ["started", "failed"])
def test_a_refusal_says_by_which_command_that_very_step_is_judged(state: str) -> None:
    change = made()
    change = change.and_then(said(change, state, "h2"))
    (found,) = reasons(change)
    assert found.remedy.endswith(judge("install", "h2"))


@pytest.mark.parametrize(
    ("state", "step", "host"),
    [("failed", "restore-files-one", "h1"), ("started", "install", "h2")],
    ids=["the step that asks", "another that may still run"],
)
def test_the_way_back_says_by_which_command_that_very_step_is_judged(
    state: str, step: str, host: str
) -> None:
    change = made()
    change = with_broken_state_kept(change.and_then(said(change, "failed")))
    change = change.and_then(said(change, state, host, step=step))
    (found,) = reasons(change, change.plan.steps[2])
    assert found.code == "step-maybe-half-run"
    assert found.remedy.endswith(judge(step, host))


@pytest.mark.parametrize(
    ("state", "step", "own", "may"),
    [
        ("maybe half run", "restore-files-one", {}, True),
        ("under way", "install", {}, True),
        ("under way", "restore-files-one", {}, False),
        ("under way", "restore-files-one", {"own": True}, True),
        ("under way", "of another plan", {}, True),
        ("done", "install", {"own": True}, False),
    ],
)
def test_what_may_be_at_work_while_something_is_put_back(
    state: Any, step: str, own: dict[str, bool], may: bool
) -> None:
    item = StepState(step, "h1", state, 9)
    assert may_still_run(made().plan, item, **own) is may
    # without a plan nobody knows which are of the way back
    assert may_still_run(None, item, **own) is (state != "done")


@pytest.mark.parametrize("last", ["started", "lost"])
def test_the_way_back_does_not_open_over_a_step_that_may_still_run(last: str) -> None:
    """On one host a step failed; on the other one nobody knows."""
    change = made()
    change = change.and_then(
        said(change, "started", "h2", run=RUN), said(change, "started", run=RUN),
        said(change, "failed", run=RUN),
        *([said(change, "lost", "h2", run=RUN)] if last == "lost" else []),
    )  # fmt: skip
    change = with_broken_state_kept(change)
    back = change.plan.steps[2]
    for run in (RUN, OTHER_RUN):
        assert codes(change, back, run=run) == {("step-maybe-half-run", "install on h2")}
    for judgement in ("failed", "counts as done", "run again"):
        judged = change.and_then(said(change, "judged", "h2", judgement=judgement))
        assert codes(judged, back, run=OTHER_RUN) == set()


def test_steps_of_the_way_back_run_on_several_hosts_at_once() -> None:
    change = made(
        tuple(
            step(name, host, address, way_back=name == "restore")
            for name in ("install", "restore")
            for host, address in (("h1", "192.0.2.1"), ("h2", "192.0.2.2"))
        )
    )
    change = change.and_then(said(change, "started", run=RUN), said(change, "failed", run=RUN))
    change = with_broken_state_kept(change)
    change = change.and_then(said(change, "started", step="restore", run=RUN))
    first, second = change.plan.steps[2:]
    under_way = {("step-maybe-half-run", "restore on h1")}
    assert codes(change, second, run=RUN) == set()
    assert codes(change, second, run=OTHER_RUN) == under_way
    # and none of them twice, by whatever run
    assert codes(change, first, run=RUN) == codes(change, first, run=OTHER_RUN) == under_way
