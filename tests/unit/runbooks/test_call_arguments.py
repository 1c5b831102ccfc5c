"""A step whose module does not take its arguments is refused before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.errors import InputError
from sluis.rehearsal.project import checkout
from sluis.runbook.call import read_call
from sluis.runbook.call_arguments import wrong_arguments
from sluis.runbook.call_files import Outbox
from sluis.runbook.call_modules import ACTIONS, CORE, resolve
from support.guarded_call import Guarded

PLACES = checkout()


def said(module: str, *given: str) -> list[str]:
    found = resolve(module, {"use": "ansible.builtin.apt"}, PLACES)
    return [what for what, _ in wrong_arguments(found, given)]


def test_F1_a_misspelt_argument_is_named_with_the_one_that_was_meant() -> None:
    found = list(wrong_arguments(resolve("copy", {}, PLACES), {"src", "dst"}))
    assert found == [
        ("ansible.builtin.copy has no argument 'dst'.", "Did you mean 'dest'? Otherwise: take it out."),  # noqa: E501
        ("ansible.builtin.copy needs the argument 'dest'.", "Write dest: below its args."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("copy", ("content", "dest", "mode", "owner", "backup", "validate")),
        ("template", ("src", "dest", "trim_blocks", "mode")),
        ("file", ("name", "state")),
        ("file", ("dest", "state")),
        ("apt", ("pkg", "update-cache")),
        ("apt", ("name", "update_cache", "allow_downgrade")),
        ("command", ("argv", "chdir", "creates")),
        ("command", ("_raw_params",)),
        ("shell", ("cmd", "executable", "_uses_shell")),
        ("script", ("cmd", "creates")),
        ("systemd", ("name", "state", "daemon-reload")),
        ("uri", ("url", "method", "body_format", "status_code")),
        ("unarchive", ("src", "dest", "remote_src")),
        ("lineinfile", ("path", "line", "regexp")),
        ("package", ("name", "state", "use", "update_cache")),
        ("user", ("name", "password", "shell")),
    ],
)  # fmt: skip
def test_F1_what_a_module_takes_is_taken(module: str, given: tuple[str, ...]) -> None:
    assert said(module, *given) == []


@pytest.mark.parametrize(
    ("module", "given", "wrong"),
    [
        ("template", ("src",), "needs the argument 'dest'"),
        ("file", ("state",), "needs the argument 'path'"),
        ("apt", ("nam",), "has no argument 'nam'"),
        ("command", ("argv", "become"), "has no argument 'become'"),
        ("uri", ("method",), "needs the argument 'url'"),
    ],
)
def test_F1_what_it_does_not_take_is_said(module: str, given: tuple[str, ...], wrong: str) -> None:
    (what,) = said(module, *given)
    assert wrong in what


def test_every_module_of_ansible_core_that_may_be_a_step_is_documented() -> None:
    """Else a slip in its arguments would be told by nobody before it runs."""
    silent = []
    for path in sorted((CORE / "modules").glob("*.py")):
        action = ACTIONS.get(path.stem)
        if path.stem.startswith("_") or (action and action.kind != "reads files"):
            continue
        try:
            module = resolve(f"ansible.builtin.{path.stem}", {}, PLACES)
        except InputError:
            continue
        if not list(wrong_arguments(module, {"no_such_argument"})):
            silent.append(path.stem)
    assert silent == []


def test_F1_a_plan_with_a_wrong_argument_is_not_laid_down(tmp_path: Path) -> None:
    ground = Guarded(tmp_path)
    given = {"module": "copy", "args": {"content": "x", "dst": "/x"}}
    action = ground.action(check_mode=True, step="a", words="Do it", **given)
    with pytest.raises(InputError) as told:
        read_call(action, ground.variables, ground.run, Outbox(keep=False))
    assert told.value.code == "bad-argument"
    assert "'dst'" in told.value.what
