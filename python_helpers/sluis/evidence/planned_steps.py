"""Which steps a signed plan holds, as far as other statements speak of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sluis.errors import EvidenceError
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan
from sluis.evidence.statements import Statement


@dataclass(frozen=True)
class PlannedSteps:
    """The steps of one plan, each as its id and its host.

    Args:
        every: all of them, those of the way back among them.
        forward: those of the change itself.
    """

    every: frozenset[tuple[str, str]]
    forward: frozenset[tuple[str, str]]


def planned_steps(
    statements: Iterable[Statement], objects: ObjectStore
) -> Mapping[str, PlannedSteps]:
    """The steps of each plan by its digest; a plan that is gone or no plan is left out.

    That an object is missing, altered or unreadable is said where objects are looked at.

    Args:
        statements: those whose signature and form hold.
        objects: of the dossier.
    """
    plans = dict.fromkeys(one.body.plan_object for one in statements if isinstance(one.body, Plan))
    found = {}
    for digest in plans:
        try:
            found[digest] = _steps(json.loads(objects.get(digest)))
        except (EvidenceError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def _steps(plan: Any) -> PlannedSteps:
    steps = [(str(one["step"]), str(one["host"]), bool(one["way_back"])) for one in plan["steps"]]
    return PlannedSteps(
        frozenset((step, host) for step, host, _ in steps),
        frozenset((step, host) for step, host, back in steps if not back),
    )
