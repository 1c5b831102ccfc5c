"""The batch barrier: all hosts of a batch pass the gate, or none starts."""

from __future__ import annotations

from sluis.evidence.predicates import Refusal
from sluis.evidence.timestamps import stamp
from sluis.runbook.judgement import Judgement, judge, record_refusal
from sluis.runbook.run import OpenDossier, Run, now


def pass_barrier(run: Run, dossier: OpenDossier) -> Judgement:
    """Ask the gate for the whole batch and record its answer.

    A permit is followed by a timestamp over the chain's head. A change that was
    already applied and handed over is refused here, before anything is touched.
    """
    judgement = judge(run, dossier)
    if isinstance(judgement.answer, Refusal):
        record_refusal(dossier, judgement.answer)
    else:
        dossier.ledger.append(judgement.answer, key=dossier.key, now=now())
        stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "permit", now())
    return judgement
