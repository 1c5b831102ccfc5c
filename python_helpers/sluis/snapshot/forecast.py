"""How long snapshot and verification will take, by route, before anyone starts (A8, A13). Pure.

The court case behind A13 knew these figures: a terabyte over 2 Mbit/s upload (about 15 MB
a minute), a USB 2 disk (35 MB/s: 126 GB an hour, 8 hours), a NAS on gigabit (three times
that), an SSD brought along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

#: bytes
MB = 1_000_000
#: restic's own pace on two cores, in bytes a second: reading, cutting, encrypting.
#: Measured here with 0.14: 1 GiB in 5 to 9 s.
ENGINE_SPEED = 150.0 * MB
#: seconds that an item costs besides its bytes. Measured: 50,000 small files.
PER_ITEM_COPY = 0.00009
PER_ITEM_RESTORE = 0.0001
#: seconds for opening the repository and asking around
FIXED = 10.0
_DAY_HOURS = 24


@dataclass(frozen=True)
class Route:
    """A way for the copy to go.

    Args:
        name: short, stable.
        words: for people.
        up: bytes a second towards the copy.
        down: bytes a second back, for verification.
        measured: whether this was measured here, or is a known figure.
    """

    name: str
    words: str
    up: float
    down: float
    measured: bool = False


#: the routes of case A13; an SSD's speed is that of the USB 3 port it hangs on
KNOWN_ROUTES = (
    Route("wan-2mbit", "internet, 2 Mbit/s upload", 0.25 * MB, 2.5 * MB),
    Route("usb2-disk", "disk on USB 2", 35.0 * MB, 35.0 * MB),
    Route("gigabit-nas", "NAS on gigabit network", 105.0 * MB, 105.0 * MB),
    Route("usb3-ssd", "SSD on USB 3, brought along", 400.0 * MB, 400.0 * MB),
)


@dataclass(frozen=True)
class Load:
    """What has to go: ``new`` bytes travel, ``bytes`` are read and restored in full."""

    bytes: int
    items: int
    new: Optional[int] = None


@dataclass(frozen=True)
class Estimate:
    """Seconds for one route, by part."""

    route: Route
    read: float
    copy: float
    verify: float

    @property
    def seconds(self) -> float:
        """All together."""
        return self.read + self.copy + self.verify + FIXED

    @property
    def hours(self) -> float:
        """All together, in hours."""
        return self.seconds / 3600

    def as_dict(self) -> Dict[str, Any]:
        """The estimate as JSON data."""
        return {
            "route": self.route.name,
            "words": self.route.words,
            "measured": self.route.measured,
            "mb_per_second_up": round(self.route.up / MB, 3),
            "copy_hours": round(self.copy / 3600, 3),
            "hours": round(self.hours, 3),
        }


def forecast(
    load: Load, disk: Optional[float] = None, measured: Sequence[Route] = ()
) -> List[Estimate]:
    """Estimate every route, the quickest first.

    Args:
        load: the sizes, from the scope or counted.
        disk: bytes a second at which the source is read, measured; ``None``: unknown,
            taken as no limit.
        measured: routes whose speed was measured here and now.
    """
    estimates = [_estimate(load, disk, route) for route in (*measured, *KNOWN_ROUTES)]
    return sorted(estimates, key=lambda estimate: estimate.seconds)


def _estimate(load: Load, disk: Optional[float], route: Route) -> Estimate:
    source = min(disk or ENGINE_SPEED, ENGINE_SPEED)
    travels = load.bytes if load.new is None else load.new
    return Estimate(
        route=route,
        # the manifest reads everything once before the copy
        read=load.bytes / (disk or 10 * ENGINE_SPEED),
        copy=max(travels / route.up, load.bytes / source) + load.items * PER_ITEM_COPY,
        # read back and restored at the same time; the link is shared by both
        verify=max(2 * load.bytes / route.down, load.bytes / ENGINE_SPEED)
        + load.items * PER_ITEM_RESTORE,
    )


def forecast_lines(estimates: Sequence[Estimate]) -> List[str]:
    """One plain line for each route. For operators, whose screens are in English."""
    lines = []
    for estimate in estimates:
        how = "measured" if estimate.route.measured else "known figure"
        speed = f"{estimate.route.up / MB:,.2f} MB/s"
        lines.append(f"{estimate.route.words}: {_duration(estimate.seconds)} ({speed}, {how})")
    return lines


def _duration(seconds: float) -> str:
    hours = seconds / 3600
    if hours >= 2 * _DAY_HOURS:
        return f"{hours / _DAY_HOURS:.1f} days"
    if hours >= 1:
        return f"{hours:.1f} hours"
    if seconds >= 90:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds:.0f} seconds"
