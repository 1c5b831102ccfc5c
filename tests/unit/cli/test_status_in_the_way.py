"""``sluis status`` says of a plan that another change made impossible that it cannot be applied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluis.cli.app import run
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    change = small_change(tmp_path, monkeypatch)
    change.lay_down()
    return change


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """The state, what is missing, and what comes next."""
    run(["status", CLIENT, CHANGE, "--json"])
    found = json.loads(capsys.readouterr().out)
    return found["state"], " ".join(found["missing"]), found["next"]


def test_what_another_change_makes_impossible_is_said_with_what_to_do(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    state, missing, after = told(capsys)
    assert (state, "CHG-OTHER" in missing) == ("awaiting sign-off", False)
    assert "sluis sign" in after
    statements = made.dossier.parent / "CHG-OTHER" / "statements"
    statements.mkdir(parents=True)
    (statements / "00001.dsse.json").write_text("{}")
    state, missing, after = told(capsys)
    assert state == "awaiting sign-off"
    assert "what CHG-OTHER did since the copies were made" in missing
    assert "sluis sign" not in after
    assert "sluis verify" in after
