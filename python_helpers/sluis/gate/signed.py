"""Rule: the client said yes to this scope and this plan, and that yes still stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluis.evidence.predicates import Reason, Signoff
from sluis.evidence.statements import Statement
from sluis.gate.demand import Demand, Evidence
from sluis.signoff.standing import standing


@dataclass(frozen=True)
class Consent:
    """The client's answer that stands, or why none does."""

    answer: Statement[Signoff] | None
    reasons: tuple[Reason, ...]


def signed(evidence: Evidence, demand: Demand, now: datetime) -> Consent:
    """Whether the newest answer to this very scope and plan is a yes that holds.

    Args:
        evidence: the dossier; its plan names the scope it was made for.
        demand: what is about to happen.
        now: aware UTC time. A step of the way back is judged at the time of signing
            instead: consent that was given beforehand does not expire while data is broken.
    """
    if evidence.plan_object is None:
        return Consent(None, ())
    at = now
    if demand.way_back:
        given = evidence.view.latest(Signoff)
        at = given.recorded_at if given else now
    answer = standing(
        evidence.view, demand.scope_object, evidence.plan_object, at, same_data=not demand.way_back
    )
    if answer.why_not is not None:
        return Consent(None, (answer.why_not,))
    return Consent(answer.statement, ())
