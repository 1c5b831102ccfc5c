"""The way back survives a killed controller, and nothing restores outside a guarded step."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Check, Handover, Refusal, Snapshot, Step
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.lab import Lab
from support.front_door import sluis
from support.killed import judge_half_run, kill_when
from support.signed_change import HOLDS, LabChange, new_change, shrink

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


def restore_of(change: LabChange, name: str = "CHG-RESTORE") -> LabChange:
    """A restore of every asset that a prepared change of the small lab has a snapshot of."""
    restore = LabChange(change.lab, change.who, name)
    scope = write_scope(
        change.lab, change.who, name, today=datetime.now(UTC).date(), title="Put it back",
        job="restore", way_back={"consent": False, "words": "We call you first."},
    )  # fmt: skip
    shrink(scope, change.lab)
    newest = {item.body.asset: item.body.snapshot_id for item in change.view().of(Snapshot)}
    described = {
        "restore_asset_list": [
            {"asset": asset, "from_change": change.change, "snapshot_id": found}
            for asset, found in sorted(newest.items())
        ],
        "service_checks_list": [HOLDS],
    }
    (scope.parent / "restore.yml").write_text(yaml.safe_dump(described))
    return restore


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_case_A7_no_asset_is_swapped_while_another_one_is_in_use(lab: Lab, tmp_path: Path) -> None:
    """Data on one host is free and on the other in use: either both are put back, or neither."""
    change = new_change(lab, tmp_path / "project", "CHG-BEFORE")
    prepared = change.playbook("-e", "phase=prepare")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    restore = restore_of(change)
    scope = yaml.safe_load((restore.who.places.change(
        restore.who.client, restore.change) / "scope.yml").read_text())  # fmt: skip
    (application,) = (item["location"] for item in scope["assets"] if item["id"] == "application")
    incoming = lab.hosts["db1"].folder / "incoming"
    spoiled = [Path(application, "spoiled.txt"), incoming / "spoiled.txt"]
    for path in spoiled:
        path.write_text("spoiled\n")

    notes = shlex.quote(str(incoming / "notes.txt"))
    opened = f"nohup sh -c 'exec 3<{notes}; sleep 900' >/dev/null 2>&1 </dev/null & echo $!"
    pid = int(lab.run("db1", opened).stdout)
    status, checked = sluis(restore, "check", restore.who.client, restore.change)
    assert status == 1
    (found,) = (one for one in checked["findings"] if one["code"] == "restore-in-use")
    assert str(pid) in found["what"]
    assert "software_update_quiesce in restore.yml" in found["remedy"]

    ready = restore.playbook("-e", "phase=prepare", playbook="playbooks/restore.yml")
    assert ready.returncode == 0, ready.stdout + ready.stderr
    assert "restore-in-use" in ready.stdout
    restore.sign()
    refused = restore.playbook("-e", "phase=apply", playbook="playbooks/restore.yml")
    assert refused.returncode != 0
    assert "restore-in-use" in refused.stdout, refused.stdout + refused.stderr
    assert str(pid) in refused.stdout
    assert "Nothing was swapped, of no asset." in refused.stdout
    assert [path.exists() for path in spoiled] == [True, True]
    view = restore.view()
    began = [item.body.step for item in view.of(Step) if item.body.step.startswith("swap-")]
    assert began == []
    assert view.latest(Handover) is None
    _, told = sluis(restore, "status", restore.who.client, restore.change)
    assert "perhaps" not in json.dumps(told)
    lab.run("db1", f"pkill -P {pid}; kill {pid} || true")

    # it is still signed, and goes on where it stopped
    done = restore.playbook("-e", "phase=apply", playbook="playbooks/restore.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.exists() for path in spoiled] == [False, False]
    handover = restore.view().latest(Handover)
    assert handover is not None
    assert handover.body.result == "applied"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_N48_every_signed_plan_of_a_restore_puts_the_data_back_itself(
    lab: Lab, tmp_path: Path
) -> None:
    """People worked on after the first one; the same plan, or another one, is signed once more."""
    change = new_change(lab, tmp_path / "project", "CHG-BEFORE")
    prepared = change.playbook("-e", "phase=prepare")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    restore = restore_of(change)
    folder = restore.who.places.change(restore.who.client, restore.change)
    scope = yaml.safe_load((folder / "scope.yml").read_text())
    places = {item["id"]: Path(item["location"]) for item in scope["assets"]}
    good = {name: sorted(path.iterdir()) for name, path in places.items()}
    displaced: list[str] = []
    for turn in ("first", "the same plan", "another plan"):
        for path in places.values():
            (path / "worked on.txt").write_text(turn)
        (places["incoming"] / "notes.txt").unlink()
        if turn == "another plan":
            described = yaml.safe_load((folder / "restore.yml").read_text())
            described["service_checks_list"][0]["what"] = "The machine is still there."
            (folder / "restore.yml").write_text(yaml.safe_dump(described))
        ready = restore.playbook("-e", "phase=prepare", playbook="playbooks/restore.yml")
        assert ready.returncode == 0, ready.stdout + ready.stderr
        assert ready.stdout.count("to be put back again") == (0 if turn == "first" else 2)
        told = restore.client_reads()["plan"]
        assert told.count("We did this before in this change") == (0 if turn == "first" else 2)
        restore.sign()
        done = restore.playbook("-e", "phase=apply", playbook="playbooks/restore.yml")
        assert done.returncode == 0, done.stdout + done.stderr
        assert {name: sorted(path.iterdir()) for name, path in places.items()} == good, turn
        handover = restore.view().latest(Handover)
        assert handover is not None
        assert handover.body.result == "applied"
        assert {Path(one, "worked on.txt").read_text() for one in handover.body.quarantine.values()
        } == {turn}  # fmt: skip
        displaced += handover.body.quarantine.values()
    assert len(set(displaced)) == 6
    left = [item.place for item in handover.body.left if item.what == "displaced data"]
    assert sorted(left) == sorted(displaced), "all that was displaced is named, once each"
