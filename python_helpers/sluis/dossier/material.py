"""Everything an outcome is computed from, read once from a dossier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from sluis.errors import EvidenceError, RefusedError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.plans import closed_at, planned_at
from sluis.evidence.predicates import Handover, Plan, Scope
from sluis.places import Places
from sluis.plan.model import PlanDocument
from sluis.scope.division import Division, placed
from sluis.scope.model import ScopeDocument


@dataclass(frozen=True)
class Material:
    """A verified ledger with the plan and the scope that count now.

    ``plan`` belongs to the newest plan statement, ``scope`` to that plan, or to the
    newest scope statement as long as there is no plan. Either is ``None`` when there
    is none, or when its object is missing, altered or unreadable. In ``scope`` each asset
    that was given to an export worker has that host.
    """

    client: str
    change: str
    dossier: Path
    view: View
    plan_object: str | None
    plan: PlanDocument | None
    scope_object: str | None
    scope: ScopeDocument | None

    def must_hold(self) -> None:
        """For verbs that add to the ledger by hand.

        Raises:
            EvidenceError: ``does-not-hold``: something is wrong with what is there already.
        """
        if self.view.problems:
            raise EvidenceError(
                "does-not-hold",
                f"The dossier does not hold: {self.view.problems[0].sentence}",
                f"Look at it with: sluis verify {self.dossier}",
            )

    def must_be_open(self, what: str) -> None:
        """For verbs that only mean something until the plan that counts was handed over.

        Args:
            what: what is too late now, as ``a judgement``.

        Raises:
            RefusedError: ``change-closed``. A change that failed and was not put back is open.
        """
        closed = closed_at(self.view)
        if self.plan_object is None or closed <= planned_at(self.view, self.plan_object):
            return
        last = self.view.latest(Handover, lambda item: item.number == closed)
        again = " --again" if last is not None and last.body.result == "applied" else ""
        how = f"as {last.body.result}, on {last.recorded_at:%Y-%m-%d %H:%M} UTC" if last else ""
        raise RefusedError(
            "change-closed",
            f"{self.change} was handed over {how} (statement {closed}), so {what} comes too late. "
            "It would change nothing, and was not recorded.",
            f"See how it ended with: sluis status {self.client} {self.change}. To go on, run "
            f"sluis prepare {self.client} {self.change}{again} and have the new plan signed, or "
            "start a new change.",
        )


def read_material(places: Places, client: str, change: str, now: datetime) -> Material:
    """Read the dossier of one change.

    Args:
        places: the project.
        client: client id.
        change: change id.
        now: aware UTC time.

    Raises:
        InputError: bad ids, or no trust anchors for this client.
    """
    dossier = places.dossier(client, change)
    anchors = load_anchors(places.trust(client), client)
    view = Ledger(dossier, anchors, client, change).read(now)
    objects = ObjectStore(dossier)
    planned, scoped = view.latest(Plan), view.latest(Scope)
    plan_object = planned.body.plan_object if planned else None
    scope_object = (
        planned.body.scope_object if planned else scoped.body.scope_object if scoped else None
    )
    return Material(
        client=client,
        change=change,
        dossier=dossier,
        view=view,
        plan_object=plan_object,
        plan=_plan(objects, plan_object),
        scope_object=scope_object,
        scope=_scope(objects, scope_object, view),
    )


def _plan(objects: ObjectStore, digest: str | None) -> PlanDocument | None:
    if digest is None:
        return None
    try:
        return PlanDocument.model_validate_json(objects.get(digest))
    except (EvidenceError, ValidationError):
        return None


def _scope(objects: ObjectStore, digest: str | None, view: View) -> ScopeDocument | None:
    if digest is None:
        return None
    try:
        scope = ScopeDocument.from_bytes(objects.get(digest))
    except EvidenceError:
        return None
    said = view.latest(Scope, lambda item: item.body.scope_object == digest)
    return placed(scope, Division(said.body.workers, said.body.given)) if said else scope
