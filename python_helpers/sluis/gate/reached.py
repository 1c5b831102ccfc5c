"""Rule: which assets one step of a signed plan works on, told from that plan alone."""

from __future__ import annotations

from sluis.gate.restores import put_back, starts_or_stops
from sluis.plan.model import PlanDocument, PlanStep

#: modules that are about the one asset they name: written for that and nothing else
_OF_ONE_ASSET = frozenset({"asset_restore", "asset_swap", "tenant_import", "tenant_landing"})


def reached(plan: PlanDocument, step: PlanStep) -> frozenset[str] | None:
    """The ids of the assets that a step works on.

    Args:
        plan: the signed plan.
        step: one of its steps.

    Returns:
        ``None`` when nobody can tell: then it may have worked on any of them.
    """
    if step.inside:
        # "everything that it changes lies in these assets", as the client signed it
        return frozenset(step.inside)
    if step.module in _OF_ONE_ASSET:
        asset = step.args.get("asset")
        return frozenset({asset}) if isinstance(asset, str) and asset else None
    if starts_or_stops(step) and put_back(plan):
        # what a restore stops and starts again is as it was
        return frozenset()
    return None
