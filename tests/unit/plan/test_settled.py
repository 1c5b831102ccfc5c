"""What leads to a machine follows from the inventory alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from sluis.plan.settled import OUR_ROLES, named_texts, unsettled

ROOT = Path(__file__).parents[3]
WHERE = "inventories/practice/host_vars/app1.yml"


def told(text: str, **others: str) -> list[str]:
    """What is said of a connection variable with this text, among others."""
    texts = [(WHERE, name, one) for name, one in others.items()]
    reasons = unsettled([*texts, (WHERE, "ansible_shell_executable", text)])
    assert {(one.code, one.about) for one in reasons} <= {("reaches-outside", WHERE)}
    return [one.sentence for one in reasons]


@pytest.mark.parametrize(
    "name",
    [
        "phase",
        "ansible_check_mode",
        "ansible_play_hosts",
        "ansible_run_tags",
        "ansible_forks",
        "ansible_verbosity",
        "playbook_dir",
        "ansible_facts",
        "ansible_date_time",
        "ansible_some_fact",
        "vars",
    ],
)
def test_a_connection_variable_uses_nothing_that_a_run_sets(name: str) -> None:
    evil = f"{{{{ '/bin/sh' if {name} == 'prepare' else '/tmp/other' }}}}"
    for found in (
        told(evil),
        told("{{ shell }}", shell="{{ inner }}", inner=evil),
        told(f"{{{{ hostvars['db1'].{name} }}}}"),
        told(f"{{{{ hostvars[other]['{name}'] }}}}"),
        told("{{ hostvars['db1'].shell }}", shell=evil),
        told("{{ '\\x7b\\x7b " + name + " }}' }}"),
    ):
        assert len(found) == 1
        assert f"it uses {name}, which each run sets anew" in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "{{ hostvars['db1'][name] }}",
        "{{ hostvars | string }}",
        "{{ hostvars['db1'] | dict2items }}",
        "{{ 'x' | extract(hostvars) }}",
        "{% set h = hostvars %}{{ h.db1.phase }}",
    ],
)
def test_variables_of_another_host_are_written_by_name(text: str) -> None:
    assert "hostvars without a name that is written out" in told(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "/bin/sh",
        "{{ shell }}",
        "{{ inventory_dir }}/keys/{{ inventory_hostname }}",
        "{{ ansible_playbook_python }}",
        "-F none -J {{ hostvars['bastion'].ansible_host }}:{{ hostvars[jump]['ansible_port'] }}",
        "{{ vault_become_password }}",
        "{{ ansible_user | default('ops') }}",
        "{{ a.phase }}",
        "{{ ansible_own }}",
    ],
)
def test_what_the_inventory_says_is_let_through(text: str) -> None:
    assert told(text, shell="{{ ansible_own }}", ansible_own="/bin/sh") == []


def test_another_variable_may_use_what_the_run_says() -> None:
    assert unsettled([(WHERE, "folder", "{{ ansible_check_mode }}")]) == []


@pytest.mark.parametrize(
    "content",
    [
        b'a: [{b: "{{ phase }}"}]\n',
        b'{"a": {"b": "{{ phase }}"}}',
        b'{"a": {"b": "{{ phase }}", "note": "\x7f"}}',
    ],
    ids=["YAML", "JSON", "JSON that is no YAML"],
)
def test_each_text_is_known_by_its_variable(content: bytes) -> None:
    assert ("a", "{{ phase }}") in list(named_texts(content))


def test_a_file_that_is_nested_deeply_says_nothing_here() -> None:
    deep: object = "{{ phase }}"
    for _ in range(300):
        deep = [deep]
    assert ("a", "{{ phase }}") in list(named_texts(json.dumps({"a": deep}).encode()))
    assert list(named_texts(b"x: " + b"[" * 100_000)) == []


def test_whatever_our_playbooks_set_is_refused_there() -> None:
    found = set[str]()
    for path in (*ROOT.glob("roles/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")):
        text = path.read_text()
        found |= set(re.findall(r"(?:register|loop_var|index_var): *(\w+)", text))
        found |= set(re.findall(r"set_fact:\n +(\w+):", text))
    assert "software_update_results" in found
    for name in sorted(found):
        assert told(f"{{{{ {name} }}}}"), name


SETTINGS = sorted(
    {
        name
        for file in (ROOT / "roles").glob("*/meta/argument_specs.yml")
        for entry in yaml.safe_load(file.read_text())["argument_specs"].values()
        for name in entry.get("options", {})
    }
)


def test_every_role_of_ours_is_known() -> None:
    assert sorted(OUR_ROLES) == sorted(path.name for path in (ROOT / "roles").iterdir())
    assert len(SETTINGS) > 20


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_ours_says_the_same_at_prepare_and_at_apply(name: str) -> None:
    """By the phase it could name another program, another store or another tenant."""
    evil = "{{ '/usr/bin/restic' if phase == 'prepare' else '/tmp/other' }}"
    found = unsettled([(WHERE, name, evil), (WHERE, name, "{{ inventory_hostname }}")])
    by_hand = unsettled([(WHERE, name, "{{ inner }}"), (WHERE, "inner", evil)])
    if name.startswith("software_update_"):
        assert (found, by_hand) == ([], []), "each call is signed as it is filled in"
    else:
        (reason,), (other,) = found, by_hand
        assert reason.code == other.code == "reaches-outside"
        assert f"{name} could say something else at apply" in reason.sentence
        assert "it uses phase" in other.sentence
    assert unsettled([(WHERE, name, "{{ vault_x }}-{{ inventory_hostname }}")]) == []
