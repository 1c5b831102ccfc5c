"""Which copies that a plan swaps in an earlier plan of the same change had swapped in already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sluis.evidence.ledger import View
from sluis.evidence.plans import planned_at
from sluis.evidence.predicates import Step
from sluis.plan.model import PlanDocument

_SWAP = "asset_swap"


def swapped_before(
    view: View, plan: PlanDocument, plan_object: str | None
) -> Mapping[tuple[str, str], datetime]:
    """When each swap of a plan was done last before this plan was laid down, by step and host.

    Every signed plan puts its data back itself, so these are done once more. Steps of the way back
    are left out: whether they are carried out is not known yet.

    Args:
        view: the ledger.
        plan: the newest plan.
        plan_object: its digest.
    """
    since = planned_at(view, plan_object)
    swaps = {
        (step.step, step.host) for step in plan.forward if step.module.rpartition(".")[2] == _SWAP
    }
    found = {}
    for statement in view.of(Step):
        body = statement.body
        done = body.state == "done" or body.judgement == "counts as done"
        if statement.number < since and done and (body.step, body.host) in swaps:
            found[body.step, body.host] = statement.recorded_at
    return found
