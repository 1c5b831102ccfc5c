"""The tenant's clock: it can run faster than the wall's, and be put forward.

Two kinds of time, because two kinds of party read them:

- ``now`` is the tenant's own time, speed and advances included. Throttling windows,
  download addresses, upload sessions, the recycle bin and every date in an answer go by it.
- ``steady`` is the wall's time plus the advances, never sped up. Access tokens go by it:
  a client holds a token by the wall's clock, and at sixty times the speed no token would
  live long enough to be kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Time of the rehearsal tenant.

    Args:
        speed: tenant seconds per wall second, above zero.
        wall: seconds since 1970 on the machine; called at every reading.
        elapsed: a counter of seconds that never goes back.
    """

    def __init__(
        self,
        speed: float = 1.0,
        wall: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError("a clock needs a speed above zero")
        self.speed = speed
        self._start = wall()
        self._elapsed = elapsed
        self._zero = elapsed()
        self._advanced = 0.0
        self._wall = wall

    def now(self) -> float:
        """Seconds since 1970 on the tenant's clock."""
        return self._start + (self._elapsed() - self._zero) * self.speed + self._advanced

    def steady(self) -> float:
        """Seconds since 1970 on the wall's clock, plus what was advanced."""
        return self._start + (self._elapsed() - self._zero) + self._advanced

    def wall(self) -> float:
        """Seconds since 1970 on the machine: what a client's own clock says."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Put the clock forward; it never goes back.

        Raises:
            ValueError: for less than zero seconds.
        """
        if seconds < 0:
            raise ValueError("the tenant's clock only goes forward")
        self._advanced += seconds
