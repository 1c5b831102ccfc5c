"""One call on its way through the tenant: who calls, what it asks, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from sluis.rehearsal.tenant.api_error import ApiError, not_here
from sluis.rehearsal.tenant.call import Call
from sluis.rehearsal.tenant.graph_names import is_real
from sluis.rehearsal.tenant.rights import Caller, demand, has_full_control
from sluis.rehearsal.tenant.world import World


@dataclass
class Visit:
    """A call of a known caller.

    Attributes:
        headers: what the throttle wants said in the answer.
    """

    world: World
    caller: Caller
    call: Call
    headers: dict[str, str] = field(default_factory=dict)

    def enter(self, need: str, kind: str, site: str | None) -> None:
        """Ask for a right and pay.

        Args:
            need: one of ``rights.NEEDS``.
            kind: one of ``throttle.PRICES``.
            site: id of the site that the call is about.

        Raises:
            ApiError: 403, 429.
        """
        if kind != "sharing" and self.call.expands("permissions"):
            kind = "permissions"  # "all permission resource operations, including $expand"
        # a throttled call is charged, and so is one that is refused
        self.world.counters[kind] += 1
        verdict = self.world.door.throttle.charge(self.caller, kind, 0, self._bytes_in(kind))
        self.headers.update(verdict.headers)
        if site is not None and self.world.door.weather.rights_are_gone(self.world.clock.now()):
            raise ApiError(403, "accessDenied", "Access denied")
        demand(self.caller, self.world, need, site)

    def hidden(self, site: str) -> bool:
        """Whether the caller does not see what only full control sees."""
        return not has_full_control(self.caller, self.world, site)

    def unknown(self) -> ApiError:
        """The answer to an address that means nothing here.

        What the real Graph has and the rehearsal does not is no slip of the client: it gets 501
        and is told so.
        """
        names = [one if isinstance(one, str) else ":" for one in self.call.segments]
        if is_real([one for one in self.call.segments if isinstance(one, str)]):
            return not_here(f"{self.call.method} {self.call.address}")
        return ApiError(
            400,
            "BadRequest",
            f"Resource not found for the segment '{names[-1] if names else ''}'.",
        )

    def prefers(self) -> set[str]:
        """What the ``Prefer`` headers ask for, in lower case."""
        given = self.call.headers.get("Prefer", "")
        return {one.strip().lower() for one in given.split(",") if one.strip()}

    def _bytes_in(self, kind: str) -> int:
        length = self.call.headers.get("Content-Length", "")
        return int(length) if kind == "upload" and length.isdigit() else 0
