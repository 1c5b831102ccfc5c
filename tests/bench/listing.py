"""(h) Listing a very large drive, beside rclone; and what a kill costs.

Our listing is the one that begins every pass: delta to its end, into a state on disk, each
folder held against its own count. rclone lists by delta as well and prints a line for each item.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cloud import Cloud, Cost, Ran, cloud, copied, export_command
from bench.figure import Figure
from bench.row import Row, Took
from bench.transfers import PER_FOLDER, drive_of
from bench.turns import in_turns
from sluis.rehearsal.tenant.settings import Settings

_MIB = 2**20
_SIZE = 10_000


@dataclass(frozen=True)
class Killed:
    """A transfer that is killed and run again until it is done.

    Args:
        files: how many.
        size: bytes of each.
        at: shares of the drive's bytes after which a run is killed.
    """

    files: int
    size: int
    at: tuple[float, ...]


def measure_listing(folder: Path, items: int, *, runs: int) -> Iterator[Row]:
    """One row: so many items listed, without a warm-up."""
    # a folder for each hundred files counts as an item too
    files = items * PER_FOLDER // (PER_FOLDER + 1)
    settings = Settings(population=drive_of(files, _SIZE))
    with cloud(folder / "listing", settings) as found:
        # the root is an item too, and no listing of a folder shows the folder itself
        there = int(found.tenant.control.drives()[0]["items"]) - 1
        ours: list[Ran] = []
        theirs: list[Ran] = []

        def list_ours() -> Took:
            found.empty()
            ours.append(found.ours("list"))
            if ours[-1].report["items"] != there:
                raise RuntimeError(f"{ours[-1].report['items']} of {there} items were listed")
            return ours[-1].took

        def list_theirs() -> Took:
            theirs.append(
                found.rclone("lsf", "-R", "--format", "psth", "--hash", "quickxor", "tenant:")
            )
            lines = theirs[-1].said.count("\n")
            if lines != there:
                raise RuntimeError(f"rclone listed {lines} of {there} items")
            return theirs[-1].took

        pair = in_turns(list_ours, list_theirs, runs=runs, warm_up=0)
    a, b = (statistics.median(took.seconds for took in side) for side in (pair.a, pair.b))
    yield Row(
        id="listing",
        what=f"a drive of {there:,} items listed",
        a="our listing, into a state on disk, checked",
        b="rclone lsf -R by delta, with hashes",
        pair=pair,
        figures=(
            Figure("items/s", there / a, there / b),
            Figure(
                "MiB of memory at most",
                round(max(ran.report["peak_memory"] for ran in ours) / _MIB, 1),
                round(max(ran.seen.peak_memory for ran in theirs) / _MIB, 1),
                aim=200,
            ),
        ),
        facts={
            "a_cost": [ran.cost.as_dict() for ran in ours],
            "b_cost": [ran.cost.as_dict() for ran in theirs],
        },
    )


def measure_resume(folder: Path, killed: Killed) -> Iterator[Row]:
    """One row: a transfer killed some times and finished by one more run, once each."""
    files, size = killed.files, killed.size
    settings = Settings(population=drive_of(files, size))
    with cloud(folder / "resume", settings) as found:
        killing = _Killing(found, killed)
        pair = in_turns(killing.ours, killing.rclone, runs=1, warm_up=0)
    total = files * size
    a, b = killing.costs["ours"], killing.costs["rclone"]
    yield Row(
        id="resume",
        what=f"killed {len(killed.at)} times and run again, "
        f"{files:,} files of {size / _MIB:.3g} MiB",
        a="our export",
        b="rclone copy",
        pair=pair,
        figures=(
            # what was written down as had and was asked for all the same
            Figure("bytes fetched twice", killing.twice, None, aim=0),
            # and what was under way when the process was killed
            Figure("MiB fetched beyond the drive's size", _beyond(a, total), _beyond(b, total)),
        ),
        facts={
            "a_cost": a.as_dict(),
            "b_cost": b.as_dict(),
            "a_kills": killing.kills["ours"],
            "b_kills": killing.kills["rclone"],
            "a_recorded_at_each_kill": killing.recorded,
        },
    )


def _beyond(cost: Cost, total: int) -> float:
    return round(max(0, cost.bytes_out - total) / _MIB, 2)


class _Killing:
    """Run, kill, run again, until it is done."""

    def __init__(self, found: Cloud, killed: Killed) -> None:
        self._cloud, self._killed = found, killed
        self._total = killed.files * killed.size
        self.costs: dict[str, Cost] = {}
        self.kills: dict[str, int] = {}
        #: bytes that our state said were had, after each kill
        self.recorded: list[int] = []
        self.twice = 0

    def ours(self) -> Took:
        self._cloud.empty()
        command = export_command(self._cloud.request())

        return self._whole("ours", command, None, lambda: self.recorded.append(self._recorded()))

    def rclone(self) -> Took:
        target = self._cloud.empty()
        command = self._cloud.rclone_command("copy", "tenant:", str(target))
        took = self._whole("rclone", command, self._cloud.rclone_environment(), lambda: None)
        if copied(target)[0] < self._killed.files:
            raise RuntimeError(f"rclone copied {copied(target)} files and bytes")
        return took

    def _whole(
        self,
        who: str,
        command: list[str],
        environment: dict[str, str] | None,
        killed: Callable[[], None],
    ) -> Took:
        control = self._cloud.tenant.control
        before, processor, began = control.counters(), time.process_time(), time.monotonic()
        usage = os.times()
        kills = 0
        for share in self._killed.at:
            goal = before["bytes_out"] + int(share * self._total)
            child = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            while child.poll() is None and control.counters()["bytes_out"] < goal:
                time.sleep(0.005)
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                kills += 1
            child.wait()
            killed()
        between = self._settled()
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the last run ended with {done.returncode}: {done.stderr[-500:]!r}")
        seconds, after = time.monotonic() - began, os.times()
        self.kills[who] = kills
        self.costs[who] = self._cloud.cost_since(before, time.process_time() - processor)
        if who == "ours":
            fetched = control.counters()["bytes_out"] - between
            self.twice = max(0, fetched - (self._total - self.recorded[-1]))
        return Took(seconds, sum(after[2:4]) - sum(usage[2:4]))

    def _settled(self) -> int:
        """Bytes sent, once the tenant has noticed that nobody listens any more."""
        before = -1
        while (now := int(self._cloud.tenant.control.counters()["bytes_out"])) != before:
            before = now
            time.sleep(0.1)
        return now

    def _recorded(self) -> int:
        """Bytes that our state says are had: whole files, and chunks of others."""
        with contextlib.closing(sqlite3.connect(self._cloud.state)) as state:
            row: tuple[Any, ...] = state.execute(
                "SELECT COALESCE((SELECT SUM(size) FROM contents WHERE state = 'had'), 0)"
                " + COALESCE((SELECT SUM(size) FROM chunks), 0)"
            ).fetchone()
        return int(row[0])
