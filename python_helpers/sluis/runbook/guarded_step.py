"""What happens around one guarded call: judge, record the start, run, record the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Refusal, Step
from sluis.evidence.statements import know_all_kinds
from sluis.gate.steps import StepState, step_states
from sluis.plan.model import PlanStep
from sluis.runbook.call import Call
from sluis.runbook.judgement import explain, judge, record_refusal
from sluis.runbook.planning import note_step
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now, open_dossier

# Ansible imports this once, in its main process. Each step runs in a worker that is forked
# from it, and building these models there takes longer than reading the ledger with them.
know_all_kinds()

#: of a module's result, what is kept; the rest may be large, personal or secret
_KEPT = (
    "changed", "checksum", "dest", "failed", "msg", "name", "path", "quarantine", "rc", "state",
)  # fmt: skip
_KEPT_LENGTH = 2000


class Answer(Enum):
    """What is to be done with a guarded task."""

    GO = "go"
    PLANNED = "planned"
    ALREADY_DONE = "already done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Guarded:
    """The answer for one task, with the dossier to go on with or the refusal."""

    answer: Answer
    dossier: OpenDossier | None = None
    plan_object: str | None = None
    refusal: Refusal | None = None
    earlier: Mapping[str, Any] = field(default_factory=dict)

    def as_result(self, step: PlanStep) -> dict[str, Any]:
        """The Ansible result of a task that is not run."""
        if self.answer is Answer.PLANNED:
            return {"changed": True, "planned": True, "step": step.step}
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
    judgement = judge(run, dossier, step)
    if isinstance(judgement.answer, Refusal):
        record_refusal(dossier, judgement.answer)
        return Guarded(Answer.REFUSED, refusal=judgement.answer)
    plan_object = judgement.answer.plan_object
    state = step_states(judgement.evidence.view, plan_object).get((step.step, step.host))
    if state is not None and state.state == "done":
        return Guarded(
            Answer.ALREADY_DONE, earlier=_earlier(dossier, judgement.evidence.view, state)
        )
    return Guarded(Answer.GO, dossier, plan_object)


def _earlier(dossier: OpenDossier, view: View, state: StepState) -> dict[str, Any]:
    done = next(s for s in view.of(Step) if s.number == state.number)
    if done.body.result_object is None:
        return {}
    return dict(json.loads(dossier.objects.get(done.body.result_object)))


def run_signed(guarded: Guarded, call: Call, delegate: Callable[[], Any]) -> dict[str, Any]:
    """Run a permitted call between its two statements.

    A lost connection leaves the step without an end: it may have half run, and only
    the operator can tell.

    Args:
        guarded: the answer of :func:`guard`, ``GO``.
        call: the call as signed.
        delegate: runs it and returns Ansible's result.
    """
    _record(guarded, call, "started")
    try:
        result = dict(delegate())
    except AnsibleConnectionFailure as error:
        _record(guarded, call, "lost", detail=_scrub(str(error), call)[:_KEPT_LENGTH])
        raise
    except Exception as error:
        _record(guarded, call, "failed", detail=_scrub(str(error), call)[:_KEPT_LENGTH])
        raise
    # A client's server must not set facts for later tasks through a change step.
    result.pop("ansible_facts", None)
    if call.secrets:
        result.pop("invocation", None)
        result = json.loads(_scrub(json.dumps(result, default=str), call))
    end = "lost" if result.get("unreachable") else "failed" if result.get("failed") else "done"
    _record(guarded, call, end, result=result)
    return result


def _record(
    guarded: Guarded,
    call: Call,
    state: Any,
    detail: str = "",
    result: dict[str, Any] | None = None,
) -> None:
    dossier = guarded.dossier
    if dossier is None or guarded.plan_object is None:
        raise AssertionError("a call without a permit")
    kept = None
    if result is not None:
        plain = {k: _short(result[k]) for k in _KEPT if k in result}
        kept = dossier.objects.put(canonical(plain))
        if result.get("failed"):
            detail = detail or str(plain.get("msg", ""))
    dossier.ledger.append(
        Step(
            step=call.planned.step,
            host=call.planned.host,
            state=state,
            plan_object=guarded.plan_object,
            run=RUN_ID,
            call_sha256=call.planned.call_sha256(),
            changed=None if result is None else bool(result.get("changed")),
            detail=detail,
            result_object=kept,
        ),
        key=dossier.key,
        now=now(),
    )


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    return "".join(str(value))[:_KEPT_LENGTH]


def _scrub(text: str, call: Call) -> str:
    for value in _secret_texts(call.secrets):
        text = text.replace(value, "********")
    return text


def _secret_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _secret_texts(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _secret_texts(item)]
    return [str(value)] if isinstance(value, str) and value else []
