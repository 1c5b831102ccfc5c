"""How far putting data back came: which assets are back, which are not, and where all of it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sluis.dossier.lines import PutBackLine, StepLine
from sluis.dossier.material import Material
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Snapshot
from sluis.plan.model import PlanDocument
from sluis.plan.swapped_before import swapped_before

_RESTORE, _SWAP = "asset_restore", "asset_swap"


def puts_back(plan: PlanDocument) -> bool:
    """Whether a change puts data back as its own work, and not only in its way back.

    Args:
        plan: of the change.
    """
    return any(
        step.module.rpartition(".")[2] in (_RESTORE, _SWAP) and not step.way_back
        for step in plan.steps
    )


def put_back(material: Material, steps: tuple[StepLine, ...]) -> tuple[PutBackLine, ...]:
    """A line for each asset that the plan puts back, once the first of those steps began.

    When an earlier plan of the change put something back, there are lines before that as well.

    Args:
        material: the dossier as read and verified.
        steps: where the steps of the plan stand.
    """
    plan = material.plan
    if plan is None:
        return ()
    states = {(line.step, line.host): line for line in steps}
    found: dict[tuple[str, str], dict[str, StepLine]] = {}
    for step in plan.steps:
        module = step.module.rpartition(".")[2]
        line = states.get((step.step, step.host))
        if module in (_RESTORE, _SWAP) and line is not None:
            asset = str(step.args.get("asset"))
            found.setdefault((step.host, asset), {})[module] = line
    before = swapped_before(material.view, plan, material.plan_object)
    begun = any(line.number is not None for both in found.values() for line in both.values())
    if not begun and not before:
        return ()
    return tuple(_lines(material.view, found, before))


def _lines(
    view: View,
    found: dict[tuple[str, str], dict[str, StepLine]],
    before: Mapping[tuple[str, str], datetime],
) -> Iterator[PutBackLine]:
    for (host, asset), both in found.items():
        swap, restore = both.get(_SWAP), both.get(_RESTORE)
        if swap is not None and swap.state == "done":
            state, words = "back", "The copy is in its place."
        elif swap is not None and swap.number is not None and swap.state != "open":
            state = "perhaps half back"
            words = f"Step {swap.step} {_ENDED[swap.state]}. Look at it before anything runs there."
        elif swap is not None and (swap.step, swap.host) in before:
            state = "to be put back again"
            words = (
                f"It was put back at {before[swap.step, swap.host]:%Y-%m-%d %H:%M} UTC, under an "
                "earlier plan. This plan puts it back once more; what was done in it since then "
                "goes to quarantine."
            )
        elif restore is not None and restore.state == "done":
            state, words = "not back", "Live is what the change left. A compared copy lies beside."
        elif restore is not None and restore.state in _ENDED:
            state = "not back"
            words = f"Live is what the change left. Step {restore.step} {_ENDED[restore.state]}."
        else:
            state, words = "not back", "Live is what the change left. Nothing was restored yet."
        yield PutBackLine.model_validate(
            {
                "asset": asset, "host": host, "state": state, "sentence": words,
                "before": _newest(view, asset, broken=False),
                "broken": _newest(view, asset, broken=True),
            }
        )  # fmt: skip


_ENDED = {"failed": "failed", "maybe half run": "began and never reported its end"}


def _newest(view: View, asset: str, *, broken: bool) -> str | None:
    """The id of the asset's newest snapshot: of the broken state, or of the state before it."""
    taken = view.latest(
        Snapshot,
        lambda one: one.body.asset == asset and (one.body.purpose == "broken state") is broken,
    )
    return f"{taken.body.snapshot_id} in {taken.body.store.id}" if taken else None
