"""What stays behind in a move is read and signed by name; more than that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Behind, Handover, Plan, Refusal, Step
from sluis.plan.behind import BehindList
from sluis.plan.model import PlanDocument
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.settings import Settings
from support.front_door import sluis
from support.migration import OLD, Migration, start_migration

#: a name that no rule of this scope makes one that the new tenant takes
REFUSED = "CON"


@pytest.fixture(scope="module")
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    """One drive, in which the service found malware in one file: it cannot be had."""
    folder = tmp_path_factory.mktemp("behind")
    people = replace(OLD, sites=0, items_per_drive=4, malware=1)
    old = Settings(seed=11, tenant_name="old", population=people)
    with start_migration(lab, folder, "MIG-9", old=old, workers=None) as started:
        scope = yaml.safe_load(started.scope.read_text())
        for asset in scope["assets"]:
            if "origin" in asset:
                # of a drive with a file that cannot be had no more than this is proven
                asset["criticality"] = "low"
                del asset["disposition"]["into"]["names"]["reserved"]
                asset["disposition"]["into"]["leave_out"] = ["could-not-be-had", "name-refused"]
        write_yaml(started.scope, scope)
        yield started


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_M1_what_stays_behind_is_signed_by_name_and_no_more_than_that_does(
    migration: Migration,
) -> None:
    """One story, in order: each part needs what the one before it left."""
    infected = the_text_names_the_file_that_cannot_be_had(migration)
    signed_it_moves(migration)
    when_less_stays_behind_the_signature_stands(migration, infected)
    a_file_that_nobody_signed_for_is_refused_by_name(migration)
    read_and_signed_anew_it_is_handed_over(migration)
    applied_once_more_it_was_handed_over_before(migration)


def the_text_names_the_file_that_cannot_be_had(migration: Migration) -> str:
    prepare(migration)
    (listed,) = lists_of(migration)
    (one,) = listed.items
    assert one.why == "could-not-be-had"
    text = form(migration)
    assert "Drive 0: 1 file or folder does not move. Below it says which." in text
    assert f"These we could not fetch: - {one.path}" in text
    assert f"Drive 0: 1 file or folder does not move: {one.path}. Do you know that?" in text
    assert f"- {one.path}: we could not fetch it" in text, "the technical details"
    assert listed.digest() in text
    return one.path


def signed_it_moves(migration: Migration) -> None:
    migration.change.sign()
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert migration.outcome().state == "awaiting freeze"


def when_less_stays_behind_the_signature_stands(migration: Migration, infected: str) -> None:
    """Its owner threw the infected file away; who signed for more need not sign again."""
    control, signed = migration.old.control, migration.plan_object()
    drive = control.drives()[0]["id"]
    item = next(one["id"] for one in control.items(drive) if one["path"] == infected)
    control.delete(drive, item)
    prepare(migration)
    newest = migration.change.view().latest(Behind)
    assert newest is not None
    objects = ObjectStore(migration.change.dossier)
    left = BehindList.from_bytes(objects.get(newest.body.list_object))
    # that fewer came than the scope counts is still told, and nobody signs anew for one file
    assert {one.about for one in left.items} == {"count"}
    assert migration.plan_object() == signed
    assert migration.outcome().state == "awaiting freeze"


def a_file_that_nobody_signed_for_is_refused_by_name(migration: Migration) -> None:
    migration.freeze()
    drive = migration.old.control.drives()[0]["id"]
    migration.old.control.add_file(drive, REFUSED, b"It came late, and cannot go over.")
    migration.old.control.add_file(drive, "late.txt", b"It came late, and can.")
    run = migration.run("-e", "phase=apply")
    assert run.returncode != 0
    assert "more-stays-behind" in migration.change.refusals()
    assert f"{REFUSED} (name-refused)" in run.stdout
    view = migration.change.view()
    assert "finish-drive-0" not in {item.body.step for item in view.of(Step)}
    assert view.latest(Handover) is None
    new = migration.new.control
    names = {item["name"] for one in new.drives() for item in new.items(one["id"])}
    assert not {REFUSED, "late.txt"} & names, "nothing of that pass went over"


def read_and_signed_anew_it_is_handed_over(migration: Migration) -> None:
    change, before = migration.change, migration.plan_object()
    prepare(migration)
    assert migration.plan_object() != before
    assert migration.outcome().state == "awaiting sign-off"
    assert f"These have a name that is not allowed there: - {REFUSED}" in form(migration)
    change.sign()
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert migration.outcome().state == "applied and verified"
    assert sluis(change, "verify", str(change.dossier))[1]["holds"] is True


def applied_once_more_it_was_handed_over_before(migration: Migration) -> None:
    """Newcomer, 14: of what is done nobody reads that it was refused, or that it failed."""
    change, before = migration.change, len(migration.change.view().of(Refusal))
    run = migration.run("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "This change was handed over before. Nothing was done now." in run.stdout
    assert "fatal" not in run.stdout
    status, found = sluis(change, "apply", change.who.client, change.change)
    assert (status, found["state"], found["refusals"]) == (0, "applied and verified", [])
    assert found["run"]["errors"] == []
    assert len(migration.change.view().of(Refusal)) == before


def prepare(migration: Migration) -> None:
    run = migration.run("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr


def form(migration: Migration) -> str:
    """What a client who is elsewhere is sent, in one line."""
    change = migration.change
    folder = change.root / "of-the-client"
    before = set(folder.glob("*.txt"))
    asked = sluis(change, "request", change.who.client, change.change, "--output", str(folder))
    assert asked[0] == 0, asked
    (written,) = set(folder.glob("*.txt")) - before
    return " ".join(Path(written).read_text().split())


def lists_of(migration: Migration) -> list[BehindList]:
    """What the newest plan says of each source that does not all go over."""
    objects = ObjectStore(migration.change.dossier)
    newest = migration.change.view().latest(Plan)
    assert newest is not None
    plan = PlanDocument.model_validate_json(objects.get(newest.body.plan_object))
    assert len(plan.behind) == 1
    return [BehindList.from_bytes(objects.get(one.list_sha256)) for one in plan.behind]
