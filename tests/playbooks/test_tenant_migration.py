"""From one rehearsal tenant to another through the runbook: nothing goes missing unsigned."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.evidence.predicates import (
    Check,
    Discovery,
    Export,
    Handover,
    Plan,
    Refusal,
    Scope,
    Step,
    Verification,
)
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.start import Tenant
from support.migration import OLD, Migration, start_migration


@pytest.fixture(scope="module")
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    with start_migration(lab, tmp_path_factory.mktemp("migration")) as started:
        yield started


@pytest.mark.timeout(600)
def test_case_B1_B2_B7_a_move_from_its_discovery_to_its_hand_over(migration: Migration) -> None:
    """One story, in order: each part needs what the one before it left."""
    a_source_that_the_scope_does_not_name_stops_the_run(migration)
    prepare_fetches_proves_and_plans(migration)
    unsigned_is_refused_and_nothing_is_in_the_new_tenant(migration)
    signed_it_moves_and_waits_for_the_freeze(migration)
    after_the_freeze_the_last_pass_goes_over_and_it_is_handed_over(migration)


def a_source_that_the_scope_does_not_name_stops_the_run(migration: Migration) -> None:
    whole = migration.scope.read_bytes()
    scope = yaml.safe_load(whole)
    left_out = scope["assets"].pop(1)
    scope["risks"] = [risk for risk in scope["risks"] if risk["asset"] != left_out["id"]]
    write_yaml(migration.scope, scope)
    try:
        run = migration.run("-e", "phase=prepare")
    finally:
        migration.scope.write_bytes(whole)
    assert run.returncode != 0
    (refused,) = migration.change.view().of(Refusal)
    (reason,) = refused.body.reasons
    assert (reason.code, left_out["origin"]["drive"] in reason.remedy) == (
        "source-not-in-scope", True,
    )  # fmt: skip
    assert not migration.change.view().of(Export)
    assert not migration.change.view().of(Plan)


def prepare_fetches_proves_and_plans(migration: Migration) -> None:
    run = migration.run("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    view = migration.change.view()
    drives = {item["id"] for item in migration.old.control.drives()}
    found = {
        one["drive_id"] for s in view.of(Discovery) for one in s.body.found if "drive_id" in one
    }
    assert drives <= found
    discovered = view.latest(Discovery, lambda s: bool(s.body.not_verified))
    assert discovered is not None
    assert any("audit log" in said for said in discovered.body.not_verified)
    exports = {s.body.asset: s.body for s in view.of(Export)}
    assert len(exports) == len(drives)
    each_worker_has_its_own(migration, exports)
    proofs = {s.body.asset: s.body for s in view.of(Verification)}
    assert {name: proof.reached for name, proof in proofs.items()} == dict.fromkeys(exports, "V6")
    assert view.latest(Plan) is not None


def each_worker_has_its_own(migration: Migration, exports: dict[str, Export]) -> None:
    """Nobody said who fetches what: both got work, and each has the state of its own alone."""
    newest = migration.change.view().latest(Scope)
    assert newest is not None
    laid_down = newest.body
    assert laid_down.given == {asset: body.machine.host for asset, body in exports.items()}
    assert set(laid_down.given.values()) == set(laid_down.workers) == {"app1", "db1"}
    for worker in laid_down.workers:
        states = migration.exports(worker).glob("*/*/state.sqlite")
        found = {path.relative_to(migration.exports(worker)).parts[0] for path in states}
        assert found == {asset for asset, host in laid_down.given.items() if host == worker}


def unsigned_is_refused_and_nothing_is_in_the_new_tenant(migration: Migration) -> None:
    run = migration.run("-e", "phase=apply")
    assert run.returncode != 0
    assert "awaiting-signoff" in migration.change.refusals()
    assert not files_in(migration.new)


def signed_it_moves_and_waits_for_the_freeze(migration: Migration) -> None:
    """Everything is there and was compared; people may go on working in the old tenant."""
    change = migration.change
    change.sign()
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    view = change.view()
    done = {s.body.step for s in view.of(Step) if s.body.state == "done"}
    assert done == {"import-drive-0", "import-drive-1"}
    assert all(s.body.passed for s in view.of(Check))
    assert {s.body.check for s in view.of(Check)} == {"reconcile-drive-0", "reconcile-drive-1"}
    assert view.latest(Handover) is None
    assert not {s.body.pass_number for s in view.of(Export)} - {1}, "no pass before the freeze"
    found = migration.outcome()
    assert (found.state, found.exit_status) == ("awaiting freeze", 75)
    assert "sluis freeze" in found.next


def after_the_freeze_the_last_pass_goes_over_and_it_is_handed_over(migration: Migration) -> None:
    """A file is changed on the worker, one is removed at the source, and one comes late."""
    kept = migration.exports(worker_of(migration, "drive-0"))
    stored = next(p for p in kept.glob("drive-0/*/content/**/*") if is_big(p))
    was, times = stored.read_bytes(), stored.stat()
    tampered = bytes([was[0] ^ 1]) + was[1:]
    stored.write_bytes(tampered)
    os.utime(stored, ns=(times.st_atime_ns, times.st_mtime_ns))
    drive = migration.old.control.drives()[0]["id"]
    removed = next(one for one in files_in(migration.old, drive) if one["path"] != stored.name)
    migration.old.control.delete(drive, removed["id"])
    migration.freeze()
    migration.old.control.add_file(drive, "late.txt", b"It came after the freeze.")
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    view = migration.change.view()
    passes = [s.body for s in view.of(Export) if s.body.asset == "drive-0"]
    assert any("damaged on disk" in line for line in passes[-1].warnings)
    assert any("late.txt: written after the freeze" in line for line in passes[-1].warnings)
    assert listed_anew(migration) == {(1, 1), (2, 1)}, "some deletions are told to nobody"
    last = {s.body.check: s for s in view.of(Check)}
    assert all(s.body.passed for s in last.values())
    # the file, and the folder that it was set aside in
    assert "2 removed at the source" in last["reconcile-drive-0"].body.detail
    assert "every byte" in last["reconcile-drive-0"].body.detail
    handover = view.latest(Handover)
    assert handover is not None
    assert handover.body.result == "applied"
    assert migration.outcome().state == "applied and verified"
    moved = {item["name"]: item for item in files_in(migration.new)}
    expected = [
        item
        for one in migration.old.control.drives()
        for item in files_in(migration.old, one["id"])
    ]
    assert len(moved) >= len({item["name"] for item in expected})
    assert "late.txt" in moved, "what came after the freeze goes over, and is told"
    aside = [item["path"] for item in moved.values() if "Removed at the source/" in item["path"]]
    assert len(aside) == 1, "what was removed is set aside, as signed"
    for one in migration.new.control.drives():
        for item in files_in(migration.new, one["id"]):
            assert migration.new.control.bytes_of(one["id"], item["id"]) != tampered


def listed_anew(migration: Migration) -> set[tuple[int, int]]:
    """Of every pass over the first drive its number, and whether all was listed."""
    (state,) = migration.exports(worker_of(migration, "drive-0")).glob("drive-0/*/state.sqlite")
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        return set(database.execute("SELECT number, full FROM passes"))


@pytest.mark.timeout(300)
def test_without_workers_the_controller_fetches(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It fetches, and plans. Here the store is on it as well, and that is said: no V6."""
    folder = tmp_path_factory.mktemp("alone")
    small = Settings(
        seed=9, tenant_name="old", population=replace(OLD, sites=0, items_per_drive=3)
    )  # fmt: skip
    with start_migration(lab, folder, "MIG-8", old=small, workers=None) as migration:
        run = migration.run("-e", "phase=prepare")
        view = migration.change.view()
        newest = view.latest(Scope)
        assert newest is not None
        assert newest.body.workers == ("localhost",)
        exports = {s.body.asset: s.body for s in view.of(Export)}
        assert exports.keys() == newest.body.given.keys() != set()
        assert {body.machine.target for body in exports.values()} == {"local://"}
        assert all(body.complete and body.items for body in exports.values())
        assert run.returncode == 0, run.stdout + run.stderr
        planned = view.latest(Plan)
        assert planned is not None
        assert planned.body.hosts == ("localhost",)
        proofs = {s.body.asset: s.body for s in view.of(Verification)}
        assert {name: proof.reached for name, proof in proofs.items()} == dict.fromkeys(
            exports, "V5"
        )
        for proof in proofs.values():
            (last,) = (level for level in proof.levels if level.level == "V6")
            assert "the machine itself" in last.detail


def worker_of(migration: Migration, asset: str) -> str:
    """The one worker that fetched an asset, in every pass."""
    exports = migration.change.view().of(Export)
    (worker,) = {s.body.machine.host for s in exports if s.body.asset == asset}
    return worker


def is_big(path: Path) -> bool:
    """Whether it is a file with bytes to change."""
    return path.is_file() and path.stat().st_size > 100


def files_in(tenant: Tenant, drive: str | None = None) -> list[dict[str, Any]]:
    """All files of a tenant, or of one of its drives."""
    drives = [drive] if drive else [one["id"] for one in tenant.control.drives()]
    return [
        item
        for one in drives
        for item in tenant.control.items(one)
        if item.get("type", "file") == "file" and "folder" not in item
    ]
