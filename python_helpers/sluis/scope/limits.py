"""From where to where a whole number of a scope may go, and the line to write."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Path = tuple[str | int, ...]
#: an end that is one of JSON alone: nobody means a number so large
_ANY = 2**53 - 1


@dataclass(frozen=True)
class Limits:
    """The least and the most that a whole number may be; ``None``: it has no such end."""

    name: str
    least: int | None
    most: int | None

    def remedy(self, given: object) -> str:
        """What to write, with the line that comes nearest to what was given."""
        if self.least is not None and self.most is not None:
            words = f"a whole number from {self.least:,} to {self.most:,}"
        elif self.least is not None:
            words = f"a whole number, {self.least:,} or more"
        else:
            words = f"a whole number, {self.most:,} or less"
        return f"Write {words}, such as: {self.name}: {self._nearest(given)}"

    def _nearest(self, given: object) -> int:
        fewest = self.least if self.least is not None else self.most
        assert fewest is not None  # noqa: S101  one end is there
        try:
            number = float(str(given))
        except ValueError:
            return fewest
        if not math.isfinite(number):
            return fewest
        whole = math.ceil(number)
        whole = whole if self.least is None else max(whole, self.least)
        return whole if self.most is None else min(whole, self.most)


def limits_at(model: type[BaseModel], path: Path) -> Limits | None:
    """The ends of the whole number at a place, or ``None`` where there is none or none is known.

    Args:
        model: what the file is to be.
        path: of keys and list positions.
    """
    if not path or not isinstance(path[-1], str):
        return None
    models = {model}
    for step in path[:-1]:
        if isinstance(step, str):
            models = {
                kind
                for field in _fields(models, step)
                for kind in _within(field.annotation)
                if isinstance(kind, type) and issubclass(kind, BaseModel)
            }
    found = {_limits(path[-1], field) for field in _fields(models, path[-1])}
    return found.pop() if len(found) == 1 else None


def _fields(models: set[type[BaseModel]], name: str) -> list[FieldInfo]:
    return [model.model_fields[name] for model in models if name in model.model_fields]


def _limits(name: str, field: FieldInfo) -> Limits | None:
    parts = [*field.metadata, *_within(field.annotation)]
    parts += [more for part in parts if isinstance(part, FieldInfo) for more in part.metadata]
    least = next((part.ge for part in parts if isinstance(part, Ge)), None)
    most = next((part.le for part in parts if isinstance(part, Le)), None)
    if int not in parts or (least is None and (most is None or most == _ANY)):
        return None
    most = _whole(most)
    return Limits(name, _whole(least), None if most is not None and most >= _ANY else most)


def _whole(end: Any) -> int | None:
    return end if isinstance(end, int) else None


def _within(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in typing.get_args(annotation):
        yield from _within(inner)
