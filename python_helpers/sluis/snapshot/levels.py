"""The levels of proof, and the record of what each took.

V0 exists · V1 readable · V2 every byte read · V3 restored elsewhere by another process ·
V4 the data opens and checks · V5 equal to the source · V6 fresh, kept, older one restorable.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Iterable, List, Optional, Protocol, Tuple, Type

from ..border.parts import Level, LevelName, Verdict
from ..errors import SluisError

LEVELS: Tuple[LevelName, ...] = ("V0", "V1", "V2", "V3", "V4", "V5", "V6")

PROVEN: Verdict = "proven"
FAILED: Verdict = "failed"
NOT_VERIFIED: Verdict = "not verified"


class Finding:
    """Collects what was run for one level, and what came of it.

    Used as a block: an error of ours inside it makes the level ``failed`` or ``not
    verified``; it never escapes, so that the other levels are still looked at.
    A block that ends without a verdict is ``not verified``.
    """

    def __init__(self, level: LevelName) -> None:
        self.level = level
        self.verdict: Verdict = NOT_VERIFIED
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
            if error.code in _ROOM:  # of a level nothing but its detail is kept
                self.detail = f"{error.what} {error.remedy}"
            self.code = error.code
            return True
        return False

    def conclude(self, verdict: Verdict, detail: str) -> None:
        """Set the verdict and say why, in one or two plain sentences."""
        self.verdict = verdict
        self.detail = detail

    def as_level(self) -> Level:
        """The finding as it travels."""
        return Level(
            level=self.level,
            verdict=self.verdict,
            detail=self.detail,
            ran=tuple(self.ran),
            seconds=round(self._seconds, 3),
            code=self.code,
        )


#: codes of a scratch that has no room for the copy
_ROOM = frozenset({"no-space", "scratch-too-small"})
#: codes of errors that say nothing about the copy itself
_SAYS_NOTHING = frozenset(
    {
        "no-server-user",
        "no-space",
        "program-missing",
        "repository-locked",
        "scratch-missing",
        "scratch-too-small",
        "store-host-key-changed",
        "store-login-refused",
        "store-takes-nothing",
        "store-unreachable",
    }
)


class Concluded(Protocol):
    """A level with its verdict, here or in a statement."""

    @property
    def level(self) -> LevelName:
        """Which level."""

    @property
    def verdict(self) -> Verdict:
        """What came of it."""


def reached(levels: Iterable[Concluded]) -> Optional[LevelName]:
    """The highest level up to which every level is proven; ``None`` when V0 is not."""
    verdicts = {item.level: item.verdict for item in levels}
    highest: Optional[LevelName] = None
    for level in LEVELS:
        if verdicts.get(level) != PROVEN:
            break
        highest = level
    return highest
