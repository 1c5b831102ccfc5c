"""The process that outlives everybody and leaves nothing behind.

Run as a script with ``-I -S``, so standard library only. It reads one JSON object a
line from standard input. The input ends when the parent closes it *or dies in any
way*, ``kill -9`` included; then it ends every process it was told of, everything those
started, everything that carries the lab's mark in its environment, and removes the
folders.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

#: how long a server may take to shut down in good order, seconds
GRACE = 5.0


def _processes() -> set[int]:
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}


def _parents() -> dict[int, int]:
    """Every process and its parent."""
    found: dict[int, int] = {}
    for pid in _processes():
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the name may hold spaces and brackets: what counts comes after the last one
            stat = Path("/proc", str(pid), "stat").read_text(errors="replace")
            found[pid] = int(stat.rpartition(")")[2].split()[1])
    return found


def _descendants(roots: set[int]) -> set[int]:
    """``roots`` and everything that came from them and is still attached."""
    parents = _parents()
    found = set(roots)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def _marked(mark: bytes) -> set[int]:
    """Processes that carry the lab's mark in their environment (daemons, mostly)."""
    found: set[int] = set()
    for pid in _processes() - {os.getpid()}:
        with contextlib.suppress(OSError):
            if mark in Path("/proc", str(pid), "environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def _alive(pid: int) -> bool:
    try:
        state = Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] not in {"Z", "X"}


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _end(told: dict[int, tuple[int, int]], mark: bytes) -> None:
    """End everything: in good order first, by force after :data:`GRACE` seconds."""
    running: dict[int, int] = {}
    for pid, (handle, number) in told.items():
        # the handle is the process itself, so a pid that was used again is never hit
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, 0)
            running[pid] = number
    everything = _descendants(set(running)) | _marked(mark)
    parents = _parents()
    for pid, number in running.items():
        # SIGKILL is asked for unshare, which goes by itself when its one child has gone
        children = [child for child, parent in parents.items() if parent == pid]
        for each in children if number == signal.SIGKILL and children else [pid]:
            _signal(each, number)
    for pid in _marked(mark) - set(running):
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(_alive(pid) for pid in running) and time.monotonic() < deadline:
        time.sleep(0.01)
    for _ in range(20):
        left = {pid for pid in everything | _marked(mark) if _alive(pid)}
        if not left:
            return
        for pid in left:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.02)


def _remove(folder: Path) -> None:
    """Remove ``folder``, read-only folders in it included."""

    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for parent, folders, _ in os.walk(folder):
        # os.walk lists a folder before it enters its folders, so they open in time
        for path in (Path(parent), *(Path(parent, name) for name in folders)):
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(0o700)
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _look_again(folders: list[Path]) -> None:
    """Remove what comes back within :data:`GRACE` seconds."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        time.sleep(0.25)
        for folder in folders:
            if folder.exists():
                _remove(folder)


def main() -> None:
    """Listen until the parent is gone, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    told: dict[int, tuple[int, int]] = {}
    folders: list[Path] = []
    mark = b""
    for line in sys.stdin:
        order = json.loads(line)
        if "pid" in order:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(int(order["pid"]))
                told[int(order["pid"])] = (handle, int(order["signal"]))
        elif "folder" in order:
            folders.append(Path(order["folder"]))
        elif "mark" in order:
            mark = str(order["mark"]).encode()
        sys.stdout.write("ok\n")
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
    _end(told, mark)
    for folder in folders:
        _remove(folder)
    # What was killed beside us, an Ansible worker say, may take a moment to die and make a
    # folder anew meanwhile. Nobody has to wait for that, so a child of ours looks after it.
    if folders and os.fork() == 0:
        _look_again(folders)


if __name__ == "__main__":
    main()
