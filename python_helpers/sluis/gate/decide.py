"""The gate: one pure function from evidence, demand and time to permit or refusal.

It reads nothing but its arguments and it has no switch. Every rule lives in a room
of its own and answers with reasons; no reasons at all is the only way to a permit.
"""

from __future__ import annotations

from datetime import datetime

from sluis.evidence.plans import is_closed
from sluis.evidence.predicates import Permit, Plan, Reason, Refusal
from sluis.gate.behind import behind
from sluis.gate.coverage import coverage
from sluis.gate.demand import Demand, Evidence, reason
from sluis.gate.fetched import fetched
from sluis.gate.neighbours import neighbours
from sluis.gate.open_questions import open_questions
from sluis.gate.signed import signed
from sluis.gate.steps import batch_may_go_on, call_is_signed
from sluis.gate.way_back import way_back_exists
from sluis.plan.model import PLAN_VERSION, PlanDocument

#: of a changed tree, how many files a refusal names
_NAMED_AT_MOST = 12


def decide(evidence: Evidence, demand: Demand, now: datetime) -> Permit | Refusal:
    """Answer one demand.

    Args:
        evidence: the dossier as read and verified.
        demand: what is about to happen.
        now: aware UTC time.

    Returns:
        A permit with the statements it relies on and the time it holds until, or a
        refusal with every reason found, so that nobody has to ask twice.
    """
    step = demand.step.step if demand.step else None
    reasons: list[Reason] = [*demand.objections, *_ledger_holds(evidence)]
    if evidence.scope is None or evidence.plan is None or evidence.plan_object is None:
        reasons.append(
            reason(
                "no-plan",
                demand.change,
                "There is no scope and plan to hold this change against.",
                "Run prepare first.",
            )
        )
        return Refusal(hosts=demand.hosts, step=step, reasons=tuple(reasons))
    if is_closed(evidence.view, evidence.plan_object):
        # it does nothing any more, so what was true only when it was carried out does not count
        reasons += [*batch_may_go_on(evidence, demand), *_not_what_was_closed(evidence, demand)]
        # a yes that cannot be shown any more is one for a change of the past, too
        consent = signed(evidence, demand, now)
        reasons += [one for one in consent.reasons if one.code == "signoff-unproven"]
        return Refusal(hosts=demand.hosts, step=step, reasons=_once(reasons))
    reasons += [*_same_change(evidence, demand), *open_questions(evidence)]
    if not demand.way_back:  # what is half changed is put back, whatever else is there
        reasons += [*neighbours(evidence), *way_back_exists(evidence)]
    covered = coverage(evidence, demand, now)
    consent = signed(evidence, demand, now)
    reasons += [*covered.reasons, *consent.reasons]
    reasons += batch_may_go_on(evidence, demand)
    reasons += call_is_signed(evidence, demand)
    reasons += fetched(evidence, demand)
    reasons += behind(evidence, demand)
    answer = consent.answer
    if reasons or answer is None or answer.body.expires_at is None:
        return Refusal(hosts=demand.hosts, step=step, reasons=_once(reasons))
    plan = evidence.view.latest(Plan)
    relies_on = [*covered.relies_on, answer.sha256, *([plan.sha256] if plan else [])]
    # a yes to the way back, given beforehand, may have ended: data that is broken is put back
    until = min([max(answer.body.expires_at, now), *([covered.until] if covered.until else [])])
    return Permit(
        hosts=demand.hosts,
        plan_object=evidence.plan_object,
        scope_object=demand.scope_object,
        tree_sha256=demand.tree_sha256,
        relies_on=tuple(dict.fromkeys(relies_on)),
        until=until,
    )


def _ledger_holds(evidence: Evidence) -> list[Reason]:
    return [
        reason(problem.code, problem.about, problem.sentence, problem.remedy)
        for problem in evidence.view.problems
    ]


