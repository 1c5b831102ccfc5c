"""The first day: what is said of a slip says what it is about, once, and in our own words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from sluis.cli import app as front
from sluis.rehearsal.project import checkout
from sluis.scope.load import ScopeError, load_scope
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    status = front.run([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("verb", ["status", "prepare", "apply"])
def test_first_day_a_change_that_is_not_there_is_said_with_those_that_are(
    change: SmallChange, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    (change.places.change(CLIENT, CHANGE).parent / "CHG-7").mkdir()
    status, found = said(capsys, verb, CLIENT, "K-77")
    assert (status, found["error"]["code"]) == (64, "no-such-change")
    assert found["error"]["what"] == (
        f"There is no change K-77 of client {CLIENT}; there are: {CHANGE}, CHG-7."
    )
    assert not change.places.dossier(CLIENT, "K-77").exists()


def test_first_day_a_client_that_is_not_there(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = said(capsys, "status", "nobody", CHANGE)
    assert (status, found["error"]["code"]) == (64, "no-such-client")
    assert found["error"]["remedy"] == "Make it with: sluis new nobody"
    status, found = said(capsys, "status", f"{CLIENT}e", CHANGE)
    assert (status, found["error"]["code"]) == (64, "no-such-client")
    assert found["error"]["remedy"].startswith(f"Did you mean {CLIENT!r}? Otherwise: ")


def test_newcomer_without_a_change_those_that_there_are_are_named(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    (change.places.change(CLIENT, CHANGE).parent / "CHG-7").mkdir()
    status, found = said(capsys, "status", CLIENT)
    assert (status, found["error"]["code"]) == (64, "no-change")
    assert f"there are: {CHANGE}, CHG-7." in found["error"]["what"]


def test_newcomer_a_folder_above_the_dossiers_tells_which_lie_in_it(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    change.lay_down()
    status, found = said(capsys, "verify", str(change.dossier.parent))
    assert (status, found["error"]["code"]) == (64, "which-dossier")
    assert found["error"]["remedy"] == f"Name one: sluis verify {change.dossier}"


def test_first_day_a_copy_of_a_dossier_asks_whose_it_is(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("copies", "Copies of June"):
        copy = tmp_path / name / CHANGE
        shutil.copytree(change.dossier, copy)
        status, found = said(capsys, "verify", str(copy))
        assert (status, found["error"]["code"]) == (64, "which-client")
        assert name in found["error"]["what"]
        assert "--client" in found["error"]["remedy"]
        status, found = said(capsys, "verify", str(copy), "--client", CLIENT)
        assert found["findings"], found


def test_first_day_a_remedy_of_a_scope_is_said_once(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    path = change.places.change(CLIENT, CHANGE) / "scope.yml"
    text = path.read_text()
    for wrong, several in (
        (text.replace("summary", "sumary", 1), True),
        (text + "\nx: 1\n", False),
    ):
        path.write_text(wrong)
        with pytest.raises(ScopeError) as caught:
            load_scope(path)
        front.run(["prepare", CLIENT, CHANGE])
        shown = capsys.readouterr().err
        for problem in caught.value.problems:
            assert shown.count(problem.remedy) == 1, shown
        assert ("Put each of them right" in shown) is (len(caught.value.problems) > 1)
        assert several or len(caught.value.problems) == 1


def test_first_day_no_words_of_the_library_that_reads_a_scope(change: SmallChange) -> None:
    path = change.places.change(CLIENT, CHANGE) / "scope.yml"
    text = path.read_text()
    for field, value in (
        ("freshness_hours", "[1]"), ("freshness_hours", "1.5"), ("title", "{a: 1}"),
        ("version", "-3"), ("language", "7"), ("assets", "none"),
    ):  # fmt: skip
        lines = [line for line in text.splitlines() if not line.startswith(f"{field}:")]
        path.write_text("\n".join([*lines, f"{field}: {value}", ""]))
        with pytest.raises(ScopeError) as caught:
            load_scope(path)
        for word in ("Input should", "valid string", "value_error", "type=", "pydantic"):
            assert word not in str(caught.value), caught.value


def test_first_day_a_weak_passphrase_is_refused_with_what_to_take(
    change: SmallChange, tmp_path: Path
) -> None:
    command = str(Path(sys.executable).parent / "sluis")
    child = pexpect.spawn(
        command, ["keys", "new", "weak"], cwd=str(change.root), encoding="utf-8",
        env={"SLUIS_KEYS": str(tmp_path / "other"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    child.expect("Passphrase for the new key: ")
    child.sendline("secret")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 64
    assert "weak-passphrase" in child.before
    assert "at least 12" in child.before
    assert not (tmp_path / "other" / "weak.pem").exists()


def test_first_day_nobody_is_warned_that_there_are_no_verifiers() -> None:
    """`all:!verifiers` is right where the inventory has no such group."""
    root = checkout().root
    ran = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "inventories/template",
         "playbooks/update.yml", "--list-hosts"],
        cwd=root, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "practice-server" in ran.stdout
    assert "verifiers" not in ran.stderr
