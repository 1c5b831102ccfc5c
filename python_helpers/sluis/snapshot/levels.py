"""The levels of proof, and the record of what each took.

V0 exists · V1 readable · V2 every byte read · V3 restored elsewhere by another process ·
V4 the data opens and checks · V5 equal to the source · V6 fresh, kept, older one restorable.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

from ..errors import SluisError

LEVELS = ("V0", "V1", "V2", "V3", "V4", "V5", "V6")

PROVEN = "proven"
FAILED = "failed"
NOT_VERIFIED = "not verified"


class Finding:
    """Collects what was run for one level, and what came of it.

    Used as a block: an error of ours inside it makes the level ``failed`` or ``not
    verified``; it never escapes, so that the other levels are still looked at.
    A block that ends without a verdict is ``not verified``.
    """

    def __init__(self, level: str) -> None:
        self.level = level
        self.verdict = NOT_VERIFIED
        self.detail = "it did not run"
        self.ran: List[str] = []
        self.code: Optional[str] = None
        self._seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> Finding:  # noqa: PYI034  Self needs Python 3.11
        self._start = time.monotonic()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> bool:
        self._seconds += time.monotonic() - self._start
        if isinstance(error, SluisError):
            self.conclude(NOT_VERIFIED if error.code in _SAYS_NOTHING else FAILED, error.what)
            self.code = error.code
            return True
        return False

    def conclude(self, verdict: str, detail: str) -> None:
        """Set the verdict and say why, in one or two plain sentences."""
        self.verdict = verdict
        self.detail = detail

    def as_dict(self) -> Dict[str, Any]:
        """The finding as JSON data."""
        return {
            "level": self.level,
            "verdict": self.verdict,
            "ran": list(self.ran),
            "seconds": round(self._seconds, 3),
            "detail": self.detail[:3000],
            "code": self.code,
        }


#: codes of errors that say nothing about the copy itself
_SAYS_NOTHING = frozenset(
    {
        "no-server-user",
        "no-space",
        "program-missing",
        "repository-locked",
        "scratch-missing",
        "scratch-too-small",
        "store-login-refused",
        "store-unreachable",
    }
)


def reached(levels: List[Dict[str, Any]]) -> Optional[str]:
    """The highest level up to which every level is proven; ``None`` when V0 is not."""
    verdicts = {item["level"]: item["verdict"] for item in levels}
    highest = None
    for level in LEVELS:
        if verdicts.get(level) != PROVEN:
            break
        highest = level
    return highest
