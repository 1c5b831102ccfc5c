"""The way back survives a killed controller, and nothing restores outside a guarded step."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from sluis.evidence.keys import load_key
from sluis.evidence.predicates import Check, Handover, Plan, Refusal, Step
from sluis.gate.steps import step_states
from sluis.rehearsal.fingerprint import fingerprint
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.vendor import write_update
from support.signed_change import ANSIBLE, LabChange, new_change

#: what a snapshot leaves in a folder or a database
NONCE = (".sluis-nonce", "sluis_nonce")
UNGUARDED = """\
- name: Somebody's own playbook
  hosts: app1
  gather_facts: false
  roles: []
  tasks:
    - ansible.builtin.include_role: {name: restore_asset, tasks_from: nothing}
    - asset_swap:
        asset: documents
        which: before this change
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of one's own: these tests change its data."""
    with Lab() as running:
        yield running


def apply_and_kill(change: LabChange, check: str) -> None:
    """Apply, and kill the controller and all its children once ``check`` is in the ledger."""
    process = subprocess.Popen(
        [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}",
            "playbooks/update.yml", "-e", f"change={change.change}", "-e", "phase=apply",
        ],
        cwd=change.root, env=change.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not change.view().latest(Check, lambda item: item.body.check == check):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()
    process.wait()
    # What the hosts were told before the kill, they may still be doing.
    while any(
        "AnsiballZ_asset" in " ".join(p.info["cmdline"] or [])
        for p in psutil.process_iter(["cmdline"])
    ):
        time.sleep(0.2)


def judge_half_run(change: LabChange) -> list[str]:
    """Say of every step that may have half run: run it again. As ``sluis judge`` does."""
    view = change.view()
    plan = view.latest(Plan)
    assert plan is not None
    half = [
        state
        for state in step_states(view, plan.body.plan_object).values()
        if state.state == "maybe half run"
    ]
    for state in half:
        change.ledger.append(
            Step(
                step=state.step, host=state.host, state="judged", judgement="run again",
                plan_object=plan.body.plan_object, call_sha256=state.call_sha256,
            ),
            key=load_key(change.who.keys, None, None),
            now=datetime.now(UTC).replace(microsecond=0),
        )  # fmt: skip
    return [state.step for state in half]


@pytest.mark.slow
def test_case_A6_A7_a_way_back_that_is_killed_goes_on(lab: Lab, tmp_path: Path) -> None:
    change = new_change(lab, tmp_path / "project", "CHG-BACK")
    write_update(lab, change.who, change.change, "5.2")
    prepared = change.playbook("-e", "phase=prepare")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    before = fingerprint(lab)
    change.sign()
    apply_and_kill(change, "compare-documents")

    # Half way back: nothing was swapped yet, and nobody can swap outside a guarded step.
    broken = fingerprint(lab)
    foreign = change.root / "playbooks" / "own.yml"
    foreign.write_text(UNGUARDED)
    nothing = change.root / "roles" / "restore_asset" / "tasks" / "nothing.yml"
    nothing.write_text("---\n")
    done = change.playbook(playbook="playbooks/own.yml")
    assert done.returncode != 0
    assert "not-guarded" in done.stdout, done.stdout + done.stderr
    assert broken.differences(fingerprint(lab)) == []
    foreign.unlink()
    nothing.unlink()

    change.playbook("-e", "phase=apply")  # stops at what may have half run, if anything may
    judge_half_run(change)
    resumed = change.playbook("-e", "phase=apply")
    left = [d for d in before.differences(fingerprint(lab)) if not d.endswith(NONCE)]
    assert left == [], resumed.stdout + resumed.stderr
    assert lab.health()["version"] == "5.0"
    handover = change.view().latest(Handover)
    assert handover is not None
    assert handover.body.result == "failed and restored"
    restores = [
        (item.body.step, item.body.state)
        for item in change.view().of(Step)
        if item.body.step == "restore-documents"
    ]
    assert restores == [("restore-documents", "started"), ("restore-documents", "done")] or (
        restores.count(("restore-documents", "started")) == 2
    ), "a step that was done is not done again"
    assert all(item.body.passed for item in change.view().of(Check) if "-" in item.body.check)

    # Once closed, applying again touches nothing, not even with a snapshot.
    statements = len(change.view().statements)
    again = change.playbook("-e", "phase=apply")
    assert again.returncode != 0
    added = change.view().statements[statements:]
    assert {type(item.body) for item in added} <= {Refusal}, json.dumps(
        [item.kind for item in added]
    )
