"""Times that clients send."""

from __future__ import annotations

from datetime import UTC, datetime


def read_stamp(text: str) -> float:
    """Seconds since 1970 of a time as Graph takes it.

    Raises:
        ValueError: for anything else.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
