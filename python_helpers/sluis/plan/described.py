"""A change's ``update.yml`` or ``restore.yml``, read strictly before anything is done.

A step or a check that would be left out without a word is the worst that a slip of the pen can
do: the change would end as done. So whatever is not understood to the last word is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sluis.plan.faults import Fault, did_you_mean, nearest, value_faults
from sluis.plan.role_options import Options
from sluis.plan.written_undoing import undoing_faults
from sluis.plan.written_words import words_faults
from sluis.plan.written_yaml import Item

_STEPS = {
    "update.yml": "software_update_steps",
    "restore.yml": "restore_asset_list",
}
#: what the other runbook uses, and this one would leave out without a word
_OF_ANOTHER = {
    "update.yml": ("restore_asset_list",),
    "restore.yml": ("software_update_way_back",),
}
_STEP_LISTS = ("software_update_quiesce", "software_update_steps", "software_update_way_back")
_CHECKS = "service_checks_list"
_ID = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")


@dataclass(frozen=True)
class Reachable:
    """What a description may speak of.

    Args:
        hosts: the hosts of the batch.
        others: hosts and groups of the inventory that are not hosts of the batch.
        assets: assets of the scope; ``None``: it could not be read.
        put_back: those that the way back puts back; ``None``: there is no way back, or nobody
            can tell.
        why_nothing: what is wrong with a pattern of hosts, and the hosts it is about.
    """

    hosts: frozenset[str]
    others: frozenset[str]
    assets: frozenset[str] | None
    put_back: frozenset[str] | None
    why_nothing: Callable[[str], tuple[str | None, frozenset[str]]]


def description_faults(
    file: str, name: str, item: Item, options: Options, reachable: Reachable
) -> Iterator[Fault]:
    """Everything that is wrong with a description.

    Args:
        file: its path, for messages.
        name: ``update.yml`` or ``restore.yml``.
        item: what was read.
        options: what the roles take.
        reachable: what it may speak of.
    """
    if not isinstance(item.value, dict):
        yield Fault(
            "not-a-group", file, item.line, "It is not a group of fields.",
            "Start from inventories/template.",
        )  # fmt: skip
        return
    yield from _names(file, name, item, options)
    ids: dict[str, list[tuple[str, frozenset[str], Item]]] = {}
    for variable in _STEP_LISTS:
        yield from _steps(file, variable, item.value.get(variable), reachable, ids)
    yield from _undone(file, item, ids)
    if reachable.put_back is not None:
        yield from undoing_faults(
            file, item.value, reachable.put_back, lambda hosts: reachable.why_nothing(hosts)[1]
        )
    yield from words_faults(file, item)
    yield from _checks(file, name, item.value.get(_CHECKS), reachable)
    yield from _secrets(file, item)
    yield from _restored(file, item.value.get("restore_asset_list"), reachable)
    yield from _nothing_to_do(file, name, item, options)


def _names(file: str, name: str, item: Item, options: Options) -> Iterator[Fault]:
    fitting = [known for known in options.variables if known not in _OF_ANOTHER[name]]
    for variable, given in item.value.items():
        if variable in _OF_ANOTHER[name]:
            yield Fault(
                "unknown-field", file, given.line,
                f"{variable} is nothing that {name.removesuffix('.yml')} looks at.",
                "Take it out; it would be left out without a word.",
            )  # fmt: skip
        elif variable not in options.variables:
            yield Fault(
                "unknown-field", file, given.line,
                f"{variable[:80]!r} is not a field that {name} has.",
                did_you_mean(
                    variable, fitting,
                    "take it out, or put a value of your own into group_vars.",
                ),
            )  # fmt: skip
        else:
            yield from value_faults(file, variable, given, options.variables[variable])


def _elements(item: Item | None) -> list[Item]:
    """The elements of a list that are mappings; what is none is complained about elsewhere."""
    if item is None or not isinstance(item.value, list):
        return []
    return [element for element in item.value if isinstance(element.value, dict)]


def _known(element: Item, field: str) -> Item | None:
    """A field that stands there as it will be used."""
    given = element.value.get(field)
    return given if given is not None and given.is_known and given.value is not None else None


def _steps(
    file: str,
    variable: str,
    item: Item | None,
    reachable: Reachable,
    ids: dict[str, list[tuple[str, frozenset[str], Item]]],
) -> Iterator[Fault]:
    for element in _elements(item):
        step, hosts = _known(element, "step"), element.value.get("hosts")
        where, matched = element, reachable.hosts
        if hosts is not None and hosts.is_known and hosts.value is not None:
            where = hosts
            why, matched = reachable.why_nothing(str(hosts.value))
            if why is not None:
                yield Fault(
                    "no-such-host", file, where.line,
                    f"The step {step.value if step else '?'} would run nowhere, or not everywhere "
                    f"where it should: {why}",
                    did_you_mean(
                        str(hosts.value), reachable.hosts | reachable.others,
                        "name hosts or groups of the inventory.",
                    ),
                )  # fmt: skip
        if step is None:
            continue
        name = str(step.value)
        if not _ID.fullmatch(name):
            yield Fault(
                "wrong-form", file, step.line, f"A step cannot be called {name[:80]!r}.",
                "Use lower-case letters, digits and . _ : - ; at most 80 of them.",
            )  # fmt: skip
        for other, on, _ in ids.get(name, ()):
            if other == variable or on & matched:
                yield Fault(
                    "step-twice", file, step.line, f"The step {name!r} is there twice.",
                    "Give every step an id of its own.",
                )  # fmt: skip
                break
        ids.setdefault(name, []).append((variable, matched, step))
        inside = _known(element, "inside")
        for asset in inside.value if inside and isinstance(inside.value, list) else ():
            if reachable.assets is not None and str(asset.value) not in reachable.assets:
                yield Fault(
                    "unknown-asset", file, asset.line,
                    f"The step {name} lies inside {asset.value!r}, and the scope has no such "
                    "asset.",
                    did_you_mean(str(asset.value), reachable.assets, "name an asset by its id."),
                )  # fmt: skip


def _undone(
    file: str, item: Item, ids: dict[str, list[tuple[str, frozenset[str], Item]]]
) -> Iterator[Fault]:
    """What a step of the way back says that it undoes."""
    forward = {name for name, found in ids.items() if any("way_back" not in v for v, _, _ in found)}
    for element in _elements(item.value.get("software_update_way_back")):
        undoes = _known(element, "undoes")
        for name in undoes.value if undoes and isinstance(undoes.value, list) else ():
            if str(name.value) not in forward and _all_known(item):
                yield Fault(
                    "unknown-step", file, name.line,
                    f"A step of the way back undoes {name.value!r}, and there is no such step.",
                    did_you_mean(str(name.value), forward, "name a step by its id."),
                )  # fmt: skip


def _all_known(item: Item) -> bool:
    """Whether every step is written out, so that one that is not there is a slip."""
    for variable in _STEP_LISTS:
        given = item.value.get(variable)
        if given is None:
            continue
        if not isinstance(given.value, list):
            return False
        for element in given.value:
            step = element.value.get("step") if isinstance(element.value, dict) else None
            if step is None or not step.is_known:
                return False
    return True


def _checks(file: str, name: str, item: Item | None, reachable: Reachable) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for element in _elements(item):
        check, host = _known(element, "id"), _known(element, "host")
        called = str(check.value) if check else "?"
        if check is not None and not _ID.fullmatch(called):
            yield Fault(
                "wrong-form", file, check.line, f"A check cannot be called {called[:80]!r}.",
                "Use lower-case letters, digits and . _ : - ; at most 80 of them.",
            )  # fmt: skip
        after = _known(element, "after")
        if name == "restore.yml" and after is not None and after.value == "way_back":
            yield Fault(
                "check-never-made", file, after.line,
                f"The check {called} would never be made: a restore has no way back.",
                "Leave 'after' out.",
            )  # fmt: skip
        if host is None:
            continue
        if str(host.value) not in reachable.hosts:
            place = (
                "a group, or a host that no change reaches"
                if str(host.value) in reachable.others
                else "no host of the inventory"
            )
            yield Fault(
                "no-such-host", file, host.line,
                f"The check {called} would be made nowhere: {str(host.value)[:80]!r} is {place}.",
                did_you_mean(
                    str(host.value), reachable.hosts, "name one host of the inventory."
                ),
            )  # fmt: skip
        elif (called, str(host.value)) in seen and check is not None:
            yield Fault(
                "check-twice", file, check.line, f"The check {called!r} is there twice.",
                "Give every check on a host an id of its own.",
            )  # fmt: skip
        seen.add((called, str(host.value)))


def _secrets(file: str, item: Item) -> Iterator[Fault]:
    """Secrets of a check that there is not."""
    secrets, checks = item.value.get("service_checks_secrets"), item.value.get(_CHECKS)
    if secrets is None or not isinstance(secrets.value, dict):
        return
    found = [_known(element, "id") for element in _elements(checks)]
    names = {str(one.value) for one in found if one is not None}
    if checks is not None and (not isinstance(checks.value, list) or None in found):
        return  # not all of them are written out
    for name, given in secrets.value.items():
        if name not in names:
            yield Fault(
                "unknown-check", file, given.line,
                f"service_checks_secrets speaks of {name[:80]!r}, and there is no such check.",
                did_you_mean(name, names, "name a check by its id."),
            )  # fmt: skip


def _restored(file: str, item: Item | None, reachable: Reachable) -> Iterator[Fault]:
    seen: set[str] = set()
    for element in _elements(item):
        asset = _known(element, "asset")
        if asset is None:
            continue
        name = str(asset.value)
        if reachable.assets is not None and name not in reachable.assets:
            yield Fault(
                "unknown-asset", file, asset.line, f"{name[:80]!r} is no asset of the scope.",
                did_you_mean(name, reachable.assets, "name an asset by its id."),
            )  # fmt: skip
        elif name in seen:
            yield Fault(
                "asset-twice", file, asset.line, f"{name} is to be put back twice.",
                "Keep one of the two.",
            )  # fmt: skip
        seen.add(name)


def _nothing_to_do(file: str, name: str, item: Item, options: Options) -> Iterator[Fault]:
    variable = _STEPS[name]
    steps = item.value.get(variable)
    # a list whose name is misspelt is there: what was meant is said of the name
    unknown = [one for one in item.value if one not in options.variables]
    slips = {meant for one in unknown if (meant := nearest(one, options.variables)) is not None}
    if variable not in slips and (steps is None or steps.value in (None, [], {}, "")):
        yield Fault(
            "no-step", file, steps.line if steps else 0, f"It has no step: {variable} is empty.",
            "Write at least one; a change without a step changes nothing.",
        )  # fmt: skip
    checks = item.value.get(_CHECKS)
    given = checks.value if checks is not None else None
    if given in (None, [], {}, ""):
        made = False
    elif not isinstance(given, list):
        made = True  # filled in later; the plan is looked at once more
    else:
        made = any(
            not isinstance(element.value, dict)
            or element.value.get("after", Item("change")).value != "way_back"
            for element in given
        )
    if not made and _CHECKS not in slips:
        yield Fault(
            "no-check", file, checks.line if checks else 0,
            f"No check is made after the change: {_CHECKS} has none.",
            "Write at least one: without a check nobody knows whether the change did its work.",
        )  # fmt: skip
