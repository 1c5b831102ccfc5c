"""The demo holds each scene to its word: it cannot end well when a scene did not."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sluis.rehearsal import demo
from sluis.rehearsal.demo_signing import fill_in
from sluis.rehearsal.practice_data import SMALL
from sluis.rehearsal.stage import SceneFailedError, Stage


@pytest.fixture
def stage(tmp_path):
    class Who:
        class places:  # noqa: N801
            root = tmp_path

    console = Console(file=StringIO(), width=100)
    return Stage(None, Who, console, {"PATH": "/usr/bin:/bin"}, tmp_path)


@pytest.mark.parametrize(("status", "expect"), [(0, 77), (77, 0), (75, 77), (0, None)])
def test_another_exit_status_fails_the_scene(stage, status, expect):
    with pytest.raises(SceneFailedError, match=f"ended with {status}"):
        stage.run(["sh", "-c", f"echo why >&2; exit {status}"], expect=expect)


def test_what_a_command_says_is_kept_and_returned(stage):
    said = stage.run(["sh", "-c", "echo progress >&2; echo result; exit 77"], expect=77)
    assert said == "result\n"
    assert (stage.logs / "01-sh-c.log").read_text() == "progress\nresult\n"
    assert "exit status 77" in stage.console.file.getvalue()


def test_what_does_not_hold_fails_the_scene(stage):
    stage.hold(True, "water is wet")
    with pytest.raises(SceneFailedError, match="does not hold: water is dry"):
        stage.hold(False, "water is dry")
    with pytest.raises(SceneFailedError, match="no JSON"):
        stage.run_json(["echo"], expect=0)


def test_a_failed_scene_is_a_failed_demo_and_leaves_no_lab(tmp_path, monkeypatch):
    labs = []

    def play(stage):
        labs.append(stage.lab.folder)
        assert (tmp_path / "demo" / "keys").is_dir()
        raise SceneFailedError("the curtain fell")

    monkeypatch.setattr(demo, "play", play)
    monkeypatch.setattr(demo, "DEMO", SMALL)
    monkeypatch.setattr(sys, "argv", ["demo", str(tmp_path / "demo")])
    assert demo.main() == 1
    assert not labs[0].exists()
    # what is left to look at holds no secret
    kept = [path.name for path in (tmp_path / "demo").rglob("*")]
    assert "logs" in kept
    assert not {"keys", "secrets.yml"} & set(kept)


def test_nobody_is_the_client_without_a_terminal():
    done = subprocess.run(
        [sys.executable, "-m", "sluis.rehearsal.demo"], env={"INTERACTIVE": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert done.returncode == 64
    assert "needs a terminal" in done.stdout


def test_the_client_answers_every_question_of_the_file(tmp_path):
    form = Path(tmp_path / "form.txt")
    form.write_text(
        "Lees\n\n1. Risk. It can fail. Type yes or\n   no.\n>>>\n\n2. What is your name? Type it\n"
        ">>>\n\n3. Anything to add? It may stay empty.\n>>>\n\nEnd.\n"
    )
    assert fill_in(form) == 2
    assert form.read_text() == (
        "Lees\n\n1. Risk. It can fail. Type yes or\n   no.\n>>> yes\n\n"
        "2. What is your name? Type it\n>>> A. Client\n\n"
        "3. Anything to add? It may stay empty.\n>>>\n\nEnd.\n"
    )
