"""A move that is killed at every stage goes on where it was, and nothing is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from sluis.evidence.predicates import Check, Export, Handover, Step
from sluis.rehearsal.lab import Lab
from support.killed import judge_half_run, kill_when
from support.migration import Migration, start_migration

PLAYBOOK = "playbooks/tenant_migration.yml"


@pytest.fixture
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    with start_migration(lab, tmp_path_factory.mktemp("killed"), "MIG-9") as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_while_fetching_while_moving_and_in_the_last_pass(migration: Migration) -> None:
    change = migration.change
    killed = partial(kill_when, change, playbook=PLAYBOOK)
    killed("prepare", lambda: bool(change.view().of(Export)))
    well(migration, "prepare")
    change.sign()
    killed("apply", lambda: "started" in said(migration))
    judge_half_run(change)
    well(migration, "apply")
    found = migration.outcome()
    assert found.state == "awaiting freeze", found.model_dump_json(indent=1)
    migration.freeze()
    late = migration.old.control.drives()[0]["id"]
    migration.old.control.add_file(late, "late.txt", b"It came late.")
    before = len(change.view().of(Export))
    killed("apply", lambda: len(change.view().of(Export)) > before)
    judge_half_run(change)
    well(migration, "apply")
    view = change.view()
    assert {s.body.check: s.body.passed for s in view.of(Check)} == {
        "reconcile-drive-0": True, "reconcile-drive-1": True,
    }  # fmt: skip
    handover = view.latest(Handover)
    assert handover is not None
    assert handover.body.result == "applied"
    assert migration.outcome().state == "applied and verified"
    places = Counter(
        (drive["id"], item["path"])
        for drive in migration.new.control.drives()
        for item in migration.new.control.items(drive["id"])
    )
    assert sum("late.txt" in path for _, path in places) == 1
    assert not [place for place, count in places.items() if count > 1]


def well(migration: Migration, phase: str) -> None:
    run = migration.run("-e", f"phase={phase}")
    assert run.returncode == 0, run.stdout + run.stderr


def said(migration: Migration) -> set[str]:
    """What was recorded of steps so far."""
    return {s.body.state for s in migration.change.view().of(Step)}
