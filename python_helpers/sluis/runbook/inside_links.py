"""Whether a link leads a step out of the asset in which it is said to stay.

A path is held against its asset as it is written (:mod:`sluis.plan.inside`). Where a folder of it
is a link, what is written lies somewhere else, and only the machine knows. So it is asked there:
when the plan is made, and again before the step begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sluis.errors import SnapshotError
from sluis.plan.inside import Elsewhere, asset_holding, not_inside, paths_written
from sluis.plan.model import PlanStep
from sluis.scope.model import ScopeDocument

#: the module that looks; it only reads
LOOKS = "ansible.builtin.stat"
#: of a file that is made, changed or taken away as the link that it is
_THE_LINK = frozenset({"absent", "link"})
_A_LINK = "{path} is a link there, to {to!r}"

#: runs that module for one path on the host
Look = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class _Seen:
    there: bool
    leads_to: str | None


def refuse_links(step: PlanStep, scope: ScopeDocument, look: Look) -> None:
    """Refuse a call whose path goes by a link to what none of its assets has.

    Args:
        step: the call, with rendered values.
        scope: with the places of the assets.
        look: runs the module :data:`LOOKS` on the call's host with these arguments.

    Raises:
        InputError: ``not-inside``.
        SnapshotError: ``link-not-looked-at``: the machine did not say it.
    """
    for path in paths_written(step):
        for one in _led_elsewhere(step, path, scope, look):
            raise not_inside(step, one)


def _led_elsewhere(
    step: PlanStep, path: str, scope: ScopeDocument, look: Look
) -> Iterator[Elsewhere]:
    asset = asset_holding(step, path, scope)
    if asset is None:
        return  # it is refused as it is written
    at = PurePosixPath(asset.location)
    rest = list(PurePosixPath(path).relative_to(at).parts)
    while rest:
        at = at / rest.pop(0)
        seen = _seen(step, str(at), look)
        if not seen.there:
            return  # what the step makes is no link
        if seen.leads_to is None or (not rest and _is_about_the_link(step)):
            continue
        real = PurePosixPath(seen.leads_to)
        if asset_holding(step, str(real.joinpath(*rest)), scope) is None:
            yield Elsewhere(_A_LINK.format(path=str(at)[:300], to=seen.leads_to[:300]))
            return
        at = real


def _is_about_the_link(step: PlanStep) -> bool:
    return step.module == "ansible.builtin.file" and step.args.get("state") in _THE_LINK


def _seen(step: PlanStep, path: str, look: Look) -> _Seen:
    answer = look(
        {
            "path": path, "follow": False, "get_checksum": False, "get_mime": False,
            "get_attributes": False,
        }
    )  # fmt: skip
    found = answer.get("stat")
    if answer.get("failed") or not isinstance(found, Mapping) or "exists" not in found:
        raise SnapshotError(
            "link-not-looked-at",
            f"{step.step} on {step.host}: whether {path[:300]} is a link there could not be seen: "
            f"{str(answer.get('msg', 'no answer'))[:300]}",
            "Put right what it says, and start again; the step was not begun.",
        )
    if not found["exists"]:
        return _Seen(there=False, leads_to=None)
    if not found.get("islnk"):
        return _Seen(there=True, leads_to=None)
    return _Seen(there=True, leads_to=str(found.get("lnk_source") or found.get("lnk_target")))
