"""(c) A guarded step beside the bare module: one playbook, the same tasks with and without.

The change is prepared for real (snapshot, proof, plan) and signed. Then the same playbook
runs twice: once it carries out the signed steps, once the same modules without a guard.
Both runs pass the gate's barrier first, so the difference is the guard alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bench.row import Aim, Pair, Row, Took
from bench.turns import in_turns, run
from sluis.evidence.predicates import Step
from sluis.rehearsal.client_files import SIGNER, write_scope
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from support.signed_change import ANSIBLE, LabChange, describe, new_change

PLAYBOOK = """\
---
- name: Prepare, then carry out the steps with or without the guard
  hosts: all:!verifiers
  strategy: ansible.builtin.linear
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Prepare
      when: phase == 'prepare'
      block:
        - ansible.builtin.import_role: {name: change_gate, tasks_from: scope}
        - ansible.builtin.include_role: {name: snapshot_and_verify}
        - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_begin}
        - ansible.builtin.include_tasks:
            file: bench/guarded.yml
            apply: {check_mode: true}
        - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_seal}
    - name: Pass the gate with the whole batch
      ansible.builtin.import_role: {name: change_gate}
      when: phase != 'prepare'
    - name: With the guard
      ansible.builtin.include_tasks: bench/guarded.yml
      when: phase == 'apply'
    - name: Without
      ansible.builtin.include_tasks: bench/bare.yml
      when: phase == 'sign'
"""


@dataclass(frozen=True)
class Prepared:
    """A signed change with so many steps, and the copy to go back to before each run."""

    change: LabChange
    kept: Path
    steps: int

    def once(self, phase: str) -> Took:
        """One whole run of ``ansible-playbook``, from the same ledger each time."""
        self.change.go_back_to(self.kept)
        ended = run(
            [
                str(ANSIBLE / "ansible-playbook"),
                "-i", f"inventories/{self.change.who.client}",
                "playbooks/bench.yml",
                "-e", f"change={self.change.change}", "-e", f"phase={phase}",
            ],
            cwd=self.change.root,
            environment=self.change.environment(),
        )  # fmt: skip
        done = sum(item.body.state == "done" for item in self.change.view().of(Step))
        wanted = self.steps if phase == "apply" else 0
        if done != wanted:
            raise RuntimeError(f"{done} steps were recorded, not {wanted}: {ended.output[-2000:]}")
        return ended.took


def measure(
    folder: Path, connections: Sequence[str], *, steps: int, runs: int, warm_up: int
) -> Iterator[Row]:
    """A row for each connection (``local``, ``ssh``), with ``steps`` steps in a run."""
    for connection in connections:
        # a lab of its own: a store has one password, and every project makes one
        with Lab() as lab:
            ready = _prepared(lab, folder / connection, connection, steps)
            pair = in_turns(
                partial(ready.once, "apply"),
                partial(ready.once, "sign"),
                runs=runs,
                warm_up=warm_up,
            )
            yield _row(ready, connection, pair)


def _row(ready: Prepared, connection: str, pair: Pair) -> Row:
    statements = len(ready.change.view().statements)
    return Row(
        id=f"guarded-step-{connection}",
        what=f"guarded step, {connection} connection",
        a=f"ansible-playbook, {ready.steps} guarded steps",
        b=f"the same playbook, {ready.steps} bare modules",
        pair=pair,
        steps=ready.steps,
        aim=Aim("difference", 50, "≤ 50 ms more per step"),
        facts={"module": "ansible.builtin.command", "statements_before": statements},
    )


def _prepared(lab: Lab, root: Path, connection: str, steps: int) -> Prepared:
    change = new_change(lab, root, f"BENCH-{connection.upper()}")
    _one_host(lab, change, connection)
    describe(change, software_update_steps=[])
    playbooks = change.root / "playbooks"
    (playbooks / "bench").mkdir()
    (playbooks / "bench.yml").write_text(PLAYBOOK)
    tasks = [_tasks(number) for number in range(steps)]
    for place, name in enumerate(("guarded.yml", "bare.yml")):
        (playbooks / "bench" / name).write_text(yaml.safe_dump([pair[place] for pair in tasks]))
    made = change.playbook("-e", "phase=prepare", playbook="playbooks/bench.yml")
    if made.returncode != 0:
        raise RuntimeError(f"prepare ended with {made.returncode}: {made.stdout}{made.stderr}")
    change.sign()
    return Prepared(change, change.keep(), steps)


def _tasks(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same call, guarded and bare."""
    args = {"argv": ["/bin/true", str(number)]}
    name = f"Step {number}"
    guarded = {"step": f"step-{number}", "module": "ansible.builtin.command", "args": args}
    return (
        {"name": name, "guarded": guarded},
        {"name": name, "ansible.builtin.command": args},
    )


def _one_host(lab: Lab, change: LabChange, connection: str) -> None:
    """The batch is one host, with one small folder on it that the scope names."""
    name = next(iter(lab.hosts))
    host = lab.hosts[name]
    settings: dict[str, Any] = {"ansible_remote_tmp": str(host.folder / "tmp")}
    if connection == "local":
        settings["ansible_connection"] = "local"
    else:
        settings.update(ansible_host=host.address, ansible_port=host.port, ansible_user=host.user)
    write_yaml(change.who.inventory / "hosts.yml", {"all": {"hosts": {name: settings}}})
    scope = change.who.places.change(change.who.client, change.change) / "scope.yml"
    today = datetime.now(UTC).date()
    stop = {"consent": False, "words": "If it fails, we stop and ask you first."}
    write_scope(
        lab, change.who, change.change, today=today, title="Steps to be timed", way_back=stop
    )
    _keep_one_asset(scope)


def _keep_one_asset(scope: Path) -> None:
    document = yaml.safe_load(scope.read_text())
    document["assets"] = [a for a in document["assets"] if a["id"] == "application"]
    document["risks"] = [r for r in document["risks"] if r["asset"] == "application"]
    document["signers"] = [{"name": SIGNER[0], "role": SIGNER[1]}]
    write_yaml(scope, document)
