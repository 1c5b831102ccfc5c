"""A step whose module does not take its arguments is refused before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from sluis.errors import InputError
from sluis.rehearsal.project import checkout
from sluis.runbook.call import read_call
from sluis.runbook.call_arguments import wrong_arguments
from sluis.runbook.call_files import Outbox
from sluis.runbook.call_modules import ACTIONS, CORE, resolve
from sluis.runbook.call_together import Together, When, together
from support.guarded_call import Guarded

PLACES = checkout()


def said(module: str, *given: str) -> list[str]:
    found = resolve(module, {"use": "ansible.builtin.apt"}, PLACES)
    return [what for what, _ in wrong_arguments(found, given, {})]


def test_F1_a_misspelt_argument_is_named_with_the_one_that_was_meant() -> None:
    found = list(wrong_arguments(resolve("copy", {}, PLACES), {"src", "dst"}, {}))
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
        ("systemd_service", ("daemon_reload",)),
        ("systemd_service", ("service", "enabled")),
        ("service", ("state",)),  # which module that will be is not known here
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
        ("systemd_service", ("state",), "needs the argument 'name' together with 'state'"),
        ("systemd", ("enabled", "daemon_reload"), "needs the argument 'name' together with"),
        ("sysvinit", ("name",), "needs the argument 'state' or 'enabled'"),
        ("pip", ("state",), "needs the argument 'name' or 'requirements'"),
        ("systemd", ("nmae", "state"), "has no argument 'nmae'"),
    ],
)
def test_F1_what_it_does_not_take_is_said(module: str, given: tuple[str, ...], wrong: str) -> None:
    (what,) = said(module, *given)
    assert wrong in what


@pytest.mark.parametrize(
    ("module", "known", "wrong"),
    [
        ("group", {"name": "g", "non_unique": "yes"},
         "needs the argument 'gid' when 'non_unique' is true"),
        ("iptables", {"jump": "TEE", "chain": "INPUT"},
         "needs the argument 'gateway' when 'jump' is 'TEE'"),
        ("iptables", {"jump": "ACCEPT"}, "needs the argument 'chain' when 'flush' is false"),
        ("yum_repository", {"name": "a", "description": "b"},
         "needs the argument 'baseurl' or 'mirrorlist' or 'metalink' when 'state' is 'present'"),
        ("debconf", {"name": "a", "question": "b", "vtype": "text"},
         "needs the argument 'value' together with 'question'"),
        ("lineinfile", {"path": "/a", "line": "b", "regexp": "c", "search_string": "d"},
         "does not take 'regexp' and 'search_string' together"),
        ("apt", {"pkg": "a", "deb": "/b.deb"}, "does not take 'deb' and 'pkg' together"),
        ("unarchive", {"src": "/a", "dest": "/b", "include": ["c"], "exclude": ["d"]},
         "does not take 'include' and 'exclude' together"),
        ("git", {"repo": "a", "dest": "/b", "bare": True, "separate_git_dir": "/c"},
         "does not take 'separate_git_dir' and 'bare' together"),
        ("command", {"cmd": "a", "argv": ["b"]}, "does not take 'cmd' and 'argv' together"),
    ],
)  # fmt: skip
def test_F1_what_does_not_go_together_is_said(
    module: str, known: dict[str, Any], wrong: str
) -> None:
    (what,) = (what for what, _ in wrong_arguments(resolve(module, known, PLACES), known, known))
    assert wrong in what


@pytest.mark.parametrize(
    ("module", "known", "later"),
    [
        ("group", {"name": "g", "non_unique": False}, ()),
        ("group", {"name": "g", "non_unique": True}, ("gid",)),
        ("group", {"name": "g"}, ("non_unique",)),
        ("yum_repository", {"name": "a", "state": "absent"}, ()),
        ("yum_repository", {"name": "a"}, ("state",)),
        ("yum_repository", {"name": "a", "description": "b"}, ("metalink",)),
        ("lineinfile", {"path": "/a", "line": "b", "regexp": "c"}, ("search_string",)),
        ("debconf", {"name": "a", "question": "b"}, ("vtype", "value")),
        ("debconf", {"name": "a"}, ("question",)),
        ("iptables", {"flush": "yes"}, ()),
    ],
)
def test_F1_what_may_yet_go_together_is_left_to_the_module(
    module: str, known: dict[str, Any], later: tuple[str, ...]
) -> None:
    found = resolve(module, known, PLACES)
    assert list(wrong_arguments(found, {*known, *later}, known)) == []


def test_the_examples_of_ansible_itself_lack_nothing() -> None:
    """A false alarm would keep a good change from being made."""
    alarms, looked_at, demanding = [], 0, set()
    for path in sorted((CORE / "modules").glob("[a-z]*.py")):
        demands = together(path)
        examples = yaml.safe_load(get_docstring(str(path), fragment_loader)[1] or "")
        for task in examples if isinstance(examples, list) else ():
            given = task.get(f"ansible.builtin.{path.stem}")
            try:
                found = resolve(path.stem, given or {}, PLACES)
            except InputError:
                continue
            if isinstance(given, dict):
                looked_at += 1
                demanding |= {path.stem} if demands != Together() else set()
                known = {name: value for name, value in given.items() if "{{" not in str(value)}
                alarms += [(path.stem, what) for what, _ in wrong_arguments(found, given, known)]
    assert looked_at > 200
    assert {
        "systemd_service",
        "pip",
        "iptables",
        "sysvinit",
        "group",
        "yum_repository",
    } <= demanding
    assert alarms == []


@pytest.mark.parametrize(
    ("call", "demands"),
    [
        ("required_by=dict(a=('b',), c='d')", Together(by=(("a", ("b",)), ("c", ("d",))))),
        ("required_one_of=[['a', 'b']]", Together(one_of=(("a", "b"),))),
        ("required_one_of=MINE, required_by={**MINE}", Together()),  # known when it runs
        ("required_by=dict(MINE)", Together()),
        ("required_one_of=[[a]]", Together()),
        ("required_together=(['a', 'b'],)", Together(all_of=(("a", "b"),))),
        (
            "mutually_exclusive=[('a', 'b'), ['c', 'd']]",
            Together(not_both=(("a", "b"), ("c", "d"))),
        ),
        ("mutually_exclusive=['a', 'b']", Together(not_both=(("a", "b"),))),
        ("mutually_exclusive=MINE, required_together=None", Together()),
        (
            "required_if=[['a', 1, ['b']], ('c', True, 'd', True)]",
            Together(when=(When("a", 1, ("b",)), When("c", True, ("d",), any_of=True))),
        ),
        ("required_if=[['a', 1], [a, 1, ['b']], 'a', ['a', 1, 2]]", Together()),
        ("required_if=[['a', 1], 'a', ['a', 1, 2], [1, 1, ['b']]]", Together()),
    ],
)
def test_only_plain_words_of_a_module_count(tmp_path: Path, call: str, demands: Together) -> None:
    module = tmp_path / "m.py"
    module.write_text(f"m = AnsibleModule(argument_spec={{}}, {call})\n")
    assert together(module) == demands


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
        if not list(wrong_arguments(module, {"no_such_argument"}, {})):
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
