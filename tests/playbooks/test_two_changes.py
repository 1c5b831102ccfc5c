"""Two signed changes over the same data, at once, in real runs: neither undoes the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Handover
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.lab import Lab
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
    assert second.playbook("-e", "phase=apply").returncode != 0
    assert second.refusals() == {"other-change-under-way", "changed-since-copy"}
    assert not (data / "from-change-b").exists()
