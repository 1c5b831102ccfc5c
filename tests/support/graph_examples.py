"""Documented requests and answers of Microsoft Graph, and answers compared with them by shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from support.graph_facts import NOTHING, NUMBER, TEXT, TRUTH, merged

_KINDS = {TEXT: str, NUMBER: float, TRUTH: bool, NOTHING: type(None)}


@dataclass(frozen=True)
class Example:
    """One block of a documentation page.

    Attributes:
        name: page and number, such as ``driveitem-invite 3``.
        kind: ``request``, ``response`` or ``resource``.
        status: of a response.
        shape: of its JSON, if it has any.
        optional: properties that need not be there.
    """

    name: str
    kind: str
    status: int | None
    shape: Any
    optional: frozenset[str]


def read_examples(facts: dict[str, Any]) -> list[Example]:
    """All blocks that the facts name."""
    return [
        Example(one["name"], one["kind"], one["status"], one["shape"], frozenset(one["optional"]))
        for one in facts["examples"]
    ]


def differences(documented: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Where our answer has another shape than the documented one.

    ``missing NAME`` for a property that the example has and we have not, ``kind NAME`` for
    one that is of another kind. Entries of a collection are compared as a whole: a
    property that any of the example's entries has must be in one of ours.

    Args:
        documented: a shape.
        ours: the JSON of an answer.
    """
    if isinstance(documented, dict) and isinstance(ours, dict):
        if set(documented) == {"@odata.type"}:
            return  # only says which type it is
        for name, value in documented.items():
            path = f"{where}.{name}" if where else name
            if name.startswith("@odata.") and name != "@odata.nextLink":
                continue
            if name not in ours:
                yield f"missing {path}"
            elif ours[name] is not None:
                yield from differences(value, ours[name], path)
    elif isinstance(documented, list) and isinstance(ours, list):
        if documented and ours:
            yield from differences(documented[0], merged(ours), f"{where}[]")
    elif _kind_of_shape(documented) is not _kind(ours):
        yield f"kind {where}"


def _kind_of_shape(shape: Any) -> type:
    return _KINDS[shape] if isinstance(shape, str) else type(shape)


def _kind(value: Any) -> type:
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)
