"""By a wrong clock no run goes on: trusted time and the clocks of the hosts are asked (A8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluis.border.verbs.asset_check import Answer
from sluis.errors import EvidenceError
from sluis.evidence import timestamps
from sluis.evidence.anchors import Tsa
from sluis.evidence.predicates import Refusal, Scope, Signoff
from sluis.evidence.timestamps import Token
from sluis.runbook import barrier
from sluis.runbook.barrier import pass_barrier
from sluis.runbook.checking import look_at_machine
from sluis.runbook.planning import declare_scope
from sluis.runbook.run import now
from sluis.signoff.record import record_attended
from support.signing import make_bench
from support.small_change import SmallChange
from unit.runbooks.test_division import a_run, opened, small
from unit.signoff.test_recorded import asked

__all__ = ["small"]

TSA = Tsa(url="http://tsa.example", certificates=(Path("ca.pem"),))


@pytest.fixture
def two_days_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that says what time it really is."""

    def answer(tsa: Tsa, message: bytes) -> Token:
        return Token(b"", now() + timedelta(days=2))

    monkeypatch.setattr(timestamps, "request_token", answer)


@pytest.mark.usefixtures("two_days_on")
def test_A8_no_scope_is_laid_down_by_a_wrong_clock(small: SmallChange) -> None:
    dossier = opened(small)
    wrong = replace(dossier, anchors=replace(dossier.anchors, tsa=TSA))
    with pytest.raises(EvidenceError, match="clock-wrong"):
        declare_scope(a_run(small, "w1"), wrong)
    assert not dossier.ledger.read(now()).of(Scope)
    declare_scope(a_run(small, "w1"), dossier)


@pytest.mark.usefixtures("two_days_on")
def test_A8_the_gate_lets_nobody_go_by_a_wrong_clock(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = opened(small)
    view = dossier.ledger.read(now())
    permit: Any = object()
    judged = SimpleNamespace(answer=permit, evidence=SimpleNamespace(view=view))
    monkeypatch.setattr(barrier, "judge", lambda run, dossier: judged)
    wrong = replace(dossier, anchors=replace(dossier.anchors, tsa=TSA))
    with pytest.raises(EvidenceError, match="clock-wrong"):
        pass_barrier(a_run(small, "w1"), wrong)
    after = dossier.ledger.read(now())
    assert len(after.statements) == len(view.statements)
    assert not after.of(Refusal)


@pytest.mark.usefixtures("two_days_on")
def test_A8_no_answer_of_the_client_is_recorded_by_a_wrong_clock(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    bench.anchors = replace(bench.anchors, tsa=TSA)
    with pytest.raises(EvidenceError, match="clock-wrong"):
        record_attended(bench, request, shown, answers, now=bench.now)
    assert not bench.ledger.read(bench.now).of(Signoff)


@pytest.mark.parametrize(
    ("seconds", "host", "store"),
    [
        (30, None, None),
        (200, ("clock-off", False), ("clock-off", False)),
        (400, ("clock-wrong", True), ("clock-off", False)),
        (-400, ("clock-wrong", True), ("clock-off", False)),
    ],
)
def test_A8_prepare_goes_by_no_clock_that_a_host_contradicts(
    seconds: int, host: Any, store: Any
) -> None:
    def call(*_: object) -> Answer:
        said = (datetime.fromisoformat(now().isoformat()) + timedelta(seconds=seconds)).isoformat()
        return Answer(said, said, (), (), (), None)

    found = {one.host: (one.code, one.stops) for one in look_at_machine("h1", call)}
    assert (found.get("h1"), found.get("the store")) == (host, store)
