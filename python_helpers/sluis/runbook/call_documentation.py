"""What the documentation of a module says of each of its arguments.

Ansible's own releases hold it against the code of each module.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from sluis.runbook.call_modules import CORE, Module


@dataclass(frozen=True)
class Option:
    """One argument of a module.

    Args:
        names: its name and its aliases.
        required: whether it must be there.
        spec: its form, as ``AnsibleModule`` takes it in an ``argument_spec``.
        by_itself: the value that it has when nobody gives one; ``None`` for none.
    """

    names: frozenset[str]
    required: bool
    spec: Mapping[str, Any]
    by_itself: Any = None


def options_of(module: Module) -> Mapping[str, Option] | None:
    """The arguments of a module by name; of the one that ``use`` names, where one is named.

    Args:
        module: resolved.

    Returns:
        ``None`` for a module without documentation, for one of our own, and for one whose work
        another does of which nothing is known.

    """
    if module.known.kind == "named by use" and module.chosen is None:
        return None
    return _options((module.chosen or module).path)


@functools.lru_cache(maxsize=64)
def _options(path: Path) -> Mapping[str, Option] | None:
    if not path.is_relative_to(CORE.parent):
        return None
    try:
        documented = get_docstring(str(path), fragment_loader)[0]
    except (AnsibleError, OSError, ValueError):
        return None
    options = (documented.get("options") or {}) if isinstance(documented, Mapping) else None
    if not isinstance(options, Mapping):
        return None
    return {str(name): _option(str(name), said) for name, said in options.items()}


def _option(name: str, said: Any) -> Option:
    said = said if isinstance(said, Mapping) else {}
    spec: dict[str, Any] = {"type": str(said.get("type") or "str")}
    for field in ("choices", "elements"):
        if said.get(field) is not None:
            spec[field] = said[field]
    choices = spec.get("choices")
    if isinstance(choices, Mapping):  # each with words of its own
        spec["choices"] = list(choices)
    inside = said.get("suboptions")
    if isinstance(inside, Mapping):
        within = {str(one): _option(str(one), more) for one, more in inside.items()}
        spec["options"] = {
            one: {
                **option.spec,
                "required": option.required,
                "aliases": sorted(option.names - {one}),
            }
            for one, option in within.items()
        }
    aliases = (str(one) for one in said.get("aliases") or ())
    return Option(
        frozenset({name, *aliases}), said.get("required") is True, spec,
        by_itself=said.get("default"),
    )  # fmt: skip
