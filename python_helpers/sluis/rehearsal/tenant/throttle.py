"""Throttling as Microsoft publishes it for SharePoint and OneDrive.

Source of the figures: sp-dev-docs, "How to avoid getting throttled or blocked in
SharePoint Online" (2025-10-02): resource units per call, windows per licence tier,
400 GB/h in and out, 300 sharing calls in five minutes, ``RateLimit-*`` from 80 % of the
minute's budget, throttled calls count. The page does not say how windows lie; here they
stand still on the clock (every full minute, five minutes, hour and day), which is what a
``RateLimit-Reset`` to the end of "the current window" describes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.rights import Caller

#: resource units per kind of call; ``pre-authenticated`` calls are priced by a switch,
#: because whether they are charged is not documented. ``$expand=permissions`` makes any call one
#: of ``permissions`` (same page: "all permission resource operations, including
#: $expand=permissions")
PRICES: dict[str, int] = {
    "get": 1,
    "delta-token": 1,
    "download": 1,
    "list": 2,
    "delta": 2,
    "create": 2,
    "update": 2,
    "delete": 2,
    "upload": 2,
    "permissions": 5,
    "sharing": 5,
    "batch": 0,
    "pre-authenticated": 0,
}

#: licences up to, units per minute and app, units per 24 h and app, units per 5 min and tenant
TIERS: tuple[tuple[float, int, int, int], ...] = (
    (1_000, 1_250, 1_200_000, 18_750),
    (5_000, 2_500, 2_400_000, 37_500),
    (15_000, 3_750, 3_600_000, 56_250),
    (50_000, 5_000, 4_800_000, 75_000),
    (float("inf"), 6_250, 6_000_000, 93_750),
)

_MINUTE = 60.0
_FIVE_MINUTES = 300.0
_HOUR = 3_600.0
_DAY = 86_400.0
_WARN_FROM = 0.8


@dataclass(frozen=True)
class Limits:
    """What the tenant allows. ``None`` for a figure means: as the licence tier says.

    Attributes:
        licences: how many licences the tenant has; decides the tier.
        minute_units: resource units per app and minute.
        day_units: resource units per app and 24 hours.
        tenant_units: resource units of all apps together in 5 minutes.
        egress_bytes: bytes out per app and hour.
        ingress_bytes: bytes in per app and hour.
        sharing_calls: sharing calls per app in 5 minutes.
        charge_pre_authenticated: a GET on a pre-authenticated URL costs one unit.
        apps_share: all apps draw on one app budget, as several registrations for one job
            do since 1 March 2026 (veeam.com/kb4821).
        told_in: whose seconds ``Retry-After`` and ``RateLimit-Reset`` are told in:
            ``tenant`` for callers whose clock runs as fast as the tenant's, ``wall`` for
            those who live by the machine's.
    """

    licences: int = 1_000
    minute_units: int | None = None
    day_units: int | None = None
    tenant_units: int | None = None
    egress_bytes: int = 400_000_000_000
    ingress_bytes: int = 400_000_000_000
    sharing_calls: int = 300
    charge_pre_authenticated: bool = False
    apps_share: bool = True
    told_in: Literal["tenant", "wall"] = "tenant"


@dataclass(frozen=True)
class Budget:
    """Units that a licence tier gives: per app and minute, per app and day, per tenant."""

    minute: int
    day: int
    tenant: int


@dataclass(frozen=True)
class Verdict:
    """A call that may go on: what it cost, and the headers that warn of the limit."""

    units: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Spent:
    """What was spent since the start, throttled calls included."""

    calls: Counter[str] = field(default_factory=Counter)
    units: int = 0
    throttled: int = 0
    bytes_out: int = 0
    bytes_in: int = 0


def budget(limits: Limits) -> Budget:
    """The units that these limits give."""
    tier = next(tier for tier in TIERS if limits.licences <= tier[0])
    return Budget(
        tier[1] if limits.minute_units is None else limits.minute_units,
        tier[2] if limits.day_units is None else limits.day_units,
        tier[3] if limits.tenant_units is None else limits.tenant_units,
    )


class Throttle:
    """Charges every call and says no when a window is used up.

    Args:
        limits: what is allowed; ``None`` counts and never refuses.
        clock: the tenant's clock.
    """

    def __init__(self, limits: Limits | None, clock: Clock) -> None:
        self.limits = limits
        self.spent = Spent()
        self._clock = clock
        self._budget = budget(limits) if limits else None
        self._windows: dict[tuple[str, str], _Window] = {}

    def charge(
        self, caller: Caller | None, kind: str, bytes_out: int = 0, bytes_in: int = 0
    ) -> Verdict:
        """Charge one call before it is answered.

        Args:
            caller: who calls; ``None`` on a pre-authenticated URL of which nobody knows
                for whom it was made.
            kind: one of :data:`PRICES`.
            bytes_out: length of the content that the answer will carry.
            bytes_in: length of the content that the request carries.

        Raises:
            ApiError: 429 with ``Retry-After``.
            KeyError: for an unknown kind, which is a mistake in the server.
        """
        units = PRICES[kind]
        limits, allowed = self.limits, self._budget
        if kind == "pre-authenticated" and limits and limits.charge_pre_authenticated:
            units = 1
        self.spent.calls[kind] += 1
        self.spent.units += units
        if limits is None or allowed is None:
            self._moved(bytes_out, bytes_in)
            return Verdict(units)
        now = self._clock.now()
        app = "" if limits.apps_share or caller is None else caller.client_id
        minute = self._window(app, "minute", _MINUTE, allowed.minute)
        # every window is charged, also by a call that another one refuses
        full = [
            window
            for window, amount in (
                (minute, units),
                (self._window(app, "day", _DAY, allowed.day), units),
                (self._window("tenant", "units", _FIVE_MINUTES, allowed.tenant), units),
                (self._sharing(app, limits), int(kind == "sharing")),
            )
            if not window.take(amount, now) and amount
        ]
        full += [
            window
            for window, amount in (
                (self._window(app, "egress", _HOUR, limits.egress_bytes), bytes_out),
                (self._window(app, "ingress", _HOUR, limits.ingress_bytes), bytes_in),
            )
            if amount and not window.open(now)
        ]
        headers = self._told(minute, now) if units else {}
        if full:
            self.spent.throttled += 1
            # only the minute's budget is announced in headers; others throttle without
            shown = headers if minute in full else {}
            raise _throttled(self._seconds(max(window.rest(now) for window in full)), shown)
        self._window(app, "egress", _HOUR, limits.egress_bytes).take(bytes_out, now)
        self._window(app, "ingress", _HOUR, limits.ingress_bytes).take(bytes_in, now)
        self._moved(bytes_out, bytes_in)
        return Verdict(units, headers)

    def _sharing(self, app: str, limits: Limits) -> _Window:
        return self._window(app, "sharing", _FIVE_MINUTES, limits.sharing_calls)

    def _window(self, owner: str, name: str, length: float, allowed: int) -> _Window:
        window = self._windows.get((owner, name))
        if window is None:
            window = self._windows[owner, name] = _Window(length, allowed)
        return window

    def _moved(self, bytes_out: int, bytes_in: int) -> None:
        self.spent.bytes_out += bytes_out
        self.spent.bytes_in += bytes_in

    def _told(self, minute: _Window, now: float) -> dict[str, str]:
        if minute.used < _WARN_FROM * minute.allowed:
            return {}
        return {
            "RateLimit-Limit": str(minute.allowed),
            "RateLimit-Remaining": str(max(0, minute.allowed - minute.used)),
            "RateLimit-Reset": str(-int(-self._seconds(minute.rest(now)) // 1)),
        }

    def _seconds(self, seconds: float) -> float:
        wall = self.limits is not None and self.limits.told_in == "wall"
        return seconds / self._clock.speed if wall else seconds


class _Window:
    """One window that stands still on the clock."""

    def __init__(self, length: float, allowed: int) -> None:
        self.length = length
        self.allowed = allowed
        self.used = 0
        self._number = -1

    def take(self, amount: int, now: float) -> bool:
        """Add ``amount`` and say whether it still fitted."""
        self._turn(now)
        self.used += amount
        return self.used <= self.allowed

    def open(self, now: float) -> bool:
        """Whether anything is left."""
        self._turn(now)
        return self.used < self.allowed

    def rest(self, now: float) -> float:
        """Seconds until the window starts anew."""
        return self.length - now % self.length

    def _turn(self, now: float) -> None:
        number = int(now // self.length)
        if number != self._number:
            self._number, self.used = number, 0


def _throttled(seconds: float, headers: dict[str, str]) -> ApiError:
    """429 in the shape of rclone#7317; the docs show a fractional ``Retry-After`` (2.128)."""
    return ApiError(
        429,
        "activityLimitReached",
        "The request has been throttled",
        inner=("throttledRequest", "quota"),
        headers={**headers, "Retry-After": f"{max(seconds, 0.001):.3f}"},
    )
