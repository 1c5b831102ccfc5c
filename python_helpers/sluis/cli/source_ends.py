"""What a forecast recorded about sources and the days on which they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sluis.errors import EXIT_APPLIED, EXIT_AWAITING_SIGNOFF, EXIT_REFUSED
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Forecast, SourceEnd

#: worst first
_ORDER = ("too late", "not known", "tight", "in time", "no end date")


def sources_since(view: View, since: int) -> list[SourceEnd]:
    """The sources that forecasts after a statement spoke of, what ends first first."""
    found = [line for s in view.of(Forecast) if s.number > since for line in s.body.sources]
    return sorted(found, key=lambda x: (x.ends is None, x.ends and x.ends.timestamp(), x.asset))


def outcome_of(sources: Sequence[SourceEnd]) -> str | None:
    """The worst verdict over sources that end; ``None`` when there are no sources.

    A source without an end date is never late, so not knowing its time is no alarm.
    """
    verdicts = {"no end date" if x.ends is None else x.verdict for x in sources}
    return next((one for one in _ORDER if one in verdicts), None)


def exit_of(outcome: str | None) -> int:
    """77 when a source ends before it is fetched, 75 when nobody knows, else 0."""
    if outcome == "too late":
        return EXIT_REFUSED
    return EXIT_AWAITING_SIGNOFF if outcome == "not known" else EXIT_APPLIED


def sentence_of(outcome: str | None, sources: Sequence[SourceEnd]) -> tuple[str, str]:
    """The outcome in one sentence, and its style on a screen."""
    named = ", ".join(x.asset for x in sources if x.ends is not None and x.verdict == outcome)
    match outcome:
        case "too late":
            return f"TOO LATE: {named}. Have the end put off, or begin with less.", "bold red"
        case "not known":
            return f"Nobody knows whether this is in time: {named}. Count it first.", "bold red"
        case "tight":
            return f"Tight: {named}. Begin now, and do not wait for the rest.", "bold yellow"
        case "in time":
            return "Every source is fetched before it ends.", "green"
        case _:
            return "", ""


def as_data(sources: Sequence[SourceEnd]) -> list[dict[str, Any]]:
    """Plain JSON data."""
    return [line.model_dump(mode="json") for line in sources]
