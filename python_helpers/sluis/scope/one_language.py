"""Words that a client reads in another language than the one that was chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from sluis.scope.words import Both


def in_one_language(document: BaseModel) -> tuple[str, ...]:
    """Where a document has words in one language that could be in both.

    Args:
        document: a scope or a plan.

    Returns:
        The places, such as ``assets.letters.matters_because``, in the order of the document. What
        has an ``id`` or a ``step`` is named by it, anything else by its number.
    """
    return tuple(dict.fromkeys(_places(document, "")))


def _places(part: object, where: str) -> Iterator[str]:
    if isinstance(part, tuple | list):
        for number, one in enumerate(part):
            name = getattr(one, "id", None) or getattr(one, "step", None) or number
            yield from _places(one, f"{where}.{name}")
    elif isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            value, here = getattr(part, name), f"{where}.{name}".lstrip(".")
            if isinstance(value, str) and Both in get_args(field.annotation):
                yield here
            else:
                yield from _places(value, here)
