"""The batch barrier: all hosts of a batch pass the gate, or none starts."""

from __future__ import annotations

from sluis.evidence.predicates import Permit, Refusal
from sluis.evidence.timestamps import demand_right_clock, stamp
from sluis.runbook.judgement import Judgement, judge, record_refusal
from sluis.runbook.run import OpenDossier, Run, now


def pass_barrier(run: Run, dossier: OpenDossier) -> Judgement:
    """Ask the gate for the whole batch and record its answer.

    A permit is followed by a timestamp over the chain's head. Each change role asks on its
    own; the same permit with nothing in between is not recorded twice.

    Raises:
        EvidenceError: ``clock-wrong``; no answer was recorded by that clock.
    """
    judgement = judge(run, dossier)
    if judgement.answer in _just_given(judgement):
        return judgement
    demand_right_clock(dossier.anchors, now)
    if isinstance(judgement.answer, Refusal):
        record_refusal(dossier, judgement.answer)
    else:
        dossier.ledger.append(judgement.answer, key=dossier.key, now=now())
        stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "permit", now())
    return judgement


def _just_given(judgement: Judgement) -> tuple[Permit, ...]:
    """The permit that stands at the end of the ledger, but for its timestamp."""
    newest = [s.body for s in judgement.evidence.view.statements[-2:]]
    return tuple(body for body in newest[:1] if isinstance(body, Permit))
