"""Which arguments a module takes, by its own documentation: a slip is told before anything is done.

Ansible itself finds an argument that there is not only when the module runs, on the client's
system, after everything was signed.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from sluis.errors import InputError
from sluis.plan.faults import did_you_mean
from sluis.runbook.call_modules import CORE, Module

#: what Ansible makes of the words after a module's name, where it takes such words
_FREE = "free_form"
_OF_FREE = frozenset({"_raw_params", "_uses_shell"})


@dataclass(frozen=True)
class Takes:
    """What a module takes.

    Args:
        names: of its arguments, with their aliases.
        required: for each argument that must be there, its name and its aliases.
    """

    names: frozenset[str]
    required: tuple[tuple[str, frozenset[str]], ...]


def wrong_arguments(module: Module, given: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the names of a step's arguments: each with what to do.

    Nothing is said of a module without documentation, of one that another is chosen by, and of
    our own, whose roles read them strictly.

    Args:
        module: resolved.
        given: names of all arguments, in the open, secret and known later.
    """
    takes = None if module.known.kind == "named by use" else _takes(module.path)
    if takes is None:
        return
    for name in sorted(set(given) - takes.names):
        yield (
            f"{module.name} has no argument {name[:80]!r}.",
            did_you_mean(name, takes.names - _OF_FREE, "take it out."),
        )
    for name, spelled in takes.required:
        if not spelled & set(given):
            yield f"{module.name} needs the argument {name!r}.", f"Write {name}: below its args."


def refuse_wrong_arguments(module: Module, given: Collection[str], step: str) -> None:
    """Refuse a step whose module would refuse its arguments.

    Raises:
        InputError: ``bad-argument``, with the first that is wrong.
    """
    for what, remedy in wrong_arguments(module, given):
        raise InputError("bad-argument", f"The step {step!r}: {what}", remedy)


@functools.lru_cache(maxsize=64)
def _takes(path: Path) -> Takes | None:
    if not path.is_relative_to(CORE.parent):
        return None
    try:
        documented = get_docstring(str(path), fragment_loader)[0]
    except (AnsibleError, OSError, ValueError):
        return None
    if not isinstance(documented, Mapping):
        return None
    options = documented.get("options") or {}
    if not isinstance(options, Mapping):
        return None
    spelled = {str(name): _spelled(str(name), said) for name, said in options.items()}
    free = _OF_FREE if _FREE in spelled else frozenset()
    return Takes(
        names=frozenset().union(free, *spelled.values()),
        required=tuple(
            (name, spelled[name])
            for name, said in options.items()
            if name != _FREE and isinstance(said, Mapping) and said.get("required") is True
        ),
    )


def _spelled(name: str, said: Any) -> frozenset[str]:
    aliases = said.get("aliases") if isinstance(said, Mapping) else None
    return frozenset({name, *(str(one) for one in aliases or ())})
