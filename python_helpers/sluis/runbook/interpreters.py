"""Which program starts a module on a host: the one that was signed, or found there just now.

Without ``ansible_python_interpreter`` Ansible looks for one, and remembers it as a fact of the
host. A fact can come from anywhere: a cache that an earlier job left (ansible-runner keeps one),
or the answer of a module. So what was remembered is left out, and Ansible looks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FACTS = "ansible_facts"
_DELEGATED = "ansible_delegated_vars"
_REMEMBERED = "discovered_interpreter_"


def found_anew(task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """The task's variables without interpreters that were found before.

    Args:
        task_vars: as ansible-core hands them to an action plugin. They stay as they are.
    """
    found = _without(task_vars)
    delegated = found.get(_DELEGATED)
    if isinstance(delegated, Mapping):
        found[_DELEGATED] = {
            host: _without(values) if isinstance(values, Mapping) else values
            for host, values in delegated.items()
        }
    return found


def _without(variables: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in variables.items() if not name.startswith(_REMEMBERED)}
    facts = kept.get(_FACTS)
    if isinstance(facts, Mapping):
        kept[_FACTS] = {
            name: value for name, value in facts.items() if not name.startswith(_REMEMBERED)
        }
    return kept
