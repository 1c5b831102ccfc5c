"""House rules for roles and playbooks that no linter knows: every mutating task is guarded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.plan.templates import outside_of_yaml

ROOT = Path(__file__).resolve().parents[3]

#: what a task in a change role or a playbook may do without a guarded step around it
READ_ONLY = {
    "asset_swap_look",
    "guarded",
    "restore_choice",
    "tenant_import_list",
    "tenant_landing_list",
    "ansible.builtin.assert",
    "ansible.builtin.debug",
    "ansible.builtin.fail",
    "ansible.builtin.import_role",
    "ansible.builtin.import_tasks",
    "ansible.builtin.include_role",
    "ansible.builtin.include_tasks",
    "ansible.builtin.include_vars",
    "ansible.builtin.set_fact",
}
KEYWORDS = {
    "any_errors_fatal", "always", "become", "become_user", "block", "changed_when", "check_mode",
    "delegate_to", "failed_when", "ignore_errors", "loop", "loop_control", "name", "no_log",
    "register", "rescue", "retries", "run_once", "tags", "until", "vars", "when", "with_items",
    "async", "poll", "notify", "environment", "delay", "listen", "throttle",
}  # fmt: skip


class _Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as plain values."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def tasks_in(path: Path) -> Iterator[dict[str, Any]]:
    """Every task of a file, those inside blocks included."""
    yield from _flat(yaml.load(path.read_text(), Loader=_Loader) or [])


def _flat(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if not isinstance(item, dict):
            continue
        inner = [*item.get("block", []), *item.get("rescue", []), *item.get("always", [])]
        if "hosts" in item:
            for part in ("pre_tasks", "tasks", "post_tasks", "handlers"):
                yield from _flat(item.get(part, []))
        elif inner:
            yield {k: v for k, v in item.items() if k not in ("block", "rescue", "always")}
            yield from _flat(inner)
        else:
            yield item


def module_of(task: dict[str, Any]) -> str | None:
    names = [name for name in task if name not in KEYWORDS]
    return names[0] if names else None


def change_roles() -> list[Path]:
    """The roles that depend on the change gate: those that change something."""
    found = []
    for meta in sorted(ROOT.glob("roles/*/meta/main.yml")):
        dependencies = (yaml.safe_load(meta.read_text()) or {}).get("dependencies") or []
        if any(item.get("role") == "change_gate" for item in dependencies):
            found.append(meta.parents[1])
    return found


def change_role_files() -> list[Path]:
    return [
        path
        for role in change_roles()
        for folder in ("tasks", "handlers")
        for path in sorted((role / folder).glob("**/*.yml"))
    ]


def playbook_files() -> list[Path]:
    return sorted((ROOT / "playbooks").glob("**/*.yml"))


def all_files() -> list[Path]:
    roles = sorted(ROOT.glob("roles/*/tasks/**/*.yml")) + sorted(
        ROOT.glob("roles/*/handlers/**/*.yml")
    )
    return [*roles, *playbook_files()]


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def unguarded(task: dict[str, Any], own: set[str]) -> str | None:
    """The module of a task that could change something outside a guarded step."""
    module = module_of(task)
    return module if module is not None and module not in READ_ONLY | own else None


def test_W8_a_list_of_files_that_is_empty_fails(tmp_path: Path) -> None:
    """A test for each file of a folder that is not there any more would be a skip."""
    for path in ("change_role_files", "playbook_files", "all_files"):
        assert globals()[path](), path
    test = tmp_path / "test_none.py"
    test.write_text("import pytest\n@pytest.mark.parametrize('x', [])\ndef test_x(x): ...\n")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), str(test)]
    done = subprocess.run(
        [*command, "-n", "0", f"--rootdir={tmp_path}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stdout
    assert "Empty parameter set" in done.stdout


def test_W8_no_file_escapes_the_rules_by_its_name() -> None:
    """The rules read ``*.yml``; Ansible would read these as well."""
    escaped = [
        path
        for folder in ("roles/*/tasks", "roles/*/handlers", "roles/*/meta", "playbooks")
        for path in ROOT.glob(f"{folder}/**/*")
        if path.is_file() and path.suffix in {".yaml", ".json", ""}
    ]
    assert escaped == []
    seen = {path.resolve() for path in all_files()}
    for place in ("roles/*/tasks/main.yml", "playbooks/*.yml"):
        assert {path.resolve() for path in ROOT.glob(place)} <= seen


def test_there_are_change_roles() -> None:
    assert {"software_update", "restore_asset"} <= {role.name for role in change_roles()}


@pytest.mark.parametrize("path", change_role_files(), ids=_id)
def test_every_mutating_task_of_a_change_role_is_guarded(path: Path) -> None:
    assert [u for task in tasks_in(path) if (u := unguarded(task, set()))] == []


@pytest.mark.parametrize("path", playbook_files(), ids=_id)
def test_no_playbook_changes_anything_by_itself(path: Path) -> None:
    assert [u for task in tasks_in(path) if (u := unguarded(task, set()))] == []


@pytest.mark.parametrize("path", all_files(), ids=_id)
def test_no_task_has_a_known_hole(path: Path) -> None:
    for task in tasks_in(path):
        name, module = task.get("name", "?"), module_of(task)
        # measured: even when it evaluates to false, it switches any_errors_fatal off
        assert "{{" not in str(task.get("ignore_errors", "")), name
        assert not task.get("ignore_errors"), name
        assert not task.get("ignore_unreachable"), name
        assert "tags" not in task, name
        # end_play, end_host and the like end with status 0 and let the next play run
        assert module not in ("ansible.builtin.meta", "meta"), name
        if module == "guarded":
            assert not {"until", "retries", "async", "poll", "notify"} & set(task), name
            arguments = str(task["guarded"])
            # a lookup in a guarded argument runs before the gate has answered
            for word in ("lookup(", "query(", "pipe"):
                assert word not in arguments, name


def variables_and_tasks() -> list[Path]:
    return [
        *all_files(),
        *sorted(ROOT.glob("roles/*/defaults/**/*.yml")),
        *sorted(ROOT.glob("roles/*/vars/**/*.yml")),
        *sorted(ROOT.glob("inventories/template/**/*.yml")),
    ]


@pytest.mark.parametrize("path", variables_and_tasks(), ids=_id)
def test_L4_nothing_of_ours_reads_what_no_signature_covers(path: Path) -> None:
    """Playbooks and roles are bound as files; what they read besides would not be."""
    # they go by the scope, the inventory's groups and the command line alone
    ours = {"lookup('export_batch')", "lookup('batch')"}
    reached = {one.partition(" (")[0] for one in outside_of_yaml(path.read_bytes())}
    # a place in a list of names
    assert reached <= {*ours, "the call .index()"}
    for task in tasks_in(path) if path in all_files() else ():
        assert not {name for name in task if name.startswith("with_")}, task
        assert "vars_files" not in task, task


def test_the_rules_can_fail() -> None:
    task = {"name": "x", "ansible.builtin.copy": {"dest": "/"}}
    assert unguarded(task, set()) == "ansible.builtin.copy"


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=_id)
def test_every_play_pins_its_strategy(path: Path) -> None:
    for play in yaml.safe_load(path.read_text()):
        assert play["strategy"] == "ansible.builtin.linear", play["name"]
        assert play["any_errors_fatal"] is True, play["name"]
        assert "serial" not in play, play["name"]
        # where a run is refused that leaves out every task
        assert play["hosts"].startswith("{{ lookup('batch', "), play["name"]
        assert "max_fail_percentage" not in play, play["name"]
