"""Steps that are said to stay in some assets, and that prepare would refuse: they write elsewhere.

Prepare says it of the plan, after the snapshots. Module and paths stand in ``update.yml`` from the
beginning, so it is said before anything is made. What is filled in later is left to prepare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sluis.errors import InputError
from sluis.plan.faults import Fault
from sluis.plan.inside import not_inside, written_elsewhere
from sluis.plan.inside_modules import WRITERS
from sluis.plan.model import PlanStep
from sluis.plan.written_yaml import Item
from sluis.runbook.call_documentation import options_of
from sluis.runbook.call_modules import Module, resolve
from sluis.runbook.written_steps import GIVEN, STEP_LISTS, Known, fields_of
from sluis.scope.model import ScopeDocument

#: steps of the way back only undo, and are held against no asset
_BACK = "software_update_way_back"
#: every argument that is looked at
_ANY = frozenset(name for one in WRITERS.values() for name in (*one.path, *one.fixed, *one.free))


def inside_faults(
    file: str,
    item: Item,
    known: Known,
    scope: ScopeDocument,
    hosts_of: Callable[[str], frozenset[str]],
) -> Iterator[Fault]:
    """What the steps of a description write beside the assets in which they are said to stay.

    Args:
        file: its path, for messages.
        item: what was read.
        known: what can be filled in beforehand.
        scope: with the places of the assets.
        hosts_of: the hosts of the batch that a pattern names; none when it is a slip.
    """
    for name in STEP_LISTS:
        steps = fields_of(item).get(name)
        if name == _BACK or steps is None or not isinstance(steps.value, list):
            continue
        for step in steps.value:
            yield from _of_step(file, fields_of(step), known, scope, hosts_of)


def _of_step(
    file: str,
    step: dict[str, Item],
    known: Known,
    scope: ScopeDocument,
    hosts_of: Callable[[str], frozenset[str]],
) -> Iterator[Fault]:
    module, called, inside = step.get("module"), step.get("step"), step.get("inside")
    if module is None or called is None or inside is None:
        return
    fixed = (module, called, inside, step.get("hosts") or Item(None))
    if not all(one.is_known for one in fixed) or not isinstance(inside.value, list):
        return
    assets = tuple(str(one.value) for one in inside.value)
    if not {*assets} <= {asset.id for asset in scope.assets}:
        return  # a slip in a name, and said
    everybody = set(hosts_of("all"))
    if any(one.host and one.host not in everybody for one in scope.assets if one.id in assets):
        return  # where it lies is a slip, and said
    args, at_apply, secret = (fields_of(step.get(name)) for name in GIVEN)
    filled_in = {name: known.filled_in(one) for name, one in args.items()}
    values = {name: one.plain() for name, one in filled_in.items() if one.is_known}
    resolved = _resolved(str(module.value), values, known)
    if resolved is None:
        return  # what is wrong with it is said
    options = options_of(resolved)
    has = None if options is None else {name for one in options.values() for name in one.names}
    not_yet = set(filled_in) - set(values)
    if any(one is not None and not isinstance(one.value, dict) for one in map(step.get, GIVEN)):
        not_yet |= _ANY  # a template: nobody can tell what it gives
    hosts = step.get("hosts")
    pattern = "all" if hosts is None or hosts.value is None else str(hosts.value)
    said: set[str] = set()
    for host in sorted(hosts_of(pattern)):
        planned: dict[str, Any] = {
            "step": str(called.value),
            "host": host,
            "module": resolved.name,
            "args": values,
            "args_at_apply": dict.fromkeys(at_apply),
            "secret_args": tuple(secret),
            "inside": assets,
        }
        call = PlanStep.model_construct(**planned)
        for one in written_elsewhere(call, scope, not_yet):
            if one.what in said:  # once, and not for each host
                continue
            if one.argument and has is not None and one.argument not in has:
                continue  # the module has no such argument, and that is said
            said.add(one.what)
            error = not_inside(call, one)
            where = args.get(one.argument) or at_apply.get(one.argument)
            line = (where or secret.get(one.argument) or module).line
            yield Fault(error.code, file, line, error.what, error.remedy)


def _resolved(module: str, args: dict[str, Any], known: Known) -> Module | None:
    try:
        return resolve(module, args, known.places)
    except InputError:
        return None
