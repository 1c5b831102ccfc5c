"""One asset of one change, taken and proven by the code that the role runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.restores import HOST_ADDRESS, PLACE, Repository, call
from sluis.border.verbs.asset_snapshot import ASSET_SNAPSHOT
from sluis.border.verbs.asset_store import ASSET_STORE
from sluis.border.verbs.asset_store import Request as StoreRequest
from sluis.border.verbs.asset_verify import ASSET_VERIFY
from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import OperatorKey, new_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Machine, Verification
from sluis.manifest import loads
from sluis.places import Places
from sluis.runbook.run import OpenDossier, Run
from sluis.runbook.snapshot_proving import prove_snapshots
from sluis.runbook.snapshot_settings import SnapshotSettings, read_settings
from sluis.runbook.snapshot_taking import Source, take_snapshots
from support.scopes import CLIENT, LETTERS, SCOPE, to_yaml

_HOST = "h1"


@dataclass(frozen=True)
class OneAsset:
    """A project with one client, one change and one asset in its scope.

    Args:
        root: the project, in a new folder.
        key: of the operator.
        connection: how a database is reached.
    """

    root: Path
    key: OperatorKey
    connection: Mapping[str, Any]

    def change(self, name: str) -> AssetChange:
        """A fresh change, with a dossier of its own."""
        places = Places(self.root)
        folder = places.change(CLIENT, name)
        shutil.copytree(places.change(CLIENT, "TEMPLATE"), folder)
        scope = folder / "scope.yml"
        scope.write_text(scope.read_text().replace("TEMPLATE", name))
        return AssetChange(self, name)


@dataclass(frozen=True)
class AssetChange:
    """One change of that asset: its snapshot, and the proof of it."""

    asset: OneAsset
    name: str

    def take(self, repository: Repository, home: Path) -> None:
        """Make the snapshot and record it."""
        run, dossier = self._run(), self._dossier()
        source = Source(_HOST, f"ssh://ops@{HOST_ADDRESS}:22", HOST_ADDRESS)
        take_snapshots(
            run, dossier, source, self._settings(repository), "prepare",
            partial(call, ASSET_SNAPSHOT, home),
        )  # fmt: skip

    def prove(self, repository: Repository, home: Path) -> None:
        """Have it proven, judge the answer, and record that."""
        verifier = Machine(host="localhost", target="local://")
        prove_snapshots(
            self._run(), self._dossier(), _HOST, verifier, self._settings(repository),
            partial(call, ASSET_VERIFY, home),
        )  # fmt: skip

    def prepare_store(self, repository: Repository, home: Path) -> None:
        """Make the repository, as is done once for each store."""
        settings = self._settings(repository)
        call(ASSET_STORE, home, StoreRequest(settings.store), settings.for_store())

    def verification(self) -> Verification:
        """What was proven."""
        view = self._dossier().ledger.read(datetime.now(UTC))
        if view.problems:
            raise RuntimeError(f"the ledger does not hold: {view.problems[0].sentence}")
        found = view.latest(Verification)
        if found is None:
            raise RuntimeError("nothing was verified")
        return found.body

    def files_restored(self) -> int:
        """How many files of the restored copy have a digest, by its own manifest."""
        digest = self.verification().restored_manifest_object
        if digest is None:
            raise RuntimeError("nothing was restored")
        entries = loads(self._dossier().objects.get(digest)).entries.values()
        return sum(entry.type == "file" and entry.sha256 is not None for entry in entries)

    @property
    def folder(self) -> Path:
        """The dossier's folder."""
        return self._run().dossier

    def _run(self) -> Run:
        return Run(
            places=Places(self.asset.root), client=CLIENT, change=self.name, phase="prepare",
            playbook="update.yml", hosts=(_HOST,), objections=(),
        )  # fmt: skip

    def _dossier(self) -> OpenDossier:
        run = self._run()
        anchors = load_anchors(run.places.trust(CLIENT), CLIENT)
        ledger = Ledger(run.dossier, anchors, CLIENT, self.name)
        return OpenDossier(run.dossier, ledger, ObjectStore(run.dossier), anchors, self.asset.key)

    def _settings(self, repository: Repository) -> SnapshotSettings:
        return read_settings(
            {
                "snapshot_and_verify_store": repository.store,
                "snapshot_and_verify_store_secrets": repository.secrets,
                "snapshot_and_verify_connections": {"the-asset": dict(self.asset.connection)},
            },
            _AsWritten(),
        )


class _AsWritten:
    """There are no templates in these settings."""

    def template(self, variable: Any) -> Any:
        return variable


def one_asset(
    root: Path, kind: str, location: str, connection: Mapping[str, Any] | None = None
) -> OneAsset:
    """Make the project. ``location`` is a folder or the name of a database."""
    places = Places(root)
    folder = places.change(CLIENT, "TEMPLATE")
    folder.mkdir(parents=True)
    asset = {
        **LETTERS, "id": "the-asset", "host": _HOST, "kind": kind, "location": location,
        "criticality": "normal", "data_class": "ordinary", "allowed_locations": [PLACE],
    }  # fmt: skip
    del asset["exclude"]
    risk = {**SCOPE["risks"][1], "asset": "the-asset"}
    scope = {**SCOPE, "change": "TEMPLATE", "assets": [asset], "risks": [risk]}
    (folder / "scope.yml").write_text("---\n" + to_yaml(scope))
    key = new_key(root / "keys", "operator")
    trust_key(places.trust(CLIENT), CLIENT, key, now=datetime.now(UTC) - timedelta(hours=1))
    return OneAsset(root, key, connection or {})
