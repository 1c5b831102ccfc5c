"""Between a step's two statements: whatever happens, the ledger tells the truth about its end."""

from __future__ import annotations

import dataclasses
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible._internal._display_utils import DeferredWarningContext
from ansible._internal._errors._task_timeout import TaskTimeoutError
from ansible.errors import (
    AnsibleActionFail,
    AnsibleActionSkip,
    AnsibleAuthenticationFailure,
    AnsibleConnectionFailure,
    AnsibleError,
)
from ansible.module_utils._internal import _messages
from ansible.plugins.connection.ssh import AnsibleControlPersistBrokenPipeError
from ansible.utils.display import Display

from sluis.border.characters import hostile
from sluis.errors import EvidenceError, InputError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Step
from sluis.gate.steps import StepState
from sluis.runbook.answer_size import MOST_CHARACTERS, MOST_VALUES
from sluis.runbook.call import Call
from sluis.runbook.guarded_step import Answer, Guarded, _earlier, run_signed
from sluis.runbook.run import OpenDossier
from support.dossiers import Made, make
from support.evidence_made import EMPTY, step
from support.guarded_call import Guarded as GuardedTask

SECRET = 'pa"ss\\word\nпароль'
DONE = {"changed": True, "rc": 0}
FAILED = {"failed": True, "changed": False, "rc": 3, "msg": "non-zero return code"}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path)


def guarded(made: Made) -> Guarded:
    dossier = OpenDossier(made.dossier, made.ledger, made.objects, made.anchors, made.key)
    return Guarded(Answer.GO, dossier, EMPTY)


def run(made: Made, answer: Any, secrets: Any = None, handler: str = "") -> dict[str, Any]:
    """Run a step whose module answers so, or raises so."""

    def delegate() -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer

    call = Call(
        planned=step("a", "h1", "192.0.2.1"), args={}, secrets=secrets or {}, handler=handler
    )
    return run_signed(guarded(made), call, delegate)


def said(made: Made) -> list[Step]:
    view = made.ledger.read(made.now.replace(year=2100))
    return [item.body for item in view.of(Step)]


def kept(made: Made) -> dict[str, Any]:
    digest = said(made)[-1].result_object
    assert digest is not None
    return dict(json.loads(made.objects.get(digest)))


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


ENDS: dict[str, tuple[Any, str]] = {
    "done": (DONE, "done"),
    "nothing to do": ({"changed": False}, "done"),
    "failed": (FAILED, "failed"),
    "an rc and no word about failing": ({"changed": True, "rc": 2}, "failed"),
    "failed although rc is 0": ({"failed": True, "rc": 0}, "failed"),
    "a word for failing": ({"failed": "yes"}, "failed"),
    "unreachable": ({"unreachable": True, "changed": False}, "lost"),
    "unreachable and failed": ({"unreachable": True, "failed": True}, "lost"),
    "garbled": (
        {"failed": True, "module_stdout": "{\"chan", "module_stderr": "", "rc": 0, "msg": "x"},
        "lost",
    ),
    "killed": (
        {"failed": True, "module_stdout": "", "module_stderr": "Killed", "rc": 137, "msg": "x"},
        "lost",
    ),
    "not parsed": ({"failed": True, "_ansible_parsed": False, "msg": "x"}, "lost"),
    "no interpreter": (
        {"failed": True, "module_stdout": "", "rc": 127,
         "msg": "The module interpreter '/x' was not found."},
        "failed",
    ),
    "no answer": (None, "lost"),
    "a list for an answer": ([], "lost"),
    "its command was killed, and the module says so": ({"failed": True, "rc": -9}, "failed"),
    "connection lost": (AnsibleConnectionFailure("broken pipe"), "lost"),
    "login refused": (AnsibleAuthenticationFailure("denied"), "lost"),
    "an action that lost its connection": (
        caused(AnsibleActionFail("could not copy"), AnsibleConnectionFailure("reset")), "lost",
    ),
    "an error from a lost connection": (
        caused(AnsibleError("copy failed"), ConnectionResetError("reset")), "lost",
    ),
    "a socket that timed out": (TimeoutError("timed out"), "lost"),
    "an error nobody knows": (KeyError("stat"), "lost"),
    "no memory": (MemoryError(), "lost"),
    "a broken multiplexed connection": (
        AnsibleControlPersistBrokenPipeError("write packet: Broken pipe"), "lost",
    ),
    "our own module's answer cannot be used": (
        {"failed": True, "sluis": {"code": "bad-answer"}, "msg": "x"}, "lost",
    ),
    "our own module was killed": (
        {"failed": True, "sluis": {"code": "module-lost"}, "msg": "x"}, "lost",
    ),
    "our own module's answer holds a secret": (
        {"failed": True, "sluis": {"code": "secret-in-answer"}, "msg": "x"}, "lost",
    ),
    "our own module's error": ({"failed": True, "sluis": {"code": "no-space"}}, "failed"),
    "a file that is not there": (AnsibleError("could not find x"), "failed"),
    "refused by our own code": (InputError("x", "It is.", "Do."), "failed"),
    "an action's failure": (AnsibleActionFail("no", result={"rc": 1, "stderr": "why"}), "failed"),
    "an action's skip": (AnsibleActionSkip("it is there"), "done"),
}  # fmt: skip


