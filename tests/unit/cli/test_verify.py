from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sluis.cli import app as front
from sluis.evidence.anchors import trust_key
from sluis.evidence.keys import load_key, new_key
from support.outcomes import laid_down, refusal
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch)
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
    head = change.ledger.read(change.now).head
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


def away(change: SmallChange, tmp_path: Path) -> Path:
    """The whole project as somebody sends it, with trust anchors of their own."""
    bundle = tmp_path / "bundle"
    for part in ("dossiers", "inventories"):
        shutil.copytree(change.root / part, bundle / part)
    return bundle / "dossiers" / CLIENT / CHANGE


def test_L18_outside_a_project_nobody_is_believed_by_themselves(
    change: SmallChange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """The keys that lie beside a dossier came with it; whoever forged one forged both."""
    sent = away(change, tmp_path)
    for here in (tmp_path, sent, sent.parents[2]):
        monkeypatch.chdir(here)
        status, found = verify(capsys, str(sent))
        assert (status, found["error"]["code"]) == (64, "no-trust-folder")
        assert f"sluis verify {sent} --trust" in found["error"]["remedy"]
    trust = str(change.places.trust(CLIENT))
    status, found = verify(capsys, str(sent), "--trust", trust)
    assert (chain(found), found["trust"]) == ({"holds"}, trust)


def test_L18_a_trust_folder_in_the_dossier_itself_is_refused(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    inside = change.dossier / "trust"
    shutil.copytree(change.places.trust(CLIENT), inside)
    link = tmp_path / "trust-of-mine"
    link.symlink_to(inside)
    for named in (inside, link, change.dossier):
        status, found = verify(capsys, str(change.dossier), "--trust", str(named))
        assert (status, found["error"]["code"]) == (64, "trust-inside-dossier")


def test_L18_keys_come_from_our_project_and_not_from_beside_a_foreign_dossier(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    foreign = tmp_path / "foreign"
    shutil.copytree(change.root, foreign)
    keys = change.places.trust(CLIENT) / "keys.json"
    keys.write_text(keys.read_text().replace('"revoked_why": null', '"revoked_why": "x"'))
    found = verify(capsys, str(foreign / "dossiers" / CLIENT / CHANGE))[1]
    assert found["trust"] == str(change.places.trust(CLIENT))


def findings(found: dict, what: str) -> list[str]:
    return [f["verdict"] for f in found["findings"] if f["what"] == what]


def test_L19_the_folder_says_which_change_it_must_be(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    trust = ("--trust", str(change.places.trust(CLIENT)), "--client", CLIENT)
    moved = tmp_path / "archive" / "CHG-2000"
    shutil.copytree(change.dossier, moved)
    status, found = verify(capsys, str(moved), *trust)
    assert (status, findings(found, "folder-name")) == (1, ["does not hold"])
    # whoever knows which change it is says so, and then the name counts for nothing
    status, found = verify(capsys, str(moved), *trust, "--change", CHANGE)
    assert (status, findings(found, "folder-name")) == (0, [])
    status, found = verify(capsys, str(change.dossier), *trust, "--change", "CHG-2000")
    assert status == 1
    assert "does not hold" in findings(found, "wrong-dossier")
    # a name that no change can have says nothing either way
    loose = moved.rename(moved.with_name("the update, 2026"))
    status, found = verify(capsys, str(loose), *trust)
    assert (status, findings(found, "folder-name")) == (0, ["could not be checked"])


def test_L16_a_dossier_behind_a_link_is_not_read(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Named by its own place or by another: the link leads to an older copy with its witness."""
    old = tmp_path / "old" / CLIENT / CHANGE
    shutil.copytree(change.dossier.parent, old.parent)
    max((old / "statements").iterdir()).unlink()
    shutil.rmtree(old.parent / ".heads")
    change.dossier.rename(tmp_path / "aside")
    change.dossier.symlink_to(old)
    for named in (str(change.dossier), f"{change.dossier}/", f"dossiers/{CLIENT}/{CHANGE}"):
        status, found = verify(capsys, named)
        assert (status, [f["what"] for f in found["findings"]]) == (1, ["linked"])
        assert found["statements"] == 0


def test_L17_the_anchors_name_the_key_and_not_its_file(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    for end in (".pem", ".pub"):
        (change.keys / f"operator{end}").rename(change.keys / f"the-director{end}")
    renamed = load_key(change.keys, None, None)
    assert renamed.name == "the-director"
    made = change.ledger.append(refusal(), key=renamed, now=change.now)
    assert made.recorded_by == "operator"
    found = verify(capsys, str(change.dossier))[1]
    (said,) = [f["detail"] for f in found["findings"] if f["what"] == "chain"]
    assert "recorded by operator." in said
    assert "director" not in json.dumps(found)


def test_L17_two_keys_of_one_name_are_told_apart(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other = new_key(tmp_path / "keys-too", "operator")
    trust_key(change.places.trust(CLIENT), CLIENT, other, now=change.now)
    change.ledger.append(refusal(), key=other, now=change.now)
    found = verify(capsys, str(change.dossier))[1]
    (said,) = [f["detail"] for f in found["findings"] if f["what"] == "chain"]
    for key in (change.key, other):
        assert f"operator ({key.keyid[:16]})" in said


def test_a_moved_dossier_gets_a_witness_only_against_a_head(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    head = str(change.ledger.read(change.now).head)
    shutil.rmtree(change.dossier.parent / ".heads")
    assert change.ledger.read(change.now).problems
    assert verify(capsys, str(change.dossier), "--accept-head")[0] == 64
    assert verify(capsys, str(change.dossier), "--head", "0" * 64, "--accept-head")[0] == 64
    status, found = verify(capsys, str(change.dossier), "--head", head, "--accept-head")
    assert (status, found["holds"]) == (0, True)
    assert not change.ledger.read(change.now).problems
