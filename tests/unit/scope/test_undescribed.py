"""Nobody is told to begin a change that exists: that command would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.cli.change_run import described_playbook
from sluis.errors import InputError
from sluis.scope.undescribed import how_to_describe
from support.scopes import CHANGE, CLIENT
from support.small_change import small_change

UPDATE, RESTORE = "update.yml", "restore.yml"


def test_newcomer_nobody_is_told_to_begin_a_change_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = small_change(tmp_path, monkeypatch)
    folder = change.places.change(CLIENT, CHANGE)
    for name in (UPDATE, RESTORE):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(InputError) as refusal:
        described_playbook(change.places, CLIENT, CHANGE)
    assert refusal.value.code == "no-such-change"
    assert "sluis new" not in refusal.value.remedy
    assert "Write update.yml or restore.yml into that folder" in refusal.value.remedy


def test_newcomer_a_change_that_is_not_there_is_to_be_begun(tmp_path: Path) -> None:
    begin = "begin with: sluis new acme --change CHG-9"
    assert how_to_describe(tmp_path / "CHG-9", begin) == f"Describe the change there; {begin}."
