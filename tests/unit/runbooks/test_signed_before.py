"""A1: what the client signed last in another change, and what is written now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.predicates import Signoff
from sluis.runbook import read_before
from sluis.runbook.signed_before import said_otherwise
from support.dossiers import ONE, Made, make
from support.scopes import make_scope


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    made = make(tmp_path, change="CHG-MINE")
    monkeypatch.setattr(read_before, "now", lambda: made.now + timedelta(days=1))
    return made


def signed(mine: Made, change: str, scope: dict[str, Any], decision: Any = "yes") -> None:
    mine.now += timedelta(hours=1)
    other = replace(mine, change=change)
    scope_object = other.objects.put(make_scope(scope).to_bytes())
    other.append(
        Signoff(
            decision=decision, tier="attended", signer_name="A", signer_role="B",
            scope_object=scope_object, plan_object=ONE, shown=ONE,
        )
    )  # fmt: skip


def said(mine: Made, scope: dict[str, Any] | None = None) -> list[str]:
    return list(said_otherwise(mine, mine.anchors, make_scope(scope)))


def test_A1_another_name_or_time_zone_than_was_signed_last_is_remarked(mine: Made) -> None:
    assert said(mine) == []
    signed(mine, "CHG-A", {"time_zone": "Asia/Tokyo", "client_name": "Another Practice"})
    assert len(said(mine)) == 2
    signed(mine, "CHG-B", {"time_zone": "Europe/Amsterdam"})
    signed(mine, "CHG-C", {"client_name": "Not signed"}, "no")
    (zone,) = said(mine)
    assert "this scope says nothing, and CHG-B, which the client signed on 2026-11-20" in zone
    assert "said 'Europe/Amsterdam'" in zone
    assert said(mine, {"time_zone": "Europe/Amsterdam"}) == []
