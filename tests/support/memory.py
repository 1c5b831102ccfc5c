"""Where the files of the tests' database servers lie: in memory, if the machine has room.

Each server and each database is hundreds of small files, made and removed again within seconds.
On a disk that was a third of these tests' processor time, most of it in the file system.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
#: what these tests need at most at one time, and what has to be left for processes, bytes
_FILES = 4 << 30
_PROCESSES = 4 << 30


@cache
def memory() -> Path | None:
    """A folder in memory that programs may be started from, or ``None``: then on the disk."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return None
    room = found.f_bavail * found.f_frsize >= _FILES
    fits = psutil.virtual_memory().available >= _FILES + _PROCESSES
    runs = not found.f_flag & os.ST_NOEXEC
    return _MEMORY if room and fits and runs and os.access(_MEMORY, os.W_OK) else None
