"""Which arguments a module takes, by its own documentation: a slip is told before anything is done.

Ansible itself finds an argument that there is not only when the module runs, on the client's
system, after everything was signed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sluis.errors import InputError
from sluis.plan.faults import did_you_mean
from sluis.runbook.call_argument_values import as_used, wrong_values
from sluis.runbook.call_documentation import Option, options_of
from sluis.runbook.call_modules import Module
from sluis.runbook.call_together import Given, excluding, lacking, together

#: what Ansible makes of the words after a module's name, where it takes such words
_FREE = "free_form"
_OF_FREE = frozenset({"_raw_params", "_uses_shell"})
#: what the action itself takes that leaves the work to the module that this names
_CHOOSES = "use"


def wrong_arguments(
    module: Module, given: Collection[str], values: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the names of a step's arguments: each with what to do.

    Nothing is said of a module without documentation, and of our own, whose roles read them
    strictly.

    Args:
        module: resolved.
        given: names of all arguments, in the open, secret and known later.
        values: of those in the open, as they will be used.
    """
    options = options_of(module)
    if options is None:
        return
    does, given = module.chosen or module, set(given)
    if module.chosen is not None:
        given.discard(_CHOOSES)
    names = frozenset().union(*(option.names for option in options.values()))
    known = names | _OF_FREE if _FREE in names else names
    for name in sorted(given - known):
        yield (
            f"{does.name} has no argument {name[:80]!r}.",
            did_you_mean(name, names, "take it out."),
        )
    for name, option in options.items():
        if option.required and name != _FREE and not option.names & given:
            yield f"{does.name} needs the argument {name!r}.", f"Write {name}: below its args."
    # words after a module's name may hold any argument, and a misspelt name may be the one wanted
    if given <= names and not _OF_FREE & given:
        yield from _together(does, options, given, values)


def _together(
    module: Module, options: Mapping[str, Option], names: Collection[str], known: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    demands, given = together(module.path), _given(options, set(names), known)
    for needed, because in lacking(demands, given):
        which = " or ".join(repr(name) for name in needed)
        what = f"{module.name} needs the argument {which}{because and f' {because}'}."
        yield what, f"Write {needed[0]}: below its args." if len(needed) == 1 else (
            "Write one of them below its args."
        )  # fmt: skip
    for found in excluding(demands, given):
        spelled = (min(option.names & set(known)) for name in found
                   for option in options.values() if name in option.names)  # fmt: skip
        which = " and ".join(map(repr, spelled))
        yield f"{module.name} does not take {which} together.", "Leave one of them."


def _given(options: Mapping[str, Option], names: set[str], known: Mapping[str, Any]) -> Given:
    there, sure, values = set[str](), set[str](), dict[str, Any]()
    for option in options.values():
        spelled = option.names & names
        if not spelled and option.by_itself is None:
            continue
        there |= option.names
        open_ = sorted(spelled & set(known))
        if open_:
            sure |= option.names
        elif spelled:
            continue  # a secret, or known later
        with contextlib.suppress(ValueError):
            value = as_used(option, known[open_[0]] if open_ else option.by_itself)
            values |= dict.fromkeys(option.names, value)
    return Given(frozenset(there), frozenset(sure), values)


def refuse_wrong_arguments(
    module: Module, known: Mapping[str, Any], others: Collection[str], step: str
) -> None:
    """Refuse a step whose module would refuse its arguments.

    Args:
        module: resolved.
        known: the arguments in the open, as they will be used.
        others: names of the arguments that are secret, or known later.
        step: the step's id, for the error.

    Raises:
        InputError: ``bad-argument`` or ``bad-argument-value``, with the first that is wrong.
    """
    for what, remedy in wrong_arguments(module, {*known, *others}, known):
        raise InputError("bad-argument", f"The step {step!r}: {what}", remedy)
    for _, what, remedy in wrong_values(module, known):
        raise InputError("bad-argument-value", f"The step {step!r}: {what}", remedy)
