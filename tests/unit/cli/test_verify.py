from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.cli import app as front
from support.outcomes import laid_down, refusal
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch, NOW)
    made.record(*laid_down(), refusal())
    return made


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    capsys.readouterr()
    status = front.run(["verify", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def chain(found: dict) -> set[str]:
    return {f["verdict"] for f in found["findings"] if f["what"] == "chain"}


def test_the_verdict_and_whose_keys_were_believed(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    head = change.ledger.read(NOW).head
    status, found = verify(capsys, str(change.dossier), "--head", str(head))
    assert chain(found) == {"holds"}
    assert found["trust"] == str(change.places.trust(CLIENT))
    assert (status, found["holds"]) == (0, True)
    assert front.run(["verify", str(change.dossier)]) == 0
    assert "keys believed:" in capsys.readouterr().out


def test_an_edited_dossier_does_not_hold(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    path = change.dossier / "statements" / "000002.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 1))
    status, found = verify(capsys, str(change.dossier))
    assert (status, found["holds"]) == (1, False)


def test_a_head_that_is_none_and_a_folder_that_is_none(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    assert verify(capsys, str(change.dossier), "--head", "xyz")[0] == 64
    assert verify(capsys, str(change.dossier.parent / "CHG-9"))[0] == 64
    wrong = verify(capsys, str(change.dossier), "--head", "0" * 64)
    assert (wrong[0], wrong[1]["holds"]) == (1, False)


def test_a_copy_far_from_its_project_needs_the_trust_folder(
    change: SmallChange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    copy = tmp_path / "elsewhere" / CLIENT / CHANGE
    shutil.copytree(change.dossier, copy)
    monkeypatch.chdir(tmp_path)
    status, found = verify(capsys, str(copy))
    assert (status, found["error"]["code"]) == (64, "no-trust-folder")
    trust = str(change.places.trust(CLIENT))
    assert chain(verify(capsys, str(copy), "--trust", trust)[1]) == {"holds"}
    renamed = copy.with_name("whatever")
    copy.rename(renamed)
    renamed = renamed.rename(tmp_path / "loose")
    status, found = verify(capsys, str(renamed), "--trust", trust, "--client", CLIENT)
    assert chain(found) == {"holds"}


def test_keys_come_from_our_project_and_not_from_beside_a_foreign_dossier(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    foreign = tmp_path / "foreign"
    shutil.copytree(change.root, foreign)
    keys = change.places.trust(CLIENT) / "keys.json"
    keys.write_text(keys.read_text().replace('"revoked_why": null', '"revoked_why": "x"'))
    found = verify(capsys, str(foreign / "dossiers" / CLIENT / CHANGE))[1]
    assert found["trust"] == str(change.places.trust(CLIENT))


def test_a_moved_dossier_gets_a_witness_only_against_a_head(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    head = str(change.ledger.read(NOW).head)
    shutil.rmtree(change.dossier.parent / ".heads")
    assert change.ledger.read(NOW).problems
    assert verify(capsys, str(change.dossier), "--accept-head")[0] == 64
    assert verify(capsys, str(change.dossier), "--head", "0" * 64, "--accept-head")[0] == 64
    status, found = verify(capsys, str(change.dossier), "--head", head, "--accept-head")
    assert (status, found["holds"]) == (0, True)
    assert not change.ledger.read(NOW).problems
