"""What a description says of its way back, held against the same rules as the plan.

The plan is made after the snapshots. What it would be refused for stands in ``update.yml`` from
the beginning, so it is said before anything is made.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sluis.plan.faults import Fault
from sluis.plan.model import PlanDocument, PlanStep
from sluis.plan.undoing import nobody_knows, not_said, wrongly_said
from sluis.plan.written_yaml import Item

_QUIESCE, _STEPS, _BACK = (
    "software_update_quiesce",
    "software_update_steps",
    "software_update_way_back",
)
#: so alike are an id and its misspelling, of which is said elsewhere that there is no such id
_ALIKE = 0.5


def undoing_faults(
    file: str,
    lists: Mapping[str, Item],
    put_back: Collection[str],
    hosts_of: Callable[[str], frozenset[str]],
) -> Iterator[Fault]:
    """What is not said, or said wrongly, of what becomes of each step.

    Nothing is said of a description of which a part is filled in later; prepare says it.

    Args:
        file: its path, for messages.
        lists: its variables.
        put_back: the assets that the way back puts back.
        hosts_of: the hosts of the batch that a pattern names; none when it is a slip.
    """
    steps: list[tuple[Item, dict[str, Any]]] = []
    for name in (_QUIESCE, _STEPS, _BACK):
        for element, step in _steps(lists, name):
            if step is None:
                return
            steps.append((element, step))
    ids = [step["step"] for _, step in steps if not step["way_back"]]
    planned: list[PlanStep] = []
    lines: dict[tuple[str, bool], int] = {}
    anywhere: set[str] = set()
    for element, step in steps:
        hosts = hosts_of(step["hosts"])
        if not hosts:  # a slip, and said
            hosts = hosts_of("all")
            anywhere.add(step["step"])
        step["undoes"] = tuple(_meant(name, ids) for name in step["undoes"])
        step["inside"] = tuple(_meant(name, put_back) for name in step["inside"])
        lines.setdefault((step["step"], step["way_back"]), element.line)
        of_it = {**step, "module": "", "args": {}}
        planned += [_planned({**of_it, "host": host}) for host in sorted(hosts)]
    for asset in put_back:
        swap = {"step": f"swap-{asset}", "host": "", "way_back": True}
        planned.append(_planned({**swap, "module": "asset_swap", "args": {"asset": asset}}))
    known: dict[str, Any] = {"steps": tuple(planned)}
    plan = PlanDocument.model_construct(**known)
    undone = {name for step in plan.way_back for name in step.undoes}
    yield from _wrong(file, plan, lines)
    silent = list(
        dict.fromkeys(
            step.step
            for step in not_said(plan)
            if not (step.step in anywhere and step.step in undone)
            and not step.inside  # what is wrong with it was said
        )
    )
    if silent:
        told = ", ".join(f"{name} (line {lines[name, False]})" for name in silent)
        error = nobody_knows(told, silent[0])
        yield Fault(error.code, file, lines[silent[0], False], error.what, error.remedy)


def _wrong(file: str, plan: PlanDocument, lines: Mapping[tuple[str, bool], int]) -> Iterator[Fault]:
    said: set[tuple[str, str, bool]] = set()
    for step, error in wrongly_said(plan):
        key = (error.what.replace(f" on {step.host}", "", 1), step.step, step.way_back)
        if key not in said:  # once, and not for each host
            said.add(key)
            line = lines[step.step, step.way_back]
            yield Fault(error.code, file, line, error.what, error.remedy)


def _steps(lists: Mapping[str, Item], name: str) -> Iterator[tuple[Item, dict[str, Any] | None]]:
    """Each step of a list with what matters of it; ``None``: that is filled in later."""
    given = lists.get(name)
    if given is None or given.value is None:
        return
    if not isinstance(given.value, list):
        yield given, None
        return
    for element in given.value:
        fields = element.value if isinstance(element.value, dict) else {}
        step = fields.get("step")
        known = [
            fields[field]
            for field in ("step", "hosts", "inside", "stays", "undoes")
            if field in fields
        ]
        if step is None or any(not one.is_known for one in known):
            yield element, None
            continue
        hosts = fields.get("hosts")
        yield (
            element,
            {
                "step": str(step.value),
                "hosts": "all" if hosts is None or hosts.value is None else str(hosts.value),
                "inside": _names(fields.get("inside")),
                "undoes": _names(fields.get("undoes")),
                "stays": _text(fields.get("stays")),
                "quiesce": name == _QUIESCE,
                "way_back": name == _BACK,
            },
        )


def _names(item: Item | None) -> tuple[str, ...]:
    return tuple(str(one.value) for one in item.value) if _is_list(item) and item else ()


def _is_list(item: Item | None) -> bool:
    return item is not None and isinstance(item.value, list)


def _text(item: Item | None) -> str:
    if item is None or item.value is None:
        return ""
    plain = item.plain()  # of words in two languages is said elsewhere what is wrong with them
    return " / ".join(map(str, plain.values())) if isinstance(plain, dict) else str(plain)


def _meant(name: str, known: Collection[str]) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_ALIKE)
    return near[0] if near else name


def _planned(fields: dict[str, Any]) -> PlanStep:
    """A step of which only that is known what the rules of the way back look at."""
    return PlanStep.model_construct(**fields)
