"""Progress as JSON lines in a file, for whoever is watching. Losing it loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import Any, Optional

#: how a file begins that a module on a host writes for somebody on the controller
PASSED_ON = ".sluis-progress-"


def forget(path: Optional[str]) -> None:
    """Remove a file that was only there to be passed on, when the module is done.

    The module does it, because another connection only for that takes longer than many a task.

    Args:
        path: what the module was told to write to; another file than such a one stays.
    """
    if path and os.path.basename(path).startswith(PASSED_ON):
        with contextlib.suppress(OSError):
            os.unlink(path)


class Progress:
    """Writes at most one line a second per phase, and the first and last of each.

    Args:
        path: the file to append to; ``None``: nobody is watching.
        asset: the asset's id.
    """

    def __init__(self, path: Optional[str], asset: str) -> None:
        self._path = path
        self._asset = asset
        self._lock = threading.Lock()
        self._last = ("", 0.0)
        self._start = time.monotonic()

    def say(self, phase: str, done: Optional[float] = None, **figures: Any) -> None:
        """Record where we are.

        Args:
            phase: what is being done now, in a few plain words.
            done: 0 to 1, when known.
            figures: bytes, items and the like.
        """
        if self._path is None:
            return
        now = time.monotonic()
        with self._lock:
            last_phase, last_time = self._last
            if phase == last_phase and now - last_time < 1.0 and done != 1:
                return
            self._last = (phase, now)
            line = {
                "asset": self._asset,
                "phase": phase,
                "done": None if done is None else round(done, 4),
                "seconds": round(now - self._start, 1),
                **figures,
            }
            try:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
                # Read by another login than ours; it holds nothing that is secret.
                handle = os.open(self._path, flags, 0o644)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            except OSError:
                self._path = None
