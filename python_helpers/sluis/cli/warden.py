"""Remove a run's private folder when its last process is gone, even after ``kill -9``.

Started as ``python -I -S warden.py FOLDER`` in a session of its own. Standard library
only. Every process of a run holds a shared lock on ``FOLDER/held``; the exclusive lock
is to be had only when none is left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys


def main(folder: str) -> None:
    """Wait for the last holder, then remove the folder if it is still there."""
    try:
        held = os.open(os.path.join(folder, "held"), os.O_RDWR | os.O_NOFOLLOW)  # noqa: PTH118
    except OSError:
        return
    fcntl.flock(held, fcntl.LOCK_EX)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
