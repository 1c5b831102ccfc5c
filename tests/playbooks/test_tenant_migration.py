"""From one rehearsal tenant to another through the runbook: nothing goes missing unsigned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sluis.evidence.predicates import (
    Check,
    Discovery,
    Export,
    Handover,
    Plan,
    Verification,
)
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.tenant.start import Tenant
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


def test_case_B2_unsigned_is_refused_and_nothing_is_in_the_new_tenant(migration: Migration) -> None:
    run = migration.run("-e", "phase=apply")
    assert run.returncode != 0
    assert "awaiting-signoff" in migration.change.refusals()
    assert not files_in(migration.new)


def test_signed_it_moves_is_compared_and_handed_over(migration: Migration) -> None:
    drive = migration.old.control.drives()[0]["id"]
    migration.old.control.add_file(drive, "late.txt", b"It came after the signature.")
    migration.change.sign()
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    view = migration.change.view()
    checks = {s.body.check: s.body for s in view.of(Check)}
    assert checks.keys() == {"reconcile-drive-0", "reconcile-drive-1"}
    assert all(body.passed for body in checks.values())
    handover = view.latest(Handover)
    assert handover is not None
    assert handover.body.result == "applied"
    moved = {item["name"]: item for item in files_in(migration.new)}
    expected = [
        item
        for one in migration.old.control.drives()
        for item in files_in(migration.old, one["id"])
    ]
    assert len(moved) >= len({item["name"] for item in expected})
    assert "late.txt" in moved, "the last pass fetches what came after the signature"


def files_in(tenant: Tenant, drive: str | None = None) -> list[dict[str, Any]]:
    """All files of a tenant, or of one of its drives."""
    drives = [drive] if drive else [one["id"] for one in tenant.control.drives()]
    return [
        item
        for one in drives
        for item in tenant.control.items(one)
        if item.get("type", "file") == "file" and "folder" not in item
    ]
