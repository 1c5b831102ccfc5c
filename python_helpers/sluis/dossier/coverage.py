"""What is proven about each asset, from the ledger."""

from __future__ import annotations

from datetime import datetime

from sluis.dossier.lines import AssetLine
from sluis.dossier.material import Material
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.predicates import Snapshot
from sluis.gate.restores import BROKEN_STATE_LEVEL, WHY_LESS, put_back
from sluis.scope.model import Asset, required_level
from sluis.signoff.standing import waivers


def assets_of(material: Material, now: datetime) -> tuple[AssetLine, ...]:
    """One line for each asset of the scope, in the scope's order."""
    if material.scope is None:
        return ()
    accepted = waivers(material.view, now)
    lines = []
    for asset in material.scope.assets:
        waiver = accepted.get(asset.id)
        lines.append(_line(material, asset, waiver.body.accepts if waiver else None, now))
    return tuple(lines)


def _line(material: Material, asset: Asset, waived_to: object, now: datetime) -> AssetLine:
    # the copy of what was broken is kept as well; what counts is that of before the change
    taken = material.view.latest(
        Snapshot, lambda s: s.body.asset == asset.id and s.body.purpose != "broken state"
    ) or newest_copy(material.view, asset.id)
    proof = newest_proof(material.view, taken.sha256) if taken is not None else None
    needed = asset.takes_snapshot
    required = required_level(asset)
    less = required > BROKEN_STATE_LEVEL and (
        material.plan is not None and asset.id in put_back(material.plan)
    )
    return AssetLine.model_validate(
        {
            "asset": asset.id,
            "kind": asset.kind,
            "host": asset.host,
            "required": (BROKEN_STATE_LEVEL if less else required) if needed else None,
            "reached": proof.body.reached if proof else None,
            "snapshot_id": taken.body.snapshot_id if taken else None,
            "finished_at": taken.body.finished_at if taken else None,
            "age_hours": (
                round((now - taken.body.finished_at).total_seconds() / 3600, 2) if taken else None
            ),
            "store": taken.body.store.id if taken else None,
            "waived_to": waived_to,
            "asks_less": f"{BROKEN_STATE_LEVEL} and not {required}: {WHY_LESS}" if less else "",
        }
    )
