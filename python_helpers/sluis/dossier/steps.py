"""Where the plan's steps and checks stand, from the ledger."""

from __future__ import annotations

import json
from dataclasses import replace

from sluis.dossier.lines import CheckLine, StepLine
from sluis.dossier.material import Material
from sluis.errors import EvidenceError
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.plans import planned_at
from sluis.evidence.predicates import Check, Permit, Step
from sluis.evidence.statements import Statement
from sluis.gate.steps import step_states
from sluis.plan.model import PlannedCheck, PlanStep
from sluis.signoff.standing import standing


def opened_at(material: Material) -> int:
    """The ledger number after which statements count for the plan, as the gate has it."""
    return planned_at(material.view, material.plan_object) if material.plan_object else 0


def steps_of(material: Material) -> tuple[StepLine, ...]:
    """One line for each step of the plan on each host, in the plan's order."""
    plan, plan_object = material.plan, material.plan_object
    if plan is None or plan_object is None:
        return ()
    since = opened_at(material)
    states = step_states(material.view, plan_object)
    lines = []
    for step in plan.steps:
        found = states.get((step.step, step.host))
        said = [s for s in _said_of(material, step) if s.number > since]
        if found is None or not said:
            lines.append(_line(step, "open", signed=True))
            continue
        last = said[-1]
        this_call = all(s.body.call_sha256 == step.call_sha256() for s in said)
        started = [s for s in said if s.body.state == "started"]
        state = found.state
        if state == "done" and not (this_call and _has_an_end(said)):
            state = "maybe half run"
        lines.append(
            _line(
                step,
                state,
                signed=this_call and all(_was_signed(material, step, s) for s in started),
                last=last,
                said=_last_lines(material, said) if state != "done" else (),
            )
        )
    return tuple(lines)


def checks_of(material: Material, steps: tuple[StepLine, ...]) -> tuple[CheckLine, ...]:
    """A line for each check the plan promises, and one more for each after the way back.

    Only checks after the last step count: after the change those made before any way back
    began, and after the way back those made after its last step.
    """
    plan = material.plan
    if plan is None:
        return ()
    changed = max(
        [opened_at(material), *(line.number for line in steps if line.number and not line.way_back)]
    )
    back = [s.number for step in plan.way_back for s in _said_of(material, step)]
    back = [number for number in back if number > opened_at(material)]
    lines = [
        _check_line(material, promised, "change", changed, min(back, default=None))
        for promised in plan.checks_after("change")
    ]
    if back:
        lines += [
            _check_line(material, promised, "way back", max(changed, *back), None)
            for promised in plan.checks_after("way_back")
        ]
    return tuple(lines)


def _check_line(
    material: Material, promised: PlannedCheck, after: str, since: int, until: int | None
) -> CheckLine:
    """What came of a check between two statements; ``until`` ``None`` is up to now."""
    found = material.view.latest(
        Check,
        lambda s: (
            (s.body.check, s.body.host) == (promised.check, promised.host)
            and since < s.number
            and (until is None or s.number < until)
        ),
    )
    if found is None or found.body.passed is None:
        state = "not made"
    else:
        state = "passed" if found.body.passed else "not passed"
    return CheckLine.model_validate(
        {
            "check": promised.check,
            "host": promised.host,
            "what": str(promised.what),
            "state": state,
            "number": found.number if found else None,
            "detail": found.body.detail if found else "",
            "after": after,
        }
    )


def _has_an_end(said: list[Statement[Step]]) -> bool:
    """Done means: the step was started, and right after that its end or a judgement
    about it was recorded."""
    before = [s.body.state for s in said[:-1]]
    if said[-1].body.state == "done":
        return before[-1:] == ["started"]
    return "started" in before


def _said_of(material: Material, step: PlanStep) -> list[Statement[Step]]:
    return [
        s
        for s in material.view.of(Step)
        if s.body.plan_object == material.plan_object
        and (s.body.step, s.body.host) == (step.step, step.host)
    ]


def _was_signed(material: Material, step: PlanStep, started: Statement[Step]) -> bool:
    """Whether the sign-off stood, and the gate had said yes, when the step started."""
    if material.plan_object is None or material.scope_object is None:
        return False
    before = _before(material.view, started.number)
    permitted = any(s.body.plan_object == material.plan_object for s in before.of(Permit))
    at = started.recorded_at
    # whether the data was still what was signed for, the gate judged; its permit says so
    answer = standing(before, material.scope_object, material.plan_object, at, same_data=False)
    if not answer.signed and step.way_back and answer.statement is not None:
        # consent given beforehand does not expire while data is broken; see the gate
        at = answer.statement.recorded_at
        answer = standing(before, material.scope_object, material.plan_object, at, same_data=False)
    return permitted and answer.signed


def _before(view: View, number: int) -> View:
    return replace(view, statements=tuple(s for s in view.statements if s.number < number))


def _last_lines(material: Material, said: list[Statement[Step]]) -> tuple[str, ...]:
    """What the step's program wrote last, as kept with its newest end; none when it is gone."""
    ended = [s.body.result_object for s in said if s.body.state in ("failed", "lost")]
    if not ended or ended[-1] is None:
        return ()
    try:
        kept = json.loads(ObjectStore(material.dossier).get(ended[-1]))
    except EvidenceError:
        return ()  # erased or lost; "sluis verify" says which
    lines = kept.get("last_lines") if isinstance(kept, dict) else None
    return tuple(map(str, lines)) if isinstance(lines, list) else ()


def _line(
    step: PlanStep,
    state: str,
    *,
    signed: bool,
    last: Statement[Step] | None = None,
    said: tuple[str, ...] = (),
) -> StepLine:
    return StepLine.model_validate(
        {
            "step": step.step,
            "host": step.host,
            "name": str(step.name),
            "way_back": step.way_back,
            "last_pass": step.last_pass,
            "state": state,
            "signed": signed,
            "number": last.number if last else None,
            "at": last.recorded_at if last else None,
            "detail": last.body.detail if last else "",
            "said": said,
        }
    )
