"""Rule: what was fetched and is put elsewhere is proven; the last of it comes after the freeze."""

from __future__ import annotations

from sluis.evidence.copies import newest_copy
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Export, Freeze, Reason
from sluis.evidence.statements import Statement
from sluis.gate.demand import Demand, Evidence, reason
from sluis.gate.steps import StepState, step_states


def fetched(evidence: Evidence, demand: Demand) -> list[Reason]:
    """What stands in the way of a step that puts elsewhere what was fetched of an asset."""
    step, plan, view = demand.step, evidence.plan, evidence.view
    if step is None or plan is None or evidence.plan_object is None:
        return []
    states = step_states(view, evidence.plan_object)
    own = states.get((step.step, step.host))
    if own is not None and own.state == "done":
        return []
    asset = str(step.args.get("asset", ""))
    if not step.last_pass:
        return _proven(view, asset)
    moved = [
        states.get((item.step, item.host))
        for item in plan.steps
        if not item.last_pass and not item.way_back and item.args.get("asset") == asset
    ]
    return [
        *(_moved_and_fetched_again(view, asset, moved) or _proven(view, asset)),
        *_frozen(evidence, demand, asset),
    ]


def freeze_in_force(view: View, scope_object: str) -> Statement[Freeze] | None:
    """The newest word that nobody writes in the old place, unless it was taken back since.

    It counts in the scope in which it was agreed on. That people write there again is so in each.
    """
    newest = view.latest(
        Freeze,
        lambda item: item.body.scope_object == scope_object and item.body.state == "frozen",
    )
    lifted = freeze_lifted(view)
    return newest if lifted is None or (newest and newest.number > lifted.number) else None


def freeze_lifted(view: View) -> Statement[Freeze] | None:
    """The newest word that people write in the old place again, in whatever scope."""
    return view.latest(Freeze, lambda item: item.body.state == "lifted")


def awaits_freeze(evidence: Evidence) -> bool:
    """Whether a freeze was agreed on, and nobody has said yet that it is there."""
    plan, scope = evidence.plan, evidence.scope
    if plan is None or scope is None or scope.freeze is None:
        return False
    return freeze_in_force(evidence.view, plan.scope_object) is None


def _proven(view: View, asset: str) -> list[Reason]:
    """A copy was made after the newest pass; whether that is proven is another rule's matter."""
    export = view.latest(Export, lambda item: item.body.asset == asset)
    copy = newest_copy(view, asset)
    if export is None or (copy is not None and copy.number > export.number):
        return []
    return [
        reason(
            "pass-not-proven",
            asset,
            f"No copy of {asset} was made and proven since it was fetched for the last time.",
            "Run prepare again, or apply again after the move; the copy is then made and proven.",
        )
    ]


def _moved_and_fetched_again(view: View, asset: str, moved: list[StepState | None]) -> list[Reason]:
    if not moved or any(item is None or item.state != "done" for item in moved):
        return [
            reason(
                "not-moved-yet",
                asset,
                f"What was fetched of {asset} first is not in the new place yet.",
                "Apply again; it goes on where it stopped.",
            )
        ]
    export = view.latest(Export, lambda item: item.body.asset == asset)
    if export is None or export.number < max(item.number for item in moved if item):
        return [
            reason(
                "no-last-pass",
                asset,
                f"{asset} was not fetched again after it was moved.",
                "Apply again; the last pass is made before this step.",
            )
        ]
    return []


def _frozen(evidence: Evidence, demand: Demand, asset: str) -> list[Reason]:
    if evidence.scope is None or evidence.scope.freeze is None:
        return []
    frozen = freeze_in_force(evidence.view, demand.scope_object)
    if frozen is None:
        return [
            reason(
                "not-frozen",
                asset,
                f"{evidence.scope.freeze.who} has not said that nobody writes in the old place.",
                "Record it when they say so, with: "
                f"sluis freeze {demand.client} {demand.change}. Then apply again.",
            )
        ]
    export = evidence.view.latest(Export, lambda item: item.body.asset == asset)
    lifted = freeze_lifted(evidence.view)
    if export is not None and lifted is not None and export.number < lifted.number:
        return [
            reason(
                "pass-before-freeze",
                asset,
                f"{asset} was fetched for the last time before the freeze was lifted on "
                f"{lifted.recorded_at:%Y-%m-%d %H:%M} UTC, and people wrote there since.",
                "Apply again; the last pass is then made once more.",
            )
        ]
    if export is not None and export.body.started_at < frozen.body.since:
        return [
            reason(
                "pass-before-freeze",
                asset,
                f"{asset} was fetched for the last time before the freeze of "
                f"{frozen.body.since:%Y-%m-%d %H:%M} UTC.",
                "Apply again; the last pass is then made after it.",
            )
        ]
    return []
