"""What is only known when a step runs: results of earlier steps, and nothing else.

The template is what the client signs, so it may not reach anything that can change unseen: no
lookup, no other variable, no expression. What is left is small enough to read without Jinja's
machinery: texts, ``software_update_results['step'].key``, and a few filters.
"""

from __future__ import annotations

import os.path
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from sluis.errors import InputError

#: the variable in which the role keeps what each step answered
ROOT = "software_update_results"

_STEP = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")
_GRAMMAR = Environment(keep_trailing_newline=True)  # noqa: S701  it only parses
_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "basename": lambda value: os.path.basename(_text(value)),  # noqa: PTH119  of another machine
    "dirname": lambda value: os.path.dirname(_text(value)),  # noqa: PTH120
    "first": lambda value: value[0],
    "int": int,
    "last": lambda value: value[-1],
    "quote": lambda value: shlex.quote(_text(value)),
    "trim": lambda value: _text(value).strip(),
}


def steps_named(value: Any, step: str) -> set[str]:
    """Check a value that is only known at apply; the ids of the steps whose results it uses.

    Args:
        value: a text, a list or a mapping of such, as the plan holds it.
        step: the step's id, for the error.

    Raises:
        InputError: ``later-value-reaches-out`` when it names anything but results.
    """
    found: set[str] = set()
    for text in _texts(value):
        for part in _parts(text, step):
            if not isinstance(part, nodes.TemplateData):
                found.add(_path(part, step)[0])
    return found


def filled_in(value: Any, results: Mapping[str, Mapping[str, Any]], step: str) -> Any:
    """The value, now that the earlier steps have run.

    Args:
        value: as for :func:`steps_named`.
        results: what each earlier step on this host answered, by its id.
        step: the step's id.

    Raises:
        InputError: as :func:`steps_named`; ``result-not-known`` when a step has not run or did
            not answer that.
    """
    if isinstance(value, str):
        values = [
            part.data if isinstance(part, nodes.TemplateData) else _value(part, results, step)
            for part in _parts(value, step)
        ]
        return values[0] if len(values) == 1 else "".join(map(_text, values))
    if isinstance(value, Mapping):
        return {key: filled_in(item, results, step) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled_in(item, results, step) for item in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _parts(text: str, step: str) -> list[nodes.Expr]:
    if text.startswith("#jinja2:"):
        raise _reaches_out(step, "a header of template settings")
    try:
        tree = _GRAMMAR.parse(text)
    except (TemplateSyntaxError, RecursionError) as error:
        raise _reaches_out(step, f"something that cannot be read ({error})") from error
    parts: list[nodes.Expr] = []
    for item in tree.body:
        if not isinstance(item, nodes.Output):
            raise _reaches_out(step, "a statement")
        parts += item.nodes
    for part in parts:
        if not isinstance(part, nodes.TemplateData):
            _path(part, step)
    return parts or [nodes.TemplateData("")]


def _path(node: nodes.Node, step: str) -> tuple[str, list[str | int], list[str]]:
    """Which step's result a part names, the way to a value in it, and the filters after that."""
    filters: list[str] = []
    while isinstance(node, nodes.Filter):
        name = node.name.removeprefix("ansible.builtin.")
        if name not in _FILTERS or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise _reaches_out(step, f"the filter {name}")
        if node.node is None:
            raise _reaches_out(step, "a filter of nothing")
        filters.insert(0, name)
        node = node.node
    keys: list[str | int] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        keys.insert(0, _key(node, step))
        node = node.node
    if not isinstance(node, nodes.Name) or node.name != ROOT:
        name = node.name if isinstance(node, nodes.Name) else type(node).__name__.lower()
        raise _reaches_out(step, name)
    if len(keys) < 2 or not isinstance(keys[0], str) or not _STEP.fullmatch(keys[0]):
        raise _reaches_out(step, "all results at once")
    return keys[0], keys[1:], filters


def _key(node: nodes.Getattr | nodes.Getitem, step: str) -> str | int:
    if isinstance(node, nodes.Getattr):
        return node.attr
    key = node.arg.value if isinstance(node.arg, nodes.Const) else None
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise _reaches_out(step, "a key that is not written out")
    return key


def _value(node: nodes.Expr, results: Mapping[str, Mapping[str, Any]], step: str) -> Any:
    source, keys, filters = _path(node, step)
    value: Any = results.get(source)
    if value is None:
        raise InputError(
            "result-not-known",
            f"The step {step!r} needs what {source!r} answered, and that has not run on this host.",
            "Name a step that runs before it on the same host.",
        )
    try:
        for key in keys:
            value = _inside(value, key)
        for name in filters:
            value = _FILTERS[name](value)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        way = ".".join(map(str, [source, *keys]))
        raise InputError(
            "result-not-known",
            f"The step {step!r} needs {way}, and the result has no such value.",
            "Look at what that step answers, and name one of its keys.",
        ) from error
    return value


def _inside(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value[key]
    if isinstance(value, (list, tuple)) and isinstance(key, int):
        return value[key]
    raise KeyError(key)


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, str) else str(value)


def _reaches_out(step: str, what: str) -> InputError:
    return InputError(
        "later-value-reaches-out",
        f"args_at_apply of the step {step!r} uses {what[:120]}.",
        f"Use results of earlier steps only: {{{{ {ROOT}['step'].key }}}}, with the filters "
        f"{', '.join(sorted(_FILTERS))}. All else goes under args, where the client sees it.",
    )
