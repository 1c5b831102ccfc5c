"""How a step ended, read from what its module really answered.

It is read before secrets are taken out, so that no secret can change it. What is not known
to have ended is *lost*: it may have half run, and may still be running.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ansible.errors import AnsibleAction, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.connection.ssh import AnsibleControlPersistBrokenPipeError

from sluis.errors import BorderError, SluisError

End = Literal["done", "failed", "lost"]

#: of a failed step, how many of the last lines that its program wrote are kept, and how long
#: each may be (characters)
LAST_LINES = 12
LINE_LENGTH = 300
#: links of a chain of causes
_DEEPEST = 20

#: nobody knows what the host did when one of these came
_CONNECTION = (
    AnsibleConnectionFailure,
    AnsibleControlPersistBrokenPipeError,
    ConnectionError,
    EOFError,
    TimeoutError,
)
#: codes of our own modules' errors that say nothing of what the module did before
_NO_ANSWER = frozenset({"bad-answer", "module-lost", "secret-in-answer"})
#: where Ansible reads what a host answered. An error from there comes after the module ran.
_READING = ActionBase._parse_returned_data.__code__

_BROKEN_OFF = (
    "The answer broke off or could not be read, so nobody knows whether the step has ended."
)
_CUT = "The host could not be reached any more, so nobody knows whether the step has ended."


def end_of(result: object) -> End:
    """How a module's answer says that the step ended.

    Args:
        result: what the module or its action plugin returned. ``failed`` is worked out as
            Ansible does: without it, an ``rc`` other than 0 is a failure.
    """
    if not isinstance(result, Mapping) or result.get("unreachable"):
        return "lost"
    ours = result.get("sluis")  # an error of our own modules, see shipping.as_failure
    if isinstance(ours, Mapping) and ours.get("code") in _NO_ANSWER:
        return "lost"
    if is_broken_off(result):
        return "lost"
    if "failed" in result:
        return "failed" if result["failed"] else "done"
    return "failed" if result.get("rc", 0) not in (0, "0") else "done"


def is_broken_off(result: Mapping[Any, Any]) -> bool:
    """Whether the host's answer was no answer: the module was killed, or spoke garbage.

    Ansible then returns what the host wrote as ``module_stdout``. Where there was no
    interpreter (rc 127), nothing was started.
    """
    if result.get("_ansible_parsed") is not False and "module_stdout" not in result:
        return False
    never_began = result.get("rc") == 127 and "was not found" in str(result.get("msg", ""))
    return not never_began


def end_of_error(error: BaseException) -> End:
    """How a step ended whose action raised: failed only where that is known.

    Args:
        error: a lost connection, a timeout, an interruption or an answer that could not be
            read leaves the step lost, and so does an error that Ansible does not know: it may
            have come after the call.
    """
    for cause in _causes(error):
        if isinstance(cause, (*_CONNECTION, BorderError)) or _of_reading(cause):
            return "lost"
    if isinstance(error, AnsibleAction):
        return end_of(result_of_error(error))
    return "failed" if isinstance(error, (AnsibleError, SluisError)) else "lost"


def _of_reading(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code is _READING for frame, _ in frames)


def result_of_error(error: BaseException) -> dict[str, Any]:
    """The result that an action plugin answered by raising, as Ansible reads it."""
    unreachable = any(isinstance(item, AnsibleConnectionFailure) for item in _causes(error))
    if unreachable or not isinstance(error, AnsibleAction):
        said = str(error) or type(error).__name__
        return {"unreachable" if unreachable else "failed": True, "msg": said}
    result = dict(error.result_contribution)
    result.setdefault("msg", str(error))
    if not error.omit_failed_key:
        result["failed"] = True
    return result


def why(end: End, result: Mapping[str, Any]) -> str:
    """The reason of a step's end, as far as the answer gives one; empty when it is done."""
    if end == "done":
        return ""
    said = str(result.get("msg") or "")
    rc = result.get("rc")
    if isinstance(rc, int) and not isinstance(rc, bool) and rc:
        said = f"{said or 'non-zero return code'} (rc {int(rc)})"
    if end == "lost":
        return f"{_CUT if result.get('unreachable') else _BROKEN_OFF} {said}".strip()
    return said or "It failed and gave no reason."


def own_cause(result: Mapping[str, Any]) -> str:
    """What the module itself says was the cause, where its message names none.

    ansible-core keeps what went wrong inside a module beside its message, as a chain of events
    or as the text of a traceback. Empty where the program that it started wrote anything.

    Args:
        result: what the module answered.
    """
    if last_lines(result):
        return ""
    told = result.get("exception")
    if isinstance(told, str):
        lines = [line.strip() for line in told.splitlines() if line.strip()]
        said = lines[-1] if lines else ""
    else:
        event, said = getattr(told, "event", None), ""
        for _ in range(_DEEPEST):
            if event is None:
                break
            said = str(getattr(event, "msg", "") or said)
            event = getattr(getattr(event, "chain", None), "event", None)
    said = said[:LINE_LENGTH].replace(": b'", ": '")  # Python's form of a path
    return "" if said in str(result.get("msg") or "") else said


def last_lines(result: Mapping[str, Any]) -> list[str]:
    """The last lines that the step's own program wrote: what it complained about."""
    errors = _lines(result, "stderr", "module_stderr")
    output = _lines(result, "stdout", "module_stdout")
    kept = [*output[-4:], *errors[-8:]] if errors and output else errors or output
    return [line[:LINE_LENGTH] for line in kept]


def _lines(result: Mapping[str, Any], *names: str) -> list[str]:
    for name in names:
        text = result.get(name)
        if isinstance(text, (list, tuple)):
            text = "\n".join(map(str, text))
        if isinstance(text, str) and text.strip():
            return [line.rstrip() for line in text.splitlines() if line.strip()][-LAST_LINES:]
    return []


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__
