"""An event loop in which waiting takes no time: the clock leaps to the next thing due."""

from __future__ import annotations

import asyncio
import heapq


class _LeapingSelector:
    """A selector that, instead of waiting, moves the loop's clock."""

    def __init__(self, selector):
        self._selector = selector
        self.time = 1_000_000.0

    def select(self, timeout=None):
        ready = self._selector.select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits, and nothing is due")
        if not ready and timeout > 0:
            self.time += timeout
        return ready

    def __getattr__(self, name):
        return getattr(self._selector, name)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs coroutines that only sleep and wait for each other."""

    def __init__(self):
        import selectors

        self._leaping = _LeapingSelector(selectors.DefaultSelector())
        super().__init__(self._leaping)
        self._clock_resolution = 1e-9

    def time(self):
        return self._leaping.time


class VirtualClock:
    """The clock of a :class:`VirtualLoop`, as this room wants one."""

    def __init__(self, loop, epoch=1_800_000_000.0):
        self._loop, self._epoch, self._began = loop, epoch, loop.time()

    def now(self):
        return self._loop.time()

    def wall(self):
        return self._epoch + self._loop.time() - self._began

    async def sleep(self, seconds):
        await asyncio.sleep(max(0.0, seconds))


def run_virtually(story):
    """Run ``story(clock)`` in virtual time and return what it returns."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(story(VirtualClock(loop)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class Service:
    """A service that counts units as Microsoft says it does, in windows of either kind.

    Args:
        clock: the time that both sides share.
        minute: units per minute.
        sliding: whether its windows slide; else they begin at every full minute plus ``phase``.
        tell: from which share of the minute on it sends ``RateLimit-*``; None: never.
        delay: seconds that a call takes to arrive, and an answer to come back; a function.
        day: units per 24 hours, or None.
    """

    def __init__(self, clock, minute, *, sliding, phase=0.0, tell=0.8, delay=None, day=None):
        self.clock, self.minute, self.sliding, self.phase = clock, minute, sliding, phase
        self.tell, self.delay, self.day = tell, delay or (lambda: 0.025), day
        self.log = []
        self.refused = 0
        self.served = 0
        self._heap = []
        self._total = 0
        self._window = None
        self._day_log = []

    def _minute_used(self, now, units):
        if self.sliding:
            while self._heap and self._heap[0][0] <= now - 60:
                self._total -= heapq.heappop(self._heap)[1]
            heapq.heappush(self._heap, (now, units))
            self._total += units
            return self._total, 60 - (now - self._heap[0][0])
        window = (now - self.phase) // 60
        if window != self._window:
            self._window, self._total = window, 0
        self._total += units
        return self._total, (window + 1) * 60 + self.phase - now

    async def call(self, units):
        """One call; status and headers."""
        await asyncio.sleep(self.delay())
        now = self.clock.wall()
        used, reset = self._minute_used(now, units)
        self._day_log.append((now, units))
        headers = {}
        if self.tell is not None and used >= self.tell * self.minute:
            headers = {
                "RateLimit-Limit": str(self.minute),
                "RateLimit-Remaining": str(max(0, self.minute - used)),
                "RateLimit-Reset": str(int(-(-reset // 1))),
            }
        over_day = False
        if self.day is not None:
            over_day = sum(u for when, u in self._day_log if when > now - 86_400) > self.day
        status = 200
        if used > self.minute or over_day:
            self.refused += 1
            status, headers["Retry-After"] = 429, f"{reset:.3f}"
        else:
            self.served += units
        await asyncio.sleep(self.delay())
        return status, headers
