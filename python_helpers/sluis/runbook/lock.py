"""One run at a time for one change, whoever starts it.

The lock is advisory. A run through ``sluis`` takes it in the front door and hands it to the
processes that it starts (see ``cli/leash``); plain ``ansible-playbook`` takes it in its main
process. Workers are forks and inherit it, so it is free only when the last one is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from sluis.errors import SluisError
from sluis.evidence.files import make_folder, open_to_lock, read_regular

#: folder inside a dossier for what runs leave behind; no evidence lies here
RUNS = "runs"
_LOCK = ".lock"
_ATTEMPTS = 5
_SECONDS_BETWEEN = 0.05

#: the locks that this process took for the rest of its life
_KEPT: dict[Path, int] = {}


def take_lock(dossier: Path, what: str, now: datetime) -> tuple[Path, int]:
    """Take the lock of one change.

    Args:
        dossier: the change's dossier; made when it is not there yet.
        what: what is about to run, for the message to whoever comes second.
        now: aware UTC time.

    Returns:
        The path of the lock file, and the descriptor that holds it until it is closed.

    Raises:
        SluisError: ``run-in-progress``, ``lock-unusable``.
    """
    path = dossier / RUNS / _LOCK
    try:
        runs_folder(dossier)
        descriptor = open_to_lock(path)
    except (OSError, ValueError) as error:
        raise SluisError(
            "lock-unusable",
            f"Nobody can tell whether a run of this change is going on: {path} cannot be used as "
            f"its lock ({error}).",
            "Find out who put it there, and take it away when no run is going on. It has to be a "
            "file that you may write.",
        ) from error
    try:
        _take(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_holder(what, now)).encode(), 0)
        # Shared from here on, so that the run's own processes can hold it as well.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SluisError(
            "run-in-progress",
            f"Another run of this change is still going on: {_told(path)}.",
            "Wait for it to end. If it was killed, its last step may still be running on "
            "a host; this message goes away when it has ended.",
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return path, descriptor


def keep_lock(dossier: Path, what: str, now: datetime) -> None:
    """Hold the lock of one change for as long as this process lives.

    A process that the front door started has it already, by a descriptor that the front door
    gave it. Nothing that can be written into a variable counts as having it.

    Args:
        dossier: as for :func:`take_lock`.
        what: as for :func:`take_lock`.
        now: as for :func:`take_lock`.

    Raises:
        SluisError: ``run-in-progress``, ``lock-unusable``.
    """
    path = dossier / RUNS / _LOCK
    if path in _KEPT or _given_by_parent(path):
        return
    path, _KEPT[path] = take_lock(dossier, what, now)


def run_going_on(dossier: Path) -> str | None:
    """Who is running this change now, in words; ``None`` when nobody is."""
    path = dossier / RUNS / _LOCK
    try:
        descriptor = open_to_lock(path, make=False)
    except (OSError, ValueError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(path)
    finally:
        os.close(descriptor)
    return None


def runs_folder(dossier: Path) -> Path:
    """The ``runs`` folder of a dossier, made with mode 0700 when it is not there."""
    make_folder(dossier)
    runs = dossier / RUNS
    runs.mkdir(mode=0o700, exist_ok=True)
    return runs


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


def _given_by_parent(path: Path) -> bool:
    """Whether our parent is the one who holds the lock, and we came with it open and locked."""
    try:
        lock = path.lstat()
        if _read(path).get("process") != os.getppid():
            return False
        opened = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208
    except (OSError, ValueError):
        return False
    for descriptor in opened:
        try:
            found = os.fstat(descriptor)
            if (found.st_dev, found.st_ino) != (lock.st_dev, lock.st_ino):
                continue
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            continue
        return True
    return False


def _holder(what: str, now: datetime) -> dict[str, str | int]:
    return {"what": what, "since": now.isoformat(), "process": os.getpid()}


def _read(path: Path) -> dict[str, object]:
    found = json.loads(read_regular(path, 4096))
    return found if isinstance(found, dict) else {}


def _told(path: Path) -> str:
    try:
        found = _read(path)
        since = datetime.fromisoformat(str(found["since"])).astimezone(UTC)
        told = f"{since:%Y-%m-%d %H:%M} UTC"
        return f"{found['what']}, process {found['process']}, since {told}"
    except (OSError, ValueError, KeyError):
        return "it did not leave its name"
