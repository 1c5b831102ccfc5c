"""Two signed changes over the same data, at once, in real runs: neither undoes the other."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Handover, Shown, Snapshot
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.lab import Lab
from support.front_door import sluis
from support.signed_change import LabChange, describe, new_change, shrink

HERE = "{{ ansible_remote_tmp | dirname }}"


@pytest.mark.slow
def test_the_second_change_waits_and_prepares_again(lab: Lab, tmp_path: Path) -> None:
    first = new_change(lab, tmp_path / "project", "CHG-A")
    second = LabChange(lab, first.who, "CHG-B")
    folder = lab.hosts["app1"].folder
    written = first.who.places.change(first.who.client, "CHG-A") / "scope.yml"
    scope = yaml.safe_load(written.read_text())
    data = Path(next(one["location"] for one in scope["assets"] if one["id"] == "application"))
    describe(
        first, say_what_stays=False, software_update_steps=[
            {"step": "wait", "words": "Wait for the other one.", "hosts": "app1",
             "module": "ansible.builtin.shell", "stays": "Nothing is changed by waiting.",
             "args": {"cmd": f"touch {HERE}/waiting; for i in $(seq 1800); do "
                             f"test -e {HERE}/go && exit 0; sleep 0.1; done; exit 1"}},
        ],
    )  # fmt: skip
    today = datetime.now(UTC).date()
    shrink(write_scope(lab, second.who, "CHG-B", today=today, title="Second update"), lab)
    describe(
        second, say_what_stays=False, software_update_steps=[
            {"step": "write", "words": "Write a file.", "hosts": "app1",
             "module": "ansible.builtin.shell", "inside": ["application"],
             "args": {"cmd": f"echo b > {data}/from-change-b"}},
        ],
    )  # fmt: skip
    for change in (first, second):
        run = change.playbook("-e", "phase=prepare")
        assert run.returncode == 0, run.stdout
        change.sign()
    for name in ("go", "waiting"):
        (folder / name).unlink(missing_ok=True)
    running = first.start("apply")
    until = time.monotonic() + 120
    while not (folder / "waiting").exists():
        assert time.monotonic() < until
        assert running.poll() is None
        time.sleep(0.1)
    assert second.playbook("-e", "phase=apply").returncode != 0
    assert second.refusals() == {"other-change-under-way"}
    (folder / "go").touch()
    running.wait(timeout=240)
    assert [item.body.result for item in first.view().of(Handover)] == ["applied"]
    # a time that anybody can set decides nothing
    os.utime(first.dossier / "statements", (0, 0))
    assert second.playbook("-e", "phase=apply").returncode != 0
    assert second.refusals() == {"other-change-under-way", "changed-since-copy"}
    assert not (data / "from-change-b").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_change_that_came_second_is_prepared_again_and_applied(lab: Lab, tmp_path: Path) -> None:
    """A is prepared, B is applied, A is prepared again, signed and applied; B stays applied."""
    first = new_change(lab, tmp_path / "project", "CHG-A")
    second = LabChange(lab, first.who, "CHG-B")
    today = datetime.now(UTC).date()
    shrink(write_scope(lab, second.who, "CHG-B", today=today, title="Second update"), lab)
    written = first.who.places.change(first.who.client, "CHG-A") / "scope.yml"
    places = {one["id"]: one["location"] for one in yaml.safe_load(written.read_text())["assets"]}
    kept = Path(places["application"], "of-change-b")
    kept.unlink(missing_ok=True)
    for change, asset, host in ((first, "incoming", "db1"), (second, "application", "app1")):
        mark = Path(places[asset], f"of-{change.change.lower().replace('chg', 'change')}")
        describe(
            change, say_what_stays=False, software_update_steps=[
                # as long as it was, so that the state of neither folder tells what was done
                {"step": "write", "words": "Write a file.", "hosts": host,
                 "module": "ansible.builtin.file", "inside": [asset],
                 "args": {"path": str(mark), "state": "touch"}},
            ],
        )  # fmt: skip
    for change in (first, second):
        run = change.playbook("-e", "phase=prepare")
        assert run.returncode == 0, run.stdout
    second.sign()
    ids = first.who.client, "CHG-A"
    assert sluis(second, "apply", ids[0], "CHG-B")[0] == 0
    kept.unlink()  # the data look as they did: that B worked on them is what counts

    before = {item.body.asset: item.number for item in first.view().of(Snapshot)}
    for verb in ("sign", "request"):
        status, found = sluis(first, verb, *ids)
        assert (status, found["error"]["code"]) == (77, "changed-since-copy"), found
        assert "CHG-B" in found["error"]["what"]
        assert f"sluis prepare {ids[0]} CHG-A" in found["error"]["remedy"]
    run = first.playbook("-e", "phase=sign")
    assert run.returncode != 0
    assert "changed-since-copy" in run.stdout + run.stderr
    assert first.view().of(Shown) == ()

    status, found = sluis(first, "prepare", *ids)
    assert (status, found["state"]) == (75, "awaiting sign-off"), found
    after = {item.body.asset: item.number for item in first.view().of(Snapshot)}
    assert after["application"] > before["application"]
    assert after["incoming"] == before["incoming"], "B did not work on it"
    first.sign()
    status, found = sluis(first, "apply", *ids)
    assert (status, found["state"]) == (0, "applied and verified"), found

    # each stays what it was, whatever the other did since
    for change in ("CHG-B", "CHG-A"):
        status, found = sluis(first, "apply", ids[0], change)
        assert (status, found["state"]) == (0, "applied and verified"), found
        assert "prepare" not in found["next"]
    assert first.refusals() == second.refusals() == {"change-closed"}
