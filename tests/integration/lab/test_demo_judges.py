"""The demo holds each scene to its word: it cannot end well when a scene did not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from sluis.rehearsal import demo
from sluis.rehearsal.demo_move_ground import start_ground
from sluis.rehearsal.demo_move_scenes import MOVE, change_one_byte, digest
from sluis.rehearsal.demo_move_scope import write_accounts, write_move
from sluis.rehearsal.demo_signing import fill_in
from sluis.rehearsal.practice_data import SMALL
from sluis.rehearsal.stage import SceneFailedError, Stage
from sluis.scope.load import load_scope


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


def test_the_second_story_ends_with_its_tenants_and_leaves_no_secret(tmp_path, monkeypatch):
    seen = []

    def play_move(stage):
        with start_ground(stage.lab) as ground:
            write_accounts(stage.who, ground)
            write_move(stage.lab, stage.who, MOVE, ground, today=datetime.now(UTC).date())
            seen.extend((ground.old.pid, ground.new.pid))
            raise SceneFailedError("the curtain fell")

    monkeypatch.setattr(demo, "play", play_move)
    monkeypatch.setattr(demo, "DEMO", SMALL)
    monkeypatch.setattr(sys, "argv", ["demo", str(tmp_path / "demo")])
    assert demo.main() == 1
    assert seen
    assert not [pid for pid in seen if psutil.pid_exists(pid)]
    kept = [path for path in (tmp_path / "demo").rglob("*") if path.is_file()]
    assert not [path.name for path in kept if path.name.endswith("secrets.yml")]
    # the scope is one that the product takes, with every place and the old supplier's drive
    (scope,) = [path for path in kept if path.parts[-2:] == (MOVE, "scope.yml")]
    document = load_scope(scope).document
    assert document.job == "migration"
    assert [asset.origin.by for asset in document.assets if asset.origin] == [
        *["tenant"] * 4, "sftp",
    ]  # fmt: skip


def test_one_byte_is_changed_and_nothing_tells_but_the_bytes(tmp_path):
    place = tmp_path / "drive" / "content" / "folder"
    place.mkdir(parents=True)
    (place / "small").write_bytes(b"x")
    with pytest.raises(SceneFailedError, match="no exported file"):
        change_one_byte(tmp_path, "drive")
    file = place / "large"
    file.write_bytes(bytes(200))
    before = file.stat()
    damage = change_one_byte(tmp_path, "drive")
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert sum(byte != 0 for byte in file.read_bytes()) == 1
    assert (damage.path, damage.was, damage.now) == (
        file, digest(bytes(200)), digest(file.read_bytes()),
    )  # fmt: skip


def test_ctrl_c_in_the_second_story_leaves_nothing(tmp_path, monkeypatch):
    seen = []

    def play_move(stage):
        with start_ground(stage.lab) as ground:
            seen.append((ground.old.pid, ground.new.pid, stage.lab.folder))
            raise KeyboardInterrupt

    monkeypatch.setattr(demo, "play", play_move)
    monkeypatch.setattr(demo, "DEMO", SMALL)
    monkeypatch.setattr(sys, "argv", ["demo", str(tmp_path / "demo")])
    assert demo.main() == 130
    ((old, new, lab),) = seen
    assert not psutil.pid_exists(old)
    assert not psutil.pid_exists(new)
    assert not lab.exists()
    assert not (tmp_path / "demo").exists()


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
