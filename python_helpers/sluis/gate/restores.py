"""Rule: which assets a plan only puts back, told from its steps and never from its name.

Data that is broken cannot be expected to pass its own checks, so a restore asks less of the
snapshot of the broken state. A plan is a restore only when nothing in it can do anything else.
"""

from __future__ import annotations

from sluis.evidence.predicates import Level
from sluis.plan.model import PlanDocument, PlanStep

#: What is asked of a snapshot of a broken state: it must come back, but a broken
#: database cannot be expected to pass its own checks.
BROKEN_STATE_LEVEL: Level = "V3"
#: why, for whoever reads that less is asked
WHY_LESS = (
    f"the change puts it back and does nothing else with it, so of what is there now a copy is "
    f"enough that came back once ({BROKEN_STATE_LEVEL}): what is broken cannot be expected to "
    "reach more"
)

#: the two halves of putting a copy back; both are written for that and nothing else
_HALVES = frozenset({"asset_restore", "asset_swap"})
#: of the copy that is put back: it was seen to come back once
PROVEN_ENOUGH = frozenset({"V3", "V4", "V5", "V6"})
_BUILTIN = ("", "ansible.builtin", "ansible.legacy")
_SERVICES = frozenset({"service", "systemd", "systemd_service"})


def put_back(plan: PlanDocument) -> frozenset[str]:
    """The assets of which this plan puts a proven copy back, when it does nothing else.

    Args:
        plan: the plan. Its way back is left out: that has rules of its own.

    Returns:
        Asset ids; none at all when one step could do something else than putting a copy back,
        stopping a service or starting it.
    """
    steps = [step for step in plan.steps if not step.way_back]
    if not all(_is_half(step) or starts_or_stops(step) for step in steps):
        return frozenset()
    halves = {(step.module, step.args.get("asset"), step.host) for step in steps if _is_half(step)}
    return frozenset(
        str(asset)
        for module, asset, host in halves
        if module == "asset_restore" and ("asset_swap", asset, host) in halves
    )


def may_be_in_a_restore(module: str, args: frozenset[str], state: object) -> bool:
    """Whether a step, as somebody wrote it, can do nothing but stop a service or start it.

    Args:
        module: its name.
        args: the names of its arguments.
        state: what it says in ``state``.
    """
    room, _, leaf = module.rpartition(".")
    return (
        room in _BUILTIN
        and leaf in _SERVICES
        and args <= {"name", "state"}
        and state in ("started", "stopped", "restarted")
    )


def _is_half(step: PlanStep) -> bool:
    return step.module in _HALVES and step.args.get("reached") in PROVEN_ENOUGH


def starts_or_stops(step: PlanStep) -> bool:
    """Whether a step can do nothing but stop a service or start it."""
    return may_be_in_a_restore(step.module, frozenset(step.args), step.args.get("state")) and not (
        step.args_at_apply or step.secret_args or step.files
    )
