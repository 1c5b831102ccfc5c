"""Which arguments a module wants together, one of, or not together, by its own code.

The documentation of a module does not say it. Ansible's own modules say it as plain words in their
call of ``AnsibleModule``, and only such words are read here: what is put together when the module
runs is left to the module.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluis.syntax import parsed

_MODULE = "AnsibleModule"


@dataclass(frozen=True)
class When:
    """Arguments that are needed when another one has a value.

    Args:
        name: of the other one.
        value: as the module has it, after it was converted.
        needed: these.
        any_of: one of them is enough.
    """

    name: str
    value: Any
    needed: tuple[str, ...]
    any_of: bool = False


@dataclass(frozen=True)
class Together:
    """What a module demands of the names of its arguments.

    Args:
        one_of: of each of these groups at least one is given (``required_one_of``).
        by: an argument, and those that have to be there when it is (``required_by``).
        all_of: groups of which all are given, or none (``required_together``).
        not_both: groups of which one at most is given (``mutually_exclusive``).
        when: what a value demands (``required_if``).
    """

    one_of: tuple[tuple[str, ...], ...] = ()
    by: tuple[tuple[str, tuple[str, ...]], ...] = ()
    all_of: tuple[tuple[str, ...], ...] = ()
    not_both: tuple[tuple[str, ...], ...] = ()
    when: tuple[When, ...] = ()


@dataclass(frozen=True)
class Given:
    """The arguments of a call, each under its name and all its aliases.

    Args:
        there: those that may have a value: given, also as a secret or a template, or by itself.
        sure: those that certainly are given, in the open.
        values: what is known of their values, given or by themselves, as the module has them.
    """

    there: frozenset[str]
    sure: frozenset[str]
    values: Mapping[str, Any]


@functools.lru_cache(maxsize=64)
def together(path: Path) -> Together:
    """What a module demands; nothing, where its code does not say it as plain words.

    Args:
        path: its code.
    """
    try:
        tree = parsed(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return Together()
    calls = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name) and node.func.id == _MODULE
    ]  # fmt: skip
    if len(calls) != 1:
        return Together()
    said = {word.arg: _plain(word.value) for word in calls[0].keywords}
    by = said.get("required_by")
    return Together(
        one_of=_groups(said.get("required_one_of")),
        by=tuple((str(name), _names(one)) for name, one in by.items())
        if isinstance(by, dict) else (),
        all_of=_groups(said.get("required_together")),
        not_both=_groups(said.get("mutually_exclusive")),
        when=tuple(_whens(said.get("required_if"))),
    )  # fmt: skip


def _groups(said: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(said, list | tuple):
        return ()
    if said and all(isinstance(one, str) for one in said):
        return (_names(said),)  # one group, without the list around it
    return tuple(names for one in said if (names := _names(one)))


def _whens(said: Any) -> Iterator[When]:
    for one in said if isinstance(said, list | tuple) else ():
        if not isinstance(one, list | tuple) or len(one) not in (3, 4):
            continue
        name, value, needed = one[0], one[1], _names(one[2])
        if isinstance(name, str) and needed:
            yield When(name, value, needed, any_of=len(one) == 4 and one[3] is True)


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


def lacking(demands: Together, given: Given) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is lacking: the names of which one is needed, and what makes it so (empty: nothing).

    Args:
        demands: of the module.
        given: what the call gives.
    """
    for group in demands.one_of:
        if not given.there & set(group):
            yield group, ""
    for name, needed in demands.by:
        if name in given.there:
            yield from (((one,), f"together with {name!r}") for one in needed
                        if one not in given.there)  # fmt: skip
    for group in demands.all_of:
        because = next((one for one in group if one in given.sure), None)
        if because is not None:
            yield from (((one,), f"together with {because!r}") for one in group
                        if one not in given.there)  # fmt: skip
    for when in demands.when:
        if when.name not in given.values or given.values[when.name] != when.value:
            continue
        because = f"when {when.name!r} is {_shown(when.value)}"
        if when.any_of:
            if not given.there & set(when.needed):
                yield when.needed, because
        else:
            yield from (((one,), because) for one in when.needed if one not in given.there)


def excluding(demands: Together, given: Given) -> Iterator[tuple[str, ...]]:
    """Arguments that are given and that the module does not take together.

    Args:
        demands: of the module.
        given: what the call gives.
    """
    for group in demands.not_both:
        found = tuple(name for name in group if name in given.sure)
        if len(found) > 1:
            yield found


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
