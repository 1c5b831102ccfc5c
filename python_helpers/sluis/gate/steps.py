"""Rules about the steps themselves: is this call signed, and may the batch go on?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sluis.evidence.ledger import View
from sluis.evidence.plans import is_closed, planned_at
from sluis.evidence.predicates import Check, Handover, Reason, Step
from sluis.evidence.statements import Statement
from sluis.gate.demand import Demand, Evidence, judge_command, reason
from sluis.plan.model import PlanDocument, PlanStep

State = Literal["open", "under way", "done", "maybe half run", "failed"]


_JUDGED: dict[str, State] = {"run again": "open", "counts as done": "done", "failed": "failed"}


@dataclass(frozen=True)
class StepState:
    """Where one step on one host stands, with the ledger number that says so."""

    step: str
    host: str
    state: State
    number: int
    call_sha256: str | None = None


def step_states(
    view: View, plan_object: str | None, run: str | None = None
) -> dict[tuple[str, str], StepState]:
    """Where every step under this plan stands, by step id and host.

    A step that was started and has no end may have half run: nobody knows. Only the
    operator's recorded judgement opens or closes it.

    Args:
        view: the ledger.
        plan_object: digest of the plan; without one there are no steps.
        run: the run that is asking; what it started itself is under way.
    """
    states: dict[tuple[str, str], StepState] = {}
    since = planned_at(view, plan_object)
    for statement in view.of(Step):
        body = statement.body
        if body.plan_object != plan_object or statement.number < since:
            continue
        state: State
        if body.state == "started":
            state = "under way" if run and body.run == run else "maybe half run"
        elif body.state == "lost":
            state = "maybe half run"
        elif body.state == "judged":
            state = _JUDGED[body.judgement or "failed"]
        else:
            state = body.state
        states[body.step, body.host] = StepState(
            body.step, body.host, state, statement.number, body.call_sha256
        )
    return states


def failure_under(view: View, plan_object: str | None) -> int | None:
    """The ledger number of the first failure under this plan, or ``None``.

    A failure is a step that failed, or was judged so, or a check that was not passed. A
    step that may have half run is none yet: somebody has to look at it first.
    """
    since = planned_at(view, plan_object)
    numbers = [
        item.number for item in step_states(view, plan_object).values() if item.state == "failed"
    ]
    numbers += [
        statement.number
        for statement in last_checks(view, since).values()
        if statement.body.passed is not True
    ]
    return min(numbers, default=None)


def first_change(evidence: Evidence) -> int | None:
    """The ledger number of the first step that could change data, or ``None``.

    Steps that only quiesce come before the last catch-up snapshot, and leave data alone.
    A plan that was laid down anew has new snapshots, so what ran before it does not count.
    """
    plan, plan_object = evidence.plan, evidence.plan_object
    since = planned_at(evidence.view, plan_object)
    for statement in evidence.view.of(Step):
        body = statement.body
        if body.plan_object != plan_object or statement.number < since:
            continue
        planned = plan.find(body.step, body.host) if plan else None
        if planned is None or not (planned.quiesce or planned.way_back):
            return statement.number
    return None


def call_is_signed(evidence: Evidence, demand: Demand) -> list[Reason]:
    """The call about to happen is, field by field, one that the client signed."""
    step, plan = demand.step, evidence.plan
    if step is None or plan is None:
        return []
    about = f"{step.step} on {step.host}"
    planned = plan.find(step.step, step.host)
    if planned is None:
        return [
            reason(
                "step-not-in-plan",
                about,
                "This step is not in the signed plan.",
                "Run prepare again and have it signed.",
            )
        ]
    if planned.call_sha256() == step.call_sha256():
        return []
    return [
        reason(
            "target-differs" if field == "target" else "call-differs",
            f"{about}: {field}",
            f"{field} is not what was signed.{_detail(planned, step, field)}",
            "Find out what changed it. If it is right, run prepare again and have it signed.",
        )
        for field in PlanStep.model_fields
        if getattr(planned, field) != getattr(step, field)
    ]


def batch_may_go_on(evidence: Evidence, demand: Demand) -> list[Reason]:
    """No step runs after the hand-over, after a failure, or over a step half run."""
    if evidence.plan_object is None:
        return []
    view, plan_object = evidence.view, evidence.plan_object
    if is_closed(view, plan_object):
        return [
            reason(
                "change-closed",
                demand.change,
                "This change was already handed over. Nothing was done now.",
                "Nothing is left to do. Start a new change for what is to be done now."
                if _was_applied(view)
                else "Start a new change, or run prepare again and have the new plan signed.",
            )
        ]
    failed = failure_under(view, plan_object)
    if demand.way_back:
        return _way_back_is_open(evidence, demand, failed)
    found = []
    for item in step_states(view, plan_object, demand.run).values():
        about = f"{item.step} on {item.host}"
        judge = judge_command(demand.client, demand.change, item.step, item.host)
        own = demand.step is not None and (item.step, item.host) == (
            demand.step.step, demand.step.host,
        )  # fmt: skip
        if item.state == "maybe half run" or (item.state == "under way" and own):
            found.append(
                reason(
                    "step-maybe-half-run",
                    about,
                    "This step was started and never reported its end. It may have half run.",
                    f"Look at the host, then record your judgement with: {judge}",
                )
            )
        elif item.state == "failed":
            found.append(
                reason(
                    "step-failed",
                    about,
                    "This step failed, so the batch has stopped.",
                    f"Restore what was signed, or record your judgement with: {judge}",
                )
            )
        elif item.state == "done" and _is_way_back(evidence, item):
            found.append(
                reason(
                    "way-back-taken",
                    about,
                    "The way back was taken, so this plan is over.",
                    "Run prepare again and have the new plan signed.",
                )
            )
    return found


def _was_applied(view: View) -> bool:
    """Whether the newest hand-over is of a change that was applied: it is over for good."""
    last = view.latest(Handover)
    return last is not None and last.body.result == "applied"


def _way_back_is_open(evidence: Evidence, demand: Demand, failed: int | None) -> list[Reason]:
    step = demand.step
    about = f"{step.step} on {step.host}" if step else demand.change
    found = []
    if evidence.scope is not None and not evidence.scope.way_back.consent:
        found.append(
            reason(
                "no-consent-for-way-back",
                about,
                "The client did not agree beforehand to a restore when the change fails.",
                "Ask the client, and run the restore as a change of its own.",
            )
        )
    if failed is None:
        found.append(
            reason(
                "nothing-failed",
                about,
                "The way back is only for a change that failed, and nothing failed.",
                "Run the restore as a change of its own.",
            )
        )
    for item in step_states(evidence.view, evidence.plan_object, demand.run).values():
        own = step is not None and (item.step, item.host) == (step.step, step.host)
        judge = judge_command(demand.client, demand.change, item.step, item.host)
        if own and item.state == "failed":
            found.append(
                reason(
                    "step-maybe-half-run",
                    about,
                    "This step of the way back failed.",
                    f"Look at the host, then record your judgement with: {judge}",
                )
            )
        elif may_still_run(evidence.plan, item, own=own):
            found.append(
                reason(
                    "step-maybe-half-run",
                    f"{item.step} on {item.host}",
                    "This step was started and never reported its end. It may still be running, "
                    "so nothing is put back over it.",
                    f"Look at the host, then record your judgement with: {judge}",
                )
            )
    return found


def may_still_run(plan: PlanDocument | None, item: StepState, *, own: bool = False) -> bool:
    """Whether a step may be at work while something is put back.

    Steps of the way back that this run has under way on other hosts belong to it.

    Args:
        plan: the signed plan.
        item: where the step stands, as the run that asks sees it.
        own: whether it is the very step that is asked about.
    """
    if item.state == "maybe half run":
        return True
    planned = plan.find(item.step, item.host) if plan else None
    return item.state == "under way" and (own or planned is None or not planned.way_back)


def last_checks(view: View, since: int) -> dict[tuple[str, str], Statement[Check]]:
    """The newest result of each check on each host, of those recorded after ``since``."""
    last: dict[tuple[str, str], Statement[Check]] = {}
    for statement in view.of(Check):
        if statement.number > since:
            last[statement.body.check, statement.body.host] = statement
    return last


def last_step(view: View, plan_object: str) -> int:
    """The number of the statement about a step after which checks and looks count."""
    states = step_states(view, plan_object)
    return max((item.number for item in states.values()), default=planned_at(view, plan_object))


def _is_way_back(evidence: Evidence, item: StepState) -> bool:
    planned = evidence.plan.find(item.step, item.host) if evidence.plan else None
    return planned is not None and planned.way_back


def _detail(planned: PlanStep, step: PlanStep, field: str) -> str:
    """Say which part differs, by name only: values may be personal."""
    if field == "target":
        return f" Signed: {planned.target.uri()}. Now: {step.target.uri()}."
    have, want = getattr(planned, field), getattr(step, field)
    if isinstance(have, dict) and isinstance(want, dict):
        names = sorted(k for k in have.keys() | want.keys() if have.get(k) != want.get(k))
        return f" Different: {', '.join(names)}."
    return ""
