"""``sluis freeze``: recorded under the operator's key, for the scope that speaks of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.cli import app as front
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Freeze, Plan, Scope
from support.outcomes import HOSTS, PLAN, ZERO
from support.scopes import CHANGE, CLIENT, make_scope
from support.small_change import SmallChange, small_change

TOLD = ["freeze", CLIENT, CHANGE, "--told-by", "A. Client"]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch, datetime.now(UTC) - timedelta(hours=1))


def lay_down(change: SmallChange, *, agreed: bool) -> str:
    """Scope and plan, with or without a freeze; the scope's digest."""
    words = {"who": "A. Client", "words": "The site becomes read-only."}
    scope = make_scope({"freeze": words} if agreed else {})
    plan = PLAN.model_copy(update={"scope_object": scope.digest()})
    objects = ObjectStore(change.dossier)
    for document in (scope, plan):
        objects.put(document.to_bytes())
    change.record(
        Scope(scope_object=scope.digest(), source_object=ZERO, assets=("patient-records",)),
        Plan(
            plan_object=plan.digest(), scope_object=scope.digest(), tree_sha256=ZERO, steps=3,
            hosts=HOSTS,
        ),
    )  # fmt: skip
    return scope.digest()


def recorded(change: SmallChange) -> list[Freeze]:
    return [s.body for s in change.ledger.read(datetime.now(UTC)).of(Freeze)]


def test_a_freeze_and_its_end_are_recorded(change: SmallChange) -> None:
    scope = lay_down(change, agreed=True)
    since = change.now.replace(microsecond=0) + timedelta(minutes=30)
    assert front.run([*TOLD, "--since", since.isoformat()]) == 0
    assert front.run([*TOLD, "--lifted"]) == 0
    first, second = recorded(change)
    assert (first.state, first.since, first.told_by, first.scope_object) == (
        "frozen", since, "A. Client", scope,
    )  # fmt: skip
    assert second.state == "lifted"


def test_a_freeze_is_not_said_to_last_from_before_it_was_lifted(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_down(change, agreed=True)
    first, lifted = (
        (change.now.replace(microsecond=0) + timedelta(minutes=minutes)).isoformat()
        for minutes in (30, 60)
    )
    assert front.run([*TOLD, "--since", first]) == 0
    assert front.run([*TOLD, "--lifted", "--since", lifted]) == 0
    assert front.run([*TOLD, "--since", first]) == 64
    assert "freeze-was-lifted" in capsys.readouterr().err
    assert [one.state for one in recorded(change)] == ["frozen", "lifted"]
    assert front.run([*TOLD, "--since", lifted]) == 0


@pytest.mark.parametrize("name", ["a. client", "A.Client", "  A.  CLIENT "])
def test_A5_the_signed_name_is_known_and_shown_however_it_is_typed(
    change: SmallChange, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    lay_down(change, agreed=True)
    assert front.run([*TOLD[:-1], name]) == 0
    assert [one.told_by for one in recorded(change)] == ["A. Client"]
    capsys.readouterr()
    front.run(["status", CLIENT, CHANGE])
    assert "UTC, said A. Client" in " ".join(capsys.readouterr().out.split())


def test_A5_another_name_than_the_signed_one_is_refused(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_down(change, agreed=True)
    assert front.run([*TOLD[:-1], "B. Stranger"]) == 64
    said = capsys.readouterr().err
    assert "freeze-told-by-another" in said
    assert "the client agreed that A. Client does" in " ".join(said.split())
    assert not recorded(change)
    # whoever sees that people write again may say so: it only stops us
    assert front.run([*TOLD[:-1], "B. Stranger", "--lifted"]) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["--since", "yesterday"],
        ["--since", "2020-01-01T10:00"],
        ["--since", "2999-01-01T10:00+00:00"],
        ["--told-by", "  "],
    ],
)
def test_what_cannot_be_recorded_is_64(change: SmallChange, wrong: list[str]) -> None:
    lay_down(change, agreed=True)
    assert front.run([*TOLD, *wrong]) == 64
    assert not recorded(change)


def test_nothing_is_recorded_where_no_freeze_was_agreed(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(TOLD) == 64
    assert "no-plan" in capsys.readouterr().err
    lay_down(change, agreed=False)
    assert front.run(TOLD) == 64
    assert "no-freeze-agreed" in capsys.readouterr().err
    assert not recorded(change)
