"""Encode a message to JSON and decode it: frozen dataclasses whose annotations are shapes.

Strict both ways: every field is there, no other is, each has its shape. A class is
compiled once. A message may check itself further in ``__post_init__`` and raise
``ValueError`` with the rest of a sentence.
"""

from __future__ import annotations

import dataclasses
import json
import types
from typing import (
    Any,
    Dict,
    List,
    Literal,
    Mapping,
    Tuple,
    Type,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .marked import Annotated
from .shapes import Choice, Flag, Many, Maybe, Most, Named, Shape, at, shown
from .strict_json import WrongError, parse

T = TypeVar("T")
_RECORDS: "Dict[type, Record]" = {}


class Record(Shape):
    """A message, or a part of one: an object with exactly the fields of a dataclass."""

    def __init__(self, made: type) -> None:
        self._made = made
        self.shapes: "Dict[str, Shape]" = {}
        self._needed: "frozenset[str]" = frozenset()

    def compile(self) -> None:
        """Read the annotations. Apart from the constructor, so that messages may nest."""
        hints = get_type_hints(self._made)
        fields = dataclasses.fields(self._made)
        self.shapes = {one.name: shape_of(hints[one.name]) for one in fields}
        self._needed = frozenset(
            one.name
            for one in fields
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        )

    def load(self, value: Any) -> Any:
        """See ``Shape``."""
        if not isinstance(value, dict):
            raise WrongError("is not an object with fields")
        for name in value:
            if name not in self.shapes:
                raise WrongError("is unknown", (shown(name),))
        missing = sorted(self._needed - set(value))
        if missing:
            raise WrongError("is missing", (missing[0],))
        given = {name: at(name, self.shapes[name].load, one) for name, one in value.items()}
        try:
            return self._made(**given)
        except WrongError:
            raise
        except ValueError as error:
            raise WrongError(str(error)) from None

    def dump(self, value: Any) -> Any:
        """See ``Shape``."""
        if not isinstance(value, self._made):
            raise WrongError(f"is not a {self._made.__name__}")
        # What may be left out and is not there is left out.
        return {
            name: at(name, shape.dump, getattr(value, name))
            for name, shape in self.shapes.items()
            if name in self._needed or getattr(value, name) is not None
        }


class OneOf(Shape):
    """One of several messages; the field ``kind`` says which."""

    def __init__(self, made: Mapping[str, type]) -> None:
        self._made = dict(made)

    def load(self, value: Any) -> Any:
        """See ``Shape``."""
        kind = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in self._made:
            raise WrongError(f"is none of {', '.join(self._made)}", ("kind",))
        return record(self._made[kind]).load(value)

    def dump(self, value: Any) -> Any:
        """See ``Shape``."""
        kind = getattr(value, "kind", None)
        if not isinstance(kind, str) or kind not in self._made:
            raise WrongError(f"is none of {', '.join(self._made)}", ("kind",))
        return record(self._made[kind]).dump(value)


def record(made: type) -> Record:
    """The shape of a dataclass, compiled once."""
    found = _RECORDS.get(made)
    if found is None:
        found = _RECORDS[made] = Record(made)
        try:
            found.compile()
        except BaseException:
            del _RECORDS[made]
            raise
    return found


def shape_of(kind: Any) -> Shape:
    """The shape that an annotation stands for.

    Raises:
        TypeError: it has none, such as a bare ``str`` or a list without a bound.
    """
    most = 0
    if isinstance(kind, Annotated):  # type: ignore[arg-type]
        if isinstance(kind.mark, Shape):
            return kind.mark
        most, kind = kind.mark.count, kind.kind
    if kind is bool:
        return Flag()
    if dataclasses.is_dataclass(kind):
        return record(kind)  # type: ignore[arg-type]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return Choice(_words(parts))
    if origin is Union or origin is getattr(types, "UnionType", Union):
        return _union([part for part in parts if part is not type(None)], len(parts))
    if origin is tuple and most and len(parts) == 2 and parts[1] is Ellipsis:
        return Many(shape_of(parts[0]), most)
    if origin in _MAPPINGS and most:
        return Named(shape_of(parts[0]), shape_of(parts[1]), most)
    raise TypeError(f"{kind!r} has no shape: use a format, and bound each list and mapping")


def _words(parts: Tuple[Any, ...]) -> Tuple[Any, ...]:
    """The words of a ``Literal``; of one within it, which Python 3.8 leaves as it is, its own."""
    words: List[Any] = []
    for part in parts:
        words += _words(get_args(part)) if get_origin(part) is Literal else [part]
    return tuple(words)


_MAPPINGS = (dict, get_origin(Mapping[str, str]))


def _union(parts: List[Any], of: int) -> Shape:
    if len(parts) == 1:
        shape = shape_of(parts[0])
    else:
        kinds = {}
        for part in parts:
            for word in get_args(get_type_hints(part)["kind"]):
                kinds[str(word)] = part
        shape = OneOf(kinds)
    return Maybe(shape) if len(parts) < of else shape


def shape_for(shape: Shape, value: Any) -> Shape:
    """The shape that a value which is there really has: of one of several, that one."""
    while isinstance(shape, Maybe):
        shape = shape.shape
    return record(type(value)) if isinstance(shape, OneOf) else shape


def load(made: Type[T], value: Any) -> T:
    """A message from JSON data that is parsed already.

    Raises:
        WrongError: it is not that message.
    """
    loaded: T = record(made).load(value)
    return loaded


def dump(message: object) -> Any:
    """A message as JSON data.

    Raises:
        WrongError: a field has not its shape.
    """
    return record(type(message)).dump(message)


def decode(made: Type[T], data: bytes, *, most_bytes: int, most_values: int) -> T:
    """A message from JSON text.

    Raises:
        WrongError: it is not that message, or more than it may be.
    """
    return load(made, parse(data, most_bytes=most_bytes, most_values=most_values))


def encode(message: object) -> bytes:
    """A message as JSON text in ASCII, the same for the same message.

    Raises:
        WrongError: a field has not its shape.
    """
    return json.dumps(dump(message), sort_keys=True, separators=(",", ":")).encode("ascii")


__all__: Tuple[str, ...] = (
    "Most", "Record", "WrongError", "decode", "dump", "encode", "load", "record", "shape_for",
    "shape_of",
)  # fmt: skip
