"""What is taken of a host's answer: enough for every module, and never without end.

Whatever Ansible registers is copied, looked through and printed many times over. A few
megabytes of an answer can hold millions of values, and then a run stands still. And a number
that is not finite is no JSON, though Ansible reads it as such: nothing that works with it later
expects one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

MOST_VALUES = 200_000
MOST_CHARACTERS = 32 * 2**20


def not_taken(answer: Any) -> str:
    """Why an answer is not taken; empty when it is.

    Whole numbers have no bound of their own: a certificate's serial number is one, of 160 bits.

    Args:
        answer: what a module or its action returned. Names count as values.
    """
    values = characters = 0
    seen: set[int] = set()
    waiting: list[Iterable[Any]] = [(answer,)]
    while waiting:
        for value in waiting.pop():
            values += 1
            if isinstance(value, (str, bytes, bytearray)):
                characters += len(value)
            elif isinstance(value, float):
                if not math.isfinite(value):
                    return "The answer holds a number that is not finite, so it is no JSON."
            elif id(value) not in seen and (inside := _inside(value)):
                seen.add(id(value))
                waiting += inside
            if values > MOST_VALUES or characters > MOST_CHARACTERS:
                return (
                    f"The answer is too large: it may hold {MOST_VALUES:,} values and "
                    f"{MOST_CHARACTERS:,} characters. Have the step write what it says to a file."
                )
    return ""


def _inside(value: Any) -> list[Iterable[Any]]:
    if isinstance(value, Mapping):
        return [value.keys(), value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [[getattr(value, item.name) for item in dataclasses.fields(value)]]
    return []
