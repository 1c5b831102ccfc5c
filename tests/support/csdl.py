"""The entity model of Microsoft Graph, and JSON held against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COLLECTION = re.compile(r"Collection\((.+)\)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Kind:
    """An entity or complex type.

    Attributes:
        base: the type that it is based on.
        open: whether it allows properties that it does not name.
        properties: name to type, those that lead to other entities included.
        required: properties that are never null.
    """

    name: str
    base: str | None
    open: bool
    properties: dict[str, str]
    required: frozenset[str]


@dataclass(frozen=True)
class Complaint:
    """What is not as the model says.

    Attributes:
        what: ``wrong`` value; ``unknown`` type, or property of a closed type; ``extra``
            property of an open type, which the model allows without knowing it.
        where: the path to it.
        type: the type that was expected.
        detail: the value, or the name of the property.
    """

    what: str
    where: str
    type: str
    detail: str


class Model:
    """All types that the facts name; see ``graph_facts``."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.kinds = {
            name: Kind(
                name, one["base"], one["open"], {**one["properties"], **one["leads_to"]},
                frozenset(one["required"]),
            )
            for name, one in facts["types"].items()
        }  # fmt: skip
        self.enums = {name: frozenset(members) for name, members in facts["enums"].items()}

    def property_type(self, kind: str, name: str) -> str | None:
        """The type of a property, own or inherited."""
        found: Kind | None = self.kinds.get(kind)
        while found is not None:
            if name in found.properties:
                return found.properties[name]
            found = self.kinds.get(found.base) if found.base else None
        return None

    def is_open(self, kind: str) -> bool:
        """Whether a type, or one that it is based on, allows properties that it does not name."""
        found: Kind | None = self.kinds.get(kind)
        while found is not None:
            if found.open:
                return True
            found = self.kinds.get(found.base) if found.base else None
        return False

    def _is_required(self, kind: str, name: str) -> bool:
        found: Kind | None = self.kinds.get(kind)
        while found is not None:
            if name in found.required:
                return True
            found = self.kinds.get(found.base) if found.base else None
        return False

    def check(self, value: Any, type_name: str, where: str) -> Iterator[Complaint]:
        """Hold a JSON value against a type.

        Args:
            value: what was answered.
            type_name: such as ``Edm.String``, ``graph.driveItem`` or ``Collection(…)``.
            where: said in complaints.
        """
        if value is None:
            return
        many = _COLLECTION.fullmatch(type_name)
        if many:
            if not isinstance(value, list):
                yield Complaint("wrong", where, type_name, f"{type(value).__name__}, not a list")
                return
            for one in value:
                yield from self.check(one, many[1], f"{where}[]")
        elif type_name.startswith("Edm."):
            if not _is_edm(value, type_name):
                yield Complaint("wrong", where, type_name, repr(value)[:80])
        else:
            yield from self._check_named(value, type_name.removeprefix("graph."), where)

    def _check_named(self, value: Any, name: str, where: str) -> Iterator[Complaint]:
        if name in self.enums:
            if value not in self.enums[name]:
                yield Complaint("wrong", where, name, repr(value)[:80])
            return
        if not isinstance(value, dict):
            yield Complaint("wrong", where, name, f"{type(value).__name__}, not an object")
            return
        if name not in self.kinds:
            yield Complaint("unknown", where, name, "type")
            return
        for key, one in value.items():
            if "@" in key:
                continue  # annotations are no properties
            found = self.property_type(name, key)
            if one is None and self._is_required(name, key):
                yield Complaint("wrong", f"{where}.{key}", name, "null")
            if found is None:
                what = "extra" if self.is_open(name) else "unknown"
                yield Complaint(what, f"{where}.{key}", name, key)
            else:
                yield from self.check(one, found, f"{where}.{key}")


def _is_edm(value: Any, type_name: str) -> bool:
    if type_name == "Edm.Boolean":
        return isinstance(value, bool)
    if type_name in ("Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Byte"):
        bits = {"Edm.Int16": 15, "Edm.Int32": 31, "Edm.Int64": 63, "Edm.Byte": 8}[type_name]
        return (
            isinstance(value, int) and not isinstance(value, bool) and -(2**bits) <= value < 2**bits
        )
    if type_name in ("Edm.Double", "Edm.Single", "Edm.Decimal"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_name == "Edm.DateTimeOffset":
        return isinstance(value, str) and _TIME.fullmatch(value) is not None
    if type_name == "Edm.Guid":
        return isinstance(value, str) and _GUID.fullmatch(value) is not None
    return isinstance(value, str)  # String, Stream, Duration, Date, Binary, TimeOfDay
