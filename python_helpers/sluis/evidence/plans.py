"""When a plan was laid down, and when one was closed: ledger in, numbers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluis.evidence.predicates import Handover, Plan

if TYPE_CHECKING:
    from sluis.evidence.ledger import View
    from sluis.evidence.statements import Statement


def planned_at(view: View, plan_object: str | None) -> int:
    """The ledger number at which this plan was laid down last, or 0; without a plan it is 0."""
    plan = _laid_down(view, plan_object)
    return plan.number if plan else 0


def plan_statement(view: View, plan_object: str | None) -> str | None:
    """Digest of the statement that laid this plan down last, or ``None``.

    A plan that was carried out and is laid down anew is signed anew, and has the same object.
    """
    plan = _laid_down(view, plan_object)
    return plan.sha256 if plan else None


def closed_at(view: View) -> int:
    """The ledger number of the newest hand-over that closed a plan, or 0.

    A change that failed and was not put back stays open: it can still be gone on with.
    """
    last = view.latest(Handover, lambda item: item.body.result != "failed")
    return last.number if last else 0


def is_closed(view: View, plan_object: str | None) -> bool:
    """Whether this plan, as it was laid down last, was handed over for good."""
    return closed_at(view) > planned_at(view, plan_object)


def _laid_down(view: View, plan_object: str | None) -> Statement[Plan] | None:
    return view.latest(Plan, lambda item: item.body.plan_object == plan_object)
