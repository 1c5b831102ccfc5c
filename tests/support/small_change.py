"""A project on disk with a real key, real trust anchors and a real ledger; no hosts."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import OperatorKey, new_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Body
from sluis.places import Places
from sluis.plan.model import PlanDocument
from sluis.plan.tree import read_tree
from sluis.runbook.inventory import reach_of
from support.outcomes import PLAN, SCOPE, laid_down, snapshot_of, verified
from support.scopes import CHANGE, CLIENT, scope_dict, to_yaml

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SmallChange:
    """One change of one client, as the front door finds it."""

    places: Places
    key: OperatorKey
    keys: Path
    now: datetime

    @property
    def later(self) -> datetime:
        """A moment after everything that the front door has written meanwhile."""
        return self.now + timedelta(days=365)

    @property
    def root(self) -> Path:
        return self.places.root

    @property
    def dossier(self) -> Path:
        return self.places.dossier(CLIENT, CHANGE)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.dossier, load_anchors(self.places.trust(CLIENT), CLIENT), CLIENT, CHANGE)

    def record(self, *bodies: Body) -> list[str]:
        """Append to the ledger; return the digests."""
        return [self.ledger.append(body, key=self.key, now=self.now).sha256 for body in bodies]

    def lay_down(self, *, proven: bool = True) -> PlanDocument:
        """Scope, plan and proofs, as ``prepare`` leaves them behind; the plan is alive."""
        objects = ObjectStore(self.dossier)
        tree = read_tree(self.places, CLIENT, CHANGE, reach_of(self.places, CLIENT))
        plan = PLAN.model_copy(update={"tree_sha256": tree.sha256})
        objects.put(plan.to_bytes())
        scope, laid_down = self._laid_down(plan, objects.put(tree.to_bytes()))
        self.record(scope)
        if proven:
            self.prove()
        self.record(laid_down)
        return plan

    def _laid_down(self, plan: PlanDocument, tree_object: str) -> tuple[Body, Body]:
        scope, planned = laid_down()
        update = {
            "plan_object": plan.digest(),
            "tree_sha256": plan.tree_sha256,
            "tree_object": tree_object,
        }
        return scope, planned.model_copy(update=update)

    def prove(self, reached: str = "V6", *only: str) -> None:
        """A snapshot of each asset, or of some, and its proof."""
        for asset in SCOPE.assets:
            if only and asset.id not in only:
                continue
            taken = snapshot_of(asset)
            (digest,) = self.record(taken)
            self.record(verified(taken, digest, reached))


def empty_project(root: Path) -> Places:
    """A project with the template and no client."""
    for folder in ("roles/change_gate", "inventories/trust", "playbooks"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(REPOSITORY / "inventories" / "template", root / "inventories" / "template")
    shutil.copy(REPOSITORY / "ansible.cfg", root / "ansible.cfg")
    return Places(root)


def small_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime | None = None
) -> SmallChange:
    """Make the change and stand in its project; scope and plan are kept as objects.

    It is made at this moment unless another is given: the front door looks at the clock itself.
    """
    now = now or datetime.now(UTC).replace(microsecond=0)
    places = empty_project(tmp_path / "project")
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True)
    (folder / "scope.yml").write_text(to_yaml(scope_dict()))
    (folder / "update.yml").write_text("{}\n")
    keys = tmp_path / "keys"
    key = new_key(keys, "operator")
    places.trust(CLIENT).mkdir(parents=True)
    trust_key(places.trust(CLIENT), CLIENT, key, now=now - timedelta(days=1))
    for name in list(os.environ):
        if name.startswith("SLUIS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SLUIS_KEYS", str(keys))
    monkeypatch.chdir(places.root)
    made = SmallChange(places, key, keys, now)
    objects = ObjectStore(made.dossier)
    objects.put(SCOPE.to_bytes())
    objects.put(PLAN.to_bytes())
    return made
