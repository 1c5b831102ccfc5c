"""Which steps and checks a move consists of, and how far they are, from scope and ledger."""

from __future__ import annotations

from typing import Literal

from sluis.errors import RefusedError
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Check, Export, Step
from sluis.gate.steps import step_states
from sluis.runbook.move_words import move_words
from sluis.runbook.run import Run
from sluis.runbook.snapshot_taking import read_scope
from sluis.scope.model import Asset, Migrate
from sluis.scope.moving import Into

#: which steps: those that move everything, or those that bring what the last pass found
Which = Literal["first", "last"]


def going_from(run: Run, host: str) -> list[Asset]:
    """The assets on a host that we put into another tenant."""
    return [asset for asset in read_scope(run).assets_on(host) if into_of(asset) is not None]


def steps_from(run: Run, host: str, which: Which) -> list[dict[str, str]]:
    """One step for each asset on a host that we put into another tenant.

    Returns:
        ``step``, its id; ``asset``; ``words``, as the client signs them.
    """
    scope = read_scope(run)
    return [
        {
            "step": step_id(asset, which),
            "asset": asset.id,
            "words": move_words(scope, asset, which),
        }
        for asset in going_from(run, host)
    ]


def step_id(asset: Asset, which: Which) -> str:
    """The id of the step that puts an asset into another tenant."""
    return f"import-{asset.id}" if which == "first" else f"finish-{asset.id}"


def moved_already(view: View, plan_object: str, asset: Asset) -> bool:
    """Whether nothing is left to look at before the last pass over an asset.

    That is so when its comparison passed after it was moved, or when what the last pass found
    is being put there.
    """
    states = step_states(view, plan_object)
    if (step_id(asset, "last"), asset.host) in states:
        return True
    first = states.get((step_id(asset, "first"), asset.host or ""))
    check = view.latest(Check, lambda item: item.body.check == check_id(asset))
    return (
        first is not None
        and first.state == "done"
        and check is not None
        and check.number > first.number
        and check.body.passed is True
    )


def check_id(asset: Asset) -> str:
    """The id of the comparison of one asset."""
    return f"reconcile-{asset.id}"


def imported_export(view: View, asset: Asset) -> Export:
    """The pass that was put into the new tenant last: the newest one when that step began.

    Raises:
        RefusedError: ``not-imported``.
    """
    ours = (step_id(asset, "first"), step_id(asset, "last"))
    begun = view.latest(Step, lambda s: s.body.state == "started" and s.body.step in ours)
    found = (
        view.latest(Export, lambda s: s.body.asset == asset.id and s.number < begun.number)
        if begun
        else None
    )
    if found is None:
        raise RefusedError(
            "not-imported", f"Nothing of {asset.id} was put into the new tenant yet.", "Apply."
        )
    return found.body


def into_of(asset: Asset) -> Into | None:
    """Where we put an asset, if we do."""
    return asset.disposition.into if isinstance(asset.disposition, Migrate) else None
