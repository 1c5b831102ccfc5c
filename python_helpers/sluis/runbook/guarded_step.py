"""What happens around one guarded call: judge, record the start, run, record the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from sluis.border.characters import clean_text
from sluis.errors import SluisError, SnapshotError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Reason, Refusal, Step
from sluis.evidence.statements import know_all_kinds
from sluis.gate.steps import StepState, step_states
from sluis.plan.model import PlanStep
from sluis.runbook.answer_size import not_taken
from sluis.runbook.call import Call
from sluis.runbook.check_words import become_words
from sluis.runbook.judgement import explain, judge, record_refusal
from sluis.runbook.other_changes import one_start_at_a_time
from sluis.runbook.planning import note_step
from sluis.runbook.redaction import Redaction
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now, open_dossier
from sluis.runbook.shipping import as_failure
from sluis.runbook.step_end import (
    End,
    end_of,
    end_of_error,
    is_broken_off,
    last_lines,
    own_cause,
    result_of_error,
    why,
)
from sluis.runbook.step_warnings import warnings_without
from sluis.runbook.surroundings import hand_on

# Ansible imports this once, in its main process. Each step runs in a worker that is forked
# from it, and building these models there takes longer than reading the ledger with them.
know_all_kinds()

#: of a module's result, what is kept; the rest may be large, personal or secret
_KEPT = (
    "beside", "changed", "checksum", "dest", "failed", "msg", "name", "path", "quarantine", "rc",
    "state", "untouched",
)  # fmt: skip
_KEPT_LENGTH = 2000
#: action plugins that change nothing before they run their one module
_ONE_CALL = frozenset(
    f"ansible.{whose}.{name}"
    for whose in ("builtin", "legacy")
    for name in ("command", "dnf", "normal", "package", "service", "shell")
)


class Answer(Enum):
    """What is to be done with a guarded task."""

    GO = "go"
    PLANNED = "planned"
    ALREADY_DONE = "already done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Guarded:
    """The answer for one task, with the dossier to go on with or the refusal.

    ``results`` are what the ledger keeps of the steps that are done on the same host, for a
    call that uses them. ``held`` keeps other changes from starting a step until this one's
    start is recorded.
    """

    answer: Answer
    dossier: OpenDossier | None = None
    plan_object: str | None = None
    refusal: Refusal | None = None
    earlier: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: ExitStack = field(default_factory=ExitStack)

    def as_result(self, step: PlanStep) -> dict[str, Any]:
        """The Ansible result of a task that is not run."""
        if self.answer is Answer.PLANNED:
            # nothing was changed, and nobody should read on a screen that something was
            return {"changed": False, "planned": True, "step": step.step}
        if self.answer is Answer.ALREADY_DONE:
            # what a later step may need of it, as far as it was kept
            return {**self.earlier, "changed": False, "already_done": True, "step": step.step}
        reasons = self.refusal.reasons if self.refusal else ()
        return {
            "failed": True,
            "refused": True,
            "msg": explain(self.refusal) if self.refusal else "Refused.",
            "reasons": [item.model_dump(mode="json") for item in reasons],
        }


def guard(run: Run, step: PlanStep, task: str, check_mode: bool) -> Guarded:
    """Decide what happens with one call, before its host is contacted.

    Args:
        run: the current run.
        step: the call.
        task: Ansible's id of the task.
        check_mode: whether the task runs in check mode; then it is only planned.
    """
    if check_mode:
        note_step(run, step, task)
        return Guarded(Answer.PLANNED)
    dossier = open_dossier(run)
    with ExitStack() as held:
        held.enter_context(one_start_at_a_time(run))
        guarded = _judged(run, dossier, step)
        if guarded.answer is Answer.GO:
            return replace(guarded, held=held.pop_all())
        return guarded


def _judged(run: Run, dossier: OpenDossier, step: PlanStep) -> Guarded:
    judgement = judge(run, dossier, step)
    if isinstance(judgement.answer, Refusal):
        record_refusal(dossier, judgement.answer)
        return Guarded(Answer.REFUSED, refusal=judgement.answer)
    plan_object = judgement.answer.plan_object
    view = judgement.evidence.view
    states = step_states(view, plan_object)
    state = states.get((step.step, step.host))
    if state is not None and state.state == "done":
        return Guarded(Answer.ALREADY_DONE, earlier=_earlier(dossier, view, state))
    results = {
        name: _earlier(dossier, view, item)
        for (name, host), item in states.items()
        if step.args_at_apply and host == step.host and item.state == "done"
    }
    hand_on(run.places)  # what the step starts on this machine gets a built environment
    return Guarded(Answer.GO, dossier, plan_object, results=results)


def record_unusable(run: Run, step: str, error: SluisError) -> None:
    """Keep in the ledger that a step could not even be put to the gate.

    Args:
        run: the current run.
        step: the step's id, as given.
        error: why.
    """
    reason = Reason(code=error.code, about=step[:80], sentence=error.what, remedy=error.remedy)
    with suppress(SluisError):  # the run fails with this error in any case
        record_refusal(open_dossier(run), Refusal(hosts=run.hosts, reasons=(reason,)))


def _earlier(dossier: OpenDossier, view: View, state: StepState) -> dict[str, Any]:
    done = next(s for s in view.of(Step) if s.number == state.number)
    if done.body.result_object is None:
        return {}
    kept = json.loads(dossier.objects.get(done.body.result_object))
    return dict(Redaction(()).value(kept))  # an older version kept it as the host wrote it


def run_signed(guarded: Guarded, call: Call, delegate: Callable[[], Any]) -> dict[str, Any]:
    """Run a permitted call between its two statements.

    A lost connection or a broken-off answer leaves the step *lost*: it may have half run,
    and only the operator can tell. How it ended is read from the answer itself, before the
    secrets are taken out of it; whatever goes wrong after that changes only what is kept.

    Args:
        guarded: the answer of :func:`guard`, ``GO``.
        call: the call as signed.
        delegate: runs it and returns Ansible's result.

    Returns:
        The result for Ansible, without a secret or a hostile character in it. A step whose
        end could not be recorded is a failure, whatever its module said.
    """
    redaction = Redaction(call.secrets)
    with guarded.held:
        _append(guarded, call, "started")
    try:
        with warnings_without(redaction):
            answer: Any = delegate()
        refused = not_taken(answer)
        answer = {"msg": refused} if refused else _nothing_ran(call, answer) or answer
        end: End = "lost" if refused else end_of(answer)
    except Exception as error:
        answer, end = result_of_error(error), end_of_error(error)
    except BaseException as error:
        # interrupted, or out of time: its module may still be at work
        _append(guarded, call, "lost", detail=f"Broken off: {type(error).__name__}.")
        raise
    result = _cleaned(answer, end, redaction)
    try:
        _record_end(guarded, call, end, result)
    except (SluisError, OSError, ValueError) as error:
        return {
            "failed": True,
            "changed": result["changed"],
            "msg": f"The step ended ({end}), and that could not be recorded, so nobody can "
            f"rely on it. {redaction.text(str(error))}",
        }
    return result


def _nothing_ran(call: Call, answer: Any) -> dict[str, Any] | None:
    """The failure of a step that sudo did not start; ``None`` where that is not certain.

    Our own modules tell it themselves (``shipping``). An action plugin may have made other calls
    before the one that was refused, so it has to be one of which that is known.
    """
    if call.handler not in _ONE_CALL or not isinstance(answer, Mapping):
        return None
    if not is_broken_off(answer):
        return None
    told = become_words(call.planned.host, answer)
    if told is None:
        return None
    code, what, remedy = told
    return as_failure(SnapshotError(code, f"{what} Nothing of this step ran.", remedy))


def _cleaned(answer: Any, end: End, redaction: Redaction) -> dict[str, Any]:
    """What Ansible, the log and the dossier may see of an answer."""
    raw = dict(answer) if isinstance(answer, Mapping) else {}
    # A client's server must not set facts for later tasks through a change step.
    raw.pop("ansible_facts", None)
    # Lines of files: of one that ansible-vault keeps, or of the client's own.
    raw.pop("diff", None)
    try:
        cause = own_cause(raw) if end == "failed" else ""
        if cause:
            raw["msg"] = f"{str(raw.get('msg') or 'It failed').rstrip('. ')}: {cause}"
        if redaction:
            raw.pop("invocation", None)
        raw = redaction.value(raw)
    except Exception as error:  # never show what could not be cleaned, and never lose the end
        raw = {"msg": f"The answer is not shown: {type(error).__name__} while cleaning it."}
    if end == "lost":
        raw["msg"] = why(end, raw)
    unreachable = bool(_of(answer, "unreachable"))
    return {
        **raw,
        # an unreachable host is not a failed one: Ansible does not call a rescue for it
        "failed": end != "done" and not unreachable,
        "unreachable": unreachable,
        "changed": bool(_of(answer, "changed")),
    }


def _of(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, Mapping) else None


def _record_end(guarded: Guarded, call: Call, end: End, result: Mapping[str, Any]) -> None:
    """Record a step's end. What cannot be kept of its result is left out, with the reason."""
    said = result["msg"] if end == "lost" else why(end, result)
    detail = clean_text(said, _KEPT_LENGTH)
    kept = None
    try:
        kept = _opened(guarded).objects.put(canonical(_to_keep(end, result)))
    except (SluisError, OSError, ValueError) as error:
        detail = clean_text(f"{detail} Its result could not be kept: {error}".strip())
    _append(guarded, call, end, detail=detail, changed=bool(result["changed"]), result_object=kept)


def _to_keep(end: End, result: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: _short(result[name]) for name in _KEPT if name in result}
    if end != "done":
        # in the object and not in the statement: they may name people, and can be erased
        plain["last_lines"] = [clean_text(line) for line in last_lines(result)]
    return plain


def _append(guarded: Guarded, call: Call, state: Any, **more: Any) -> None:
    dossier = _opened(guarded)
    if guarded.plan_object is None:
        raise AssertionError("a call without a permit")
    dossier.ledger.append(
        Step(
            step=call.planned.step,
            host=call.planned.host,
            state=state,
            plan_object=guarded.plan_object,
            run=RUN_ID,
            call_sha256=call.planned.call_sha256(),
            **more,
        ),
        key=dossier.key,
        now=now(),
    )


def _opened(guarded: Guarded) -> OpenDossier:
    if guarded.dossier is None:
        raise AssertionError("a call without a permit")
    return guarded.dossier


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    try:
        text = "".join(str(value))[:_KEPT_LENGTH]
    except Exception:
        return f"(a {type(value).__name__} that cannot be shown)"
    # half of a character, as in a file name that is no UTF-8, cannot be written down as JSON
    return text.encode("utf-8", "backslashreplace").decode()
