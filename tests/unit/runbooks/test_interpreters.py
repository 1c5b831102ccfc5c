"""No remembered fact says which program starts a module."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from ansible.executor.module_common import modify_module
from ansible.modules import ping
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from sluis.rehearsal.project import checkout
from sluis.runbook.interpreters import found_anew
from support import guarded_call  # noqa: F401  it starts Ansible's loaders

EVIL = {"discovered_interpreter_python": "/tmp/evil"}
TASK_VARS: dict[str, Any] = {
    "ansible_facts": {**EVIL, "distribution": "Debian"},
    "ansible_delegated_vars": {"h2": {"ansible_facts": dict(EVIL), "ansible_host": "192.0.2.2"}},
    "ansible_python_interpreter": "/usr/bin/python3",
    **EVIL,
}


def test_L10_what_was_found_before_is_left_out_and_the_rest_stays() -> None:
    given = copy.deepcopy(TASK_VARS)
    assert found_anew(given) == {
        "ansible_facts": {"distribution": "Debian"},
        "ansible_delegated_vars": {"h2": {"ansible_facts": {}, "ansible_host": "192.0.2.2"}},
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    assert given == TASK_VARS


def test_L10_ansible_would_use_a_remembered_one_and_looks_again_without_it() -> None:
    """If a new ansible-core remembers it elsewhere, this is where it shows."""
    path = str(Path(ping.__file__))
    facts = {"ansible_facts": dict(EVIL)}

    def shebang(task_vars: dict[str, Any]) -> str:
        templar = Templar(loader=DataLoader(), variables=task_vars)
        built = modify_module(
            module_name="ping", module_path=path, module_args={}, templar=templar,
            task_vars=task_vars,
        )  # fmt: skip
        return str(built.shebang)

    assert "/tmp/evil" in shebang(facts)
    with pytest.raises(Exception, match="interpreter discovery needed") as told:
        shebang(found_anew(facts))
    assert type(told.value).__name__ == "InterpreterDiscoveryRequiredError"


def test_L10_every_module_is_started_so() -> None:
    root = checkout().root
    sources = [
        *root.glob("python_helpers/sluis/runbook/*.py"),
        *root.glob("roles/*/*_plugins/*.py"),
    ]
    calls = {
        f"{path.name}: {found[0]}"
        for path in sources
        for found in re.finditer(r"task_vars=[^,)]*\)?", path.read_text())
        if "_execute_module" in path.read_text() or "handler.run" in path.read_text()
    }
    assert calls == {
        "shipping.py: task_vars=found_anew(task_vars)",
        "guarded.py: task_vars=None)",
        "guarded.py: task_vars=found_anew(task_vars)",
        "programs_look.py: task_vars=None)",
        "programs_look.py: task_vars=found_anew(task_vars)",
    }
