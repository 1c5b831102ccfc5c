"""One pacer for all workers: as fast as the budget allows, and never into an avoidable 429.

Microsoft counts resource units per app in a window of a minute and one of a day, does not say
where its windows begin, charges throttled calls as well, and tells what is left only from 80 % of
the minute on (sp-dev-docs, 2025-10-02). So the pacer keeps its own count:

- a token bucket spreads calls evenly over the minute;
- a log of what was sent in the last ``WINDOW`` seconds never exceeds the minute's budget, wherever
  the service's window begins; the extra 1.5 s is for calls that arrive later than others;
- the day's count survives a restart. The full minute speed would end the day's budget after 16 h;
  that is no waste, since a job that needs less is done sooner and one that needs more gets the
  same number of units in the day. What must not happen is a call above it.

What the service says counts on top: ``RateLimit-Remaining`` until its ``Reset``, and on 429 or
503 the larger of ``Reset`` and ``Retry-After``, for all workers at once.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from .clock import Clock, SystemClock
from .retry import THROTTLES
from .sliding_count import HOUR, SlidingCount

MINUTE = 60.0
#: seconds in which never more than one minute's budget is sent; 60 / 61.5 = 97.6 % of the budget
WINDOW = MINUTE + 1.5
_LOOK = 1.0  # seconds after which a waiting call looks again whether the service said something
_TICK = 0.001  # shorter waits may not move a clock at all
_RESERVE = 0.01  # share of the minute that is not touched once the service counts aloud
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
#: the longest window of the service; what asks for a longer wait is out of its mind
_LONGEST_ASKED = 24 * 3600.0
_AWAY = frozenset({500, 502, 503, 504})  # with a Retry-After these ask everyone to wait


class Pacer:
    """Lets calls go when the budget has room for them.

    Args:
        minute_units: resource units per minute, or None: only what the service says counts.
        day_units: resource units per 24 hours, or None.
        clock: time; the system's when None.
        state: file in which the day's count outlives this run (needs ``day_units``).
        burst: units that may go at once after a silence; one second's share when None.
        hour_bytes: bytes per hour, in and out together, or None. Microsoft's caps are 400 GB each
            way per app and tenant (:data:`sluis.graph.cost.HOUR_BYTES`); no header warns of them.

    Raises:
        InputError: ``pacer-state-in-use`` or ``pacer-state-unreadable``.
    """

    def __init__(
        self,
        minute_units: int | None = None,
        day_units: int | None = None,
        clock: Clock | None = None,
        *,
        state: Path | None = None,
        burst: float | None = None,
        hour_bytes: int | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        #: seconds that calls had to wait, added up over all of them
        self.seconds_waited = 0.0
        #: units let go so far
        self.units = 0
        #: answers that told us to slow down
        self.throttled = 0
        self._minute = minute_units
        self._burst = burst
        now = self.clock.now()
        self._day = SlidingCount(day_units, self.clock.wall(), state) if day_units else None
        self._hour = (
            SlidingCount(hour_bytes, self.clock.wall(), window=HOUR, slices=60.0)
            if hour_bytes
            else None
        )
        self._tokens = 0.0 if self._day and self._day.just_spent else self._most()
        self._filled = now
        self._sent: deque[tuple[float, int]] = deque()
        self._in_window = 0
        self._in_flight = 0
        self._paused_until = -math.inf
        self._left = math.inf  # what the service said is left, less what went since
        self._left_until = -math.inf
        self._refusals = 0
        self._turn = asyncio.Lock()

    async def acquire(self, units: int) -> None:
        """Wait until ``units`` may be spent, and count them as spent.

        Every call that was let go is followed by one :meth:`heed` with the same units.
        """
        began = self.clock.now()
        if units == 0:  # what costs nothing waits for a pause, and for nobody's turn
            while (wait := self._free_wait()) > 0:
                await self.clock.sleep(min(max(wait, _TICK), _LOOK))
            self.seconds_waited += self.clock.now() - began
        elif self._turn.locked() or self._wait(units) > 0:
            async with self._turn:  # first come, first served
                while (wait := self._wait(units)) > 0:
                    await self.clock.sleep(min(max(wait, _TICK), _LOOK))
                self._spend(units)
            self.seconds_waited += self.clock.now() - began
        else:
            self._spend(units)

    def heed(self, headers: Mapping[str, str], status: int, units: int = 1) -> None:
        """Take in what an answer says about the budget.

        Args:
            headers: the answer's headers (any spelling of upper and lower case); empty when there
                was no answer.
            status: its HTTP status; 0 when there was no answer.
            units: what was acquired for this call.
        """
        self._in_flight = max(0, self._in_flight - units)
        now = self.clock.now()
        # most answers say nothing; those are not worth taking apart
        told = {name.lower(): value for name, value in headers.items() if name[0] in "rR"}
        reset = _believed(_number(told.get("ratelimit-reset")))
        remaining = _number(told.get("ratelimit-remaining"))
        limit = _number(told.get("ratelimit-limit"))
        if limit and (self._minute is None or limit < self._minute):
            self._minute = max(1, int(limit))
            self._tokens = min(self._tokens, self._most())
        if remaining is not None and reset is not None:
            # others may spend the same budget: the last of it is left alone
            reserve = (limit or self._minute or 0) * _RESERVE
            self._left = remaining - self._in_flight - reserve
            self._left_until = now + reset
        after = _believed(retry_after(told.get("retry-after"), self.clock.wall()))
        if status in THROTTLES or (status in _AWAY and after is not None):
            self.throttled += 1
            self._refusals += 1
            if after is None and not reset:
                after = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._refusals, 12))
            self.pause(max(after or 0.0, reset or 0.0))
        elif 200 <= status < 400:
            self._refusals = 0

    def carried(self, size: int) -> None:
        """Count bytes of content that went in or out; beyond the hour's cap new calls wait."""
        if self._hour and size > 0:
            self._hour.add(size, self.clock.wall())

    def pause(self, seconds: float) -> None:
        """Let no worker send anything for so many seconds."""
        self._paused_until = max(self._paused_until, self.clock.now() + seconds)
        self._tokens = min(self._tokens, 0.0)  # afterwards evenly, not all at once

    @property
    def spent_today(self) -> int | None:
        """Units of the last 24 hours, earlier runs included; None when no day is kept."""
        return self._day.spent if self._day else None

    def close(self) -> None:
        """Write the day's count for the next run."""
        if self._day:
            self._day.close(self.clock.wall())

    def _most(self) -> float:
        if self._minute is None:
            return math.inf
        return max(1.0, self._burst if self._burst is not None else self._minute / WINDOW)

    def _fill(self, now: float) -> None:
        if self._minute is None:
            self._tokens = math.inf
        elif now > max(self._filled, self._paused_until):
            begin = max(self._filled, self._paused_until)
            gained = (now - begin) * self._minute / WINDOW
            self._tokens = min(self._most(), self._tokens + gained)
        self._filled = now

    def _wait(self, units: int) -> float:
        """Seconds until ``units`` might go; 0 when they may now."""
        now = self.clock.now()
        self._fill(now)
        wait = self._free_wait()
        if units > self._left and now < self._left_until:
            # with nothing of ours under way no answer can tell us better before the reset
            wait = max(wait, self._left_until - now if not self._in_flight else _LOOK / 20)
        if self._minute is not None:
            while self._sent and self._sent[0][0] <= now - WINDOW:
                self._in_window -= self._sent.popleft()[1]
            short = min(units, self._most()) - self._tokens
            if short > 1e-9:
                wait = max(wait, short * WINDOW / self._minute)
            over = self._in_window + units - self._minute
            for when, spent in self._sent:
                if over <= 0:
                    break
                over -= spent
                wait = max(wait, when + WINDOW - now)
        if self._day:
            wait = max(wait, self._day.wait(units, self.clock.wall()))
        return wait

    def _free_wait(self) -> float:
        """Seconds that even a call without a price has to wait."""
        wait = self._paused_until - self.clock.now()
        if self._hour:
            wait = max(wait, self._hour.wait(1, self.clock.wall()))
        return wait

    def _spend(self, units: int) -> None:
        now = self.clock.now()
        self._tokens -= units
        self._left -= units
        self._in_flight += units
        self.units += units
        if self._minute is not None:
            self._sent.append((now, units))
            self._in_window += units
        if self._day:
            self._day.add(units, self.clock.wall())


def retry_after(value: str | None, wall: float) -> float | None:
    """Seconds that a ``Retry-After`` asks for; fractions and dates occur (docs show ``2.128``)."""
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.fromtimestamp(wall, UTC)).total_seconds())


def _believed(seconds: float | None) -> float | None:
    return None if seconds is None or seconds > _LONGEST_ASKED else seconds


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
