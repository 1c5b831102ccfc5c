"""Rule: what a signed plan puts back has a copy for it, as long as nothing is changed."""

from __future__ import annotations

from sluis.evidence.copies import newest_copy, newest_proof, source_digest
from sluis.evidence.predicates import Level, Reason, Snapshot
from sluis.evidence.statements import Statement
from sluis.evidence.view import View
from sluis.gate.demand import Evidence, reason
from sluis.gate.steps import first_change
from sluis.plan.model import PlanDocument
from sluis.plan.undoing import put_back
from sluis.scope.model import Asset

#: below this nobody ever saw the snapshot come back
ENOUGH: Level = "V3"


def way_back_exists(evidence: Evidence) -> list[Reason]:
    """Each asset that the client signed to be put back has a copy for that.

    Args:
        evidence: the dossier's ledger with its newest plan and scope.
    """
    plan, scope = evidence.plan, evidence.scope
    if plan is None or scope is None:
        return []
    began = first_change(evidence)
    found = []
    for name in sorted(swapped_back(plan)):
        asset = scope.asset(name)
        if asset is None or proven_before(evidence.view, asset, began) is not None:
            continue
        found.append(
            reason(
                "way-back-gone",
                name,
                f"The client signed that {name} is put back if the change fails, and its newest "
                "copy cannot be: it is somebody else's backup, it is of another place, or it was "
                f"not proven to {ENOUGH}.",
                "Run prepare again and have it signed.",
            )
        )
    return found


def swapped_back(plan: PlanDocument) -> frozenset[str]:
    """The assets that a plan puts back on its way back."""
    return frozenset(str(step.args.get("asset")) for step in put_back(plan))


def proven_before(view: View, asset: Asset, began: int | None) -> Statement[Snapshot] | None:
    """The newest copy from before the change, if it can be put back; an older one never counts.

    What is put back has to be the data as it was then, and of this very place: an older copy
    would take away what came since, and the client is told that nothing is.

    Args:
        view: the ledger.
        asset: as the scope has it now.
        began: the number of the first statement of a change; ``None``: nothing is changed yet.
    """
    newest = newest_copy(view, asset.id, before=began, broken=False)
    if newest is None or newest.body.purpose == "adopted":
        return None
    proof = newest_proof(view, newest.sha256)
    reached = proof.body.reached if proof is not None else None
    proven = reached is not None and reached >= ENOUGH
    return newest if proven and is_of_its_source(newest.body, asset) is True else None


def is_of_its_source(taken: Snapshot, asset: Asset) -> bool | None:
    """Whether a copy is of what the scope says of an asset now; ``None``: nobody can tell.

    An id stays when somebody gives it to another folder, and a copy of that is of something else.

    Args:
        taken: the copy.
        asset: as the scope has it now.
    """
    if taken.machine.host != asset.host:
        return False
    if asset.is_exported:  # what is copied is where the worker keeps it, which settings say
        return True
    told = taken.made_by.get("source")
    here = source_digest(asset.kind, asset.location, asset.exclude)
    return None if told is None else bool(told == here)
