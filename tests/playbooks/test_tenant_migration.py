"""From one rehearsal tenant to another through the runbook: nothing goes missing unsigned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.evidence.predicates import Discovery, Export, Plan, Verification
from sluis.rehearsal.lab import Lab
from support.migration import Migration, start_migration


@pytest.fixture(scope="module")
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    with start_migration(lab, tmp_path_factory.mktemp("migration")) as started:
        yield started


def test_prepare_fetches_proves_and_plans(migration: Migration) -> None:
    run = migration.run("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    view = migration.change.view()
    drives = {item["id"] for item in migration.old.control.drives()}
    found = {
        one["drive_id"] for s in view.of(Discovery) for one in s.body.found if "drive_id" in one
    }
    assert drives <= found
    exports = {s.body.asset: s.body for s in view.of(Export)}
    assert len(exports) == len(drives)
    proofs = {s.body.asset: s.body for s in view.of(Verification)}
    assert {name: proof.reached for name, proof in proofs.items()} == dict.fromkeys(exports, "V6")
    assert view.latest(Plan) is not None
