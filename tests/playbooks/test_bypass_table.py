"""Every known way round a gate, over ansible-playbook and over ansible-runner.

For each row nothing may have changed on any host, and the ledger must hold a refusal.
The controls at the top show that the same run does change the hosts when it may: a
test here can fail.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Handover
from sluis.rehearsal.lab import Lab
from sluis.runbook.surroundings import callback_folder
from support.raw_runner import raw_runner
from support.signed_change import ANSIBLE, LabChange, describe, marker_steps, new_change

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
    "L7-diff": Row(("--diff",), code="option-not-allowed"),
    "module-path": Row(("--module-path", "/tmp"), code="option-not-allowed"),
    "library-environment": Row(environ={"ANSIBLE_LIBRARY": "/tmp"}, code="environment"),
    "action-plugins-environment": Row(
        environ={"ANSIBLE_ACTION_PLUGINS": "/tmp"}, code="environment"
    ),
    "filter-plugins-environment": Row(
        environ={"ANSIBLE_FILTER_PLUGINS": "/tmp"}, code="environment"
    ),
    "vars-plugins-off": Row(environ={"ANSIBLE_VARS_ENABLED": ""}, code="environment"),
    "L5-connection-option": Row(("--connection", "local"), code="option-not-allowed"),
    "L10-python-path": Row(environ={"PYTHONPATH": "/tmp"}, code="environment-not-clean"),
    "L10-callback": Row(
        environ={"ANSIBLE_CALLBACK_PLUGINS": "/nonexistent"}, code="environment-not-clean"
    ),
    "L10-preload": Row(environ={"LD_LIBRARY_PATH": "/tmp"}, code="environment-not-clean"),
    "L10-home": Row(environ={"HOME": "/tmp"}, code="environment-not-clean"),
    "fact-cache": Row(environ={"ANSIBLE_INJECT_FACT_VARS": "True"}, code="environment"),
}
#: rows that are tried in every run, one of each code and place; CI tries them all
_IN_EVERY_RUN = ("tags", "extra-vars", "run-tags-environment", "L5-connection-option",
                 "L10-python-path", "library-environment")  # fmt: skip
QUICK_ROWS = [
    name if name in _IN_EVERY_RUN else pytest.param(name, marks=pytest.mark.slow) for name in ROWS
]


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

    @pytest.mark.slow
    def test_runner_signed_is_carried_out(self, change: LabChange, tmp_path: Path) -> None:
        change.sign()
        run = raw_runner(change, tmp_path / "job")
        assert json.loads(run.stdout)["rc"] == 0, run.stdout + run.stderr
        assert change.markers() == CHANGED


@pytest.mark.parametrize("name", QUICK_ROWS)
def test_row_over_ansible_playbook(change: LabChange, name: str) -> None:
    """Everything is in order and signed, but for the way in which the run is started."""
    row = ROWS[name]
    change.sign()
    run = change.playbook("-e", "phase=apply", *row.options, environ=row.environ, stdin=row.stdin)
    refused(change, run, row.code)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start-at-task", "step", "debugger", "extra-vars"])
def test_row_without_a_signature(change: LabChange, name: str) -> None:
    row = ROWS[name]
    run = change.playbook("-e", "phase=apply", *row.options, environ=row.environ, stdin=row.stdin)
    refused(change, run, row.code)


@pytest.mark.parametrize("name", QUICK_ROWS)
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


@pytest.mark.slow
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


def _vars_in_a_hidden_folder(change: LabChange) -> None:
    path = change.who.inventory / "host_vars" / "app1" / "__pycache__" / "x.yml"
    path.parent.mkdir(parents=True)
    path.write_text("software_update_steps: []\n")


def _vars_by_a_link(change: LabChange) -> None:
    outside = change.root.with_name("outside.yml")
    outside.write_text("software_update_steps: []\n")
    (change.who.inventory / "host_vars").mkdir()
    (change.who.inventory / "host_vars" / "app1.yml").symlink_to(outside)


def _description_by_a_link(change: LabChange) -> None:
    path = change.who.places.change(change.who.client, change.change) / "update.yml"
    path.replace(change.root.with_name("update.yml"))
    path.symlink_to(change.root.with_name("update.yml"))


def _description_that_runs_something(change: LabChange) -> None:
    path = change.who.places.change(change.who.client, change.change) / "update.yml"
    mark = change.root / "ran"
    path.write_text(path.read_text() + f"other: \"{{{{ lookup('pipe', 'touch {mark}') }}}}\"\n")


def _shell_by(condition: str) -> Callable[[LabChange], None]:
    """A shell on a host that is another one at another moment."""

    def tamper(change: LabChange) -> None:
        path = change.who.inventory / "hosts.yml"
        hosts = yaml.safe_load(path.read_text())
        host = hosts["all"]["children"]["clients"]["hosts"]["app1"]
        host["ansible_shell_executable"] = f"{{{{ '/bin/sh' if {condition} else '/tmp/other' }}}}"
        path.write_text(yaml.safe_dump(hosts))

    return tamper


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
    "L4-vars-in-a-hidden-folder": (_vars_in_a_hidden_folder, "tree-changed"),
    "L4-vars-by-a-link": (_vars_by_a_link, "link-leads-away"),
    "L4-description-by-a-link": (_description_by_a_link, "link-leads-away"),
    "L4-description-that-runs-something": (_description_that_runs_something, "reaches-outside"),
    "L4-shell-by-the-clock": (_shell_by("now().year < 2000"), "reaches-outside"),
    "L4-shell-by-the-phase": (_shell_by("phase == 'prepare'"), "reaches-outside"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_signed_was_changed(change: LabChange, name: str) -> None:
    tamper, code = TAMPERED[name]
    change.sign()
    tamper(change)
    refused(change, change.playbook("-e", "phase=apply"), code)


def test_L4_a_refusal_names_what_changed(change: LabChange) -> None:
    change.sign()
    _group_vars(change)
    _other_address(change)
    run = change.playbook("-e", "phase=apply")
    refused(change, run, "tree-changed")
    inventory = f"inventories/{change.who.client}"
    for named in (
        f"{inventory}/group_vars/clients.yml came",
        f"{inventory} (host app1: ansible_port) changed",
    ):
        assert named in run.stdout + run.stderr


@pytest.mark.slow
def test_L4_what_cannot_touch_the_change_voids_nothing(change: LabChange) -> None:
    """Notes about other hosts, another change, a waiver's draft: the signature stands."""
    change.sign()
    inventory = change.who.inventory
    hosts = inventory / "hosts.yml"
    hosts.write_text("# moved to the new rack\n" + hosts.read_text())
    for name in (
        "host_vars/old-server.yml", "group_vars/printers.yml", "changes/CHG-7/update.yml",
        f"changes/{change.change}/waivers/note.yml.example",
    ):  # fmt: skip
        path = inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("ansible_port: 1\n")
    run = change.playbook("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert change.markers() == CHANGED


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


def _with_runners_callback(change: LabChange, where: str) -> dict[str, str]:
    return {
        "AWX_ISOLATED_DATA_DIR": str(change.root / where),
        "ANSIBLE_CALLBACK_PLUGINS": str(callback_folder()),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
    }


@pytest.mark.parametrize("driver", ["ansible-playbook", "sluis"])
@pytest.mark.parametrize("where", ["dossiers/example-practice", "roles/change_gate"])
@pytest.mark.slow
def test_no_callback_writes_where_each_file_counts(
    change: LabChange, where: str, driver: str
) -> None:
    """The callback of ansible-runner writes its events before any refusal of ours."""
    change.sign()
    environ = _with_runners_callback(change, where)
    if driver == "sluis":
        run = subprocess.run(
            [ANSIBLE / "sluis", "apply", change.who.client, change.change],
            cwd=change.root, env={**change.environment(), **environ}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        # it takes none of them over
        assert run.returncode == 0, run.stdout + run.stderr
        assert change.markers() == CHANGED
    else:
        run = change.playbook("-e", "phase=apply", environ=environ)
        assert run.returncode != 0
        refused(change, run, "environment-not-clean")
    assert not list(change.root.glob("*/*/job_events"))


@pytest.mark.parametrize("what", ["-i", "hosts.yml", "playbooks", "roles"])
def test_plain_ansible_waits_for_no_pipe(change: LabChange, tmp_path: Path, what: str) -> None:
    change.sign()
    named = {
        "-i": tmp_path / "hosts",
        "hosts.yml": change.who.inventory / "zz.yml",
        "playbooks": change.root / "playbooks" / "update.yml",
        "roles": change.root / "roles" / "change_gate" / "tasks" / "main.yml",
    }[what]
    named.unlink(missing_ok=True)
    os.mkfifo(named)
    inventory = str(named) if what == "-i" else None
    run = change.playbook("-e", "phase=apply", inventory=inventory, timeout=60)
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "not-a-file" in said, said
    assert named.name in said
    assert "Traceback" not in said
    assert change.markers() == UNTOUCHED


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


_OUTRANKS = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        software_update_steps: []
        service_checks_list: []
"""


@pytest.mark.parametrize("place", ["before", "after"])
def test_L5_a_playbook_of_ones_own_beside_ours(
    change: LabChange, tmp_path: Path, place: str
) -> None:
    """What it sets would outrank the description that was signed."""
    change.sign()
    own = tmp_path / "update.yml"
    own.write_text(_OUTRANKS)
    named = [str(own), "playbooks/update.yml"]
    before = {name: host.contacts() for name, host in change.lab.hosts.items()}
    run = subprocess.run(
        [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}",
            "-e", f"change={change.change}", "-e", "phase=apply",
            *(named if place == "before" else reversed(named)),
        ],
        cwd=change.root, env=change.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    refused(change, run, "not-one-playbook")
    assert {name: host.contacts() for name, host in change.lab.hosts.items()} == before


def test_L10_what_an_environment_brings_in_does_not_stay_hidden(
    change: LabChange, tmp_path: Path
) -> None:
    """``sitecustomize`` of somebody's own takes away the variable that brought it in."""
    change.sign()
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ.pop('PYTHONPATH')\n")
    run = change.playbook("-e", "phase=apply", environ={"PYTHONPATH": str(tmp_path)})
    refused(change, run, "environment-not-clean")
    assert "PYTHONPATH" in run.stdout + run.stderr


@pytest.mark.slow
def test_L10_no_variable_breaks_a_dossier(change: LabChange) -> None:
    """Each names where files are left. One more beside the statements, and nothing holds."""
    change.sign()
    statements = change.dossier / "statements"
    cached = {"ANSIBLE_CACHE_PLUGIN": "jsonfile"}
    for name, named, options in (
        ("SLUIS_PROGRESS", statements / "progress", ()),
        # it is refused for another reason, too, and tells nobody who does not listen
        ("SLUIS_PROGRESS", statements / "progress", ("--tags", "x")),
        ("ANSIBLE_CACHE_PLUGIN_CONNECTION", statements, ()),
        ("ANSIBLE_LOCAL_TEMP", statements, ()),
    ):
        run = change.playbook("-e", "phase=apply", *options, environ={**cached, name: str(named)})
        refused(change, run, "environment-not-clean")
        assert f"{name} (its value)" in " ".join((run.stdout + run.stderr).split())
        assert not (statements / "stopped.json").exists()
    run = change.playbook("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert change.markers() == CHANGED


def _plant(source: Path, mark: Path) -> Path:
    """Compiled code that Python would take for ``source``; it leaves a mark when it runs."""
    text = f"{source.read_text()}\nopen({str(mark)!r}, 'w').close()\n"
    code = compile(text, str(source), "exec", dont_inherit=True)
    status = source.stat()
    times = int(status.st_mtime).to_bytes(4, "little") + status.st_size.to_bytes(4, "little")
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(importlib.util.MAGIC_NUMBER + bytes(4) + times + marshal.dumps(code))
    return cached


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["ansible-playbook", "ansible-runner"])
def test_L11_planted_code_is_not_run(change: LabChange, tmp_path: Path, driver: str) -> None:
    mark = tmp_path / "ran"
    later = change.root / "playbooks" / "vars_plugins" / "refuse_early.py"
    for source in (later, *change.root.glob("roles/*/action_plugins/*.py")):
        _plant(source, mark)
    change.sign()
    if driver == "ansible-playbook":
        run = change.playbook("-e", "phase=apply")
    else:
        run = raw_runner(change, tmp_path / "job")
    assert change.markers() == CHANGED, run.stdout + run.stderr
    assert not mark.exists()


def test_L11_planted_code_in_our_first_file_is_found(change: LabChange, tmp_path: Path) -> None:
    """Nothing of ours runs before it, so it is found by what runs after it."""
    source = change.root / "playbooks" / "inventory_plugins" / "first_look.py"
    text = source.read_text()
    cached = _plant(source, tmp_path / "ran")
    change.sign()
    run = change.playbook("-e", "phase=apply")
    refused(change, run, "compiled-code")
    assert str(cached) in run.stdout + run.stderr
    assert source.read_text() == text


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


@pytest.mark.slow
def test_a_hostile_host_answers_with_facts(change: LabChange) -> None:
    """A client's server that approves itself, renames itself, rewrites the steps and paints."""
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
        "    answer['warnings'] = [answer.get('msg', '') + '\\x1b[2J\\u202e\\x07']\n"
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
    assert "\\u{001B}[2J\\u{202E}" in run.stdout + run.stderr
    assert set("\x1b\u202e\x07").isdisjoint(run.stdout + run.stderr)


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


@pytest.mark.slow
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

    def test_L24_F8_one_run_at_a_time(self, waiting: tuple[LabChange, Path]) -> None:
        """A second run, by either driver, is refused and does not disturb the first."""
        refusals: list[str] = []

        def others_come(change: LabChange) -> None:
            before = len(change.view().statements)
            plain = change.playbook("-e", "phase=prepare")
            door = subprocess.run(
                [str(ANSIBLE / "sluis"), "prepare", change.who.client, change.change],
                cwd=change.root, env=change.environment(), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert plain.returncode != 0 and door.returncode == 1
            refusals.extend([plain.stdout + plain.stderr, door.stderr])
            assert len(change.view().statements) == before
            lists = change.playbook("--list-hosts")
            assert lists.returncode == 0, lists.stderr

        output = self._run(waiting, others_come)
        assert waiting[0].markers() == CHANGED, output
        for text in refusals:
            assert "still going on" in text
            assert "ansible-playbook update.yml, phase apply" in text

    def test_plan_lost(self, waiting: tuple[LabChange, Path]) -> None:
        output = self._run(waiting, lambda change: shutil.rmtree(change.dossier / "objects"))
        assert waiting[0].markers() == UNTOUCHED, output
        assert "refused" in output.lower()


# ---------------------------------------------------------------------------------------
# What a step sends lies outside everything that the tree digest covers


def _sending_steps(outside: Path) -> list[dict[str, object]]:
    """Steps that name files in ways by which nothing was bound once."""
    here = "{{ ansible_remote_tmp | dirname }}/changed"
    make = marker_steps()[0]

    def step(name: str, module: str, args: dict[str, object], **more: object) -> dict[str, object]:
        given = {"step": name, "words": name, "hosts": "app1", "module": module, "args": args}
        return {**given, **more}

    return [
        make,
        step("short-name", "copy", {"src": f"{outside}/short", "dest": f"{here}/short-name"}),
        step("linked", "ansible.builtin.copy", {"src": f"{outside}/folder/", "dest": f"{here}/"}),
        step("filled", "ansible.legacy.template",
             {"src": f"{outside}/filled.j2", "dest": f"{here}/filled"}),
        step("secret", "copy", {"dest": f"{here}/secret", "mode": "0600"},
             secret_args={"content": "signed\n"}),
        step("run", "script", {"cmd": f"{outside}/run.sh {here}/run"}),
    ]  # fmt: skip


#: which file is changed after the client signed, and the mark that must not appear then
SENT = {
    "L2-a-short-name": ("short", "short-name"),
    "L3-the-target-of-a-link": ("linked", "linked"),
    "L3-a-part-of-a-template": ("part", "filled"),
}


@pytest.fixture(scope="module")
def sending(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path, Path]:
    outside = tmp_path_factory.mktemp("outside")
    change = new_change(
        lab, tmp_path_factory.mktemp("sending") / "project", "CHG-SEND",
        software_update_steps=_sending_steps(outside),
    )  # fmt: skip
    _fill(outside)
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    return change, change.keep(), outside


def _fill(outside: Path) -> None:
    """The files as they are when the client signs."""
    (outside / "folder").mkdir(exist_ok=True)
    for name in ("short", "linked", "part"):
        (outside / name).write_text("signed\n")
    (outside / "filled.j2").write_text("{% include 'part' %}")
    (outside / "run.sh").write_text("#!/bin/sh\necho signed >$1\n")
    (outside / "folder" / "linked").unlink(missing_ok=True)
    (outside / "folder" / "linked").symlink_to(outside / "linked")


@pytest.fixture
def sends(sending: tuple[LabChange, Path, Path]) -> tuple[LabChange, Path]:
    """The change, signed, with its files as they were when it was prepared."""
    change, kept, outside = sending
    change.go_back_to(kept)
    _fill(outside)
    change.sign()
    return change, outside


@pytest.mark.slow
@pytest.mark.parametrize("name", SENT)
def test_L2_L3_another_file_than_the_one_signed_is_not_sent(
    sends: tuple[LabChange, Path], name: str
) -> None:
    change, outside = sends
    file, mark = SENT[name]
    (outside / file).write_text("other\n")
    run = change.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert mark not in change.markers()["app1"], run.stdout
    assert "call-differs" in change.refusals()
    assert change.view().problems == ()


@pytest.mark.slow
def test_L2_L3_another_file_is_not_sent_over_ansible_runner(
    sends: tuple[LabChange, Path], tmp_path: Path
) -> None:
    change, outside = sends
    for file, _ in SENT.values():
        (outside / file).write_text("other\n")
    run = raw_runner(change, tmp_path / "job")
    assert change.markers() == UNTOUCHED, run.stdout + run.stderr
    assert "call-differs" in change.refusals()


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["ansible-playbook", "ansible-runner"])
def test_L6_files_replaced_once_the_step_has_started_are_not_sent(
    sends: tuple[LabChange, Path], tmp_path: Path, driver: str
) -> None:
    """Each file is renamed over when the ledger says that its step started: the race, won."""
    change, outside = sends
    files = {"short-name": "short", "linked": "linked", "filled": "part", "run": "run.sh"}
    over = threading.Event()

    def replace() -> None:
        seen: set[str] = set()
        statements = change.dossier / "statements"
        while not over.wait(0.002):
            for path in set(map(str, statements.glob("*.json"))) - seen:
                seen.add(path)
                payload = json.loads(Path(path).read_bytes())["payload"]
                said = json.loads(base64.b64decode(payload))["predicate"]["body"]
                name = files.get(str(said.get("step")))
                if said.get("state") == "started" and name:
                    (outside / "evil").write_text("#!/bin/sh\necho other >$1\n")
                    (outside / "evil").rename(outside / name)

    thief = threading.Thread(target=replace)
    thief.start()
    try:
        if driver == "ansible-playbook":
            run = change.playbook("-e", "phase=apply")
        else:
            run = raw_runner(change, tmp_path / "job")
    finally:
        over.set()
        thief.join()
    assert change.refusals() == set(), run.stdout + run.stderr
    folder = change.lab.hosts["app1"].folder / "changed"
    for mark in ("short-name", "linked", "filled", "secret", "run"):
        assert (folder / mark).read_text().strip() == "signed", mark
    for name in files.values():
        assert "other" in (outside / name).read_text(), f"{name} was not replaced: no race"
    assert change.view().latest(Handover) is not None
