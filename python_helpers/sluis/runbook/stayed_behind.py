"""What stayed behind in a move, and what went over and may not open, for the hand-over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from sluis.counted import counted, plural
from sluis.errors import EvidenceError
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Export
from sluis.gate.steps import last_checks
from sluis.plan.model import PlannedCheck
from sluis.tenant.tenant_manifest import SEALED

_COUNTED = {
    "left_out_in_all": ("item stayed behind", "items stayed behind"),
    "rights_left_in_all": ("right was not given, as signed", "rights were not given, as signed"),
}


def stayed_behind(
    view: View, objects: ObjectStore, checks: Iterable[PlannedCheck], since: int
) -> Iterator[str]:
    """A sentence for each comparison that left something behind.

    Args:
        view: the ledger.
        objects: where the results lie.
        checks: the planned ones.
        since: the last step's number; what was compared before it does not count.
    """
    last = last_checks(view, since)
    for check in checks:
        made = last.get((check.check, check.host))
        if made is None or made.body.result_object is None:
            continue
        try:
            result = json.loads(objects.get(made.body.result_object))
        except EvidenceError:
            continue  # erased or lost, as sluis verify says; the end is still recorded
        for field, words in _COUNTED.items():
            count = result.get(field) if isinstance(result, Mapping) else None
            if isinstance(count, int) and count > 0:
                them = plural(count, "it", "them")
                whose = _whose(result, count) if field == "rights_left_in_all" else ""
                yield f"{counted(count, *words)}{whose}; what {check.check} found names {them}."


def _whose(result: Mapping[str, object], count: int) -> str:
    """Of how many the rights are: the signed list counts people, and one may have several."""
    rights = result.get("rights_left")
    if not isinstance(rights, list) or len(rights) != count:
        return ""
    people = {one.get("principal") for one in rights if isinstance(one, Mapping)}
    return f" (of {counted(len(people), 'person, group or link', 'people, groups or links')})"


def may_not_open(view: View, assets: Iterable[str]) -> Iterator[str]:
    """What the newest pass over each asset says of files that a label encrypted."""
    for asset in assets:
        newest = view.latest(Export, lambda item, one=asset: item.body.asset == one)  # type: ignore[misc]
        for said in newest.body.left_out if newest else ():
            if said.startswith(f"{SEALED}: "):
                yield f"{asset}: {said}"
