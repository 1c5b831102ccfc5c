"""One module has many names; the plan, the digest and the run have one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.errors import SluisError
from sluis.rehearsal.project import checkout
from sluis.runbook import call_modules
from sluis.runbook.call_modules import ACTIONS, CORE, OUR_STEPS, resolve
from support import guarded_call  # noqa: F401  it starts Ansible's loaders
from support.guarded_call import Guarded

PLACES = checkout()

NAMES = {
    "copy": "ansible.builtin.copy",
    "copy.py": "ansible.builtin.copy",
    "ansible.legacy.copy": "ansible.builtin.copy",
    "ansible.legacy.copy.py": "ansible.builtin.copy",
    "ansible.builtin.copy": "ansible.builtin.copy",
    "template": "ansible.builtin.template",
    "script": "ansible.builtin.script",
    "unarchive": "ansible.builtin.unarchive",
    "ansible.legacy.assemble": "ansible.builtin.assemble",
    "uri": "ansible.builtin.uri",
    "yum": "ansible.builtin.dnf",
    "ansible.builtin.yum": "ansible.builtin.dnf",
    "file": "ansible.builtin.file",
    "asset_swap": "asset_swap",
    "ansible.legacy.asset_swap": "asset_swap",
    "tenant_import.py": "tenant_import",
}


@pytest.mark.parametrize("given", NAMES)
def test_L2_every_name_of_a_module_is_one_name(given: str) -> None:
    found = resolve(given, {}, PLACES)
    assert found.name == NAMES[given]
    assert found == resolve(found.name, {}, PLACES)


NO_STEPS = {
    "fetch": "module-not-allowed",
    "ansible.builtin.raw": "module-not-allowed",
    "set_fact": "module-not-allowed",
    "ansible.legacy.include_vars": "module-not-allowed",
    "include_role": "module-not-allowed",
    "meta": "module-not-allowed",
    "async_wrapper": "module-not-allowed",
    "package": "module-left-open",
    "service": "module-left-open",
    "guarded": "unknown-module",
    "change_gate": "unknown-module",
    "nosuch.collection.copy": "unknown-module",
    "../../copy": "unknown-module",
    "/tmp/copy": "unknown-module",
    "": "unknown-module",
}


@pytest.mark.parametrize("given", NO_STEPS)
def test_L2_what_cannot_be_a_step_is_refused(given: str) -> None:
    with pytest.raises(SluisError) as told:
        resolve(given, {}, PLACES)
    assert told.value.code == NO_STEPS[given]


def test_L2_a_module_behind_use_is_bound() -> None:
    one = resolve("service", {"use": "systemd"}, PLACES)
    other = resolve("ansible.builtin.service", {"use": "sysvinit"}, PLACES)
    assert one.name == other.name
    assert one.code_sha256 != other.code_sha256
    for use in ("copy", "auto", "script", "", None):
        with pytest.raises(SluisError):
            resolve("service", {"use": use}, PLACES)


def test_L2_every_action_of_ansible_core_is_classified() -> None:
    """An upgrade that brings a new action has to be read before it may be a step."""
    shipped = {item.stem for item in (CORE / "plugins" / "action").glob("*.py")} - {"__init__"}
    assert shipped == set(ACTIONS)


def test_L2_every_module_without_code_is_known() -> None:
    """Words of a playbook lie among the modules; Ansible would try to send them."""
    empty = {
        item.stem
        for item in (CORE / "modules").glob("*.py")
        if "def main" not in item.read_text() and item.stem != "__init__"
    }
    known = set(ACTIONS) | set(call_modules._NO_MODULES)
    assert empty - known == set()


def test_L2_what_the_action_reads_is_decided_on_the_resolved_name(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one")
    here = Guarded(tmp_path)
    for name in ("copy", "ansible.legacy.copy", "copy.py", "ansible.builtin.copy"):
        call = here.read(module=name, args={"src": str(tmp_path / "f"), "dest": "/x"})
        assert call.planned.module == "ansible.builtin.copy"
        assert list(call.planned.files) == [str(tmp_path / "f")], name
    for name in ("script", "unarchive", "uri", "template", "assemble"):
        args = {"cmd": f"{tmp_path}/f", "src": str(tmp_path / "f"), "dest": "/x"}
        wanted = ("cmd",) if name == "script" else ("src", "dest")
        given = {key: args[key] for key in wanted}
        if name == "assemble":
            given |= {"src": str(tmp_path), "remote_src": False}
        assert len(here.read(module=name, args=given).planned.files) == 1, name


def test_L2_a_module_in_the_place_of_one_of_ansibles_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ansible.builtin.copy runs ansible.legacy.copy, which a folder of the user can replace."""
    mine = tmp_path / "stat.py"
    mine.write_text("# mine\n")
    real = call_modules._find

    def found(loader: object, name: str) -> Path | None:
        return mine if name == "ansible.legacy.stat" else real(loader, name)

    monkeypatch.setattr(call_modules, "_find", found)
    with pytest.raises(SluisError) as told:
        resolve("copy", {}, PLACES)
    assert told.value.code == "foreign-module"
    assert str(mine) in str(told.value)


def test_L2_our_own_modules_are_steps_only_where_they_change_something() -> None:
    for role in sorted((PLACES.root / "roles").iterdir()):
        for item in (role / "library").glob("*.py"):
            step = OUR_STEPS.get(item.stem) == role.name
            action = role / "action_plugins" / item.name
            assert not step or action.is_file()
    with pytest.raises(SluisError):
        call_modules._ours("x", PLACES.root / "roles/restore_asset/library/nosuch.py",
                           PLACES.root / "roles")  # fmt: skip


@pytest.mark.parametrize("module", OUR_STEPS)
def test_L14_a_module_of_our_own_is_a_step_in_its_own_role_only(
    tmp_path: Path, module: str
) -> None:
    """The name is a template of the engineer's: what is judged is what it came to."""
    here = Guarded(tmp_path)
    args = {"asset": "files-one", "reached": "V6"}
    for name in (module, f"ansible.legacy.{module}", f"{module}.py"):
        for role in ("", "software_update", "change_gate"):
            with pytest.raises(SluisError, match="module-not-allowed") as told:
                here.read(module=name, args=args, role=role)
            assert f"the role {OUR_STEPS[module]}" in str(told.value)
        assert here.read(module=name, args=args, role=OUR_STEPS[module]).planned.module == module
    with pytest.raises(SluisError, match="module-not-allowed"):
        here.read(module="service", args={"use": module, "name": "x"}, role="software_update")


def test_L2_the_code_behind_a_step_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    one = resolve("copy", {}, PLACES).code_sha256
    assert one != resolve("file", {}, PLACES).code_sha256
    monkeypatch.setattr(call_modules, "core_sha256", lambda: "0" * 64)
    assert resolve("copy", {}, PLACES).code_sha256 != one
