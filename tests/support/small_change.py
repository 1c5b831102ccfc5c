"""A project on disk with a real key, real trust anchors and a real ledger; no hosts."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import OperatorKey, new_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Body
from sluis.places import Places
from support.outcomes import PLAN, SCOPE
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


def empty_project(root: Path) -> Places:
    """A project with the template and no client."""
    for folder in ("roles/change_gate", "inventories/trust", "playbooks"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(REPOSITORY / "inventories" / "template", root / "inventories" / "template")
    shutil.copy(REPOSITORY / "ansible.cfg", root / "ansible.cfg")
    return Places(root)


def small_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> SmallChange:
    """Make the change and stand in its project; scope and plan are kept as objects."""
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