@pytest.mark.parametrize("how", ENDS)
def test_each_end_has_its_state(made: Made, how: str) -> None:
    answer, state = ENDS[how]
    result = run(made, answer)
    assert [body.state for body in said(made)] == ["started", state]
    fine = not result["failed"] and not result.get("unreachable")
    assert fine is (state == "done"), "Ansible goes on only after a step that is done"
    if state != "done":
        assert said(made)[-1].detail


#: what a host in strange hands may answer in place of its module
UNREADABLE = {
    "half a character": '{"rc": 0, "msg": "\\ud800"}',
    "half a character for a key": '{"rc": 0, "\\udfff": 1}',
    "half a character deeper down": '{"rc": 0, "x": [{"y": "\\udfff"}]}',
    "no JSON": "<html>",
    "nothing": "",
    "two answers": '{"rc": 0}\n{"rc": 1}',
    "a list": "[1]",
    "brackets": '{"x": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "a number without end": '{"rc": ' + "9" * 5000 + "}",
    "a number without bounds": '{"rc": Infinity}',
    "a number that is none": '{"rc": 0, "x": [{"y": NaN}]}',
    "a number larger than any": '{"rc": 0, "seconds": -1e999}',
    "a template that says it is trusted": '{"msg": {"__ansible_type": "TrustedAsTemplate"}}',
    "a mapping for a text": '{"rc": 0, "stdout": {"a": 1}}',
}


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("module", ["command", "file"])
def test_L1_an_answer_that_cannot_be_read_leaves_the_step_lost(
    made: Made, tmp_path: Path, how: str, module: str
) -> None:
    """The way back is only taken over a failure: nobody knows what happened here."""
    liar = tmp_path / "liar"
    liar.write_text(f"#!/bin/sh\ncat > /dev/null\ncat <<'END'\n{UNREADABLE[how]}\nEND\n")
    liar.chmod(0o700)
    host = GuardedTask(tmp_path, {"ansible_python_interpreter": str(liar)})
    args = {"cmd": "true"} if module == "command" else {"path": str(tmp_path), "state": "directory"}
    result = run(made, lambda: host.carry_out(module=module, args=args))
    assert [body.state for body in said(made)] == ["started", "lost"]
    assert result["failed"] is True


def test_T1_an_unreachable_host_is_not_done(made: Made) -> None:
    result = run(made, {"unreachable": True, "changed": False, "msg": "No route to host"})
    assert said(made)[-1].state == "lost"
    assert result["unreachable"] is True


def test_T2_a_lost_connection_is_not_a_failure(made: Made) -> None:
    """A failure opens the way back; over a step that may still be running it must stay shut."""
    result = run(made, AnsibleConnectionFailure("Connection closed by 192.0.2.1"))
    assert said(made)[-1].state == "lost"
    assert result["unreachable"] is True
    assert result["failed"] is False


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), TaskTimeoutError(60)])
def test_L8_what_interrupts_a_step_leaves_it_lost(made: Made, error: BaseException) -> None:
    with pytest.raises(type(error)):
        run(made, error, {"password": SECRET})
    assert [body.state for body in said(made)] == ["started", "lost"]


