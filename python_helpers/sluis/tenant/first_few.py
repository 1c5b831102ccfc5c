"""The first few names of many, in one text."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = 5


def first_few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
