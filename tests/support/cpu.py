"""An end for what would go on for ever, counted in work and not in time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: seconds of the processor; what is meant takes hours or years
_MOST = 15.0


class NeverEndsError(BaseException):
    """Not an ``Exception``: nothing that is tested may take it for an error of its own."""


@contextmanager
def ends(most: float = _MOST) -> Iterator[None]:
    """Raise in the middle of what uses the processor for so long. It stops ``re`` as well."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise NeverEndsError(f"it used the processor for {most:g} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
