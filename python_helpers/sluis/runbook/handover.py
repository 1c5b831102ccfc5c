"""The end of a change: what was reached, worked out from the ledger alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from sluis.border.characters import clean_text
from sluis.counted import all_of
from sluis.dossier.left import left_behind
from sluis.errors import EvidenceError, RefusedError, SluisError
from sluis.evidence.ledger import View
from sluis.evidence.plans import closed_at, planned_at
from sluis.evidence.predicates import Handover, Refusal, Step
from sluis.evidence.timestamps import stamp
from sluis.gate.demand import Evidence, judge_command
from sluis.gate.steps import failure_under, last_step, may_still_run, step_states
from sluis.plan.model import PlanDocument
from sluis.runbook.checks import wanting
from sluis.runbook.judgement import Judgement, read_evidence
from sluis.runbook.landing_handover import landed
from sluis.runbook.run import RUN_ID, OpenDossier, now
from sluis.runbook.stayed_behind import may_not_open, stayed_behind
from sluis.runbook.undone import aftermath

_display = Display()


def _assets(evidence: Evidence) -> list[str]:
    return [one.id for one in evidence.scope.assets] if evidence.scope else []


def missing_from(view: View, plan: PlanDocument, plan_object: str) -> list[str]:
    """What is still missing before a change may be called applied, in plain words.

    Args:
        view: the ledger.
        plan: the signed plan.
        plan_object: its digest.
    """
    states = step_states(view, plan_object)
    missing = []
    for step in plan.forward:
        state = states.get((step.step, step.host))
        if state is None or state.state != "done":
            missing.append(
                f"step {step.step} on {step.host}: {state.state if state else 'not done'}"
            )
    checks = plan.checks_after("change")
    return [*missing, *wanting(view, checks, last_step(view, plan_object))]


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
    steps, checks = len(evidence.plan.forward), evidence.plan.checks_after("change")
    said = (
        f"{all_of(steps, 'step was', 'steps were').capitalize()} done and "
        f"{all_of(len(checks), 'check')} passed."
    )
    stayed = [
        *stayed_behind(evidence.view, dossier.objects, checks, since),
        *may_not_open(evidence.view, _assets(evidence)),
    ]
    results = _results(dossier, evidence.view, evidence.plan_object)
    return _append(
        dossier,
        Handover(
            result="applied",
            sentence=" ".join((said, *stayed, *there.sentences))[:4000],
            plan_object=evidence.plan_object,
            quarantine=_quarantine(results),
            landings=there.looks,
            left=left_behind(evidence, dossier.objects),
        ),
    )


def give_up(dossier: OpenDossier) -> Handover:
    """Record that a change failed, what was put back, and what was not undone."""
    evidence = read_evidence(dossier)
    plan, plan_object = evidence.plan, evidence.plan_object
    if plan is None or plan_object is None:
        raise RefusedError("no-plan", "There is no plan to close.", "Run prepare first.")
    left = aftermath(evidence.view, plan, plan_object)
    results = _results(dossier, evidence.view, plan_object)
    return _append(
        dossier,
        Handover(
            result=left.result,
            sentence=left.sentence,
            plan_object=plan_object,
            quarantine=_quarantine(results),
            not_undone=left.not_undone,
            after_way_back=left.checks,
            left=left_behind(evidence, dossier.objects),
        ),
    )


def _quarantine(results: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Where displaced data was put, by what put it there."""
    return {
        what: clean_text(result["quarantine"])
        for what, result in results.items()
        if isinstance(result.get("quarantine"), str)
    }


def _results(dossier: OpenDossier, view: View, plan_object: str) -> dict[str, Mapping[str, Any]]:
    """What each step of this plan answered, where that is known."""
    found = {}
    for statement in view.of(Step):
        body = statement.body
        if body.plan_object == plan_object and body.result_object:
            try:
                result = json.loads(dossier.objects.get(body.result_object))
            except EvidenceError:
                continue  # erased or lost, as sluis verify says; the end is still recorded
            if isinstance(result, Mapping):
                found[f"{body.step} on {body.host}"] = result
    return found