_NOT_AS_PLANNED = {
    "another-client": "The plan was made for another client.",
    "another-change": "The plan was made for another change.",
    "another-playbook": "The plan is for another playbook.",
    "scope-changed": "The scope is not the one that the plan was made for.",
}
_NOT_AS_CLOSED = {
    "another-client": "It was another client's.",
    "another-change": "It was another change.",
    "another-playbook": "It was another playbook.",
    "scope-changed": "The scope is not the one that was carried out.",
}


def _asked_otherwise(plan: PlanDocument, demand: Demand) -> list[tuple[str, str]]:
    """What a demand says other than the plan: the code of the reason, and what was asked."""
    compared = (
        ("another-client", plan.client, demand.client),
        ("another-change", plan.change, demand.change),
        ("another-playbook", plan.playbook, demand.playbook),
        ("scope-changed", plan.scope_object, demand.scope_object),
    )
    return [(code, want) for code, have, want in compared if have != want]


def _same_change(evidence: Evidence, demand: Demand) -> list[Reason]:
    plan = evidence.plan
    if plan is None:
        return []
    found = [
        reason(code, want, _NOT_AS_PLANNED[code], "Run prepare again and have it signed.")
        for code, want in _asked_otherwise(plan, demand)
    ]
    found += _same_tree(plan, demand)
    if plan.hosts != demand.hosts:
        different = sorted(set(plan.hosts) ^ set(demand.hosts))
        found.append(
            reason(
                "batch-differs",
                ", ".join(different),
                f"The batch is not the signed one; these hosts differ: {', '.join(different)}.",
                "Run the whole batch, without --limit, against the client's inventory.",
            )
        )
    if evidence.workers != demand.workers:
        workers = ", ".join(sorted(set(evidence.workers) ^ set(demand.workers)))
        found.append(
            reason(
                "workers-differ",
                workers,
                f"The export workers are not those that the work was divided over: {workers}.",
                "Run prepare again: it divides the work anew, and says what is fetched again.",
            )
        )
    return found


def _not_what_was_closed(evidence: Evidence, demand: Demand) -> list[Reason]:
    """Whether somebody who applies a closed change once more asks for something else.

    What decides a run of it may change for later ones. What was written for this change, its
    scope and what lies beside that, is its own: a change of those was not carried out.
    """
    plan = evidence.plan
    if plan is None:
        return []
    found = [
        reason(code, want, _NOT_AS_CLOSED[code], "Start a new change for what is to be done now.")
        for code, want in _asked_otherwise(plan, demand)
    ]
    own = f"inventories/{demand.client}/changes/{demand.change}/"
    told = [one for one in demand.tree_changes if one.startswith(own)]
    if plan.tree_sha256 != demand.tree_sha256 and (told or not demand.tree_changes):
        words = "; ".join(told[:_NAMED_AT_MOST])
        found.append(
            reason(
                "tree-changed",
                words or demand.tree_sha256,
                "What was written for this change is not what was carried out"
                + (f": {words}." if words else ", or that cannot be told."),
                "Put it back as it was, and start a new change for what is to be done now.",
            )
        )
    return found


def _same_tree(plan: PlanDocument, demand: Demand) -> list[Reason]:
    """What decides the run is what it was; a refusal names what is not."""
    if plan.schema_version != PLAN_VERSION:
        return [
            reason(
                "plan-of-another-version",
                f"version {plan.schema_version}",
                "The plan was made by another version of Sluis, which bound other things.",
                "Run prepare again and have it signed.",
            )
        ]
    if plan.tree_sha256 == demand.tree_sha256:
        return []
    told = "; ".join(demand.tree_changes[:_NAMED_AT_MOST])
    more = len(demand.tree_changes) - _NAMED_AT_MOST
    if more > 0:
        told += f"; and {more} more"
    return [
        reason(
            "tree-changed",
            told or demand.tree_sha256,
            "After the plan was made, something changed that decides what runs"
            + (f": {told}." if told else ", and the list of what was signed cannot be read."),
            "Put it back as it was, or run prepare again and have it signed.",
        )
    ]


def _once(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Each reason about each thing as it was found first, in that order."""
    found: dict[tuple[str, str], Reason] = {}
    for item in reasons:
        found.setdefault((item.code, item.about), item)
    return tuple(found.values())
