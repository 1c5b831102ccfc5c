"""A2: what earlier changes put aside is named where the client reads what we can reach."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Handover, Left
from sluis.signoff.proposal import propose
from sluis.signoff.request import build_request
from support.scopes import CLIENT
from support.signing import START, Bench, make_bench


def ended(bench: Bench, change: str, *left: Left) -> None:
    folder = bench.dossier.parent / change
    body = Handover(result="failed and restored", sentence="It is as it was.", left=left)
    Ledger(folder, bench.anchors, CLIENT, change).append(body, key=bench.key, now=bench.now)


def read(bench: Bench, language: Any) -> str:
    offer = build_request(bench, propose(bench, bench.now), now=bench.now, language=language)
    return " ".join(offer.texts["scope"].decode().split())


@pytest.mark.parametrize(
    ("language", "said", "kept"),
    [
        ("nl", ("Daarnaast staan er gegevens die wij op 20 november 2026 apart hebben gezet, bij "
               "CHG-1: Scanned letters."), "Wij hebben afgesproken die te bewaren tot "),
        ("en", ("Besides that there is data that we put aside on 20 November 2026, in CHG-1: "
               "Scanned letters."), "We agreed to keep it until "),
    ],
)  # fmt: skip
def test_A2_what_was_put_aside_is_named_and_until_when(
    tmp_path: Path, language: Any, said: str, kept: str
) -> None:
    bench = make_bench(tmp_path)
    assert said not in read(bench, language)
    place = "/srv/letters.sluis-quarantine-CHG-1-1"
    aside = Left(host="h2", asset="letters", what="displaced data", place=place)
    record = Left(host="h2", asset="patient-records", what="record of the swap", place="/srv/x")
    ended(bench, "CHG-1", aside, record)
    ended(bench, "CHG-1", aside)
    text = read(bench, language)
    assert text.count(said) == text.count(kept) == 1
    assert str((START + timedelta(days=90)).year) in text.partition(kept)[2][:30]
    assert "quarantine" not in text


def test_A2_a_ledger_that_cannot_be_read_is_passed_by(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    (bench.dossier.parent / "CHG-0" / "statements").mkdir(parents=True)
    (bench.dossier.parent / "CHG-0" / "statements" / "000001.json").write_text("{}")
    assert "put aside" not in read(bench, "en")
