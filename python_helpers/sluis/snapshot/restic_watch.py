"""What ends a running restic: a store that has gone, a disk that is full, a copy without end.

restic itself goes on trying for a quarter of an hour, whatever the reason.
"""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections import deque
from typing import IO, Callable, Deque, List, Optional

from ..errors import SnapshotError
from .access import Access, unreachable
from .filling import Filling
from .progress import Progress

_LOOK_EVERY = 5.0
#: seconds between two looks at the disk that is being filled
_DISK_EVERY = 0.5
#: lines of error text that are kept: the first ones say what began it, the last what ended it
_FIRST, _LAST = 200, 200
_MOST_OF_A_LINE = 4000
#: what Go calls ENOSPC, EDQUOT, EFBIG, EROFS and EIO, at the end of a message
_DISK = re.compile(
    r": (no space left on device|disk quota exceeded|file too large|read-only file system"
    r'|input/output error)(?=["\s]|$)'
)


def waiting(why: str, patience: float, since: float = 0.0) -> str:
    """That the store is waited for: since when, until when at most, and how to change that.

    Args:
        why: ``away`` or the like.
        patience: seconds that it is waited for in all.
        since: seconds that it has been so already.
    """
    began = time.time() - since
    first, last = (
        time.strftime("%H:%M", time.gmtime(moment)) for moment in (began, began + patience)
    )
    return f"store {why} since {first}, waiting to {last} UTC (snapshot_and_verify_patience)"


class Watch:
    """Listens to a command's error text and looks at its surroundings while it runs.

    Args:
        access: the store; it may be away for ``patience`` seconds.
        child: the command, with its error text as a pipe.
        patience: seconds.
        filling: the folder that it fills, if it fills one.
        stops_when_full: end it when a disk has no room, even if it fills no folder but a cache.
        progress: where it is said that the store is waited for.
        stops_at: tells a line of its error text after which nothing more has to be known.
    """

    def __init__(
        self,
        access: Access,
        child: "subprocess.Popen[bytes]",
        patience: float,
        filling: Optional[Filling],
        *,
        stops_when_full: bool,
        progress: Optional[Progress] = None,
        stops_at: Optional[Callable[[str], bool]] = None,
    ) -> None:
        self._access = access
        self._child = child
        self._stops_at = stops_at
        self._patience = patience
        self._filling = filling
        self._stops_when_full = stops_when_full
        self._progress = progress
        self._first: List[str] = []
        self._last: Deque[str] = deque(maxlen=_LAST)
        self._ended_by: Optional[str] = None
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._look, daemon=True)]
        if child.stderr is not None:
            self._threads.append(
                threading.Thread(target=self._listen, args=(child.stderr,), daemon=True)
            )

    def __enter__(self) -> Watch:  # noqa: PYI034  Self needs Python 3.11
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    @property
    def errors(self) -> str:
        """The error text; of a very long one the beginning and the end."""
        return "".join([*self._first, *self._last])

    def trouble(self, ran: str) -> Optional[SnapshotError]:
        """Why the command was ended by us, if it was.

        Args:
            ran: the command, as it is shown to people.
        """
        if self._ended_by is None:
            return None
        if self._ended_by == "away":
            return unreachable(
                self._access.store,
                f"it was away for {self._patience:.0f} s during {ran}; "
                "so long it is waited for (snapshot_and_verify_patience)",
            )
        if self._filling is None:
            return SnapshotError(
                "no-space",
                f"There is no room left for the cache of '{ran}': {self._ended_by}.",
                "Make room in snapshot_and_verify_scratch, or name a larger folder.",
            )
        if self._ended_by == "overrun":
            return self._filling.is_too_much()
        return self._filling.is_full(self._ended_by)

    def _listen(self, errors: IO[bytes]) -> None:
        for raw in errors:
            line = raw[:_MOST_OF_A_LINE].decode("utf-8", "backslashreplace")
            (self._first if len(self._first) < _FIRST else self._last).append(line)
            found = _DISK.search(line)
            if found and self._stops_when_full:
                self._end(found[1])
            elif self._stops_at is not None and self._stops_at(line):
                self._child.kill()
        errors.close()

    def _look(self) -> None:
        seen = looked = time.monotonic()
        every = min(_LOOK_EVERY, max(self._patience / 3, 0.2))
        pause = min(every, _DISK_EVERY) if self._filling else every
        waited = ""
        while not self._done.wait(pause):
            if self._filling is not None and self._filling.overrun():
                self._end("overrun")
                return
            if time.monotonic() - looked < every:
                continue
            looked = time.monotonic()
            if self._access.reachable():
                seen, waited = looked, ""
                continue
            if looked - seen >= self._patience:
                self._end("away")
                return
            waited = waited or waiting("away", self._patience, looked - seen)
            if self._progress is not None:
                self._progress.say(waited)

    def _end(self, why: str) -> None:
        """End it, politely first when it may hold a lock in the repository."""
        if self._ended_by is not None:
            return
        self._ended_by = why
        if why == "away":
            self._child.send_signal(signal.SIGTERM)
            if self._done.wait(10):
                return
        self._child.kill()
