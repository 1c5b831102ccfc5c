"""Which arguments a module wants together, or one of: ``required_by`` and ``required_one_of``.

The documentation of a module does not say it. Ansible's own modules say it as plain words in their
call of ``AnsibleModule``, and only such words are read here: what is put together when the module
runs is left to the module.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MODULE = "AnsibleModule"


@dataclass(frozen=True)
class Together:
    """What a module demands of the names of its arguments.

    Args:
        one_of: of each of these groups at least one is given.
        by: an argument, and those that have to be there when it is.
    """

    one_of: tuple[tuple[str, ...], ...] = ()
    by: tuple[tuple[str, tuple[str, ...]], ...] = ()


@functools.lru_cache(maxsize=64)
def together(path: Path) -> Together:
    """What a module demands; nothing, where its code does not say it as plain words.

    Args:
        path: its code.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return Together()
    calls = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name) and node.func.id == _MODULE
    ]  # fmt: skip
    if len(calls) != 1:
        return Together()
    said = {word.arg: word.value for word in calls[0].keywords}
    one_of, by = _plain(said.get("required_one_of")), _plain(said.get("required_by"))
    return Together(
        tuple(_names(one) for one in one_of) if isinstance(one_of, list | tuple) else (),
        tuple((str(name), _names(one)) for name, one in by.items()) if isinstance(by, dict) else (),
    )


def _plain(node: ast.expr | None) -> Any:
    """A literal, or ``dict(a=…)`` of literals; ``None`` for anything else."""
    if node is None:
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        if node.args or any(word.arg is None for word in node.keywords):
            return None
        return {word.arg: _plain(word.value) for word in node.keywords}
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _names(said: Any) -> tuple[str, ...]:
    """Names of arguments; none where something else is said."""
    names = (
        [said] if isinstance(said, str) else list(said) if isinstance(said, list | tuple) else []
    )
    return tuple(names) if all(isinstance(one, str) for one in names) else ()


def lacking(demands: Together, given: frozenset[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is lacking: the names of which one is needed, and for which argument (empty: for any).

    Args:
        demands: of the module.
        given: names of arguments that are there or have a value by themselves, without aliases.
    """
    for group in demands.one_of:
        if group and not given & set(group):
            yield group, ""
    for name, needed in demands.by:
        for one in needed:
            if name in given and one not in given:
                yield (one,), name
