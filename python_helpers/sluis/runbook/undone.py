"""After the way back: which steps were not undone, and whether the old state works again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sluis.counted import counted, plural
from sluis.evidence.ledger import View
from sluis.evidence.predicates import NotUndone
from sluis.gate.steps import StepState, last_step, step_states
from sluis.plan.model import PlanDocument, PlanStep
from sluis.plan.undoing import put_back, undoing
from sluis.runbook.checks import wanting

_LONGEST = 1000


@dataclass(frozen=True)
class Aftermath:
    """What a change that failed left behind.

    Args:
        back: how many steps of the way back the plan has.
        done: how many of them were done.
        not_undone: steps of the change that ran, if only in part, and that nothing undid.
        also_back: assets that were put back and that no step that ran says it changed.
        checks: what came of the checks after the way back, ``None`` when it was not taken.
        wanting: those that did not pass, in words.
    """

    back: int
    done: int
    not_undone: tuple[NotUndone, ...]
    also_back: tuple[str, ...]
    checks: Literal["passed", "not passed", "not checked"] | None
    wanting: tuple[str, ...]

    @property
    def result(self) -> Literal["failed", "failed and restored", "failed, data restored"]:
        """The hand-over's result: restored only when every step of the way back is done."""
        if not self.back or self.done < self.back:
            return "failed"
        if self.not_undone or self.checks == "not passed":
            return "failed, data restored"
        return "failed and restored"

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.result == "failed":
            said = "The change failed and was not put back."
            if self.done:
                said = (
                    f"The change failed, and only {self.done} of the "
                    f"{counted(self.back, 'step')} of the "
                    f"way back {plural(self.done, 'was', 'were')} done."
                )
        else:
            said = "The change failed and the signed snapshots were put back."
        if self.also_back:
            said += (
                f" Also put back, as signed, though no step that ran names it as changed: "
                f"{', '.join(self.also_back)}. What was worked on there since the snapshot is in "
                "quarantine."
            )
        if self.not_undone:
            said += f" {counted(len(self.not_undone), 'step was', 'steps were')} not undone."
        match self.checks:
            case "passed":
                said += " Every check after the way back passed."
            case "not passed":
                said += f" After the way back not every check passed: {'; '.join(self.wanting)}."
            case "not checked":
                said += " Nothing was checked after the way back."
        return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def aftermath(view: View, plan: PlanDocument, plan_object: str) -> Aftermath:
    """Work out from the ledger what a change that failed left behind.

    Args:
        view: the verified ledger.
        plan: the signed plan.
        plan_object: its digest.
    """
    states = step_states(view, plan_object)
    done = {key for key, item in states.items() if item.state == "done"}
    back = plan.way_back
    began = any((step.step, step.host) in states for step in back)
    checks: Literal["passed", "not passed", "not checked"] | None = None
    missing: list[str] = []
    if began:
        planned = plan.checks_after("way_back")
        missing = wanting(view, planned, last_step(view, plan_object))
        checks = "not checked" if not planned else "not passed" if missing else "passed"
    return Aftermath(
        back=len(back),
        done=sum((step.step, step.host) in done for step in back),
        # a step that ran and was not ended well may have changed something as well
        not_undone=tuple(
            left
            for step in plan.forward
            if (step.step, step.host) in states and (left := _left(plan, step, done)) is not None
        ),
        also_back=_also_back(plan, states, done),
        checks=checks,
        wanting=tuple(missing),
    )


def _also_back(
    plan: PlanDocument, states: Mapping[tuple[str, str], StepState], done: set[tuple[str, str]]
) -> tuple[str, ...]:
    """Swapped in with the rest: the signed way back is whole, whatever the failure reached."""
    named = {
        asset for step in plan.forward if (step.step, step.host) in states for asset in step.inside
    }
    swapped = [str(s.args.get("asset")) for s in put_back(plan) if (s.step, s.host) in done]
    return tuple(asset for asset in swapped if asset not in named)


def _left(plan: PlanDocument, step: PlanStep, done: set[tuple[str, str]]) -> NotUndone | None:
    by = undoing(plan, step).by
    open_ones = [back for back in by if (back.step, back.host) not in done]
    if by and not open_ones:
        return None
    if open_ones:
        names = ", ".join(f"{back.step} on {back.host}" for back in open_ones)
        sentence = f"What undoes it was not done: {names}."
    else:
        sentence = str(step.stays) or "Nothing undoes it."
    return NotUndone(step=step.step, host=step.host, name=str(step.name), sentence=sentence)
