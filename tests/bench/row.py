"""One line of the table: two things measured in turn, their ratio, and the aim."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from bench.figure import Figure


@dataclass(frozen=True)
class Spread:
    """The smallest, middle and largest of several figures."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The spread of at least one figure."""
        return cls(min(figures), statistics.median(figures), max(figures))

    def times(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(self.minimum * factor, self.median * factor, self.maximum * factor)

    def as_dict(self) -> dict[str, float]:
        """Plain JSON data, five decimals."""
        return {
            "min": round(self.minimum, 5),
            "median": round(self.median, 5),
            "max": round(self.maximum, 5),
        }


class Took(NamedTuple):
    """What one run took: seconds on the clock, and seconds of all processors together."""

    seconds: float
    processor: float


@dataclass(frozen=True)
class Pair:
    """What A and B took, each B right after its A."""

    a: tuple[Took, ...]
    b: tuple[Took, ...]

    @property
    def ratio(self) -> Spread:
        """A over B on the clock, pair by pair: a machine that slows down slows both."""
        return self._each(lambda a, b: a.seconds / b.seconds)

    @property
    def processor_ratio(self) -> Spread:
        """A over B in processor time, which depends less on what else the machine does."""
        return self._each(lambda a, b: a.processor / max(b.processor, 1e-6))

    @property
    def difference(self) -> Spread:
        """A less B in seconds on the clock, pair by pair."""
        return self._each(lambda a, b: a.seconds - b.seconds)

    @property
    def processor_difference(self) -> Spread:
        """A less B in processor seconds, pair by pair."""
        return self._each(lambda a, b: a.processor - b.processor)

    def _each(self, figure: Callable[[Took, Took], float]) -> Spread:
        return Spread.of([figure(a, b) for a, b in zip(self.a, self.b, strict=True)])


@dataclass(frozen=True)
class Aim:
    """What was aimed for: the median of one figure must not pass ``limit``.

    Args:
        figure: ``ratio`` (A over B), ``seconds`` (of A) or ``difference`` (milliseconds
            per step).
        strictly: below the limit, and not at it.
    """

    figure: Literal["ratio", "seconds", "difference"]
    limit: float
    words: str
    strictly: bool = False

    def is_met(self, median: float) -> bool:
        """Whether this median keeps to the limit."""
        return median < self.limit if self.strictly else median <= self.limit


@dataclass(frozen=True)
class Row:
    """What was measured.

    Args:
        id: short and stable, for programs.
        what: what it is about.
        a: what A is; ours.
        b: what B is; what it is held against.
        pair: the seconds, or ``None`` when it could not be measured.
        steps: how many steps one run made, where the figure is one step's.
        aim: what was aimed for; ``None``: nothing.
        figures: what else was found in the same runs, each with an aim of its own or none.
        facts: anything else that a reader has to know.
        why_not: why it could not be measured.
    """

    id: str
    what: str
    a: str
    b: str
    pair: Pair | None
    steps: int = 1
    aim: Aim | None = None
    figures: tuple[Figure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    why_not: str = ""

    @property
    def figure(self) -> Spread | None:
        """The figure that the aim is about."""
        if self.pair is None or self.aim is None:
            return None
        if self.aim.figure == "ratio":
            return self.pair.ratio
        if self.aim.figure == "seconds":
            return seconds_of(self.pair.a)
        return self.per_step_ms

    @property
    def per_step_ms(self) -> Spread | None:
        """What A takes more than B, in milliseconds for each step."""
        if self.pair is None:
            return None
        return self.pair.difference.times(1000 / self.steps)

    @property
    def per_step_processor_ms(self) -> Spread | None:
        """The same in processor time: what is left when nothing else runs on the machine."""
        if self.pair is None:
            return None
        return self.pair.processor_difference.times(1000 / self.steps)

    @property
    def met(self) -> bool | None:
        """Whether every aim was met; ``None`` when there is none, or nothing was measured."""
        if self.pair is None:
            return None
        found = [figure.met for figure in self.figures if figure.met is not None]
        if self.aim is not None and self.figure is not None:
            found.append(self.aim.is_met(self.figure.median))
        return all(found) if found else None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        found: dict[str, Any] = {"id": self.id, "what": self.what, "a": self.a, "b": self.b}
        if self.pair is None:
            return {**found, "measured": False, "why_not": self.why_not}
        difference, processor = self.per_step_ms, self.per_step_processor_ms
        return {
            **found,
            "measured": True,
            "runs": len(self.pair.a),
            "steps": self.steps,
            "a_seconds": seconds_of(self.pair.a).as_dict(),
            "b_seconds": seconds_of(self.pair.b).as_dict(),
            "ratio": self.pair.ratio.as_dict(),
            "processor_ratio": self.pair.processor_ratio.as_dict(),
            "a_processor_seconds": processor_of(self.pair.a).as_dict(),
            "b_processor_seconds": processor_of(self.pair.b).as_dict(),
            "difference_ms_per_step": difference.as_dict() if difference else None,
            "processor_ms_per_step": processor.as_dict() if processor else None,
            "aim": self.aim.words if self.aim else None,
            "aim_met": self.met,
            "figures": [figure.as_dict() for figure in self.figures],
            "facts": dict(self.facts),
        }


def seconds_of(runs: Sequence[Took]) -> Spread:
    """The spread of the seconds on the clock."""
    return Spread.of([run.seconds for run in runs])


def processor_of(runs: Sequence[Took]) -> Spread:
    """The spread of the processor seconds."""
    return Spread.of([run.processor for run in runs])
