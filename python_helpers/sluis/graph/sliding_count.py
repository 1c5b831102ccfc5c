"""How much was spent in a sliding window, also by runs before this one.

The state file never says less than was spent: units are claimed in blocks *before* they are
spent, and what was claimed but not used is given back when the run ends in good order. A killed
run is counted too high by at most one block.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections import deque
from pathlib import Path

from ..errors import InputError

DAY = 86_400.0
HOUR = 3_600.0


class SlidingCount:
    """What was spent in a sliding window: units in a day, or bytes in an hour.

    Args:
        limit: how much the window may hold.
        now: seconds since 1970.
        state: file that outlives the run; made when it is not there. One run at a time.
        window: its length, seconds.
        slices: what is spent is kept in slices of so many seconds; a slice expires when its end
            is a window old.

    Raises:
        InputError: ``pacer-state-in-use`` or ``pacer-state-unreadable``.
    """

    def __init__(
        self,
        limit: int,
        now: float,
        state: Path | None = None,
        *,
        window: float = DAY,
        slices: float = 900.0,
    ) -> None:
        self.limit = limit
        self._slice = slices
        self._lasts = slices + window
        #: whether an earlier run may have spent units within the last minute
        self.just_spent = False
        self._slices: deque[tuple[float, int]] = deque()
        self._total = 0
        self._claimed = 0  # units in the file that are not spent yet
        self._block = max(1, limit // 500)
        self._state = state
        self._lock: int | None = None
        if state is not None:
            self._take(state)
            self._read(state, now)

    @property
    def spent(self) -> int:
        """What the window holds, as far as slices have not expired."""
        return self._total

    def wait(self, units: int, now: float) -> float:
        """Seconds until ``units`` fit into the window; 0 when they do."""
        self._expire(now)
        over = self._total + units - self.limit
        if over <= 0 or not self._slices:
            return 0.0
        for began, spent in self._slices:
            over -= spent
            if over <= 0:
                return max(0.0, began + self._lasts - now)
        return max(0.0, self._slices[-1][0] + self._lasts - now)

    def add(self, units: int, now: float) -> None:
        """Count ``units`` as spent; when the claim is used up, the next is on disk first."""
        began = now - now % self._slice
        if self._slices and self._slices[-1][0] >= began:  # also when the clock was set back
            last, spent = self._slices[-1]
            self._slices[-1] = (last, spent + units)
        else:
            self._slices.append((began, units))
        self._total += units
        if self._state is not None:
            self._claimed -= units
            if self._claimed < 0:
                self._claimed = self._block
                self._write(now, clean=False)

    def close(self, now: float) -> None:
        """Give back what was claimed and not spent, and let another run have the file."""
        if self._state is not None and self._lock is not None:
            self._claimed = 0
            self._write(now, clean=True)
            os.close(self._lock)
            self._lock = None

    def _expire(self, now: float) -> None:
        while self._slices and self._slices[0][0] + self._lasts <= now:
            self._total -= self._slices.popleft()[1]

    def _take(self, state: Path) -> None:
        lock = os.open(state.with_name(state.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise InputError(
                "pacer-state-in-use",
                f"Another run is spending units and counts them in {state}.",
                "Wait for it to end, or give this run a part of the budget and a file of its own.",
            ) from None
        self._lock = lock

    def _read(self, state: Path, now: float) -> None:
        try:
            known = json.loads(state.read_bytes())
            slices = [(float(began), int(spent)) for began, spent in known["slices"]]
            last, clean = float(known["last"]), bool(known["clean"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                "pacer-state-unreadable",
                f"{state} does not say how many units were spent ({type(error).__name__}).",
                "Remove it only if nothing was spent in the last 24 hours; the day's limit counts.",
            ) from error
        # a slice from the future means that the clock was set back: it counts from now
        self._slices = deque(sorted((min(began, now), max(0, spent)) for began, spent in slices))
        self._total = sum(spent for _, spent in self._slices)
        self._expire(now)
        self.just_spent = bool(self._slices) and (not clean or now - last < 120)

    def _write(self, now: float, *, clean: bool) -> None:
        state = self._state
        assert state is not None  # noqa: S101 - only called with a file
        slices = [[began, spent] for began, spent in self._slices]
        if self._claimed and slices:
            slices[-1][1] += self._claimed
        text = json.dumps({"version": 1, "slices": slices, "last": now, "clean": clean})
        fresh = state.with_name(state.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(state)
        folder = os.open(state.parent, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(OSError):
            os.fsync(folder)
        os.close(folder)
