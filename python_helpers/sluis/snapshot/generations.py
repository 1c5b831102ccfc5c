"""Generations of an existing backup: are there enough, and do they differ? Pure.

In the case that started this project a script copied every day to the same place: each
copy overwrote the one before, the broken one included (case A3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

from ..border.verbs.asset_copies import Generation
from ..counted import counted


@dataclass(frozen=True)
class Objection:
    """Why a backup cannot be adopted: a code, one sentence, and what to do."""

    code: str
    sentence: str
    remedy: str


def objections(generations: Sequence[Generation], source_content: Optional[str]) -> List[Objection]:
    """Why a backup cannot be adopted, by its generations alone.

    Args:
        generations: newest first. Those without ``content`` do not count as distinct.
        source_content: the same digest over the source as it is now, if known.

    """
    if not generations:
        return [
            Objection(
                "no-generation",
                "There is no copy at all in the place that was named.",
                "Look whether the backup really runs, and where it writes to.",
            )
        ]
    found = []
    known = [item.content for item in generations if item.content is not None]
    if len(set(known)) < 2:
        said = (
            f"Only one copy exists ({generations[0].name}): each new one overwrites the one before."
            if len(generations) == 1
            else f"{counted(len(generations), 'copy exists', 'copies exist')}, and no two of "
            "those that were read differ."
        )
        found.append(
            Objection(
                "too-few-generations",
                said,
                "Keep at least two copies of different moments, each in a place of its own.",
            )
        )
    newest = generations[0].content
    changed = source_content is not None and newest is not None and source_content != newest
    if len(generations) > 1 and newest is not None and generations[1].content == newest and changed:
        found.append(
            Objection(
                "newest-equals-previous",
                f"The newest copy ({generations[0].name}) equals the one before byte for byte, "
                "although the source has changed: the backup runs, and copies nothing new.",
                "Find out what the backup really reads, repair it, and have it run again.",
            )
        )
    return found
