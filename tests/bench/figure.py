"""A figure that comes out of the same runs as the seconds: a speed, a share, a size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """What was found for A, and for B where B has such a figure.

    Args:
        name: what it is, with its unit.
        a: ours; the middle one of several runs.
        b: of what it is held against; ``None`` when it cannot be had.
        aim: what A was aimed at; ``None``: nothing.
        at_least: whether ``aim`` is the least that A may be, and not the most.
    """

    name: str
    a: float
    b: float | None = None
    aim: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; ``None`` when there is none."""
        if self.aim is None:
            return None
        return self.a >= self.aim if self.at_least else self.a <= self.aim

    @property
    def aim_words(self) -> str:
        """The aim in a few characters; nothing when there is none."""
        return "" if self.aim is None else f"{'≥' if self.at_least else '≤'} {self.aim:g}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "name": self.name,
            "a": self.a,
            "b": self.b,
            "aim": self.aim_words or None,
            "aim_met": self.met,
        }


def short(value: float | None) -> str:
    """A figure for the table: three digits are enough to compare."""
    if value is None:
        return "–"
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}"
