"""Run a command that dies with its parent and holds locks as long as it lives.

Started as ``python -I -S leash.py PARENT LOCK… -- COMMAND…``. Standard library only:
it runs before anything else does.

ansible-playbook otherwise outlives a killed front door (ansible-runner issue 973) and
goes on changing things while the next run already starts. Its workers are forks, which
inherit the locks: a lock is free only when the last process of the run is gone.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

#: exit status when a lock is not to be had or the parent is already gone
EXIT_NOT_STARTED = 125


def main(argv: list[str]) -> None:
    """Take the locks, bind to the parent, become the command."""
    end = argv.index("--")
    parent, locks, command = int(argv[0]), argv[1:end], argv[end + 1 :]
    _die_with(parent)
    for path in locks:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            sys.stderr.write(f"sluis: the lock {path} is not to be had: {error.strerror}\n")
            sys.exit(EXIT_NOT_STARTED)
        os.set_inheritable(descriptor, True)
    # No terminal to read from: a prompt fails at once and never waits for ever.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.execv(command[0], command)  # noqa: S606 - a list, and no shell is wanted


def _die_with(parent: int) -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:  # Linux
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(EXIT_NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1:])
