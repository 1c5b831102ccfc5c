"""What is wrong with the modules that the steps of a description name, and with their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from sluis.errors import InputError
from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.plan.written_yaml import Item
from sluis.runbook.call_arguments import wrong_arguments
from sluis.runbook.call_modules import resolve

_LISTS = (
    "software_update_quiesce",
    "software_update_steps",
    "software_update_way_back",
)
_GIVEN = ("args", "args_at_apply", "secret_args")
#: What can be said of a name alone. Whatever else is wrong with a module, prepare says.
_OF_A_NAME = frozenset({"unknown-module", "module-not-allowed", "module-left-open"})


def module_faults(file: str, item: Item, places: Places) -> Iterator[Fault]:
    """What is wrong with the modules of a description. What is a template is left to prepare.

    Args:
        file: its path, for messages.
        item: what was read.
        places: the project.
    """
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()  # outside a run nobody did, and no module would be found
    lists = item.value if isinstance(item.value, dict) else {}
    for name in _LISTS:
        steps = lists[name].value if name in lists else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step.value, dict):
                yield from _of_step(file, step.value, places)


def _of_step(file: str, step: dict[str, Item], places: Places) -> Iterator[Fault]:
    module, called = step.get("module"), step.get("step")
    if module is None or not isinstance(module.value, str) or not module.is_known:
        return
    about = f"The step {str(called.value)[:80]!r}" if called is not None else "A step"
    args = {
        name: value.value
        for name, value in _fields(step.get("args")).items()
        if isinstance(value.value, str) and value.is_known
    }
    try:
        found = resolve(module.value, args, places)
    except InputError as error:
        if error.code in _OF_A_NAME:
            yield Fault(error.code, file, module.line, f"{about}: {error.what}", error.remedy)
        return
    groups = [step.get(name) for name in _GIVEN]
    if any(one is not None and not isinstance(one.value, dict) for one in groups):
        return  # a template, or what the reader of steps says more of
    given = {name: value.line for one in groups for name, value in _fields(one).items()}
    for what, remedy in wrong_arguments(found, given):
        line = next((at for name, at in given.items() if repr(name) in what), module.line)
        yield Fault("bad-argument", file, line, f"{about}: {what}", remedy)


def _fields(item: Item | None) -> dict[str, Item]:
    value: Any = item.value if item is not None else None
    return value if isinstance(value, dict) else {}
