"""The way back survives a killed controller, and nothing restores outside a guarded step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.evidence.predicates import Check, Handover, Refusal
from sluis.rehearsal.lab import Lab
from support.killed import judge_half_run, kill_when
from support.signed_change import new_change

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


def spoiling_steps(notes: Path) -> list[dict[str, object]]:
    """An update that spoils a file and then fails."""
    return [
        {
            "step": "spoil", "words": "Tidy what came in", "hosts": "db1",
            "module": "ansible.builtin.copy",
            "args": {"content": "spoiled\n", "dest": str(notes), "mode": "0644"},
            "inside": ["incoming"],
        },
        {
            "step": "install", "words": "Install the new version", "hosts": "db1",
            "module": "ansible.builtin.command", "args": {"argv": ["false"]},
            "inside": ["incoming"],
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
    kill_when(
        change,
        "apply",
        lambda: bool(change.view().latest(Check, lambda s: s.body.check == "compare-incoming")),
    )

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
    left = {item.what: Path(item.place) for item in handover.body.left if item.asset == "incoming"}
    assert left["displaced data"] == Path(kept)
    assert [item.name for item in left["record of the swap"].iterdir()] == ["restore.json"]
    compared = [item for item in change.view().of(Check) if item.body.check == "compare-incoming"]
    assert compared[-1].body.passed is True

    # Once closed, applying again touches nothing, not even with a snapshot.
    statements = len(change.view().statements)
    again = change.playbook("-e", "phase=apply")
    assert again.returncode != 0
    added = change.view().statements[statements:]
    assert {type(item.body) for item in added} <= {Refusal}, [item.kind for item in added]
