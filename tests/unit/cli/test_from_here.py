"""What is told to type can be pasted where the user stands."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from rich.text import Text

from sluis.cli.app import run
from sluis.cli.from_here import filled, from_here
from sluis.cli.session import Session
from sluis.cli.told_commands import commands_in
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change
from unit.cli.test_pasted_commands import paste


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    change = small_change(tmp_path, monkeypatch)
    change.lay_down()
    return change


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("else where")


def test_newcomer_verify_finds_a_dossier_from_any_folder_of_the_project(
    made: SmallChange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`dossiers/…` was told, and looked for below the folder that the user was in."""
    path = f"dossiers/{CLIENT}/{CHANGE}"
    monkeypatch.chdir(made.places.inventory(CLIENT))
    assert run(["verify", path]) == 0
    assert f"dossier: {made.dossier}" in capsys.readouterr().out
    # what lies where the user stands comes first
    own = Path.cwd() / path
    own.mkdir(parents=True)
    assert run(["verify", path]) != 0
    assert run(["verify", "dossiers/nobody/CHG-1"]) == 64


def test_newcomer_from_elsewhere_the_project_is_named_in_what_comes_next(
    made: SmallChange,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = ["--project", str(made.root)]
    monkeypatch.chdir(elsewhere)
    told = [
        [*named, "status", CLIENT, CHANGE],
        [*named, "status", CLIENT, CHANGE, "--json"],
        [*named, "status", CLIENT],
        [*named, "status", CLIENT, CHANGE + "x", "--json"],
        [*named, "keys", "trust", CLIENT, "nobody"],
    ]
    commands = 0
    for words in told:
        run(words)
        shown = capsys.readouterr()
        said = shown.out + shown.err
        if "--json" in words:
            found = json.loads(shown.out)
            said = found.get("next") or found["error"]["remedy"]
        for command in commands_in(re.sub(r" \[[a-z-]+\]", "", said)):
            commands += 1
            assert shlex.split(command)[1:3] == named, command
            paste(command)
    assert commands >= len(told)
    monkeypatch.chdir(made.root)
    run([*named, "status", CLIENT, CHANGE])
    assert "--project" not in capsys.readouterr().out


def test_what_is_not_ours_is_run_in_the_projects_folder(
    made: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.root / "inventories")
    missing = from_here(None)
    for command in ("rm inventories/a/update.yml", ".venv/bin/ansible-vault encrypt x"):
        told = filled(f"Then it goes: {command}. Or do it as you like.", missing)
        assert f": cd {shlex.quote(str(made.root))} && {command}." in told
    assert filled("Go on with: sluis apply a b.", missing) == "Go on with: sluis apply a b."
    monkeypatch.chdir(made.root)
    assert filled("It goes: rm x.", from_here(None)) == "It goes: rm x."


def test_styles_stay_and_no_project_is_no_matter(
    made: SmallChange, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(elsewhere)
    session = Session(project=made.root, environ=dict(os.environ))
    with session.out.capture() as shown:
        session.out.print(Text.assemble(("next: ", "dim"), ("It: sluis apply a b.", "bold")),
                          soft_wrap=True)  # fmt: skip
    assert shown.get() == f"next: It: sluis --project {made.root} apply a b.\n"
    assert from_here(None)("It: sluis apply a b.") == []
