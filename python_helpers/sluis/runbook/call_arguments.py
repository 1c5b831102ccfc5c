"""Which arguments a module takes, by its own documentation: a slip is told before anything is done.

Ansible itself finds an argument that there is not only when the module runs, on the client's
system, after everything was signed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sluis.errors import InputError
from sluis.plan.faults import did_you_mean
from sluis.runbook.call_argument_values import wrong_values
from sluis.runbook.call_documentation import options_of
from sluis.runbook.call_modules import Module
from sluis.runbook.call_together import lacking, together

#: what Ansible makes of the words after a module's name, where it takes such words
_FREE = "free_form"
_OF_FREE = frozenset({"_raw_params", "_uses_shell"})
#: what the action itself takes that leaves the work to the module that this names
_CHOOSES = "use"


def wrong_arguments(module: Module, given: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the names of a step's arguments: each with what to do.

    Nothing is said of a module without documentation, and of our own, whose roles read them
    strictly.

    Args:
        module: resolved.
        given: names of all arguments, in the open, secret and known later.
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
    there = {name for name, option in options.items() if option.names & given or option.by_itself}
    # words after a module's name may hold any argument, and a misspelt name may be the one wanted
    if given <= names and not _OF_FREE & given:
        yield from _together(does, frozenset(there))


def _together(module: Module, there: frozenset[str]) -> Iterator[tuple[str, str]]:
    for names, because in lacking(together(module.path), there):
        which = " or ".join(repr(name) for name in names)
        what = f"{module.name} needs the argument {which}"
        what += f" together with {because!r}." if because else "."
        yield what, f"Write {names[0]}: below its args." if len(names) == 1 else (
            "Write one of them below its args."
        )  # fmt: skip


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
    for what, remedy in wrong_arguments(module, {*known, *others}):
        raise InputError("bad-argument", f"The step {step!r}: {what}", remedy)
    for _, what, remedy in wrong_values(module, known):
        raise InputError("bad-argument-value", f"The step {step!r}: {what}", remedy)
