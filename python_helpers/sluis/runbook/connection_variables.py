"""The variables by which Ansible reaches a machine, and what looks like a slip in one of them.

A misspelt one is one that nobody reads: another machine may answer, or none, without a word why.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from ansible import constants
from ansible.plugins.loader import become_loader, connection_loader, shell_loader

#: how the name of every variable begins by which Ansible reaches a machine
CONNECTION = "ansible_"
#: the parts of ansible-core over which a machine is reached, see ``connections.KNOWN``
_PARTS = (
    ("connection", connection_loader, ("ssh", "local")),
    ("become", become_loader, ("sudo", "su")),
    ("shell", shell_loader, ("sh",)),
)
#: So alike are a name and its misspelling, without the prefix that all of them have: no fact of
#: Ansible's (``ansible_user_id``) is so near to one of these.
_ALIKE = 0.75
#: the same for a whole name, whatever it begins with
_WHOLE = 0.86


@cache
def connection_variables() -> frozenset[str]:
    """Their names, by the documentation of the installed ansible-core."""
    described: list[Mapping[str, Any]] = [constants.config.get_configuration_definitions()]
    for kind, loader, names in _PARTS:
        for name in names:
            loader.get(name, class_only=True)  # its options are known once it is loaded
            described.append(constants.config.get_configuration_definitions(kind, name))
    found = {
        str(variable["name"])
        for options in described
        for option in options.values()
        for variable in option.get("vars") or ()
    }
    found.update(*constants.MAGIC_VARIABLE_MAPPING.values())
    return frozenset(name for name in found if name.startswith(CONNECTION))


def meant_by(name: str) -> str | None:
    """The variable that is meant by a name that looks like a slip; ``None`` for any other name.

    Args:
        name: of a variable in the inventory.
    """
    known = connection_variables()
    if name in known:
        return None
    plain = name.lower().replace("-", "_")
    if plain in known:
        return plain
    if plain.startswith(CONNECTION):
        near = _near(plain[len(CONNECTION) :], (one[len(CONNECTION) :] for one in known), _ALIKE)
        return None if near is None else f"{CONNECTION}{near}"
    return _near(plain, known, _WHOLE)


def _near(name: str, known: Iterable[str], cutoff: float) -> str | None:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return near[0] if near else None
