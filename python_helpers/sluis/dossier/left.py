"""What a restore left on the hosts beside the live data: from the ledger and steps' answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from sluis.border.characters import clean_text
from sluis.border.own_databases import COPY, DISPLACED
from sluis.errors import EvidenceError
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Left, LeftKind, Plan, Step
from sluis.evidence.statements import Statement
from sluis.gate.demand import Evidence
from sluis.plan.model import PlanDocument
from sluis.scope.model import ScopeDocument

_RESTORE, _SWAP = "asset_restore", "asset_swap"
#: what is left of a copy once it was swapped in; PostgreSQL renames it whole
_AFTER_SWAP: Mapping[str, LeftKind | None] = {"postgresql": None, "mariadb": "emptied copy"}

#: what it may be, and how its name goes on after the live one's: of a database, and of files
_PERHAPS: Mapping[str, tuple[LeftKind, str, str]] = {
    _RESTORE: ("perhaps an unfinished copy", COPY, ".sluis-restored-"),
    _SWAP: ("perhaps displaced data", DISPLACED, ".sluis-quarantine-"),
}
_KEEP = (
    "It is the client's data. Keep it for the {days} days that were agreed for copies, and as "
    "long as anything may be missing; then remove it by a change of its own that the client signs."
)
_BY_HAND = "Once the change is handed over, remove it by hand."
_WORDS: Mapping[LeftKind, str] = {
    "displaced data": f"What was live before the copy took its place. {_KEEP}",
    "restored copy": f"A whole copy that was not swapped in; the snapshot stays in the store. "
    f"{_BY_HAND}",
    "record of the swap": f"Says what was swapped; no data of the client. {_BY_HAND}",
    "emptied copy": f"A database of which every table was swapped in. {_BY_HAND}",
    "perhaps displaced data": "A swap began and did not end. Look whether there is anything "
    f"of that name. {_KEEP}",
    "perhaps an unfinished copy": "A restore began and did not end. Look whether there is "
    f"anything of that name. {_BY_HAND}",
}


#: one of the two modules, and the number of the plan that it ran under
_Under = tuple[str, int]


@dataclass
class _Copies:
    """One asset's copies on its host, oldest first, and whether each was swapped in."""

    swapped: dict[str, bool] = field(default_factory=dict)
    #: names of displaced data, once each: a step that is run again names the same
    displaced: dict[str, None] = field(default_factory=dict)
    #: of which of the two modules, under which plan, the last step began and was not done
    unsure: set[_Under] = field(default_factory=set)
    #: of which it was already, when the last one began
    before: set[_Under] = field(default_factory=set)

    def begin(self, step: _Under) -> None:
        """One of the two steps began."""
        self.before = set(self.unsure)
        self.unsure.add(step)

    def stop(self, step: _Under, result: Mapping[str, Any]) -> None:
        """One of the two steps failed; of one that never asked the host nothing is there."""
        if result.get("untouched") is True and step not in self.before:
            self.unsure.discard(step)

    def note(self, step: _Under, result: Mapping[str, Any]) -> None:
        """One of the two steps was done, and answered this."""
        self.unsure.discard(step)
        module, _ = step
        beside, quarantine = result.get("beside"), result.get("quarantine")
        if module == _RESTORE and isinstance(beside, str):
            self.swapped[beside] = False
        if module == _SWAP and self.swapped:
            self.swapped[next(reversed(self.swapped))] = True
        if module == _SWAP and isinstance(quarantine, str):
            self.displaced[quarantine] = None


def left_behind(evidence: Evidence, objects: ObjectStore) -> tuple[Left, ...]:
    """Everything that restores of this change left beside live data, under any plan of it.

    Args:
        evidence: the verified ledger and the newest scope.
        objects: where plans and what steps answered are kept. What is gone there is told as far
            as the ledger still shows it.
    """
    copies: dict[tuple[str, str], _Copies] = {}
    plans: dict[str, PlanDocument | None] = {}
    for statement in evidence.view.of(Step):
        body = statement.body
        if body.plan_object not in plans:
            plans[body.plan_object] = _plan(objects, body.plan_object)
        plan = plans[body.plan_object]
        step = plan.find(body.step, body.host) if plan else None
        module = step.module.rpartition(".")[2] if step else ""
        if step is None or module not in (_RESTORE, _SWAP):
            continue
        copy = copies.setdefault((body.host, str(step.args.get("asset"))), _Copies())
        # each plan that was laid down has names of its own on the host
        under = (module, _laid_down(evidence.view, statement))
        if body.state == "started":
            copy.begin(under)
        if body.state == "failed":
            copy.stop(under, _result(objects, body.result_object))
        if body.state == "done":
            copy.note(under, _result(objects, body.result_object))
    found: list[Left] = []
    for (host, asset), copy in copies.items():
        found += _of(host, asset, copy, evidence.scope)
    return tuple(found)


def words_about(what: LeftKind, scope: ScopeDocument | None) -> str:
    """What such a thing is, and when and how it may be removed."""
    days = scope.retention.snapshot_days if scope else "agreed"
    return _WORDS[what].format(days=days)


def _of(host: str, asset_id: str, copies: _Copies, scope: ScopeDocument | None) -> Iterator[Left]:
    asset = scope.asset(asset_id) if scope else None

    def left(what: LeftKind, place: str) -> Left:
        return Left(host=host, asset=asset_id, what=what, place=clean_text(place))

    for place in copies.displaced:
        yield left("displaced data", place)
    for place, swapped in copies.swapped.items():
        rest = _AFTER_SWAP.get(asset.kind if asset else "", "record of the swap")
        if not swapped:
            yield left("restored copy", place)
        elif rest is not None:
            yield left(rest, place)
    unsure = {module for module, _ in copies.unsure}
    for module, (what, of_database, of_files) in _PERHAPS.items():
        if module in unsure and asset is not None and scope is not None:
            if asset.kind in ("postgresql", "mariadb"):
                mark = of_database + re.sub("[^A-Za-z0-9]", "_", scope.change)
            else:
                mark = of_files + scope.change
            yield left(what, f"{asset.location}{mark}…")


def _laid_down(view: View, step: Statement[Step]) -> int:
    """The number of the plan statement that the step ran under."""
    plan = view.latest(
        Plan,
        lambda item: item.number < step.number and item.body.plan_object == step.body.plan_object,
    )
    return plan.number if plan else 0


def _result(objects: ObjectStore, digest: str | None) -> Mapping[str, Any]:
    if digest is None:
        return {}
    try:
        found = json.loads(objects.get(digest))
    except EvidenceError:
        return {}  # erased or lost, as sluis verify says; the end is still recorded
    return found if isinstance(found, Mapping) else {}


def _plan(objects: ObjectStore, digest: str) -> PlanDocument | None:
    try:
        return PlanDocument.model_validate_json(objects.get(digest))
    except (EvidenceError, ValidationError):
        return None
