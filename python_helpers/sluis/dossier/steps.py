"""Where the plan's steps and checks stand, from the ledger."""

from __future__ import annotations

from dataclasses import replace

from sluis.dossier.lines import CheckLine, StepLine
from sluis.dossier.material import Material
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Check, Permit, Step
from sluis.evidence.statements import Statement
from sluis.gate.steps import planned_at, step_states
from sluis.plan.model import PlanStep
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
            )
        )
    return tuple(lines)


def checks_of(material: Material, steps: tuple[StepLine, ...]) -> tuple[CheckLine, ...]:
    """One line for each check the plan promises; only checks after the last step count."""
    plan = material.plan
    if plan is None:
        return ()
    after = max([opened_at(material), *(line.number for line in steps if line.number)])
    made: dict[tuple[str, str], Statement[Check]] = {
        (s.body.check, s.body.host): s for s in material.view.of(Check) if s.number > after
    }
    lines = []
    for promised in plan.checks:
        found = made.get((promised.check, promised.host))
        if found is None or found.body.passed is None:
            state = "not made"
        else:
            state = "passed" if found.body.passed else "not passed"
        lines.append(
            CheckLine.model_validate(
                {
                    "check": promised.check,
                    "host": promised.host,
                    "what": promised.what,
                    "state": state,
                    "number": found.number if found else None,
                    "detail": found.body.detail if found else "",
                }
            )
        )
    return tuple(lines)


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
    answer = standing(before, material.scope_object, material.plan_object, at)
    if not answer.signed and step.way_back and answer.statement is not None:
        # consent given beforehand does not expire while data is broken; see the gate
        at = answer.statement.recorded_at
        answer = standing(before, material.scope_object, material.plan_object, at)
    return permitted and answer.signed


def _before(view: View, number: int) -> View:
    return replace(view, statements=tuple(s for s in view.statements if s.number < number))


def _line(
    step: PlanStep, state: str, *, signed: bool, last: Statement[Step] | None = None
) -> StepLine:
    return StepLine.model_validate(
        {
            "step": step.step,
            "host": step.host,
            "name": step.name,
            "way_back": step.way_back,
            "last_pass": step.last_pass,
            "state": state,
            "signed": signed,
            "number": last.number if last else None,
            "at": last.recorded_at if last else None,
            "detail": last.body.detail if last else "",
        }
    )
