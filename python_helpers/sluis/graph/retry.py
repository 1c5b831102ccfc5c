"""When a call is tried again, how often, and how long it waits first.

Never without end, and never all workers in step: the waits grow and are scattered. What the
service asked for (``Retry-After``) is the pacer's business and holds for everyone; the waits here
are one call's own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: "too many", of requests or of bytes (Graph's page on errors: 509 is the bandwidth cap)
THROTTLES = frozenset({429, 509})
#: the request may have been carried out or not; a second one is safe only if repeatable
_UNCLEAR = frozenset({500, 502, 504})
#: the request was not carried out
_REFUSED = frozenset({408, 503}) | THROTTLES


@dataclass(frozen=True)
class Patience:
    """How long one call is worth trying.

    Args:
        tries: attempts when the service failed or the connection was cut.
        throttles: attempts when the service said "too many"; more, because the pacer waits as
            asked in between. Bounded, because on lists over 100,000 items permission calls get a
            429 that never clears (sp-dev-docs ``migration-perm-guidance.md``).
        first: seconds before the second attempt; doubled for each next one.
        longest: seconds at most.
        sign_ins: attempts to get a token.
        sign_in_seconds: seconds for a sign-in to connect, and between two bytes of its answer.
        sign_in_whole: seconds for all of one sign-in, however its answer comes.
    """

    tries: int = 6
    throttles: int = 10
    first: float = 1.0
    longest: float = 60.0
    sign_ins: int = 5
    sign_in_seconds: tuple[float, float] = (20.0, 60.0)
    sign_in_whole: float = 300.0

    def pause(self, attempt: int, chance: random.Random) -> float:
        """Seconds to wait after failed attempt number ``attempt`` (1, 2, …)."""
        most = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return most * chance.uniform(0.5, 1.0)


def may_repeat(status: int, *, repeatable: bool) -> bool:
    """Whether a call that got this status may be sent again.

    Args:
        status: the HTTP status of the answer.
        repeatable: whether doing it twice does the same as doing it once.
    """
    return status in _REFUSED or (repeatable and status in _UNCLEAR)
