"""Rule: nothing stays behind in a move that the client did not read and sign."""

from __future__ import annotations

from sluis.counted import counted
from sluis.evidence.predicates import Behind, Export, Reason
from sluis.gate.demand import Demand, Evidence, reason
from sluis.gate.steps import step_states
from sluis.plan.behind import BehindItem, BehindList

#: names of one asset that a refusal says
_NAMED_AT_MOST = 20
_AGAIN = (
    "Run prepare again: what could not be had is then fetched once more. What still stays behind "
    "is named in the text, for the client to read and sign anew."
)
#: how a line of the list is said to the operator
_SAID = {
    "item": "{path} ({why})",
    "rights": "{path} goes, and who may reach it is not known",
    "open": "{path} goes, and more people may reach it than now",
    "person": "the rights of {path}",
    "access": "a right on {path} ({why})",
    "place": "{path} (could not be looked at)",
    "count": "{path} that the scope counts",
}


def behind(evidence: Evidence, demand: Demand) -> list[Reason]:
    """What stays behind now and did not when the client signed; fewer is no reason."""
    if demand.way_back:
        return []
    return [*_not_looked_at(evidence, demand), *more_behind(evidence)]


def more_behind(evidence: Evidence) -> list[Reason]:
    """The same of a plan by itself, whatever is about to happen."""
    plan = evidence.plan
    if plan is None:
        return []
    found: list[Reason] = []
    signed = {one.asset: one.list_sha256 for one in plan.behind}
    newest = {statement.body.asset: statement.body for statement in evidence.view.of(Behind)}
    for asset, body in newest.items():
        if body.list_object == signed.get(asset) or not body.items:
            continue
        now, before = evidence.lists.get(body.list_object), _signed(evidence, asset, signed)
        if now is None or before is None:
            found.append(
                reason(
                    "behind-unreadable",
                    asset,
                    f"The list of what of {asset} does not go over cannot be read as it was "
                    "recorded, so nobody knows whether the client signed for it.",
                    "Put the object back from a copy of the dossier, or run prepare again.",
                )
            )
        elif more := now.more_than(before):
            found.append(
                reason(
                    "more-stays-behind",
                    asset,
                    f"{len(more)} more of {asset} would stay behind than the client signed for: "
                    f"{_named(more)}."[:3900],
                    _AGAIN,
                )
            )
    return found


def _signed(evidence: Evidence, asset: str, signed: dict[str, str]) -> BehindList | None:
    """The list that the plan names; of an asset that it names none of, nothing stays behind."""
    digest = signed.get(asset)
    return BehindList(asset=asset) if digest is None else evidence.lists.get(digest)


def _not_looked_at(evidence: Evidence, demand: Demand) -> list[Reason]:
    """Before a step that puts an asset elsewhere, its newest pass was looked through."""
    step, view = demand.step, evidence.view
    if step is None or step.way_back:
        return []
    own = step_states(view, evidence.plan_object).get((step.step, step.host))
    export = view.latest(Export, lambda item: item.body.asset == step.args.get("asset"))
    if export is None or (own is not None and own.state == "done"):
        return []
    asset = export.body.asset
    look = view.latest(Behind, lambda item: item.body.asset == asset)
    if look is not None and look.body.export == export.sha256:
        return []
    return [
        reason(
            "pass-not-looked-through",
            asset,
            f"{asset} was fetched again, and nobody looked at what of it would stay behind.",
            "Run prepare again, or apply again after the move; both look.",
        )
    ]


def _named(more: tuple[BehindItem, ...]) -> str:
    said = [
        _SAID[one.about].format(path=one.path[:300], why=one.why) for one in more[:_NAMED_AT_MOST]
    ]
    if len(more) > _NAMED_AT_MOST:
        said.append(f"and {counted(len(more) - _NAMED_AT_MOST, 'other')}")
    return "; ".join(said)
