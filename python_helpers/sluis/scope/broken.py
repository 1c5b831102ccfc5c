"""A rule of a scope that does not hold, and how it is told."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Broken:
    """One rule that does not hold: where in the document, what, and the remedy."""

    path: Path
    code: str
    what: str
    remedy: str


class BrokenRulesError(ValueError):
    """Carries every broken rule out of the model's validation."""

    def __init__(self, problems: tuple[Broken, ...]) -> None:
        super().__init__("; ".join(f"{p.code}: {p.what}" for p in problems))
        self.problems = problems


def repeats(entries: Sequence[Hashable]) -> Iterator[int]:
    """The places of entries that occurred before."""
    seen: set[Hashable] = set()
    for number, entry in enumerate(entries):
        if entry in seen:
            yield number
        seen.add(entry)