# ---------------------------------------------------------------------------------------
# Secrets


ORDINARY = ["u", "1234", "true", "failed", "changed", "rc", "0", "********", '"', "{", "é", "done"]


@pytest.mark.parametrize(
    "secret", [*ORDINARY, SECRET, "a'b$c", "cafe\u0301 noir", "\x00\x1b[0m"], ids=ascii
)
@pytest.mark.parametrize(("answer", "state"), [(DONE, "done"), (FAILED, "failed")])
def test_L8_no_secret_changes_how_a_step_ended(
    made: Made, secret: str, answer: dict[str, Any], state: str
) -> None:
    spoken = {
        **answer,
        "stdout": f"{secret} and {secret}",
        "stderr": secret,
        f"key {secret}": secret,
    }
    result = run(made, {**spoken, **answer}, {"password": secret, "more": [secret, 1234]})
    assert [body.state for body in said(made)] == ["started", state]
    assert (result["failed"], result["changed"]) == (state == "failed", answer["changed"])
    assert result["rc"] == answer["rc"]
    assert said(made)[-1].changed is answer["changed"]


def everywhere(made: Made, result: Any) -> str:
    files = [path.read_text() for path in made.dossier.rglob("*") if path.is_file()]
    payloads = [repr(body) for body in said(made)]
    return "\n".join([json.dumps(result, ensure_ascii=False, default=repr), *files, *payloads])


@pytest.mark.parametrize(
    "answer",
    [
        {**FAILED, "stderr": f"bad: {SECRET}", "cmd": ["login", SECRET], "msg": SECRET,
         "invocation": {"module_args": {"p": SECRET}}, "diff": [{"after": SECRET}],
         "warnings": [SECRET], "exception": SECRET, "path": SECRET, SECRET: {SECRET: SECRET}},
        {"failed": True, "module_stdout": f"{SECRET} {{", "module_stderr": SECRET, "msg": SECRET},
        {"unreachable": True, "msg": SECRET},
        AnsibleError(f"cannot send {SECRET}"),
        AnsibleConnectionFailure(f"closed after {SECRET}"),
        AnsibleActionFail(SECRET, result={"stderr": SECRET}),
        KeyError(SECRET),
        caused(AnsibleError("outer"), ValueError(SECRET)),
    ],
    ids=["result", "garbled", "unreachable", "error", "connection", "action", "key", "cause"],
)  # fmt: skip
def test_L7_a_secret_reaches_neither_ansible_nor_the_dossier(made: Made, answer: Any) -> None:
    result = run(made, answer, {"content": SECRET})
    told = everywhere(made, result)
    for part in SECRET.split("\n"):
        assert part not in told
        assert json.dumps(part)[1:-1] not in told
    assert "invocation" not in result
    assert said(made)[-1].state in ("failed", "lost")


def test_L7_lines_of_files_are_in_no_answer(made: Made) -> None:
    """What was sealed is sent in the open, and no argument of the step holds it."""
    after = {**DONE, "diff": [{"before": "", "after": SECRET}]}
    for answer in (after, {**FAILED, "diff": {"before": SECRET, "after": ""}}):
        result = run(made, answer, {})
        assert "diff" not in result
        assert SECRET not in everywhere(made, result)


def test_L7_a_warning_that_ansible_makes_of_a_hosts_words_is_cleaned(made: Made) -> None:
    def delegate() -> dict[str, Any]:
        Display().warning(f"Module invocation had junk: {SECRET}")
        Display().deprecated(f"old {SECRET}", version="9.9")
        return dict(DONE)

    with DeferredWarningContext(variables={}) as context:
        run(made, delegate, {"content": SECRET})
    heard = repr([*context.get_warnings(), *context.get_deprecation_warnings()])
    assert "junk" in heard
    assert "пароль" not in heard
    assert 'pa"ss' not in heard


