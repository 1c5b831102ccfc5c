"""What becomes of each step when the change fails and what was signed is put back.

Putting the snapshots back undoes what lies in the assets, and nothing else. Nobody can tell
from a module and its arguments what it changes, so the engineer says it for each step, in
one of three ways, and the client reads it before signing. What is not said counts as *not
undone*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sluis.errors import InputError
from sluis.plan.model import PlanDocument, PlanStep
from sluis.scope.words import in_each

_SWAP = "asset_swap"
#: shorter words than this say nothing to the client
_SHORTEST = 10


@dataclass(frozen=True)
class Undoing:
    """What undoes one step: every one of ``by`` has to be done. None: nothing undoes it.

    Args:
        step: a step of the change.
        by: steps of the way back, in the plan's order.
    """

    step: PlanStep
    by: tuple[PlanStep, ...]


def undoing(plan: PlanDocument, step: PlanStep) -> Undoing:
    """What of the way back undoes one step of the change.

    Args:
        plan: the plan that it belongs to.
        step: a step that is none of the way back.
    """
    by = [
        back
        for back in plan.way_back
        if (step.step in back.undoes and back.host == step.host)
        or (_is_swap(back) and back.args.get("asset") in step.inside)
    ]
    if step.quiesce and step.inside:
        # the copy that is put back is made after it, and holds what it did
        return Undoing(step, ())
    if any(not _is_put_back(plan, asset) for asset in step.inside):
        return Undoing(step, ())
    return Undoing(step, tuple(by))


def put_back(plan: PlanDocument) -> tuple[PlanStep, ...]:
    """The steps of the way back that put an asset's snapshot in the place of its data."""
    return tuple(step for step in plan.way_back if _is_swap(step))


def refuse_what_is_not_said(plan: PlanDocument) -> None:
    """Refuse a plan with a way back that leaves open what becomes of a step.

    Args:
        plan: the plan, before it is laid down. Without a way back nothing is promised, and
            nothing has to be said.

    Raises:
        InputError: ``way-back-unknown``: a step lacks its line, or has two that contradict each
            other; ``bad-way-back``: a line names something that is not there.
    """
    for _, problem in wrongly_said(plan):
        raise problem
    silent = not_said(plan)
    if silent:
        names = ", ".join(dict.fromkeys(f"{step.step} on {step.host}" for step in silent))
        raise nobody_knows(names, silent[0].step)


def not_said(plan: PlanDocument) -> list[PlanStep]:
    """The steps of a plan with a way back of which nobody says what becomes of them."""
    if not plan.way_back:
        return []
    return [step for step in plan.forward if not step.stays and not undoing(plan, step).by]


def nobody_knows(steps: str, example: str) -> InputError:
    """The error for steps of which nobody says what becomes of them.

    Args:
        steps: which, in words.
        example: the id of one of them, for the line to write.
    """
    return InputError(
        "way-back-unknown",
        f"If the change fails, nobody knows what becomes of these steps: {steps}.",
        f'Write one line for each. "inside: [<asset>]" under the step, when everything that '
        f'it changes lies in assets that are put back; "undoes: [{example}]" under a step of '
        f'software_update_way_back that undoes it on the same host; or "stays: <what stays, '
        f"in the client's words>\" under the step. The client reads it before signing.",
    )


def wrongly_said(plan: PlanDocument) -> Iterator[tuple[PlanStep, InputError]]:
    """What is wrong with the lines of a plan with a way back, and the step that has the line."""
    if not plan.way_back:
        return
    known = {step.step for step in plan.forward}
    for step in plan.way_back:
        for name in step.undoes:
            if name not in known:
                yield step, _bad(step, f"undoes {name!r}, and there is no such step")
        if step.inside or step.stays:
            yield step, _bad(step, "is a step of the way back, and those only undo")
    for step in plan.forward:
        if step.undoes:
            yield (
                step,
                _bad(step, "undoes something, and only steps of software_update_way_back do"),
            )
        if step.quiesce and step.inside:
            yield (
                step,
                InputError(
                    "bad-way-back",
                    f"{step.step} on {step.host} only quiesces, and the copy that is put back "
                    "when the change fails is made after it. So what it changes inside an asset "
                    "is in that copy.",
                    f'Write "undoes: [{step.step}]" under a step of software_update_way_back that '
                    'undoes it, or "stays: <what stays, in the client\'s words>" under this step.',
                ),
            )
        for asset in step.inside:
            if not _is_put_back(plan, asset):
                yield (
                    step,
                    _bad(step, f"changes {asset!r} only, and the way back does not put that back"),
                )
        undone = any(step.step in back.undoes for back in plan.way_back)
        if (bool(step.inside), bool(step.stays), undone).count(True) > 1:
            yield (
                step,
                InputError(
                    "way-back-unknown",
                    f"{step.step} on {step.host}: two lines say what becomes of it when the change "
                    "fails, and they contradict each other.",
                    "Keep one of inside, stays, and a step of the way back that undoes it.",
                ),
            )
        if step.stays and any(len(one.strip()) < _SHORTEST for one in in_each(step.stays)):
            yield (
                step,
                _bad(step, f"says that {str(step.stays)!r} stays, which tells the client nothing"),
            )


def _is_put_back(plan: PlanDocument, asset: str) -> bool:
    return any(step.args.get("asset") == asset for step in put_back(plan))


def _is_swap(step: PlanStep) -> bool:
    return step.module.rpartition(".")[2] == _SWAP


def _bad(step: PlanStep, what: str) -> InputError:
    return InputError(
        "bad-way-back",
        f"{step.step} on {step.host} {what}.",
        "Correct it in update.yml; ansible-doc -t role -r roles software_update describes it.",
    )
