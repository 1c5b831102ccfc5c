"""A finding: one thing that was looked at, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sluis.evidence.chain import file_name
from sluis.evidence.statements import Statement

HOLDS: Literal["holds"] = "holds"
FAILS: Literal["does not hold"] = "does not hold"
UNKNOWN: Literal["could not be checked"] = "could not be checked"
FindingVerdict = Literal["holds", "does not hold", "could not be checked"]


@dataclass(frozen=True)
class Finding:
    """What was looked at (a stable code), the verdict, about what, in words."""

    what: str
    verdict: FindingVerdict
    about: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        """The finding as plain JSON data."""
        return {
            "what": self.what,
            "verdict": self.verdict,
            "about": self.about,
            "detail": self.detail,
        }


def name_of(statement: Statement) -> str:
    """How a statement is named in findings: its file and its kind."""
    return f"{file_name(statement.number)} ({statement.kind})"
