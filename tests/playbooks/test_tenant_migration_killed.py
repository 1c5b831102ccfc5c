"""A move that is killed at every stage goes on where it was, and nothing is there twice."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest

from sluis.evidence.keys import load_key
from sluis.evidence.predicates import Check, Export, Handover, Step
from sluis.gate.steps import step_states
from sluis.rehearsal.lab import Lab
from support.migration import Migration, start_migration
from support.signed_change import ANSIBLE

PLAYBOOK = "playbooks/tenant_migration.yml"


@pytest.fixture
def migration(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migration]:
    with start_migration(lab, tmp_path_factory.mktemp("killed"), "MIG-9") as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_while_fetching_while_moving_and_in_the_last_pass(migration: Migration) -> None:
    change = migration.change
    kill_when(migration, "prepare", lambda: bool(change.view().of(Export)))
    well(migration, "prepare")
    change.sign()
    kill_when(migration, "apply", lambda: "started" in said(migration))
    judge_what_is_half_run(migration)
    well(migration, "apply")
    found = migration.outcome()
    assert found.state == "awaiting freeze", found.model_dump_json(indent=1)
    migration.freeze()
    late = migration.old.control.drives()[0]["id"]
    migration.old.control.add_file(late, "late.txt", b"It came late.")
    before = len(change.view().of(Export))
    kill_when(migration, "apply", lambda: len(change.view().of(Export)) > before)
    judge_what_is_half_run(migration)
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


def kill_when(migration: Migration, phase: str, moment: Callable[[], bool]) -> None:
    """Start a phase, and kill every process of it as soon as the moment is there."""
    change = migration.change
    process = subprocess.Popen(
        [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}", PLAYBOOK,
            "-e", f"change={change.change}", "-e", f"phase={phase}",
        ],
        cwd=change.root, env=change.environment(), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 300
        while not moment():
            assert process.poll() is None, f"{phase} ended before it could be killed"
            assert time.monotonic() < end, f"{phase} never came so far"
            time.sleep(0.05)
    finally:
        # Ansible's forks lead groups of their own, so each is looked for
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
    # what it had started on a worker goes on there to its end, as over any SSH connection
    end = time.monotonic() + 120
    while any_module_runs():
        assert time.monotonic() < end, "a module on a worker never ended"
        time.sleep(0.1)


def any_module_runs() -> bool:
    """Whether a module of ours is at work on a worker."""
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if "AnsiballZ_tenant_" in words or "AnsiballZ_asset_" in words:
            return True
    return False


def judge_what_is_half_run(migration: Migration) -> None:
    """The operator looked, and lets each step that has no end run again."""
    change = migration.change
    plan_object = migration.plan_object()
    for state in step_states(change.view(), plan_object).values():
        if state.state == "maybe half run":
            body = Step(
                step=state.step, host=state.host, state="judged", plan_object=plan_object,
                call_sha256=str(state.call_sha256), judgement="run again", detail="I looked.",
            )  # fmt: skip
            key = load_key(change.who.keys, None, None)
            change.ledger.append(body, key=key, now=migration.now())
