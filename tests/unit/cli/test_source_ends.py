"""The exit status of a forecast: the worst of what ends (B5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluis.cli.source_ends import exit_of, outcome_of, sentence_of
from sluis.evidence.predicates import SourceEnd

END = datetime(2019, 6, 30, tzinfo=UTC)


def line(verdict: Any, ends: datetime | None = END) -> SourceEnd:
    return SourceEnd(asset=f"is-{verdict}", ends=ends, verdict=verdict, basis="counted")


@pytest.mark.parametrize(
    ("verdicts", "outcome", "status"),
    [
        (["in time", "tight", "not known", "too late"], "too late", 77),
        (["in time", "tight", "not known"], "not known", 75),
        (["in time", "tight"], "tight", 0),
        (["in time"], "in time", 0),
    ],
)
def test_case_B5_the_worst_counts(verdicts: list[str], outcome: str, status: int) -> None:
    lines = [line(verdict) for verdict in verdicts]
    assert (outcome_of(lines), exit_of(outcome_of(lines))) == (outcome, status)
    words, _ = sentence_of(outcome, lines)
    assert (f"is-{outcome}" in words) is (outcome != "in time")


def test_a_source_without_an_end_is_no_alarm() -> None:
    assert outcome_of([line("not known", None)]) == "no end date"
    assert exit_of(outcome_of([])) == 0
