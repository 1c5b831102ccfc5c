"""(g) Fetching under limits as Microsoft publishes them, beside rclone.

1,000 licences give an app 1,250 units a minute; every answer is held back 50 ms. Whether a GET
on a pre-authenticated address costs a unit is nowhere documented: here it does, which is the
dearer reading for both. One pair, without a warm-up: it is the budget that takes the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.cloud import Cloud, Ran, cloud, copied
from bench.figure import Figure
from bench.row import Row, Took
from bench.transfers import drive_of
from bench.turns import in_turns
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.throttle import Limits, budget

LICENCES = 1_000
LATENCY_MS = 50.0
_SIZE = 10_000


@dataclass(frozen=True)
class Limited:
    """How much is fetched under limits.

    Args:
        files: of 10 KB each.
        speed: of the tenant's clock and our export's. rclone's clock cannot be sped up, so a
            figure of rclone's means something at 1 only. The latency is shortened with it.
    """

    files: int
    speed: float


def measure(folder: Path, limited: Limited) -> Iterator[Row]:
    """One row."""
    limits = Limits(
        licences=LICENCES, charge_pre_authenticated=True,
        told_in="tenant" if limited.speed == 1 else "wall",
    )  # fmt: skip
    settings = Settings(
        population=drive_of(limited.files, _SIZE), limits=limits,
        latency_ms=LATENCY_MS / limited.speed, clock_speed=limited.speed,
    )  # fmt: skip
    minute = budget(limits).minute
    with cloud(folder / "limits", settings, budget={"licences": LICENCES}) as found:
        fetching = _Fetching(found, limited.files)
        pair = in_turns(fetching.ours, fetching.rclone, runs=1, warm_up=0)
    a, b = fetching.a, fetching.b

    def share(ran: Ran) -> float:
        return round(100 * ran.seen.rate() * 60 / limited.speed / minute, 2)

    yield Row(
        id="limits",
        what=f"export of {limited.files:,} files of 10 KB, {LICENCES:,} licences, "
        f"{LATENCY_MS:g} ms latency",
        a="our export, paced",
        b="rclone copy",
        pair=pair,
        figures=(
            Figure("% of the budget used", share(a), share(b), aim=95, at_least=True),
            Figure("429s", a.cost.throttled, b.cost.throttled, aim=0),
            Figure(
                "units per file",
                round(a.cost.units / limited.files, 4),
                round(b.cost.units / limited.files, 4),
                aim=1.05,
            ),
            Figure("files had", limited.files, fetching.had),
        ),
        facts={
            "minute_units": minute,
            "clock_speed": limited.speed,
            "a_cost": a.cost.as_dict(),
            "b_cost": b.cost.as_dict(),
            "b_exit_status": b.status,
            "share_is": "units charged from the first call to the last, throttled calls included, "
            "of what the minutes' budget allows in that time",
        },
    )


class _Fetching:
    """Each once. rclone may give up: that is a finding, and no fault of the bench."""

    a: Ran
    b: Ran
    had: int

    def __init__(self, found: Cloud, files: int) -> None:
        self._cloud, self._files = found, files

    def ours(self) -> Took:
        self._cloud.empty()
        self.a = self._cloud.ours()
        (drive,) = self.a.report["drives"]
        if drive["checks"] != {"equal": self._files}:
            raise RuntimeError(f"our export had other files than the drive: {drive['checks']}")
        self._next_minute()
        return self.a.took

    def rclone(self) -> Took:
        target = self._cloud.empty()
        self.b = self._cloud.rclone("copy", "tenant:", str(target), expect=range(256))
        self.had = copied(target)[0]
        return self.b.took

    def _next_minute(self) -> None:
        """What one spent is not to be missing from the other's first minute."""
        self._cloud.tenant.control.advance_clock(120)
