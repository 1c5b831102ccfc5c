"""Values that the client does not see when they sign: known later, or secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SluisError
from sluis.evidence.canonical import canonical
from sluis.plan.model import PlanStep
from sluis.runbook import call_secrets
from sluis.runbook.call_later import filled_in, steps_named
from sluis.runbook.call_modules import OUR_STEPS
from sluis.runbook.call_secrets import bound, key_of
from support.evidence_made import step
from support.guarded_call import Guarded

RESULTS = {"make": {"path": "/tmp/a b/f.txt", "rc": 0, "list": ["x", {"y": "z"}], "text": " t\n"}}
R = "software_update_results"

FILLED = {
    "as it is": ("plain {# not shown #}text\n", "plain text\n"),
    "one value": (f"{{{{ {R}['make'].path }}}}", "/tmp/a b/f.txt"),
    "its type": (f"{{{{ {R}.make.rc }}}}", 0),
    "in a text": (f"cat {{{{ {R}.make['path'] | quote }}}}; exit {{{{ {R}.make.rc }}}}",
                  "cat '/tmp/a b/f.txt'; exit 0"),
    "deeper": (f"{{{{ {R}.make.list[1].y }}}}", "z"),
    "filters": (f"{{{{ {R}.make.path | dirname | ansible.builtin.basename }}}}", "a b"),
    "first and last": ([f"{{{{ {R}.make.list | first }}}}", f"{{{{ {R}.make.text | trim }}}}"],
                       ["x", "t"]),
    "in a mapping": ({"a": [f"{{{{ {R}.make.rc }}}}"], "b": 5}, {"a": [0], "b": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILLED)
def test_L3_results_of_earlier_steps_are_filled_in(name: str) -> None:
    given, wanted = FILLED[name]
    assert filled_in(given, RESULTS, "use") == wanted


def test_L3_the_steps_that_are_used_are_known_from_the_text() -> None:
    value = {"a": f"{{{{ {R}['one'].path }}}}", "b": [f"x {{{{ {R}.two.rc | int }}}}", 5, "plain"]}
    assert steps_named(value, "use") == {"one", "two"}


REACHES_OUT = [
    "{{ lookup('ansible.builtin.file', '/etc/hostname') }}",
    "{{ lookup('pipe', 'date') }}",
    "{{ query('file', '/x') }}",
    "{{ q('file', '/x') | first }}",
    "{{ secret_variable }}",
    "{{ vars['x'] }}",
    "{{ hostvars['db1'].software_update_results.make.path }}",
    "{{ inventory_hostname }}",
    "{{ now() }}",
    f"{{{{ {R} }}}}",
    f"{{{{ {R}['make'] }}}}",
    f"{{{{ {R}[which].path }}}}",
    f"{{{{ {R}[lookup('file', '/x')].path }}}}",
    f"{{{{ {R}.make[vars.key] }}}}",
    f"{{{{ {R}.make.path | default(lookup('file', '/x')) }}}}",
    f"{{{{ {R}.make.path | extract(hostvars) }}}}",
    f"{{{{ {R}.make.path | unvault }}}}",
    f"{{{{ {R}.make.path | community.general.from_file }}}}",
    f"{{{{ {R}.make.path is file }}}}",
    f"{{{{ {R}.make.path.format(x) }}}}",
    f"{{{{ {R}.make.path ~ x }}}}",
    f"{{{{ {R}.make.path + lookup('file', '/x') }}}}",
    f"{{{{ x if {R}.make.rc else y }}}}",
    f"{{{{ [{R}.make.path, x] | first }}}}",
    f"{{{{ {R}.make.list[0:1] }}}}",
    f"{{{{ {R}.make.list[true] }}}}",
    f"{{{{ {R}['../etc'].path }}}}",
    "{{ '/etc/hostname' | file }}",
    "{{ ('a' | basename) }}",
    "{{ self }}",
    "{% include '/etc/hostname' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    f"{{% set {R} = x %}}{{{{ {R}.make.path }}}}",
    "{% for x in y %}{{ x }}{% endfor %}",
    "{% if x %}y{% endif %}",
    "{% filter upper %}x{% endfilter %}",
    "#jinja2: variable_start_string:'[['\n[[ lookup('file', '/x') ]]",
    "{{ unclosed",
    "{{ " + "(" * 5000,
]


@pytest.mark.parametrize("text", REACHES_OUT, ids=lambda text: text[:50])
def test_L3_what_is_known_later_reaches_nothing_else(text: str, tmp_path: Path) -> None:
    for value in (text, [text], {"a": {"b": f"before {text}"}}):
        if text.startswith("#jinja2") and value != text and not isinstance(value, list):
            continue  # in the middle of a text it is only a text
        with pytest.raises(SluisError) as told:
            steps_named(value, "use")
        assert told.value.code == "later-value-reaches-out"
        with pytest.raises(SluisError):
            filled_in(value, RESULTS, "use")
    with pytest.raises(SluisError) as told:
        Guarded(tmp_path).read(module="command", args_at_apply={"cmd": text})
    assert told.value.code == "later-value-reaches-out"


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_L3_a_number_that_is_not_finite_is_no_whole_one(number: float) -> None:
    with pytest.raises(SluisError, match="result-not-known"):
        filled_in(f"{{{{ {R}.make.size | int }}}}", {"make": {"size": number}}, "use")


@pytest.mark.parametrize("key", ["other.path", "make.nosuch", "make.path.x", "make.list[7]"])
def test_L3_a_result_that_is_not_there_is_not_guessed(key: str) -> None:
    with pytest.raises(SluisError) as told:
        filled_in(f"{{{{ {R}.{key} }}}}", RESULTS, "use")
    assert told.value.code == "result-not-known"


FILE_NAMING = [
    ("copy", "src"), ("copy", "remote_src"), ("copy", "local_follow"), ("copy", "decrypt"),
    ("copy", "mode"), ("copy", "raw"), ("template", "src"), ("template", "dest"),
    ("template", "variable_start_string"), ("script", "cmd"), ("script", "_raw_params"),
    ("unarchive", "src"), ("unarchive", "copy"), ("assemble", "src"), ("assemble", "regexp"),
    ("uri", "src"), ("uri", "body"), ("uri", "body_format"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), FILE_NAMING)
def test_L3_which_file_is_sent_is_never_known_later(tmp_path: Path, module: str, name: str) -> None:
    for given in (module, f"ansible.builtin.{module}", f"ansible.legacy.{module}"):
        with pytest.raises(SluisError) as told:
            Guarded(tmp_path).read(module=given, args_at_apply={name: f"{{{{ {R}.make.path }}}}"})
        assert told.value.code == "later-value-reaches-out"


def test_L3_no_argument_is_given_twice(tmp_path: Path) -> None:
    later = {"content": f"{{{{ {R}.make.path }}}}"}
    for more in ({"args_at_apply": later}, {"secret_args": {"content": "x"}}):
        with pytest.raises(SluisError) as told:
            Guarded(tmp_path).read(module="copy", args={"content": "a", "dest": "/x"}, **more)
        assert told.value.code == "bad-step"


@pytest.mark.parametrize("step", ["Stop it", "stop!", "-x", "a" * 81])
def test_first_day_a_step_that_cannot_be_called_so_is_refused_in_our_words(
    tmp_path: Path, step: str
) -> None:
    with pytest.raises(SluisError) as told:
        Guarded(tmp_path).read(step=step, module="copy", args={"content": "a", "dest": "/x"})
    assert told.value.code == "bad-step"
    assert told.value.what == f"A step cannot be called {step[:80]!r}."
    assert "lower-case letters" in told.value.remedy


# ---------------------------------------------------------------------------------------
# Secret


def secret(tmp_path: Path, module: str, name: str, value: Any = "s", **args: Any) -> PlanStep:
    here, role = Guarded(tmp_path), OUR_STEPS.get(module, "")
    return here.read(module=module, args=args, secret_args={name: value}, role=role).planned


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("command", "cmd"), ("ansible.builtin.command", "_raw_params"), ("command", "argv"),
        ("command", "stdin"), ("shell", "cmd"), ("script", "cmd"), ("copy", "src"),
        ("ansible.legacy.copy", "dest"), ("copy", "mode"), ("template", "src"), ("uri", "url"),
        ("uri", "body"), ("uri", "src"), ("unarchive", "src"), ("file", "path"), ("user", "name"),
        ("user", "update_password"), ("user", "uid"), ("apt", "name"), ("lineinfile", "line"),
        ("blockinfile", "block"), ("expect", "responses"), ("git", "repo"), ("cron", "job"),
        ("service", "state"), ("asset_swap", "asset"), ("tenant_import", "asset"),
    ],
)  # fmt: skip
def test_L3_a_secret_is_a_value_and_never_what_happens(
    tmp_path: Path, module: str, name: str
) -> None:
    with pytest.raises(SluisError) as told:
        secret(tmp_path, module, name, use="systemd")
    assert told.value.code == "not-a-secret"
    assert repr(name) in str(told.value)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("copy", "content"), ("user", "password"), ("user", "ssh_key_passphrase"),
        ("uri", "url_password"), ("uri", "password"), ("get_url", "url_password"),
        ("subversion", "password"), ("debconf", "value"),
    ],
)  # fmt: skip
def test_L3_what_a_module_marks_as_secret_may_be_secret(
    tmp_path: Path, module: str, name: str
) -> None:
    first = secret(tmp_path, module, name, "one")
    assert first.secret_args == (name,)
    assert list(first.hidden_sha256) == [name]
    assert secret(tmp_path, module, name, "one") == first
    assert secret(tmp_path, module, name, "two").call_sha256() != first.call_sha256()
    assert "one" not in canonical(first.model_dump(mode="json")).decode()


def test_L3_what_happens_is_never_secret_whatever_a_module_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = frozenset({"cmd", "src", "url", "body", "_raw_params", "path"})
    monkeypatch.setattr(call_secrets, "secret_options", lambda module: everything)
    for module, name in (("command", "cmd"), ("uri", "url"), ("uri", "body"), ("file", "path")):
        with pytest.raises(SluisError) as told:
            secret(tmp_path, module, name)
        assert told.value.code == "not-a-secret"


@pytest.mark.parametrize(
    "mode", ["0755", "755", "u=rwx", "a+x", 0o755, "0711", "u+X", "preserve", "g=u", "4600"]
)
def test_L3_a_program_is_no_secret(tmp_path: Path, mode: Any) -> None:
    if mode == "4600":
        assert secret(tmp_path, "copy", "content", "x", dest="/x", mode=mode)
        return
    with pytest.raises(SluisError) as told:
        secret(tmp_path, "copy", "content", "#!/bin/sh\nrm -rf /", dest="/x", mode=mode)
    assert told.value.code == "not-a-secret"
    for quiet in ("0600", 0o640, "u=rw,go="):
        assert secret(tmp_path, "copy", "content", "x", dest="/x", mode=quiet)


def test_L3_a_secret_is_bound_under_a_key_that_stays_here(tmp_path: Path) -> None:
    key = key_of(tmp_path, "CHG-1")
    assert key == key_of(tmp_path, "CHG-1") != key_of(tmp_path, "CHG-2")
    assert (tmp_path / ".keys").stat().st_mode & 0o777 == 0o700
    assert {item.stat().st_mode & 0o777 for item in (tmp_path / ".keys").iterdir()} == {0o600}
    assert bound(key, "a", "x") == bound(key, "a", "x")
    assert len({bound(key, "a", "x"), bound(key, "b", "x"), bound(key, "a", "y"),
                bound(key_of(tmp_path, "CHG-2"), "a", "x")}) == 4  # fmt: skip
    (tmp_path / ".keys" / "CHG-1").write_bytes(b"short")
    with pytest.raises(SluisError) as told:
        key_of(tmp_path, "CHG-1")
    assert told.value.code == "key-damaged"


@pytest.mark.parametrize("where", ["args", "args_at_apply"])
def test_L3_a_secret_in_the_open_is_refused(tmp_path: Path, where: str) -> None:
    for value in ({"login_password": "x"}, {"a": [{"API_KEY": "x"}]}, {"b": {"token": "x"}}):
        with pytest.raises(SluisError) as told:
            Guarded(tmp_path).read(module="command", **{where: value})
        assert told.value.code == "secret-in-args"


def test_L3_plans_of_before_keep_their_digest() -> None:
    """A dossier of an earlier release says nothing about hidden values, and still verifies."""
    old = step("a", "h1", "192.0.2.1")
    assert "hidden_sha256" not in old.model_dump(mode="json")
    assert PlanStep.model_validate(old.model_dump(mode="json")) == old
    new = old.model_copy(update={"hidden_sha256": {"content": "0" * 64}})
    assert PlanStep.model_validate_json(new.model_dump_json()) == new
    assert new.call_sha256() != old.call_sha256()
