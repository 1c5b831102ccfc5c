"""Whether the target has room, asked before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..counted import counted

#: the reason for which an import starts only when that is signed; no space that anybody frees
#: makes a library tell of it
NOT_TOLD = "room-not-told"


@dataclass(frozen=True)
class QuotaAnswer:
    """What the target said about room.

    Args:
        needed: bytes that are still to be sent.
        reserve: bytes that must stay free.
        remaining: bytes that are free; None when the target did not say.
        state: the service's word (``normal``, ``nearing``, ``critical``, ``exceeded``) or "".
        verdict: ``enough``, ``not enough`` or ``not verified``; only the first lets it start.
        why: one sentence.
    """

    needed: int
    reserve: int
    remaining: int | None
    state: str
    verdict: str
    why: str

    @property
    def enough(self) -> bool:
        """Whether it is known that there is room."""
        return self.verdict == "enough"

    def refusal(self, signed: Collection[str]) -> str | None:
        """For which reason nothing may start; ``None`` when it may.

        Args:
            signed: the reasons for which things may stay behind.
        """
        if self.verdict == "not verified":
            return None if NOT_TOLD in signed else NOT_TOLD
        return None if self.enough else "quota"

    def as_data(self) -> dict[str, Any]:
        """The answer as plain data."""
        return asdict(self)


def check_quota(quota: Mapping[str, Any], needed: int, reserve: int = 0) -> QuotaAnswer:
    """Hold what is to be sent against a drive's quota.

    SharePoint adds to Office files while they are uploaded (rclone#9767: a third more on a
    small one), so a reserve is worth signing where the room is tight.

    Args:
        quota: the drive's ``quota`` facet.
        needed: bytes still to be sent.
        reserve: bytes that must stay free.
    """
    state = quota.get("state")
    state = state if isinstance(state, str) else ""
    remaining = _remaining(quota)
    if needed == 0:
        verdict, why = "enough", "Nothing is left to be sent."
    elif remaining is None:
        verdict = "not verified"
        why = "The target does not say how much room it has."
    elif needed + reserve > remaining:
        verdict = "not enough"
        missing = needed + reserve - remaining
        why = (
            f"The target has {counted(remaining, 'byte')} free; "
            f"{counted(missing, 'more is', 'more are')} needed."
        )
    else:
        verdict, why = "enough", f"The target has {counted(remaining, 'byte')} free."
    return QuotaAnswer(needed, reserve, remaining, state, verdict, why)


def _remaining(quota: Mapping[str, Any]) -> int | None:
    """Free bytes; with both figures given, the smaller one."""
    total, used, remaining = (_count(quota.get(key)) for key in ("total", "used", "remaining"))
    if not total and not remaining and not used:
        return None  # a library without a quota of its own answers zero for all
    found = [] if remaining is None else [remaining]
    if total and used is not None:
        found.append(max(0, total - used))
    return min(found) if found else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
