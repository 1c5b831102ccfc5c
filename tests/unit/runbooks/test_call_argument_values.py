"""F1: a step whose module would refuse a value is refused before anybody signs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from sluis.errors import InputError
from sluis.plan.inside_modules import PROGRAMS, READERS, WRITERS
from sluis.rehearsal.project import checkout
from sluis.runbook.call import read_call
from sluis.runbook.call_argument_values import wrong_values
from sluis.runbook.call_arguments import wrong_arguments
from sluis.runbook.call_documentation import options_of
from sluis.runbook.call_files import Outbox
from sluis.runbook.call_modules import ACTIONS, CORE, resolve
from support.guarded_call import Guarded

PLACES = checkout()


def wrong(module: str, **given: Any) -> list[tuple[str, str, str]]:
    return list(wrong_values(resolve(module, given, PLACES), given))


@pytest.mark.parametrize(
    ("module", "name", "value", "remedy"),
    [
        pytest.param("systemd_service", "state", "stoped", "Did you mean 'stopped'", id="choice"),
        pytest.param("systemd", "daemon-reload", "yess", "Did you mean yes?", id="alias"),
        pytest.param("apt", "update_cache", "ture", "Did you mean true?", id="boolean"),
        pytest.param("apt", "update_cache", 3, "write true or false", id="number-for-boolean"),
        pytest.param("apt", "cache_valid_time", "36oo", "Write digits only", id="whole-number"),
        pytest.param("file", "state", "directry", "Did you mean 'directory'", id="folder"),
        pytest.param("file", "state", None, "take state out", id="nothing"),
        pytest.param("apt", "state", "x" * 9, "write one of: absent", id="nothing-near"),
        pytest.param("uri", "status_code", ["2oo"], "ansible-doc ansible.builtin.uri", id="list"),
        pytest.param("copy", "mode", "rw", "u=rw", id="mode-of-letters"),
        pytest.param("copy", "mode", "0899", "u=rw", id="mode-of-no-digits"),
        pytest.param("copy", "mode", "17777777", "four digits", id="mode-too-long"),
        pytest.param("copy", "mode", 600, '"0600" or "1130"', id="mode-as-number"),
        pytest.param("copy", "mode", 420, '"0420" or "0644"', id="mode-0644-without-quotes"),
        pytest.param("copy", "mode", 384, 'quotes: "0600".', id="mode-0600-without-quotes"),
        pytest.param("file", "mode", 98765432, "four at most", id="mode-no-number-of-it"),
        pytest.param("copy", "directory_mode", 755, '"0755"', id="mode-of-folders"),
        pytest.param("file", "mode", "preserve", "u=rw", id="mode-of-another-module"),
    ],
)  # fmt: skip
def test_F1_a_value_that_a_module_would_refuse_is_said(
    module: str, name: str, value: Any, remedy: str
) -> None:
    ((said, what, todo),) = wrong(module, **{name: value})
    assert said == name
    assert repr(name) in what
    assert remedy.lower() in todo.lower()


def test_F1_the_module_that_use_names_is_held_against_the_arguments() -> None:
    given = {"use": "ansible.builtin.systemd_service", "name": "x", "state": "stoped"}
    ((_, what, remedy),) = wrong("service", **given)
    assert what == "ansible.builtin.systemd_service: 'state' cannot be 'stoped'."
    assert "'stopped'" in remedy
    found = resolve("service", given, PLACES)
    ((what, _),) = wrong_arguments(found, {"use", "name", "stat"}, {})
    assert what == "ansible.builtin.systemd_service has no argument 'stat'."


@pytest.mark.parametrize(
    ("module", "given"),
    [
        pytest.param("copy", {"dest": "/x", "mode": "0600", "backup": "yes"}, id="copy"),
        pytest.param("copy", {"dest": "/x", "mode": "preserve"}, id="preserve"),
        pytest.param("template", {"mode": "u=rw,g=r,o="}, id="symbolic"),
        pytest.param("copy", {"dest": "/x", "content": {"a": 1}}, id="text-of-data"),
        pytest.param("apt", {"name": "a,b", "update_cache": 1}, id="list-in-one-text"),
        pytest.param("uri", {"url": "x", "status_code": "200,201"}, id="numbers-in-one-text"),
        pytest.param("command", {"_raw_params": "x", "chdir": "/"}, id="free-form"),
    ],
)
def test_F1_a_value_that_a_module_takes_is_taken(module: str, given: dict[str, Any]) -> None:
    assert wrong(module, **given) == []


def test_F1_the_examples_of_ansible_itself_are_taken() -> None:
    """A false alarm would keep a good change from being made."""
    alarms, looked_at = [], 0
    for path in sorted((CORE / "modules").glob("[a-z]*.py")):
        action = ACTIONS.get(path.stem)
        if action is not None and action.kind == "refused":
            continue
        examples = yaml.safe_load(get_docstring(str(path), fragment_loader)[1] or "")
        for task in examples if isinstance(examples, list) else ():
            given = task.get(f"ansible.builtin.{path.stem}")
            try:
                found = resolve(path.stem, given or {}, PLACES)
            except InputError:
                continue
            if not isinstance(given, dict) or not options_of(found):
                continue
            known = {name: one for name, one in given.items() if "{{" not in str(one)}
            looked_at += len(known)
            alarms += [
                (path.stem, name, one) for name, one in given.items()
                for told, *_ in wrong_values(found, known) if told == name
            ]  # fmt: skip
    assert looked_at > 300
    assert alarms == []


def test_F1_a_plan_with_a_wrong_value_is_not_laid_down(tmp_path: Path) -> None:
    ground = Guarded(tmp_path)
    given = {"module": "copy", "args": {"content": "x", "dest": "/x", "mode": 600}}
    action = ground.action(check_mode=True, step="a", words="Do it", **given)
    with pytest.raises(InputError) as told:
        read_call(action, ground.variables, ground.run, Outbox(keep=False))
    assert told.value.code == "bad-argument-value"
    assert "the number 600" in told.value.what


@pytest.mark.parametrize("module", WRITERS)
def test_F6_each_module_says_by_that_argument_what_it_writes(module: str) -> None:
    """Whether a step stays in its assets is told by it (``sluis.plan.inside``)."""
    options = options_of(resolve(module, {}, PLACES)) or {}
    writer = WRITERS[module]
    assert options[writer.path[0]].names == {*writer.path}
    assert {*writer.path} | writer.fixed | writer.free <= {
        name for option in options.values() for name in option.names
    }


def test_F6_each_module_that_may_stay_in_an_asset_is_there() -> None:
    names = {f"ansible.builtin.{path.stem}" for path in (CORE / "modules").glob("[a-z]*.py")}
    assert {*WRITERS} | READERS | PROGRAMS <= names
