"""Every known way round a gate, over ansible-playbook and over ansible-runner.

For each row nothing may have changed on any host, and the ledger must hold a refusal.
The controls at the top show that the same run does change the hosts when it may: a
test here can fail.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sluis.rehearsal.lab import Lab
from support.raw_runner import raw_runner
from support.signed_change import ANSIBLE, LabChange, describe, new_change

UNTOUCHED: dict[str, list[str]] = {"app1": [], "db1": []}
CHANGED = {"app1": ["mark"], "db1": ["mark"]}
GIVEN_ALL = json.dumps(
    {
        "change_gate_way_back": {"open": True, "broke": True, "msg": "x"},
        "software_update_steps": [],
        "gate_passed": True,
        "sluis": {"refused": False},
        "ansible_check_mode": False,
    }
)


@dataclass(frozen=True)
class Row:
    """One way round: options, environment and keyboard of a run that must be refused."""

    options: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    stdin: str = ""
    code: str = ""


ROWS = {
    "tags": Row(("--tags", "change"), code="option-not-allowed"),
    "run-tags-environment": Row(environ={"ANSIBLE_RUN_TAGS": "change"}, code="environment"),
    "skip-tags": Row(("--skip-tags", "gate,always"), code="option-not-allowed"),
    "skip-tags-environment": Row(environ={"ANSIBLE_SKIP_TAGS": "always"}, code="environment"),
    "start-at-task": Row(("--start-at-task", "*check and hand over*"), code="option-not-allowed"),
    "step": Row(("--step",), stdin="n\nn\nn\ny\ny\ny\nc\n", code="option-not-allowed"),
    "debugger": Row(
        environ={"ANSIBLE_ENABLE_TASK_DEBUGGER": "1"},
        stdin="task.action = 'ansible.builtin.command'\nredo\nc\n" * 4,
        code="environment",
    ),
    "debug-strategy": Row(
        environ={"ANSIBLE_STRATEGY": "debug"}, stdin="redo\nc\n" * 8, code="environment"
    ),
    "free-strategy": Row(environ={"ANSIBLE_STRATEGY": "free"}, code="environment"),
    "extra-vars": Row(("-e", GIVEN_ALL), code="extra-var-not-allowed"),
    "inventory-hostname": Row(("-e", "inventory_hostname=app1"), code="extra-var-not-allowed"),
    "ignore-errors": Row(("-e", "ignore_errors=true"), code="extra-var-not-allowed"),
    "connection": Row(("-e", "ansible_host=127.0.10.200"), code="extra-var-not-allowed"),
    "broken-conditionals": Row(
        ("-e", "gate_passed=no"),
        {"ANSIBLE_ALLOW_BROKEN_CONDITIONALS": "1"},
        code="environment",
    ),
    "limit": Row(("--limit", "app1"), code="option-not-allowed"),
    "limit-in-a-localhost-world": Row(("--limit", "clients"), code="option-not-allowed"),
    "module-path": Row(("--module-path", "/tmp"), code="option-not-allowed"),
    "library-environment": Row(environ={"ANSIBLE_LIBRARY": "/tmp"}, code="environment"),
    "action-plugins-environment": Row(
        environ={"ANSIBLE_ACTION_PLUGINS": "/tmp"}, code="environment"
    ),
    "filter-plugins-environment": Row(
        environ={"ANSIBLE_FILTER_PLUGINS": "/tmp"}, code="environment"
    ),
    "vars-plugins-off": Row(environ={"ANSIBLE_VARS_ENABLED": ""}, code="environment"),
    "fact-cache": Row(environ={"ANSIBLE_INJECT_FACT_VARS": "True"}, code="environment"),
}


def refused(change: LabChange, run: subprocess.CompletedProcess[str], code: str) -> None:
    """Nothing changed anywhere, and the ledger, which still holds, says why."""
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr
    view = change.view()
    assert view.problems == ()
    assert [c for c in change.refusals() if c.startswith(code)], (
        change.refusals(),
        run.stdout + run.stderr,
    )


class TestControls:
    """Without a way round: refused unsigned, carried out signed."""

    def test_unsigned_is_refused(self, change: LabChange) -> None:
        run = change.playbook("-e", "phase=apply")
        assert run.returncode == 2
        refused(change, run, "awaiting-signoff")

    def test_signed_is_carried_out(self, change: LabChange) -> None:
        change.sign()
        run = change.playbook("-e", "phase=apply")
        assert run.returncode == 0, run.stdout + run.stderr
        assert change.markers() == CHANGED
        assert change.refusals() == set()

    def test_runner_unsigned_is_refused(self, change: LabChange, tmp_path: Path) -> None:
        refused(change, raw_runner(change, tmp_path / "job"), "awaiting-signoff")

    def test_runner_signed_is_carried_out(self, change: LabChange, tmp_path: Path) -> None:
        change.sign()
        run = raw_runner(change, tmp_path / "job")
        assert json.loads(run.stdout)["rc"] == 0, run.stdout + run.stderr
        assert change.markers() == CHANGED


@pytest.mark.parametrize("name", ROWS)
def test_row_over_ansible_playbook(change: LabChange, name: str) -> None:
    """Everything is in order and signed, but for the way in which the run is started."""
    row = ROWS[name]
    change.sign()
    run = change.playbook("-e", "phase=apply", *row.options, environ=row.environ, stdin=row.stdin)
    refused(change, run, row.code)


@pytest.mark.parametrize("name", ["start-at-task", "step", "debugger", "extra-vars"])
def test_row_without_a_signature(change: LabChange, name: str) -> None:
    row = ROWS[name]
    run = change.playbook("-e", "phase=apply", *row.options, environ=row.environ, stdin=row.stdin)
    refused(change, run, row.code)


@pytest.mark.parametrize("name", ROWS)
def test_row_over_ansible_runner(change: LabChange, tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    change.sign()
    cmdline = " ".join(f"'{option}'" for option in row.options)
    refused(
        change,
        raw_runner(change, tmp_path / "job", cmdline=cmdline, environ=row.environ),
        row.code,
    )


@pytest.fixture(scope="module")
def bare(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    """A change that was prepared without the early refusal: the guarded step stands alone."""
    change = new_change(lab, tmp_path_factory.mktemp("bare") / "project", "CHG-BARE")
    shutil.rmtree(change.root / "playbooks" / "vars_plugins")
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    return change, change.keep()


#: one row of each kind
ALONE = (
    "tags", "skip-tags", "start-at-task", "step", "debugger", "extra-vars", "connection",
    "broken-conditionals", "limit", "library-environment",
)  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_the_guarded_step_holds_alone(bare: tuple[LabChange, Path], name: str) -> None:
    change, kept = bare
    change.go_back_to(kept)
    row = ROWS[name]
    change.sign()
    run = change.playbook(
        "-e", "phase=apply", *row.options, environ=row.environ, stdin=row.stdin, timeout=120
    )
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _other_address(change: LabChange) -> None:
    path = change.who.inventory / "hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    machines = hosts["all"]["children"]["clients"]["hosts"]
    machines["app1"]["ansible_port"] = machines["db1"]["ansible_port"]
    machines["app1"]["ansible_host"] = machines["db1"]["ansible_host"]
    path.write_text(yaml.safe_dump(hosts))


def _group_vars(change: LabChange) -> None:
    (change.who.inventory / "group_vars" / "clients.yml").write_text("ansible_become: false\n")


def _vars_plugin(change: LabChange) -> None:
    (change.root / "playbooks" / "vars_plugins" / "mine.py").write_text(
        "from ansible.plugins.vars import BaseVarsPlugin\n"
        "class VarsModule(BaseVarsPlugin):\n"
        "    def get_vars(self, loader, path, entities, cache=True):\n"
        "        return {'phase': 'apply'}\n"
    )


def _filter_beside_the_playbook(change: LabChange) -> None:
    folder = change.root / "playbooks" / "filter_plugins"
    folder.mkdir()
    (folder / "mine.py").write_text(
        "class FilterModule:\n"
        "    def filters(self):\n"
        "        step = {'module': 'ansible.builtin.command', 'words': 'x'}\n"
        "        return {'first': lambda *given: step}\n"
    )


def _module_beside_the_playbook(change: LabChange) -> None:
    folder = change.root / "playbooks" / "library"
    folder.mkdir()
    shutil.copy(Path(yaml.__file__), folder / "file.py")


def _scope_edited(change: LabChange) -> None:
    _edit(change.who.places.change(change.who.client, change.change) / "scope.yml",
          "We do not update the workstations.", "We do not update the desks at all.")  # fmt: skip


def _step_edited(change: LabChange) -> None:
    _edit(change.who.places.change(change.who.client, change.change) / "update.yml",
          "new", "other")  # fmt: skip


def _role_edited(change: LabChange) -> None:
    path = change.root / "roles" / "change_gate" / "tasks" / "main.yml"
    path.write_text("---\n")


def _host_added(change: LabChange) -> None:
    path = change.who.inventory / "hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    hosts["all"]["children"]["clients"]["hosts"]["extra"] = {"ansible_connection": "local"}
    path.write_text(yaml.safe_dump(hosts))


def _statement_removed(change: LabChange) -> None:
    newest = max((change.dossier / "statements").iterdir())
    newest.unlink()


TAMPERED: dict[str, tuple[Callable[[LabChange], None], str]] = {
    "other-address": (_other_address, "tree-changed"),
    "group-vars": (_group_vars, "tree-changed"),
    "vars-plugin": (_vars_plugin, "tree-changed"),
    "filter-beside-the-playbook": (_filter_beside_the_playbook, "tree-changed"),
    "module-beside-the-playbook": (_module_beside_the_playbook, "tree-changed"),
    "scope-edited": (_scope_edited, "scope-changed"),
    "step-edited": (_step_edited, "tree-changed"),
    "role-edited": (_role_edited, "tree-changed"),
    "host-added": (_host_added, "batch-differs"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_signed_was_changed(change: LabChange, name: str) -> None:
    tamper, code = TAMPERED[name]
    change.sign()
    tamper(change)
    refused(change, change.playbook("-e", "phase=apply"), code)


def test_a_statement_was_removed(change: LabChange) -> None:
    change.sign()
    _statement_removed(change)
    run = change.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert change.markers() == UNTOUCHED
    assert change.view().problems


def test_another_inventory_with_the_same_names(change: LabChange, tmp_path: Path) -> None:
    change.sign()
    shutil.copytree(change.who.inventory, tmp_path / change.who.client)
    run = change.playbook("-e", "phase=apply", inventory=str(tmp_path / change.who.client))
    refused(change, run, "foreign-inventory")


def test_a_second_inventory(change: LabChange, tmp_path: Path) -> None:
    change.sign()
    (tmp_path / "more.yml").write_text("all:\n  hosts:\n    app1:\n      ansible_port: 1\n")
    run = change.playbook("-e", "phase=apply", "-i", str(tmp_path / "more.yml"))
    refused(change, run, "foreign-inventory")


def test_another_changes_evidence(change: LabChange) -> None:
    """The evidence of a signed change does not open another change."""
    change.sign()
    places, client = change.who.places, change.who.client
    shutil.copytree(places.change(client, change.change), places.change(client, "CHG-2"))
    shutil.copytree(change.dossier, places.dossier(client, "CHG-2"))
    run = change.playbook("-e", "change=CHG-2", "-e", "phase=apply", change=False)
    assert run.returncode != 0
    assert change.markers() == UNTOUCHED


def test_a_fake_gate_role(change: LabChange, tmp_path: Path) -> None:
    """Roles from elsewhere, in which the guarded step runs whatever it is given."""
    change.sign()
    shutil.copytree(change.root / "roles", tmp_path / "roles")
    guarded = tmp_path / "roles" / "change_gate" / "action_plugins" / "guarded.py"
    text = guarded.read_text()
    assert "if guarded.answer is not Answer.GO:" in text
    guarded.write_text(text.replace("if guarded.answer is not Answer.GO:", "if False:"))
    run = change.playbook(
        "-e", "phase=apply", environ={"ANSIBLE_ROLES_PATH": str(tmp_path / "roles")}
    )
    refused(change, run, "environment-not-clean")


def test_the_change_role_ad_hoc(change: LabChange) -> None:
    change.sign()
    run = subprocess.run(
        [
            str(ANSIBLE / "ansible"), "-i", f"inventories/{change.who.client}", "all",
            "-m", "ansible.builtin.include_role", "-a", "name=software_update",
            "-e", f"change={change.change}",
            "-e", "@" + str(
                change.who.places.change(change.who.client, change.change) / "update.yml"
            ),
        ],
        cwd=change.root, env=change.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    refused(change, run, "option-not-allowed")


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_the_change_role_in_a_playbook_of_ones_own(
    change: LabChange, tmp_path: Path, where: str
) -> None:
    change.sign()
    folder = change.root / "playbooks" if where == "inside" else tmp_path
    own = folder / "own.yml"
    own.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.include_vars:\n"
        "        file: '{{ inventory_dir }}/changes/{{ change }}/update.yml'\n"
        "    - ansible.builtin.include_role:\n"
        "        name: software_update\n        tasks_from: main\n"
    )
    run = change.playbook(playbook=str(own))
    refused(change, run, "another-playbook" if where == "inside" else "foreign-playbook")


def test_a_role_run_by_ansible_runner(change: LabChange, tmp_path: Path) -> None:
    change.sign()
    run = raw_runner(
        change, tmp_path / "job", playbook=None, role="software_update",
        roles_path=str(change.root / "roles"), hosts="all",
    )  # fmt: skip
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cmdline", "--start-at-task '*check and hand*'"),
        ("envvars", '{"ANSIBLE_STRATEGY": "debug"}'),
        ("extravars", '{"inventory_hostname": "app1"}'),
    ],
)
def test_a_poisoned_runner_directory(
    change: LabChange, tmp_path: Path, name: str, text: str
) -> None:
    """What an earlier run left in ``env/`` is played again by ansible-runner."""
    change.sign()
    (tmp_path / "job" / "env").mkdir(parents=True)
    (tmp_path / "job" / "env" / name).write_text(text)
    run = raw_runner(change, tmp_path / "job")
    if name == "extravars" and not change.refusals():
        # extravars given to run() replace the file: then there is nothing to refuse
        assert change.markers() == CHANGED, run.stdout + run.stderr
        return
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr
    assert change.refusals()


def test_a_stale_fact_cache(change: LabChange, tmp_path: Path) -> None:
    """Facts that an earlier job with the same ident left behind open nothing."""
    cache = tmp_path / "job" / "artifacts" / "CHG-1042" / "fact_cache"
    cache.mkdir(parents=True)
    for host in UNTOUCHED:
        (cache / host).write_text(json.dumps({"gate_passed": True, "phase": "apply"}))
    refused(change, raw_runner(change, tmp_path / "job", ident="CHG-1042"), "awaiting-signoff")


def test_a_hostile_host_answers_with_facts(change: LabChange) -> None:
    """A client's server that approves itself, renames itself and rewrites the steps."""
    lie = {
        "gate_passed": True,
        "inventory_hostname": "app1",
        "ansible_host": "127.0.10.200",
        "phase": "apply",
        "software_update_steps": [],
        "change_gate_way_back": {"open": True, "broke": True, "msg": "x"},
    }
    host = change.lab.hosts["db1"]
    python = host.folder / "python"
    python.write_text(f'#!/bin/sh\nexec /usr/bin/python3 {host.folder}/liar.py "$@"\n')
    python.chmod(0o755)
    (host.folder / "liar.py").write_text(
        "import json, subprocess, sys\n"
        "run = subprocess.run(['/usr/bin/python3', *sys.argv[1:]], stdin=sys.stdin,\n"
        "                     capture_output=True, text=True)\n"
        "try:\n"
        "    answer = json.loads(run.stdout)\n"
        f"    answer['ansible_facts'] = json.loads({json.dumps(json.dumps(lie))})\n"
        "    print(json.dumps(answer))\n"
        "except ValueError:\n"
        "    print(run.stdout)\n"
        "sys.exit(run.returncode)\n"
    )
    hosts = change.who.inventory / "hosts.yml"
    machines = yaml.safe_load(hosts.read_text())
    machine = machines["all"]["children"]["clients"]["hosts"]["db1"]
    machine["ansible_python_interpreter"] = str(python)
    hosts.write_text(yaml.safe_dump(machines))
    assert change.playbook("-e", "phase=prepare").returncode == 0
    run = change.playbook("-e", "phase=apply")
    refused(change, run, "awaiting-signoff")
    change.sign()
    run = change.playbook("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert change.markers() == CHANGED


def test_check_mode_changes_nothing(change: LabChange) -> None:
    change.sign()
    before = len(change.view().statements)
    run = change.playbook("-e", "phase=apply", "--check")
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr
    assert len(change.view().statements) == before


def test_a_tag_that_selects_nothing_is_not_a_success(change: LabChange) -> None:
    change.sign()
    refused(change, change.playbook("--tags", "nosuch"), "option-not-allowed")


def test_the_whole_batch_or_nobody(change: LabChange) -> None:
    """One host's broken evidence keeps the other host untouched and uncontacted."""
    objects = change.dossier / "objects"
    shutil.rmtree(objects)
    before = {name: host.contacts() for name, host in change.lab.hosts.items()}
    change.playbook("-e", "phase=apply")
    assert change.markers() == UNTOUCHED
    assert {name: host.contacts() for name, host in change.lab.hosts.items()} == before


def test_a_refusal_contacts_no_host(change: LabChange) -> None:
    before = {name: host.contacts() for name, host in change.lab.hosts.items()}
    refused(change, change.playbook("-e", "phase=apply"), "awaiting-signoff")
    assert {name: host.contacts() for name, host in change.lab.hosts.items()} == before


WAITING_STEPS = [
    {
        "step": "wait",
        "words": "Wait until the application has stopped",
        "module": "ansible.builtin.shell",
        "args": {
            "cmd": "mkdir -p {{ ansible_remote_tmp | dirname }}/changed && "
            "touch {{ ansible_remote_tmp | dirname }}/waiting && "
            "for i in $(seq 600); do "
            "test -e {{ ansible_remote_tmp | dirname }}/go && exit 0; sleep 0.1; done; exit 1"
        },
    },
    {
        "step": "leave-mark",
        "words": "Install the new version",
        "module": "ansible.builtin.copy",
        "args": {
            "content": "new\n",
            "dest": "{{ ansible_remote_tmp | dirname }}/changed/mark",
            "mode": "0644",
        },
    },
]


@pytest.fixture(scope="module")
def waiting(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    """A change whose first step waits until it is told to go on."""
    change = new_change(lab, tmp_path_factory.mktemp("waiting") / "project", "CHG-WAIT")
    describe(change, software_update_steps=WAITING_STEPS)
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    return change, change.keep()


class TestBetweenTwoSteps:
    """Evidence withdrawn, or lost, after the first step stops the second."""

    def _run(self, waiting: tuple[LabChange, Path], meanwhile: Callable[[LabChange], None]) -> str:
        change, kept = waiting
        change.go_back_to(kept)
        folders = [host.folder for host in change.lab.hosts.values()]
        for folder in folders:
            for name in ("go", "waiting"):
                (folder / name).unlink(missing_ok=True)
        change.sign()
        process = subprocess.Popen(
            [
                str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}",
                "playbooks/update.yml", "-e", f"change={change.change}", "-e", "phase=apply",
            ],
            cwd=change.root, env=change.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not all((folder / "waiting").exists() for folder in folders):
                assert time.monotonic() < deadline
                assert process.poll() is None, process.stdout and process.stdout.read()
                time.sleep(0.05)
            meanwhile(change)
        finally:
            for folder in folders:
                (folder / "go").touch()
        output, _ = process.communicate(timeout=120)
        return output

    def test_control(self, waiting: tuple[LabChange, Path]) -> None:
        output = self._run(waiting, lambda change: None)
        assert waiting[0].markers() == CHANGED, output

    def test_sign_off_withdrawn(self, waiting: tuple[LabChange, Path]) -> None:
        output = self._run(waiting, lambda change: change.withdraw())
        assert waiting[0].markers() == UNTOUCHED, output
        assert "signoff-withdrawn" in waiting[0].refusals()

    def test_plan_lost(self, waiting: tuple[LabChange, Path]) -> None:
        output = self._run(waiting, lambda change: shutil.rmtree(change.dossier / "objects"))
        assert waiting[0].markers() == UNTOUCHED, output
        assert "refused" in output.lower()
