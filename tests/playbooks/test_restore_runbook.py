"""The way back survives a killed controller, and nothing restores outside a guarded step."""

from __future__ import annotations

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
from sluis.rehearsal.lab import Lab
from support.signed_change import ANSIBLE, LabChange, new_change

UNGUARDED = """\
- name: Somebody's own playbook
  hosts: db1
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: restore_asset}  # so that its modules are known
      when: false
    - asset_swap:
        asset: incoming
        which: before this change
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of one's own: these tests change its data."""
    with Lab() as running:
        yield running


def apply_and_kill(change: LabChange, check: str) -> None:
    """Apply, and kill the controller and all its children once ``check`` is in the ledger."""
    said = change.root.with_name("apply.log")
    process = subprocess.Popen(
        [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}",
            "playbooks/update.yml", "-e", f"change={change.change}", "-e", "phase=apply",
        ],
        cwd=change.root, env=change.environment(), stdin=subprocess.DEVNULL,
        stdout=said.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not change.view().latest(Check, lambda item: item.body.check == check):
        assert process.poll() is None, said.read_text()
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


def spoiling_steps(notes: Path) -> list[dict[str, object]]:
    """An update that spoils a file and then fails."""
    return [
        {
            "step": "spoil", "words": "Tidy what came in", "hosts": "db1",
            "module": "ansible.builtin.copy",
            "args": {"content": "spoiled\n", "dest": str(notes), "mode": "0644"},
        },
        {
            "step": "install", "words": "Install the new version", "hosts": "db1",
            "module": "ansible.builtin.command", "args": {"argv": ["false"]},
        },
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_case_A6_A7_a_way_back_that_is_killed_goes_on(lab: Lab, tmp_path: Path) -> None:
    notes = lab.hosts["db1"].folder / "incoming" / "notes.txt"
    change = new_change(
        lab, tmp_path / "project", "CHG-BACK", software_update_steps=spoiling_steps(notes)
    )
    good = notes.read_text()
    prepared = change.playbook("-e", "phase=prepare")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    change.sign()
    apply_and_kill(change, "compare-incoming")

    # Half way back: nothing was swapped yet, and nobody can swap outside a guarded step.
    assert notes.read_text() == "spoiled\n"
    own = change.root / "playbooks" / "own.yml"
    own.write_text(UNGUARDED)
    done = change.playbook(playbook="playbooks/own.yml")
    assert done.returncode != 0
    assert "not-guarded" in done.stdout, done.stdout + done.stderr
    assert notes.read_text() == "spoiled\n"
    own.unlink()

    if judge_half_run(change):
        assert notes.read_text() == "spoiled\n"
    resumed = change.playbook("-e", "phase=apply")
    assert notes.read_text() == good, resumed.stdout + resumed.stderr
    handover = change.view().latest(Handover)
    assert handover is not None
    assert handover.body.result == "failed and restored"
    kept = handover.body.quarantine["swap-incoming on db1"]
    assert Path(kept, "notes.txt").read_text() == "spoiled\n"
    compared = [item for item in change.view().of(Check) if item.body.check == "compare-incoming"]
    assert compared[-1].body.passed is True

    # Once closed, applying again touches nothing, not even with a snapshot.
    statements = len(change.view().statements)
    again = change.playbook("-e", "phase=apply")
    assert again.returncode != 0
    added = change.view().statements[statements:]
    assert {type(item.body) for item in added} <= {Refusal}, [item.kind for item in added]
