"""One run at a time for one change.

The lock is advisory and shared with every process of the run, see ``leash``: a run
whose front door was killed still counts until its last process is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sluis.errors import SluisError
from sluis.evidence.files import make_folder

#: folder inside a dossier for what runs leave behind; no evidence lies here
RUNS = "runs"
_LOCK = ".lock"
_ATTEMPTS = 5
_SECONDS_BETWEEN = 0.05


@contextmanager
def only_run(dossier: Path, what: str, now: datetime) -> Iterator[Path]:
    """Hold the lock of one change.

    Args:
        dossier: the change's dossier; made when it is not there yet.
        what: what is about to run, for the message to whoever comes second.
        now: aware UTC time.

    Yields:
        The path of the lock file.

    Raises:
        SluisError: ``run-in-progress``.
    """
    runs = runs_folder(dossier)
    path = runs / _LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            _take(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_holder(what, now)).encode(), 0)
            # Shared from here on, so that the run's own processes can hold it as well.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SluisError(
                "run-in-progress",
                f"Another run of this change is still going on: {_told(path)}.",
                "Wait for it to end. If it was killed, its last step may still be running on "
                "a host; this message goes away when it has ended.",
            ) from None
        yield path
    finally:
        os.close(descriptor)


def run_going_on(dossier: Path) -> str | None:
    """Who is running this change now, in words; ``None`` when nobody is."""
    path = dossier / RUNS / _LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(path)
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int) -> None:
    """Take the lock; try again for a moment, for whoever only looks holds it as well."""
    for _ in range(_ATTEMPTS - 1):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_SECONDS_BETWEEN)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def runs_folder(dossier: Path) -> Path:
    """The ``runs`` folder of a dossier, made with mode 0700 when it is not there."""
    make_folder(dossier)
    runs = dossier / RUNS
    runs.mkdir(mode=0o700, exist_ok=True)
    return runs


def _holder(what: str, now: datetime) -> dict[str, str | int]:
    return {"what": what, "since": now.isoformat(), "process": os.getpid()}


def _told(path: Path) -> str:
    try:
        found = json.loads(path.read_bytes()[:4096])
        return f"{found['what']}, process {found['process']}, since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it did not leave its name"
