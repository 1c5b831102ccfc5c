"""What the roles take: their variables as ``meta/argument_specs.yml`` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Option:
    """One variable, or one field in it.

    Args:
        type: Ansible's word for its type.
        required: whether it has to be there.
        choices: the values that it may have; none: any.
        elements: the type of each element of a list.
        options: the fields of the mapping, or of each element; ``None``: not described.
    """

    type: str = "str"
    required: bool = False
    choices: tuple[Any, ...] = ()
    elements: str | None = None
    options: Mapping[str, Option] | None = None


@dataclass(frozen=True)
class Options:
    """The variables of all roles by name, and the prefixes that are ours."""

    variables: Mapping[str, Option] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()


def read_options(roles: Path) -> Options:
    """Read what every role of a project takes.

    Args:
        roles: the folder with the roles.
    """
    variables: dict[str, Option] = {}
    prefixes = {"sluis_", "tenant_"}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        prefixes.add(f"{path.parents[1].name}_")
        said = yaml.load(path.read_bytes(), Loader=_LOADER)  # noqa: S506 - a safe loader
        for entry in said["argument_specs"].values():
            variables.update(_fields(entry.get("options") or {}))
    return Options(variables, tuple(sorted(prefixes)))


def _fields(given: Mapping[str, Any]) -> dict[str, Option]:
    return {
        str(name): Option(
            type=str(said.get("type", "str")),
            required=bool(said.get("required")),
            choices=tuple(said.get("choices") or ()),
            elements=said.get("elements"),
            options=_fields(said["options"]) if said.get("options") else None,
        )
        for name, said in given.items()
    }
