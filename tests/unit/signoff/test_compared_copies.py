"""Before signing the client reads what was compared already, as far as that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.predicates import LevelResult, Machine, Verification
from sluis.scope.model import ScopeDocument
from sluis.signoff.compared_copies import compared_copies
from support.dossiers import ONE, make

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
