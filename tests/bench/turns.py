"""Measure two things in turn: A B A B, after a warm-up that is not counted."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.row import Pair, Took

#: does one run and says what the part of it took that counts
Run = Callable[[], Took]


class RunFailedError(Exception):
    """A command that was to be measured did not end as it must."""


@dataclass(frozen=True)
class Ended:
    """One whole process, with the children that it waited for."""

    took: Took
    status: int
    output: str


def in_turns(a: Run, b: Run, *, runs: int, warm_up: int = 1) -> Pair:
    """Run A and B in turn.

    Each pair is close together in time, so that whatever else the machine does is
    likely to hit both. Nothing is left out afterwards: the spread shows the noise.

    Args:
        runs: how many pairs count.
        warm_up: how many pairs before them do not: caches, byte code, first files.
    """
    for _ in range(warm_up):
        a()
        b()
    found = [(a(), b()) for _ in range(runs)]
    return Pair(tuple(one for one, _ in found), tuple(other for _, other in found))


def timed(work: Callable[[], object]) -> Took:
    """What a call takes, the processes that it starts and waits for included."""
    before, start = os.times(), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - start, os.times()
    return Took(seconds, sum(after[:4]) - sum(before[:4]))


def run(
    command: Sequence[str],
    *,
    cwd: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    expect: Sequence[int] = (0,),
    started: Callable[[int], None] | None = None,
) -> Ended:
    """Run one command and time it as a whole process, from its start to its end.

    Args:
        started: told the process id, for whoever wants to look at it while it runs.

    Raises:
        RunFailedError: it ended with another status than expected.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(stdin.encode())
        given.seek(0)
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            child = subprocess.Popen(
                list(command), cwd=cwd, env=None if environment is None else dict(environment),
                stdin=given, stdout=said, stderr=errors,
            )  # fmt: skip
            if started is not None:
                started(child.pid)
            # the system's own account of this one process and what it waited for
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            output = said.read().decode("utf-8", "replace")
            if child.returncode not in expect:
                errors.seek(0)
                last = errors.read().decode("utf-8", "replace")[-2000:]
                raise RunFailedError(
                    f"{Path(command[0]).name} ended with {child.returncode}: {output[-2000:]}{last}"
                )
    took = Took(seconds, usage.ru_utime + usage.ru_stime)
    return Ended(took, child.returncode, output)
