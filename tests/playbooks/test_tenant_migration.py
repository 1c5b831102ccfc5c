"""From one rehearsal tenant to another through the runbook: nothing goes missing unsigned."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.errors import RefusedError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.keys import load_key
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import (
    Check,
    Discovery,
    Export,
    Forecast,
    Handover,
    Plan,
    Refusal,
    Scope,
    Step,
    Told,
    Verification,
)
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.start import Tenant
from sluis.runbook.handover import hand_over
from sluis.runbook.run import OpenDossier
from support.asking import Asking
from support.front_door import sluis
from support.migration import I_DRIVE, OLD, Migration, people_of, start_migration


@pytest.fixture(scope="module")
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    folder = tmp_path_factory.mktemp("migration")
    with start_migration(lab, folder, client_moves=True) as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_case_B1_B2_B4_B5_B7_a_move_from_its_discovery_to_its_hand_over(
    migration: Migration,
) -> None:
    """One story, in order: each part needs what the one before it left."""
    before_anybody_starts_it_is_said_what_ends_too_soon(migration)
    a_source_that_the_scope_does_not_name_stops_the_run(migration)
    prepare_fetches_proves_and_plans(migration)
    unsigned_is_refused_and_nothing_is_in_the_new_tenant(migration)
    signed_it_moves_and_waits_for_the_freeze(migration)
    after_the_freeze_the_last_pass_goes_over_and_it_is_handed_over(migration)
    what_the_client_moves_itself_is_watched(migration)


def before_anybody_starts_it_is_said_what_ends_too_soon(migration: Migration) -> None:
    """Case B5: loudly, while there is time; and it is kept who could have known."""
    change = migration.change
    ids = change.who.client, change.change
    status, found = sluis(change, "forecast", *ids)
    assert (status, found["outcome"]) == (77, "too late"), found
    said = {line["asset"]: line for line in found["sources"]}
    assert said.keys() == {"drive-0", "drive-1", "i-drive"}
    assert said["drive-1"]["verdict"] == "too late"
    assert said["drive-1"]["margin_hours"] < 0 < said["drive-1"]["hours"]
    assert said["drive-0"]["verdict"] == said["i-drive"]["verdict"] == "no end date"
    assert said["i-drive"]["basis"] == "counted and measured now"
    assert said["i-drive"]["bytes"] == 2 * sum(map(len, I_DRIVE.values()))
    recorded = {line.asset: line for s in change.view().of(Forecast) for line in s.body.sources}
    assert recorded.keys() == said.keys()
    assert not change.view().of(Export)
    for worker in ("app1", "db1"):
        assert not migration.exports(worker).exists(), "a forecast leaves nothing there"
    ends = sluis(change, "status", *ids)[1]["ends"]
    assert [(line["asset"], line["forecast"]) for line in ends] == [("drive-1", "too late")]
    assert sluis(change, "forecast", *ids, "--told", "A. Client")[0] == 0
    (told,) = change.view().of(Told)
    assert (told.body.asset, told.body.about, told.body.who) == ("drive-1", "end date", "A. Client")
    assert "TOO LATE by" in told.body.words
    assert "Told: A. Client" in sluis(change, "status", *ids)[1]["ends"][0]["words"]


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
    assert len(exports) == len(drives) + 1
    each_worker_has_its_own(migration, exports)
    proofs = {s.body.asset: s.body for s in view.of(Verification)}
    assert {name: proof.reached for name, proof in proofs.items()} == dict.fromkeys(exports, "V6")
    assert view.latest(Plan) is not None
    planned = [step["step"] for step in status_of(migration)["steps"]]
    assert planned[:2] == ["landing-i-drive", "landing-h-drives"], "before anything is put there"
    assert sorted(planned[2:]) == [
        "finish-drive-0", "finish-drive-1", "import-drive-0", "import-drive-1",
    ]  # fmt: skip


def each_worker_has_its_own(migration: Migration, exports: dict[str, Export]) -> None:
    """Nobody said who fetches what: both got work, and each has the state of its own alone."""
    newest = migration.change.view().latest(Scope)
    assert newest is not None
    laid_down = newest.body
    hosts = {asset: body.machine.host for asset, body in exports.items()}
    assert hosts.pop("i-drive") == "app1", "as the scope says"
    assert laid_down.given == hosts
    assert set(laid_down.given.values()) == set(laid_down.workers) == {"app1", "db1"}
    for worker in laid_down.workers:
        states = migration.exports(worker).glob("*/*/state.sqlite")
        found = {path.relative_to(migration.exports(worker)).parts[0] for path in states}
        assert found - {"i-drive"} == {
            asset for asset, host in laid_down.given.items() if host == worker
        }


def unsigned_is_refused_and_nothing_is_in_the_new_tenant(migration: Migration) -> None:
    run = migration.run("-e", "phase=apply")
    assert run.returncode != 0
    assert "awaiting-signoff" in migration.change.refusals()
    assert not files_in(migration.new)
    assert not landing_folders(migration), "what was not signed was not made"


def signed_it_moves_and_waits_for_the_freeze(migration: Migration) -> None:
    """Everything is there and was compared; people may go on working in the old tenant."""
    change = migration.change
    change.sign()
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    view = change.view()
    done = {s.body.step for s in view.of(Step) if s.body.state == "done"}
    assert done == {"import-drive-0", "import-drive-1", "landing-i-drive", "landing-h-drives"}
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
    assert landing_folders(migration) == {"Own", "Own/H", "Own/I"}
    assert handover.body.landings.keys() == {"h-drives", "i-drive"}
    assert "i-drive is not all there, and is not ours to move" in handover.body.sentence


def what_the_client_moves_itself_is_watched(migration: Migration) -> None:
    """Case B4: what has arrived, what has not, how much since the last look, who was told."""
    change, control = migration.change, migration.new.control
    ids = change.who.client, change.change
    drive = control.drives()[0]["id"]
    assert rights_on(migration, "Own/I") == {(people_of(migration.new)[0], "write")}
    control.add_file(drive, "Own/I/Photos/a.jpg", I_DRIVE["Photos/a.jpg"])
    status, found = sluis(change, "landing", *ids)
    assert status == 75, found
    said = {line["asset"]: line for line in found["landings"]}
    assert (said["i-drive"]["state"], said["h-drives"]["state"]) == (
        "arriving", "nothing has arrived",
    )  # fmt: skip
    assert said["i-drive"]["missing"] == ["letter.txt"]
    assert (said["i-drive"]["files"], said["i-drive"]["new_files"]) == (1, 1)
    assert "Nobody was told; its owner is B. Client." in said["i-drive"]["words"]
    assert sluis(change, "landing", *ids, "--told", "B. Client", "--asset", "i-drive")[0] == 0
    told = change.view().of(Told)[-1]
    assert (told.body.asset, told.body.who) == ("i-drive", "B. Client")
    assert "1 of 2 are not there" in told.body.words
    control.add_file(drive, "Own/I/letter.txt", I_DRIVE["letter.txt"])
    for number in range(2):
        control.add_file(drive, f"Own/H/{number}.txt", b"12345")
    status, found = sluis(change, "landing", *ids)
    said = {line["asset"]: line for line in found["landings"]}
    assert (status, said["i-drive"]["state"]) == (75, "everything has arrived")
    assert said["h-drives"]["state"] == "not verified", "counts that fit are no proof"
    assert [one["who"] for one in said["i-drive"]["told"]] == ["B. Client"]
    with pytest.raises(RefusedError, match="landing folder of h-drives") as late:
        hand_over_at(migration, datetime.now(UTC) + timedelta(days=31))
    assert late.value.code == "not-complete"
    assert "i-drive" not in str(late.value)
    place = next(i["id"] for i in control.items(drive) if i["path"] == "Own/H")
    control.delete(drive, place)
    status, found = sluis(change, "landing", *ids)
    said = {line["asset"]: line for line in found["landings"]}
    assert (status, said["h-drives"]["state"]) == (1, "could not be looked at")
    assert "is not there any more" in said["h-drives"]["words"]
    with pytest.raises(RefusedError, match="h-drives: not looked at"):
        hand_over_at(migration, datetime.now(UTC))
    state = sluis(change, "status", *ids)
    assert (state[0], state[1]["state"]) == (0, "applied and verified")
    assert {line["asset"]: line["seen"] for line in state[1]["landings"]} == {
        "i-drive": True, "h-drives": False,
    }  # fmt: skip
    assert state[1]["ends"] == [], "what was handed over is fetched"
    assert sluis(change, "verify", str(change.dossier))[1]["holds"] is True


def hand_over_at(migration: Migration, moment: datetime) -> None:
    """Try to hand over again, by a clock of its own."""
    change = migration.change
    anchors = load_anchors(change.who.places.trust(change.who.client), change.who.client)
    dossier = OpenDossier(
        change.dossier, change.ledger, ObjectStore(change.dossier), anchors,
        load_key(change.who.keys, None, None),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sluis.runbook.handover.now", lambda: moment)
        hand_over(dossier)


def status_of(migration: Migration) -> dict[str, Any]:
    change = migration.change
    return sluis(change, "status", change.who.client, change.change)[1]


def landing_folders(migration: Migration) -> set[str]:
    """What lies where the client is to put things."""
    control = migration.new.control
    paths = {item["path"] for one in control.drives() for item in control.items(one["id"])}
    return {path for path in paths if path.split("/")[0] == "Own"}


def rights_on(migration: Migration, path: str) -> set[tuple[str, str]]:
    """Who was given which right on a folder of the new tenant's first drive itself."""
    control = migration.new.control
    drive = control.drives()[0]["id"]
    item = next(i["id"] for i in control.items(drive) if i["path"] == path)
    place = f"/drives/{drive}/items/{item}/permissions"
    found = Asking(migration.new).json("GET", place)["value"]
    return {
        (one["grantedToV2"]["user"]["email"], one["roles"][0])
        for one in found
        if "inheritedFrom" not in one and "user" in one.get("grantedToV2", {})
    }


def listed_anew(migration: Migration) -> set[tuple[int, int]]:
    """Of every pass over the first drive its number, and whether all was listed."""
    (state,) = migration.exports(worker_of(migration, "drive-0")).glob("drive-0/*/state.sqlite")
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        return set(database.execute("SELECT number, full FROM passes"))


@pytest.mark.slow
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
