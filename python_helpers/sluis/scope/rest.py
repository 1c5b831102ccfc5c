"""What can be said of a scope although parts of it cannot be read.

Rules hold between fields, so they can only be judged where the fields can be read. Whoever mends
a slip wants to hear of the next mistake now, and not after another try. What cannot be read is
left out here, and no rule is judged that could be broken by leaving it out. Nothing that comes
from here is ever used as a scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sluis.scope.broken import Broken, BrokenRulesError, Path
from sluis.scope.complaints import meant_fields
from sluis.scope.model import ScopeDocument
from sluis.scope.strict_yaml import Tree

_TRIES = 20
#: rules that could be broken by what is left out of a list
_NEEDS_ALL = {"assets": {"risk-without-asset"}, "risks": {"asset-without-risk"}}
#: what stands in for a field that has to be there and says nothing about any other
_STAND_IN: Mapping[str, Any] = {
    "client": "x", "change": "x", "version": 1, "title": "x", "summary": "x", "language": "en",
    "client_name": "x", "provider_name": "x",
    "risks": ({"id": "x", "asset": "x", "words": "x", "we_do": "x"},),
    "not_included": ({"id": "x", "words": "x"},),
    "retention": {"snapshot_days": 1, "safety_copy_days": 1, "afterwards": "x"},
    "way_back": {"consent": False, "words": "x"},
}  # fmt: skip


@dataclass(frozen=True)
class Meant:
    """A file with its misspelt fields as they were meant.

    Args:
        value: its value.
        tree: where each part of that value stands in the file.
        slips: where the misspelt fields stand.
    """

    value: Any
    tree: Tree
    slips: tuple[Path, ...]


def as_meant(value: Any, tree: Tree, error: ValidationError) -> Meant:
    """A file in which each field that there is not has the name of the one that is missing there.

    Args:
        value: what is in the file.
        tree: the file.
        error: what is wrong with it.
    """
    marks, slips = dict(tree.marks), []
    for path, name in meant_fields(error, tree).items():
        slips.append(path)
        value = _changed(value, path[:-1], _renamed(str(path[-1]), name))
        for place, mark in tree.marks.items():
            if place[: len(path)] == path:
                marks[(*path[:-1], name, *place[len(path) :])] = mark
    return Meant(value, Tree(value, marks), tuple(slips))


def rules_of_the_rest(value: Any) -> tuple[Broken, ...]:
    """The rules that are broken by those parts of a scope that can be read.

    Args:
        value: what is in the file.
    """
    if not isinstance(value, dict):
        return ()
    lists = {name: list(range(len(part))) for name, part in value.items() if _is_list(part)}
    left_out: set[str] = set()
    for _ in range(_TRIES):
        try:
            ScopeDocument.model_validate(value)
            return ()
        except ValidationError as error:
            rules = list(_rules(error))
            if rules:
                return tuple(_as_written(rules, lists, left_out))
            value = _without(value, error, lists, left_out)
        if value is None:
            break
    return ()


def _rules(error: ValidationError) -> Iterator[Broken]:
    for detail in error.errors():
        broken = detail.get("ctx", {}).get("error")
        if isinstance(broken, BrokenRulesError):
            yield from broken.problems


def _as_written(
    rules: list[Broken], lists: Mapping[str, list[int]], left_out: set[str]
) -> Iterator[Broken]:
    unsure = {code for name in left_out for code in _NEEDS_ALL.get(name, ())}
    for rule in rules:
        path = rule.path
        if rule.code in unsure or not path or str(path[0]) in left_out - set(lists):
            continue
        name = str(path[0])
        if len(path) > 1 and isinstance(path[1], int) and name in lists:
            path = (name, lists[name][path[1]], *path[2:])
        yield Broken(path, rule.code, rule.what, rule.remedy)


def _without(
    value: Any, error: ValidationError, lists: dict[str, list[int]], left_out: set[str]
) -> Any:
    """The same without what cannot be read; ``None`` when nothing is left to judge."""
    gone: dict[str, set[int]] = {}
    whole: list[str] = []
    for detail in error.errors():
        where = detail["loc"]
        name = str(where[0]) if where else ""
        if len(where) > 1 and isinstance(where[1], int) and name in lists:
            gone.setdefault(name, set()).add(where[1])
        else:
            whole.append(name)
    for name in whole:
        if name in gone:  # pydantic counts only the good entries
            continue
        if name in _STAND_IN:
            value = {**value, name: _STAND_IN[name]}
        elif name in value and name not in ("assets", "job"):
            value = {key: part for key, part in value.items() if key != name}
        else:
            return None  # no rule can do without
        lists.pop(name, None)
        left_out.add(name)
    for name, numbers in gone.items():
        left_out.add(name)
        lists[name] = [old for now, old in enumerate(lists[name]) if now not in numbers]
        rest = tuple(part for now, part in enumerate(value[name]) if now not in numbers)
        value = {**value, name: rest}
        if not rest and name in _STAND_IN:
            value[name] = _STAND_IN[name]
            del lists[name]
    return value


def _is_list(part: Any) -> bool:
    return isinstance(part, tuple)


def _renamed(old: str, new: str) -> Callable[[Any], Any]:
    return lambda group: {new if key == old else key: part for key, part in group.items()}


def _changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    step = path[0]
    if isinstance(value, tuple):
        return tuple(
            _changed(part, path[1:], change) if number == step else part
            for number, part in enumerate(value)
        )
    return {
        key: _changed(part, path[1:], change) if key == step else part
        for key, part in value.items()
    }
