from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pexpect
import pytest

from sluis.cli import app as front
from sluis.evidence.anchors import load_anchors
from sluis.evidence.keys import load_key
from support.small_change import empty_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    places = empty_project(tmp_path / "project")
    monkeypatch.chdir(places.root)
    for name in list(os.environ):
        if name.startswith("SLUIS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SLUIS_KEYS", str(tmp_path / "keys"))
    assert front.run(["new", "practice"]) == 0
    return places.root


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_newcomer_what_is_done_is_not_asked_for_again(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert front.run(["new", "other"]) == 0
    first = capsys.readouterr().out
    assert "write your hosts and settings into inventories/other; trust your key" in first
    assert front.run(["keys", "new", "ab", "--no-passphrase"]) == 0
    assert front.run(["keys", "trust", "practice", "ab"]) == 0
    capsys.readouterr()
    assert front.run(["new", "practice", "--change", "CHG-1"]) == 0
    said = capsys.readouterr().out
    assert "Next: describe the change in inventories/practice/changes/CHG-1." in said


def test_make_trust_list_revoke(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    capsys.readouterr()
    assert front.run(["keys", "new", "ab", "--no-passphrase", "--json"]) == 0
    made = told(capsys)
    assert stat.S_IMODE((tmp_path / "keys/ab.pem").stat().st_mode) == 0o600
    assert front.run(["keys", "list", "--json"]) == 0
    assert told(capsys)["keys"] == [{"keyid": made["keyid"], "name": "ab"}]

    assert front.run(["keys", "list", "practice"]) == 64
    assert front.run(["keys", "trust", "practice"]) == 0
    capsys.readouterr()
    assert front.run(["keys", "list", "practice", "--json"]) == 0
    assert told(capsys)["keys"][0]["party"] == "operator"

    assert front.run(["keys", "revoke", "practice", "ab", "--why", " "]) == 64
    assert front.run(["keys", "revoke", "practice", "nobody", "--why", "Gone."]) == 64
    assert front.run(["keys", "revoke", "practice", "ab", "--why", "The laptop was lost."]) == 0
    (key,) = load_anchors(root / "inventories/trust/practice", "practice").keys.values()
    assert key.revoked_why == "The laptop was lost."
    assert front.run(["keys", "trust", "practice"]) == 64


def test_somebody_elses_public_key(root: Path, tmp_path: Path):
    assert front.run(["keys", "new", "ab", "--no-passphrase"]) == 0
    file = tmp_path / "colleague.pub"
    file.write_bytes((tmp_path / "keys/ab.pub").read_bytes())
    command = ["keys", "trust", "practice", "--file", str(file), "--party", "client"]
    assert front.run(command) == 0
    (key,) = load_anchors(root / "inventories/trust/practice", "practice").keys.values()
    assert (key.name, key.party) == ("colleague", "client")
    file.write_text("no key at all")
    assert front.run(command) == 64
    assert front.run([*command[:-4], "--file", "/dev/zero"]) == 64


def test_which_key_is_asked_when_there_are_several(root: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("ab", "cd"):
        assert front.run(["keys", "new", name, "--no-passphrase"]) == 0
    assert front.run(["keys", "trust", "practice"]) == 64
    monkeypatch.setenv("SLUIS_KEY", "cd")
    assert front.run(["keys", "trust", "practice"]) == 0
    assert front.run(["keys", "trust", "practice", "nosuch"]) == 64


def test_a_key_is_never_overwritten(root: Path, tmp_path: Path):
    assert front.run(["keys", "new", "ab", "--no-passphrase"]) == 0
    before = (tmp_path / "keys/ab.pem").read_bytes()
    assert front.run(["keys", "new", "ab", "--no-passphrase"]) == 64
    assert (tmp_path / "keys/ab.pem").read_bytes() == before


def test_without_a_terminal_no_passphrase_is_made_up(root: Path, tmp_path: Path):
    assert front.run(["keys", "new", "ab"]) == 64
    assert not (tmp_path / "keys/ab.pem").exists()


def test_a_passphrase_is_asked_twice_on_the_terminal_and_never_shown(root: Path, tmp_path: Path):
    command = str(Path(sys.executable).parent / "sluis")
    child = pexpect.spawn(command, ["keys", "new", "ab"], cwd=str(root), encoding="utf-8")
    child.expect("Passphrase for the new key: ")
    child.sendline("correct horse")
    child.expect("The same again: ")
    child.sendline("correct horse")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "correct horse" not in child.before
    assert load_key(tmp_path / "keys", "ab", b"correct horse").name == "ab"
