"""Time as it is handed to this room: tests and rehearsals bring their own."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the room asks of time."""

    def now(self) -> float:
        """Seconds that only go forward; differences mean something, the value does not."""

    def wall(self) -> float:
        """Seconds since 1970 in UTC, as the calendar has it."""

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` go by."""


class SystemClock:
    """The machine's clock.

    Args:
        speed: how many seconds pass in one real second; other than 1 only against a rehearsal
            tenant whose clock runs at the same speed.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._now = time.monotonic()
        self._wall = time.time()

    def now(self) -> float:
        """Seconds that only go forward."""
        return self._now + (time.monotonic() - self._now) * self._speed

    def wall(self) -> float:
        """Seconds since 1970 in UTC; at another speed, counted from when this clock was made."""
        if self._speed == 1.0:
            return time.time()
        return self._wall + (time.monotonic() - self._now) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of this clock go by."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)