#: a screen that is cleared, a title, a bell, a line that is turned round, half a character, a
#: letter under a heap of marks, and a second answer behind a carriage return
PAINT = [
    "\x1b[2J", "\x1b]0;x\x07", "\u202eevil", "\x9b2J", "\ud800", "a" + "\u0301" * 40, "x\rok: [h1]",
    "\u200b", "\u2028", "\x00",
]  # fmt: skip


def painted(value: Any) -> list[str]:
    """The texts in it, names as well, that hold what a reader would not see."""
    if isinstance(value, str):
        return [value] if hostile(value, allowed="\n\t") else []
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in painted(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in painted(part)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return painted([getattr(value, item.name) for item in dataclasses.fields(value)])
    return []


@pytest.mark.parametrize("secrets", [{}, {"password": SECRET}], ids=len)
@pytest.mark.parametrize("paint", PAINT, ids=ascii)
def test_L25_a_host_paints_nothing_through_a_step(
    made: Made, paint: str, secrets: dict[str, str]
) -> None:
    event = _messages.Event(msg=f"it said {paint}", formatted_traceback=f"File x\n{paint}")
    for answer in (
        {**DONE, "stdout": f"one\n\ttwo {paint}", "stdout_lines": [paint], "path": paint},
        {**FAILED, "msg": paint, "stderr": paint, "warnings": [paint], paint: {paint: [paint]},
         "deprecations": [{"msg": paint, "version": paint}], "diff": [{"before": paint}],
         "exception": _messages.ErrorSummary(event=event)},
        {"failed": True, "module_stdout": paint, "module_stderr": paint, "msg": paint},
        {"unreachable": True, "msg": paint},
        AnsibleError(f"cannot send {paint}"),
        AnsibleConnectionFailure(f"closed after {paint}"),
        AnsibleActionFail(paint, result={"stderr": paint, paint: 1}),
    ):  # fmt: skip
        result = run(made, answer, secrets)
        assert painted(result) == []
        assert painted(json.loads(made.objects.get(said(made)[-1].result_object or ""))) == []
    assert run(made, {**DONE, "stdout": "één\n\ttwo"})["stdout"] == "één\n\ttwo"


def test_L25_a_host_paints_nothing_through_a_warning(made: Made) -> None:
    def delegate() -> dict[str, Any]:
        Display().warning("Module invocation had junk: \x1b[2J\u202e")
        return dict(DONE)

    with DeferredWarningContext(variables={}) as context:
        run(made, delegate)
    assert r"junk: \u{001B}[2J\u{202E}" in repr(context.get_warnings()).replace("\\\\", "\\")


def test_L25_what_an_older_version_kept_paints_nothing(made: Made) -> None:
    digest = made.objects.put(canonical({"path": "/srv/\x1b[2J", "changed": True}))
    done = Step(
        step="a", host="h1", state="done", plan_object=EMPTY, run="r", call_sha256=EMPTY,
        changed=True, result_object=digest,
    )  # fmt: skip
    made.ledger.append(done, key=made.key, now=made.now)
    view = made.ledger.read(made.now.replace(year=2100))
    dossier = guarded(made).dossier
    assert dossier is not None
    state = StepState("a", "h1", "done", view.of(Step)[-1].number)
    assert _earlier(dossier, view, state) == {"path": r"/srv/\u{001B}[2J", "changed": True}


def nested(deep: int) -> Any:
    value: Any = "x"
    for _ in range(deep):
        value = [value]
    return value


#: made when they are needed: each is a megabyte
WITHOUT_END: dict[str, Callable[[], dict[str, Any]]] = {
    "lines": lambda: {**DONE, "stdout_lines": ["1"] * MOST_VALUES},
    "names": lambda: {**DONE, "x": dict.fromkeys(map(str, range(MOST_VALUES)))},
    "lists": lambda: {**DONE, "x": [["", ""] for _ in range(MOST_VALUES // 3)]},
    "depth": lambda: {**FAILED, "x": nested(MOST_VALUES)},
    "text": lambda: {**DONE, "stdout": "x" * (MOST_CHARACTERS + 1)},
    "name": lambda: {**DONE, "x" * (MOST_CHARACTERS + 1): 1},
    "texts": lambda: {**DONE, "lines": ["x" * (MOST_CHARACTERS // 4)] * 5},
}


def test_L1_a_number_of_any_length_is_an_answer(made: Made) -> None:
    """A certificate's serial number is one, of 160 bits."""
    assert run(made, {**DONE, "serial_number": 2**160 - 1, "took": 1e308})["failed"] is False
    assert said(made)[-1].state == "done"


@pytest.mark.parametrize("which", WITHOUT_END)
def test_L22_an_answer_without_end_leaves_the_step_lost(made: Made, which: str) -> None:
    answer = WITHOUT_END[which]()
    result = run(made, answer)
    assert [body.state for body in said(made)] == ["started", "lost"]
    assert "The answer is too large" in said(made)[-1].detail
    assert "write what it says to a file" in result["msg"]
    assert len(repr(result)) < 1000


def test_L22_a_step_that_says_much_is_done(made: Made) -> None:
    text = "line\n" * (MOST_VALUES // 2)
    result = run(made, {**DONE, "stdout": text, "stdout_lines": text.splitlines()})
    assert said(made)[-1].state == "done"
    assert result["stdout"] == text


def test_a_step_without_secrets_answers_as_its_module_did(made: Made) -> None:
    answer = {**DONE, "invocation": {"module_args": {}}, "stdout": "x", "ansible_facts": {"a": 1}}
    expected = {**answer, "failed": False, "unreachable": False}
    del expected["ansible_facts"]
    assert run(made, answer) == expected


# ---------------------------------------------------------------------------------------
# Whatever raises after the module ran


def odd_answers() -> dict[str, Callable[[], dict[str, Any]]]:
    def loop() -> dict[str, Any]:
        found: dict[str, Any] = {**DONE, "path": []}
        found["path"].append(found)
        return found

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no text")

        __repr__ = __str__

    return {
        "it holds itself": loop,
        "it cannot be written down": lambda: {**DONE, "path": Odd(), "dest": Odd()},
        "half a character": lambda: {**DONE, "path": "/srv/\udcff", "msg": "\ud800"},
        "a number that is too large to keep": lambda: {**DONE, "state": 1e300, "path": 10**400},
        "keys that are no texts": lambda: {**DONE, None: 1, (1, 2): 3},
    }


@pytest.mark.parametrize("how", odd_answers())
@pytest.mark.parametrize("secrets", [{}, {"password": "u"}, {"password": SECRET}], ids=len)
def test_L8_an_answer_that_cannot_be_kept_still_ends_its_step(
    made: Made, how: str, secrets: dict[str, str]
) -> None:
    result = run(made, odd_answers()[how], secrets)
    assert [body.state for body in said(made)] == ["started", "done"]
    assert result["failed"] is False


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("answer", "state"), [(DONE, "done"), (FAILED, "failed")])
@pytest.mark.parametrize("error", [full, EvidenceError("cannot-write", "No.", "Make room.")])
def test_L8_a_full_object_store_does_not_lose_the_end(
    made: Made, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], state: str, error: Any
) -> None:
    def put(self: ObjectStore, data: bytes) -> str:
        if isinstance(error, Exception):
            raise error
        return str(error())

    monkeypatch.setattr(ObjectStore, "put", put)
    run(made, answer)
    assert [body.state for body in said(made)] == ["started", state]
    assert "could not be kept" in said(made)[-1].detail
    assert said(made)[-1].result_object is None


def test_L8_a_step_whose_end_cannot_be_recorded_is_no_success(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Ledger.append

    def append(self: Ledger, body: Any, **more: Any) -> Any:
        return real(self, body, **more) if getattr(body, "state", "") == "started" else full()

    monkeypatch.setattr(Ledger, "append", append)
    result = run(made, DONE)
    assert result["failed"] is True
    assert "could not be recorded" in result["msg"]
    assert [body.state for body in said(made)] == ["started"]


def test_L8_an_interruption_while_the_end_is_kept_leaves_a_start_without_an_end(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(self: ObjectStore, data: bytes) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(ObjectStore, "put", put)
    with pytest.raises(KeyboardInterrupt):
        run(made, DONE)
    assert [body.state for body in said(made)] == ["started"]


# ---------------------------------------------------------------------------------------
# What a failed step's own program said


def test_a_failed_step_keeps_the_last_lines_of_its_program(made: Made) -> None:
    stderr = "\n".join(
        [*(f"line {n}" for n in range(50)), "psql: ERROR:  no relation \x1b[31mx\x1b[0m"]
    )
    run(made, {**FAILED, "stdout": "begin\n\n", "stderr": stderr})
    assert said(made)[-1].detail == "non-zero return code (rc 3)"
    lines = kept(made)["last_lines"]
    assert lines[0] == "begin"
    assert lines[1] == "line 43"
    assert lines[-1].startswith("psql: ERROR:  no relation")
    assert "\x1b" not in "".join(lines)


def test_the_last_lines_are_bounded_and_without_secrets(made: Made) -> None:
    run(made, {**FAILED, "stderr": ("x" * 290 + SECRET + "\n") * 400}, {"password": SECRET})
    lines = kept(made)["last_lines"]
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 300
    assert "pa" not in "".join(lines)


def test_newcomer_where_a_restored_copy_lies_is_kept(made: Made) -> None:
    run(made, {**DONE, "beside": "/srv/x.sluis-restored-CHG-1-5f1c0c5e"})
    assert kept(made)["beside"] == "/srv/x.sluis-restored-CHG-1-5f1c0c5e"


def test_a_step_that_is_done_keeps_no_output(made: Made) -> None:
    run(made, {**DONE, "stdout": "Jansen, 12-03-1971"})
    assert "last_lines" not in kept(made)


NO_SUDO = "beheer is not in the sudoers file."


def not_started(said: str = NO_SUDO, **more: Any) -> dict[str, Any]:
    """What Ansible returns when what should have started the module wrote this."""
    return {
        "failed": True, "module_stdout": "", "module_stderr": f"{said}\n", "rc": 1,
        "msg": "MODULE FAILURE", **more,
    }  # fmt: skip


@pytest.mark.parametrize("handler", ["ansible.legacy.normal", "ansible.builtin.command"])
@pytest.mark.parametrize(
    ("words", "code"),
    [(NO_SUDO, "become-refused"), ("sudo: a password is required", "become-password-missing")],
)
def test_a_step_that_sudo_did_not_start_ran_not_even_half(
    made: Made, handler: str, words: str, code: str
) -> None:
    """It was "may have half run", and a person had to look at a host on which nothing was done."""
    result = run(made, not_started(words), handler=handler)
    assert [one.state for one in said(made)] == ["started", "failed"]
    assert result["sluis"]["code"] == code
    assert "Nothing of this step ran." in said(made)[-1].detail
    assert result["failed"] is True and result["changed"] is False


@pytest.mark.parametrize(
    ("answer", "handler"),
    [
        # its action may have made other calls before
        (not_started(), "ansible.legacy.copy"),
        (not_started(), "vendor.tool.command"),
        # something else came as well, or it ended otherwise
        (not_started(f"{NO_SUDO}\nTraceback"), "ansible.legacy.normal"),
        (not_started(module_stdout="{"), "ansible.legacy.normal"),
        (not_started(rc=137), "ansible.legacy.normal"),
        (not_started("Killed"), "ansible.legacy.normal"),
    ],
)
def test_what_is_not_certain_stays_unknown(
    made: Made, answer: dict[str, Any], handler: str
) -> None:
    run(made, answer, handler=handler)
    assert [one.state for one in said(made)] == ["started", "lost"]
