"""The end of a change: what was reached, worked out from the ledger alone."""

from __future__ import annotations

import json

from sluis.errors import RefusedError
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Check, Handover, Step
from sluis.evidence.timestamps import stamp
from sluis.gate.steps import failure_under, planned_at, step_states
from sluis.plan.model import PlanDocument
from sluis.runbook.judgement import read_evidence
from sluis.runbook.landing_handover import landed
from sluis.runbook.run import OpenDossier, now


def missing_from(view: View, plan: PlanDocument, plan_object: str) -> list[str]:
    """What is still missing before a change may be called applied, in plain words.

    Args:
        view: the ledger.
        plan: the signed plan.
        plan_object: its digest.
    """
    states = step_states(view, plan_object)
    missing = []
    for step in plan.steps:
        if step.way_back:
            continue
        state = states.get((step.step, step.host))
        if state is None or state.state != "done":
            missing.append(
                f"step {step.step} on {step.host}: {state.state if state else 'not done'}"
            )
    after = last_step(view, plan_object)
    passed: dict[tuple[str, str], bool | None] = {}
    for statement in view.of(Check):
        if statement.number > after:
            passed[statement.body.check, statement.body.host] = statement.body.passed
    for check in plan.checks:
        outcome = passed.get((check.check, check.host))
        if outcome is not True:
            said = "not passed" if outcome is False else "not made"
            missing.append(f"check {check.check} on {check.host}: {said}")
    return missing


def last_step(view: View, plan_object: str) -> int:
    """The number of the statement about a step after which checks and looks count."""
    states = step_states(view, plan_object)
    return max((item.number for item in states.values()), default=planned_at(view, plan_object))


def hand_over(dossier: OpenDossier) -> Handover:
    """Record that a change was applied; refuse when anything is missing.

    Raises:
        RefusedError: ``not-complete``, naming what is missing; nothing was recorded.
    """
    evidence = read_evidence(dossier)
    if evidence.plan is None or evidence.plan_object is None:
        raise RefusedError("no-plan", "There is no plan to hand over.", "Run prepare first.")
    missing = missing_from(evidence.view, evidence.plan, evidence.plan_object)
    since = last_step(evidence.view, evidence.plan_object)
    there = landed(evidence.view, evidence.scope, since, now())
    missing += there.missing
    if missing:
        raise RefusedError(
            "not-complete",
            f"The change is not complete: {'; '.join(missing)}.",
            "Apply again; it goes on where it stopped.",
        )
    steps = len([step for step in evidence.plan.steps if not step.way_back])
    said = f"All {steps} steps were done and all {len(evidence.plan.checks)} checks passed."
    return _append(
        dossier,
        Handover(
            result="applied",
            sentence=" ".join((said, *there.sentences))[:4000],
            plan_object=evidence.plan_object,
            landings=there.looks,
        ),
    )


def give_up(dossier: OpenDossier) -> Handover:
    """Record that a change failed, and whether the way back was completed."""
    evidence = read_evidence(dossier)
    plan, plan_object = evidence.plan, evidence.plan_object
    if plan is None or plan_object is None:
        raise RefusedError("no-plan", "There is no plan to close.", "Run prepare first.")
    states = step_states(evidence.view, plan_object)
    back = [step for step in plan.steps if step.way_back]
    done = [
        step
        for step in back
        if (state := states.get((step.step, step.host))) and state.state == "done"
    ]
    restored = bool(back) and len(done) == len(back)
    return _append(
        dossier,
        Handover(
            result="failed and restored" if restored else "failed",
            sentence=(
                "The change failed and the signed snapshots were put back."
                if restored
                else "The change failed and was not put back."
            ),
            plan_object=plan_object,
            quarantine=_quarantine(dossier, evidence.view, plan_object),
        ),
    )


def _quarantine(dossier: OpenDossier, view: View, plan_object: str) -> dict[str, str]:
    found = {}
    for statement in view.of(Step):
        body = statement.body
        if body.plan_object == plan_object and body.result_object:
            result = json.loads(dossier.objects.get(body.result_object))
            if isinstance(result.get("quarantine"), str):
                found[f"{body.step} on {body.host}"] = result["quarantine"]
    return found


def _append(dossier: OpenDossier, body: Handover) -> Handover:
    dossier.ledger.append(body, key=dossier.key, now=now())
    stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "handover", now())
    return body


def way_back(dossier: OpenDossier) -> dict[str, object]:
    """What a run that just stopped can still do, read from the ledger.

    Returns:
        ``broke``: whether a step or check failed, so that there is something to record;
        ``open``: whether the client also agreed beforehand to put the snapshots back;
        ``msg``: what to tell the operator.
    """
    evidence = read_evidence(dossier)
    if evidence.plan is None or evidence.plan_object is None or evidence.scope is None:
        return {"broke": False, "open": False, "msg": "There is no plan. Nothing was done."}
    closed = evidence.view.latest(
        Handover, lambda item: item.body.plan_object == evidence.plan_object
    )
    if closed is not None and closed.number > planned_at(evidence.view, evidence.plan_object):
        return {"broke": False, "open": False, "msg": "This change was handed over before."}
    failed = failure_under(evidence.view, evidence.plan_object) is not None
    planned = any(step.way_back for step in evidence.plan.steps)
    consent = evidence.scope.way_back.consent and planned
    if not failed:
        msg = "The run stopped before a step failed. Read the reasons above."
    elif consent:
        msg = "The change failed. The signed way back was taken; see the dossier."
    else:
        msg = "The change failed. The client agreed to no way back; restore as a change of its own."
    return {"broke": failed, "open": failed and consent, "msg": msg}
