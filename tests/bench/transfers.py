"""(f) Fetching a drive from a tenant without limits, beside rclone.

Ours lists, fetches with two hashes for each file, writes a state that survives a kill, reads
every byte back from disk and writes a manifest. rclone copies, and compares the quickXorHash of
what came. There is no warm-up: each run fetches everything, into an empty folder.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.cloud import Cloud, Ran, cloud, copied
from bench.figure import Figure
from bench.row import Aim, Pair, Row, Took
from bench.turns import in_turns
from sluis.rehearsal.tenant.settings import Population, Settings

#: files in one folder of a drive
PER_FOLDER = 100


@dataclass(frozen=True)
class Load:
    """What is in the drive.

    Args:
        name: short and stable.
        files: how many.
        size: bytes of each.
        speed: how many times as fast as rclone ours is to be.
    """

    name: str
    files: int
    size: int
    speed: float

    @property
    def words(self) -> str:
        """The load in one line."""
        if self.size >= 2**20:
            return f"{self.files:,} files of {self.size / 2**20:,.4g} MiB"
        return f"{self.files:,} files of {self.size / 1000:.3g} KB"


def drive_of(files: int, size: int) -> Population:
    """A tenant with one library, of plain files that are all of one size."""
    return Population(
        users=0, sites=1, items_per_drive=files, folder_depth=2 if files > PER_FOLDER else 0,
        files_per_folder=PER_FOLDER, file_size=(size, size), office_share=0.0, versions_share=0.0,
        shared_share=0.0,
    )  # fmt: skip


def measure(folder: Path, load: Load, *, runs: int) -> Iterator[Row]:
    """One row for one load."""
    settings = Settings(population=drive_of(load.files, load.size))
    with cloud(folder / f"transfer-{load.name}", settings) as found:
        fetching = Fetching(found, load.files, load.files * load.size)
        pair = in_turns(fetching.ours, fetching.rclone, runs=runs, warm_up=0)
    words = "faster" if load.speed == 1 else f"{load.speed:g} × as fast"
    aim = Aim("ratio", 1 / load.speed, f"at least {words} (A/B ≤ {1 / load.speed:.2f})")
    if load.speed == 1:
        aim = Aim("ratio", 1, "as fast")
    yield Row(
        id=f"transfer-{load.name}",
        what=f"export without limits, {load.words}",
        a="our export, two hashes, all read back from disk",
        b="rclone copy, one hash",
        pair=pair,
        aim=aim,
        figures=(_speed(load, pair),),
        facts=fetching.facts(),
    )


def _speed(load: Load, pair: Pair) -> Figure:
    a, b = (statistics.median(took.seconds for took in side) for side in (pair.a, pair.b))
    if load.size >= 2**20:
        total = load.files * load.size / 1e6
        return Figure("MB/s", total / a, total / b)
    return Figure("files/s", load.files / a, load.files / b)


class Fetching:
    """Fetching one drive, by turns, each time all of it and proven to be all.

    Args:
        files: how many files there are.
        size: bytes of them all.
    """

    def __init__(self, found: Cloud, files: int, size: int) -> None:
        self._cloud, self._files, self._size = found, files, size
        self.a: list[Ran] = []
        self.b: list[Ran] = []

    def ours(self) -> Took:
        """Our export; all files must be there and equal."""
        self._cloud.empty()
        ran = self._cloud.ours()
        (drive,) = ran.report["drives"]
        if drive["checks"] != {"equal": self._files} or drive["bytes"] != self._size:
            raise RuntimeError(f"our export had other files than the drive: {drive['checks']}")
        self.a.append(ran)
        return ran.took

    def rclone(self) -> Took:
        """rclone; all files must be there."""
        target = self._cloud.empty()
        ran = self._cloud.rclone("copy", "tenant:", str(target))
        if copied(target) != (self._files, self._size):
            raise RuntimeError(f"rclone copied {copied(target)} files and bytes")
        self._cloud.empty()
        self.b.append(ran)
        return ran.took

    def facts(self) -> dict[str, object]:
        """What each run cost, and what ours held in memory."""
        return {
            "a_cost": [ran.cost.as_dict() for ran in self.a],
            "b_cost": [ran.cost.as_dict() for ran in self.b],
            "a_peak_memory_mib": [round(ran.report["peak_memory"] / 2**20, 1) for ran in self.a],
            # a stage lasts from its first file to the next stage's first
            "a_stages": [ran.report["stages"] for ran in self.a],
            # were the proxy as good as free, B could not be quicker than this
            "ratio_without_proxy_at_most": [
                round(a.took.seconds / max(b.took.seconds - b.cost.proxy, 0.001), 3)
                for a, b in zip(self.a, self.b, strict=True)
            ],
        }