def _append(dossier: OpenDossier, body: Handover) -> Handover:
    """Record the end. Once it is in the ledger the change has ended so, whatever fails then."""
    try:
        dossier.ledger.append(body, key=dossier.key, now=now())
    except EvidenceError as error:
        if error.code != "not-settled":
            raise
        _display.warning(f"The hand-over is recorded: {body.result}. {error}")
    try:
        stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "handover", now())
    except (SluisError, OSError) as error:
        _display.warning(
            f"The hand-over is recorded: {body.result}. There is no trusted time over it: {error}"
        )
    return body


def handed_over_before(judgement: Judgement) -> bool:
    """Whether all that the gate has against a run is that everything was done and handed over.

    Who calls apply once more must hear that, and read nothing of a refusal or a failure.
    """
    answer, evidence = judgement.answer, judgement.evidence
    closed = evidence.view.latest(Handover)
    return (
        isinstance(answer, Refusal)
        and all(reason.code == "change-closed" for reason in answer.reasons)
        and closed is not None
        and closed.body.result == "applied"
    )


def way_back(dossier: OpenDossier) -> dict[str, object]:
    """What a run that just stopped can still do, read from the ledger.

    Returns:
        ``broke``: whether a step or check failed, so that there is something to record;
        ``open``: whether the client also agreed beforehand to put the snapshots back;
        ``closed``: whether the change was handed over before;
        ``msg``: what to tell the operator.
    """
    evidence = read_evidence(dossier)
    if evidence.plan is None or evidence.plan_object is None or evidence.scope is None:
        msg = "There is no plan. Nothing was done."
        return {"broke": False, "open": False, "closed": False, "msg": msg}
    if closed_at(evidence.view) > planned_at(evidence.view, evidence.plan_object):
        msg = "This change was handed over before."
        return {"broke": False, "open": False, "closed": True, "msg": msg}
    unknown = [
        item
        for item in step_states(evidence.view, evidence.plan_object, RUN_ID).values()
        if may_still_run(evidence.plan, item)
    ]
    if unknown:
        scope, first = evidence.scope, unknown[0]
        judge = judge_command(scope.client, scope.change, first.step, first.host)
        names = ", ".join(f"{item.step} on {item.host}" for item in unknown)
        # neither put back nor closed: first somebody has to look
        msg = (
            f"Nobody knows whether these steps have ended: {names}. They may still be "
            "running, so nothing was put back. Look at the hosts and record of each what "
            f"you found with: {judge}. Then apply again; it goes on, or takes the way back."
        )
        return {"broke": False, "open": False, "closed": False, "msg": msg}
    failed = failure_under(evidence.view, evidence.plan_object) is not None
    consent = evidence.scope.way_back.consent and bool(evidence.plan.way_back)
    if not failed:
        msg = "The run was stopped, and no step had failed. What stopped it is said above."
    elif consent:
        msg = "The change failed. The signed way back was taken; see the dossier."
    else:
        msg = _not_put_back(evidence)
    return {"broke": failed, "open": failed and consent, "closed": False, "msg": msg}


def _not_put_back(evidence: Evidence) -> str:
    """What failed, whether it had failed before, and how the change goes on."""
    agreed = "The client agreed to no way back; find out why, then"
    otherwise = "or restore as a change of its own."
    states = step_states(evidence.view, evidence.plan_object).values()
    last = max(
        (item for item in states if item.state == "failed"),
        key=lambda item: item.number,
        default=None,
    )
    if last is None or evidence.scope is None:
        return f"A check did not pass. {agreed} apply again; {otherwise}"
    since = planned_at(evidence.view, evidence.plan_object)
    failures = [
        item
        for item in evidence.view.of(Step)
        if item.number > since
        and (item.body.step, item.body.host, item.body.state) == (last.step, last.host, "failed")
    ]
    judge = judge_command(evidence.scope.client, evidence.scope.change, last.step, last.host)
    return (
        f"Step {last.step} on {last.host} failed{' again' if len(failures) > 1 else ''}. "
        f"{agreed} record what you found with: {judge}, and apply again; {otherwise}"
    )
