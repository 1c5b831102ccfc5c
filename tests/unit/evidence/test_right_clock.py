"""A clock that trusted time contradicts: nothing is recorded by it (A8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sluis.errors import EvidenceError
from sluis.evidence import timestamps
from sluis.evidence.anchors import Anchors, Tsa
from sluis.evidence.timestamps import Token, demand_right_clock
from support.dossiers import BEGIN, make


@pytest.fixture
def anchors(tmp_path: Path) -> Anchors:
    return replace(
        make(tmp_path).anchors, tsa=Tsa(url="http://tsa.example", certificates=(Path("ca.pem"),))
    )


def _says(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> list[bytes]:
    asked: list[bytes] = []

    def answer(tsa: Tsa, message: bytes) -> Token:
        asked.append(message)
        return Token(b"", moment)

    monkeypatch.setattr(timestamps, "request_token", answer)
    return asked


def _clock(*moments: datetime) -> Callable[[], datetime]:
    each = iter(moments)
    return lambda: next(each)


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(days=2), "172,800 s behind trusted time"),
        (timedelta(minutes=5, seconds=1), "301 s behind trusted time"),
        (timedelta(minutes=-5, seconds=-1), "301 s ahead of trusted time"),
    ],
)
def test_A8_a_clock_that_is_off_is_refused(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch, off: timedelta, words: str
) -> None:
    _says(monkeypatch, BEGIN + off)
    with pytest.raises(EvidenceError) as told:
        demand_right_clock(anchors, lambda: BEGIN)
    assert told.value.code == "clock-wrong"
    assert words in told.value.what
    assert "2026-11-20T09:00:00Z" in told.value.what
    assert "timedatectl" in told.value.remedy


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_A8_a_clock_within_what_verify_allows_is_believed(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    asked = _says(monkeypatch, BEGIN + timedelta(minutes=minutes))
    demand_right_clock(anchors, lambda: BEGIN)
    demand_right_clock(anchors, lambda: BEGIN)
    assert len({*asked}) == 2, "an answer that was kept cannot be given twice"


def test_A8_an_answer_that_takes_long_is_no_wrong_clock(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = BEGIN + timedelta(minutes=20)
    for moment in (BEGIN, late):
        _says(monkeypatch, moment)
        demand_right_clock(anchors, _clock(BEGIN, late))


def test_A8_without_an_answer_nobody_can_tell(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(tsa: Tsa, message: bytes) -> Token:
        raise EvidenceError("tsa-unreachable", "It did not answer.", "Try again.")

    monkeypatch.setattr(timestamps, "request_token", silent)
    demand_right_clock(anchors, lambda: BEGIN)
    demand_right_clock(replace(anchors, tsa=None), lambda: BEGIN)
