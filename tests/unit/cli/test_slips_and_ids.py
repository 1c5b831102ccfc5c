"""Slips of the pen in an id: which change, step or key was meant, and which there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluis.cli.app import run
from sluis.cli.keys import _meant
from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = run(list(words))
    return status, "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "words",
    [["status"], ["sign"], ["request"], ["freeze", "--told-by", "A."], ["apply"], ["prepare"],
     ["judge", "install", "--host", "h1", "--as", "run again", "--why", "I saw."]],
)  # fmt: skip
def test_newcomer_a_slip_in_a_changes_id_is_told_by_every_verb(
    made: SmallChange, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Before, some told to prepare the change of that name, which nobody had described."""
    slip = f"{CHANGE[:-2]}{CHANGE[-1]}{CHANGE[-2]}"
    assert slip != CHANGE
    status, said = told(capsys, words[0], CLIENT, slip, *words[1:])
    assert status == 64
    assert f"Did you mean '{CHANGE}'?" in said
    assert f"There is no change {slip} of client {CLIENT}" in said
    assert not made.places.dossier(CLIENT, slip).exists()


def test_newcomer_a_step_that_there_is_not_is_told_with_those_that_there_are(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = made.lay_down()
    names = {one.step for one in plan.steps}
    judge = ["--as", "run again", "--why", "I saw it."]
    status, said = told(capsys, "judge", CLIENT, CHANGE, "instal", "--host", "h1", *judge)
    assert status == 64
    assert "has no step 'instal'" in said
    assert "Did you mean 'install'?" in said
    assert all(name in said for name in names)
    status, said = told(capsys, "judge", CLIENT, CHANGE, "install", "--host", "h11", *judge)
    assert status == 64
    assert "The plan has the step install on h1, h2, and not on 'h11'." in said
    assert "Did you mean 'h1'?" in said
    status, said = told(capsys, "judge", CLIENT, CHANGE, "install", "--host", "h1", *judge)
    assert status == 64
    assert "Step 'install' on 'h1' is not started." in said


def test_newcomer_a_key_is_revoked_by_how_its_id_begins(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ab", "cd"):
        assert run(["keys", "new", name, "--no-passphrase"]) == 0
        assert run(["keys", "trust", CLIENT, name]) == 0
    _, listed = told(capsys, "keys", "list", CLIENT, "--json")
    ids = {key["name"]: key["keyid"] for key in json.loads(listed)["keys"]}
    revoke = ["keys", "revoke", CLIENT]
    for given in (ids["ab"][:7], "nobody-here"):
        status, said = told(capsys, *revoke, given, "--why", "Lost.")
        assert status == 64
        assert ("give 8 or more characters" in said) is (len(given) < 8)
        for name in ("ab", "cd"):
            assert f"{name} ({ids[name]})" in said
    status, _ = told(capsys, *revoke, ids["ab"][:8].upper(), "--why", "Lost.")
    assert status == 0
    _, listed = told(capsys, "keys", "list", CLIENT, "--json")
    revoked = {key["name"]: key["revoked_why"] for key in json.loads(listed)["keys"]}
    assert (revoked["ab"], revoked["cd"]) == ("Lost.", None)


def test_newcomer_which_keys_can_be_meant_is_said(
    made: SmallChange,
) -> None:
    (key,) = load_anchors(made.places.trust(CLIENT), CLIENT).keys.values()
    known = {begin + "0" * 55: key for begin in ("abcdef01x", "abcdef01y", "abcdef02x")}
    with pytest.raises(InputError) as caught:
        _meant(known, CLIENT, "abcdef01")
    assert caught.value.code == "which-key"
    assert "abcdef01x" in caught.value.what
    assert "abcdef01y" in caught.value.what
    assert "abcdef02x" not in caught.value.what
    assert _meant(known, CLIENT, "abcdef02") == "abcdef02x" + "0" * 55
