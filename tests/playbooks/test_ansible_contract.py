"""What we rely on in ansible-core, held against the installed release.

When a new ansible-core breaks one of these, ``sluis.runbook.run`` and
``sluis.runbook.call`` are the only places to mend.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from ansible.plugins.action import ActionBase
from ansible.release import __version__

from sluis.rehearsal.project import checkout

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")

PROBE = """
import json, os
from ansible import context, constants
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
import probe_shared

class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    def run(self, tmp=None, task_vars=None):
        connection = self._connection
        found = {
            "hosts": list(task_vars["ansible_play_hosts_all"]),
            "playbook_dir": str(task_vars["playbook_dir"]),
            "groups": {str(k): list(v) for k, v in task_vars["groups"].items()},
            "inventory_hostname": str(task_vars["inventory_hostname"]),
            "check_mode": bool(self._task.check_mode),
            "cli": {name: bool(context.CLIARGS.get(name)) for name in
                    ("inventory", "args", "start_at_task", "step", "skip_tags", "tags",
                     "subset", "module_path", "extra_vars")},
            "extra": {str(k): str(v) for k, v in load_extra_vars(DataLoader()).items()},
            "config": str(constants.CONFIG_FILE),
            "host_key_checking": constants.config.get_config_value("HOST_KEY_CHECKING"),
            "connection": str(connection._load_name),
            "options": sorted(connection.get_options()),
            "shell": sorted(connection._shell.get_options()),
            "same_import_as_main": probe_shared.TOKEN,
            "tmpdir": bool(getattr(connection._shell, "tmpdir", None)),
        }
        with open(os.environ["PROBE_OUT"], "a") as out:
            out.write(json.dumps(found) + "\\n")
        return {"changed": False}
"""
SHARED = "import secrets\nTOKEN = secrets.token_hex(4)\n"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - probe:
    - include_tasks:
        file: inner.yml
        apply: {check_mode: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "playbooks" / "action_plugins").mkdir(parents=True)
    (tmp_path / "playbooks" / "action_plugins" / "probe.py").write_text(PROBE)
    (tmp_path / "playbooks" / "library").mkdir()
    (tmp_path / "playbooks" / "library" / "probe.py").write_text("# documentation only\n")
    (tmp_path / "playbooks" / "p.yml").write_text(PLAYBOOK)
    (tmp_path / "playbooks" / "inner.yml").write_text("- probe:\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "probe_shared.py").write_text(SHARED)
    (tmp_path / "hosts.yml").write_text(
        dedent("""
        all:
          hosts:
            h1: {ansible_connection: local}
            h2: {ansible_connection: local}
        """)
    )
    config = (checkout().root / "ansible.cfg").read_text()
    (tmp_path / "ansible.cfg").write_text(config)
    return tmp_path


def probe(
    folder: Path, *options: str, environ: Mapping[str, str] | None = None
) -> list[dict[str, object]]:
    out = folder / "out.jsonl"
    out.unlink(missing_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
    run = subprocess.run(
        [str(ANSIBLE), "-i", "hosts.yml", "playbooks/p.yml", *options],
        cwd=folder,
        env={
            **kept,
            "PROBE_OUT": str(out),
            "PYTHONPATH": f"{folder / 'lib'}:{kept.get('PYTHONPATH', '')}",
            **(environ or {}),
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_the_release_is_one_we_know() -> None:
    assert __version__.startswith("2.19.")


def test_magic_variables_beat_extra_vars(folder: Path) -> None:
    found = probe(
        folder,
        "-e",
        '{"ansible_play_hosts_all": ["evil"], "playbook_dir": "/evil", "ansible_check_mode": true,'
        ' "groups": {"all": ["evil"], "export_workers": ["evil"]}}',
    )
    for item in found:
        assert item["hosts"] == ["h1", "h2"]
        assert item["playbook_dir"] == str(folder / "playbooks")
        assert item["groups"] == {"all": ["h1", "h2"], "ungrouped": ["h1", "h2"]}


def test_inventory_hostname_does_not(folder: Path) -> None:
    """The reason why extra vars are on a list and connection targets are signed."""
    found = probe(folder, "-e", "inventory_hostname=evil")
    assert {item["inventory_hostname"] for item in found} == {"evil"}


def test_check_mode_reaches_included_tasks(folder: Path) -> None:
    assert [item["check_mode"] for item in probe(folder)] == [False, False, True, True]


def test_the_command_line_can_be_read(folder: Path) -> None:
    (item, *_) = probe(folder, "-e", "change=X", "--limit", "all")
    assert item["cli"] == {
        "inventory": True, "args": True, "start_at_task": False, "step": False,
        "skip_tags": False, "tags": True, "subset": True, "module_path": False,
        "extra_vars": True,
    }  # fmt: skip
    assert item["extra"] == {"change": "X"}
    assert item["config"] == str(folder / "ansible.cfg")
    assert item["host_key_checking"] is True


def test_workers_inherit_what_the_main_process_imported(folder: Path) -> None:
    """The run id is made at import time and has to be one for the whole run."""
    assert len({item["same_import_as_main"] for item in probe(folder)}) == 1


def test_no_temporary_folder_is_made_before_the_action_runs(folder: Path) -> None:
    assert not any(item["tmpdir"] for item in probe(folder))


def test_connection_and_shell_options_can_be_listed(folder: Path) -> None:
    (item, *_) = probe(folder)
    assert item["connection"] == "local"
    assert "pipelining" in item["options"]  # type: ignore[operator]
    assert "remote_tmp" in item["shell"]  # type: ignore[operator]


def test_the_action_base_has_what_the_guarded_step_uses() -> None:
    for name in ("_find_needle", "_compute_environment_string", "_execute_module"):
        assert callable(getattr(ActionBase, name))
