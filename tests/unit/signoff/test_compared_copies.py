"""Before signing the client reads what was compared already, as far as that is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.predicates import LevelResult, Machine, Verification
from sluis.scope.model import ScopeDocument
from sluis.scope.text import scope_text
from sluis.signoff.compared_copies import compared_copies
from support.dossiers import ONE, make
from support.evidence_made import view_of
from support.scopes import make_scope

GOLDEN = Path(__file__).parents[2] / "golden" / "client_text"
LEVELS = tuple(f"V{number}" for number in range(7))


def verified(asset: str, **more: Any) -> Verification:
    told = {
        "asset": asset, "snapshot": ONE, "snapshot_id": "1", "reached": "V6",
        "verifier": Machine(host="h1", target="ssh://h1"), "compared_items": 3_127,
        "compared_bytes": 60_200_000,
        "levels": tuple(LevelResult(level=one, verdict="proven") for one in LEVELS),
    }  # fmt: skip
    return Verification(**{**told, **more})


def known(root: Path, *bodies: Verification) -> dict[str, Any]:
    scope = ScopeDocument.from_bytes((GOLDEN / "CHG-1050.scope.json").read_bytes())
    made = make(root)
    for body in bodies:
        made.append(body)
    return dict(compared_copies(scope, made.read()))


def test_the_newest_proof_tells_how_much_was_compared(tmp_path: Path) -> None:
    found = known(tmp_path, verified("team-01", compared_items=5), verified("team-01"))
    assert list(found) == ["team-01"]
    assert (found["team-01"].items, found["team-01"].size) == (3_127, 60_200_000)


@pytest.mark.parametrize(
    "more",
    [
        {"reached": "V3"}, {"reached": None}, {"compared_items": 0}, {"sample": "one in ten"},
        {"asset": "mail"}, {"asset": "nobody"},
    ],
)  # fmt: skip
def test_what_was_not_all_compared_is_not_said(tmp_path: Path, more: dict[str, Any]) -> None:
    assert known(tmp_path, verified("team-01"), verified(**{"asset": "team-01", **more})) == (
        {} if more.get("asset") is None else known(tmp_path / "other", verified("team-01"))
    )


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite", "other"])
def test_newcomer_of_a_database_it_is_said_without_a_number_of_files(kind: str) -> None:
    where = {"assets.0.location": "/srv/records.sqlite"} if kind == "sqlite" else {}
    scope = make_scope({"assets.0.kind": kind, **where})
    asset = scope.assets[0].id
    view = view_of(((verified(asset, compared_items=3), datetime(2026, 11, 20, tzinfo=UTC)),))
    found = compared_copies(scope, view)
    said = " ".join(scope_text(scope, "en", compared=found).split())
    sentence = "There we opened the data and compared all of it with the original."
    assert (sentence in said) == (kind != "other")


def test_every_place_that_was_compared_is_told(tmp_path: Path) -> None:
    """Of the first nothing is known, which hides no other."""
    scope = ScopeDocument.from_bytes((GOLDEN / "CHG-1050.scope.json").read_bytes())
    first, *others = [one.id for one in scope.assets if one.kind in ("sharepoint", "onedrive")]
    assert others
    assert list(known(tmp_path, *(verified(one) for one in others))) == others
    assert list(known(tmp_path / "other", verified(first, reached="V5"))) == [first]


@pytest.mark.parametrize(("zone", "day"), [("Europe/Amsterdam", 21), ("UTC", 20), (None, 20)])
def test_the_day_is_that_of_the_clients_clock(zone: str | None, day: int) -> None:
    scope = ScopeDocument.from_bytes((GOLDEN / "CHG-1050.scope.json").read_bytes())
    scope = scope.model_copy(update={"time_zone": zone})
    view = view_of(((verified("team-01"), datetime(2026, 11, 20, 23, 30, tzinfo=UTC)),))
    assert compared_copies(scope, view)["team-01"].day == date(2026, 11, day)
