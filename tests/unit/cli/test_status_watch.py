"""``sluis status --watch``, as people and logs see it."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from sluis.cli.app import run
from sluis.cli.lock import only_run
from sluis.dossier.material import Material, read_material
from sluis.evidence.predicates import Plan
from support.front_door import OUTCOME
from support.outcomes import SCOPE, step
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

COMMAND = ["-m", "sluis.cli.app", "status", CLIENT, CHANGE, "--watch"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    change = small_change(tmp_path, monkeypatch)
    change.lay_down(proven=False)
    return change


def on_disk(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything in a project, with the time of its last change."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")
    }


def test_on_a_terminal_it_is_written_below_when_the_dossier_changes(made: SmallChange) -> None:
    """What the operator had on the screen, and above it, is never cleared."""
    screen = pexpect.spawn(
        sys.executable, COMMAND, cwd=str(made.root), encoding="utf-8", timeout=30,
        dimensions=(50, 120),
    )  # fmt: skip
    seen = screen.logfile_read = io.StringIO()
    screen.expect("not proven")
    screen.expect("Ctrl-C ends this")
    before = on_disk(made.root)
    with pytest.raises(pexpect.TIMEOUT):
        screen.expect(CHANGE, timeout=2.5)
    assert on_disk(made.root) == before, "it only reads"
    made.prove()
    screen.expect("awaiting sign-off")
    screen.expect("Ctrl-C ends this")
    screen.sendintr()
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    assert not re.search(r"\x1b\[[0-9;?]*[JH]|\x1bc|\x1b\[\?1049", seen.getvalue())


def test_elsewhere_it_is_a_line_for_each_change(made: SmallChange) -> None:
    watching = subprocess.Popen(
        [sys.executable, *COMMAND], cwd=made.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    first = watching.stdout.readline()
    made.prove()
    # what changes nothing that the line says is no line
    second = watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=30)
    assert (watching.returncode, out, err) == (0, "", "")
    assert f"{CLIENT} {CHANGE}: not proven; 0 of" in first
    assert f"{CLIENT} {CHANGE}: awaiting sign-off; 0 of" in second
    assert "next: " in second
    assert "\x1b" not in first + second


def test_with_json_each_change_is_the_whole_document_on_one_line(made: SmallChange) -> None:
    watching = subprocess.Popen(
        [sys.executable, *COMMAND, "--json"], cwd=made.root, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    lines = [watching.stdout.readline()]
    made.prove()
    while json.loads(lines[-1])["state"] != "awaiting sign-off":
        lines.append(watching.stdout.readline())
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=30)
    assert (watching.returncode, out, err) == (0, "", "")
    documents = [json.loads(line) for line in lines]
    for one in documents:
        OUTCOME.validate(one)
    assert documents[0]["state"] == "not proven"
    assert documents[-1]["running"] is None


def _begin(made: SmallChange) -> None:
    """A step that is under way."""
    planned = made.ledger.read(made.later).latest(Plan)
    assert planned is not None
    plan = {"plan_object": planned.body.plan_object}
    for state in ("started", "done"):
        made.record(step("install", "h1", state).model_copy(update=plan))
    made.record(step("install", "h2", "started").model_copy(update=plan))


def test_newcomer_while_a_run_goes_on_a_step_is_under_way_and_named(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    made.prove()
    _begin(made)
    with only_run(made.dossier, "apply", made.now):
        run(["status", CLIENT, CHANGE])
    said = " ".join(capsys.readouterr().out.split())
    assert "a run is going on; 1 of 2 steps done; now: Do install (on h2)" in said
    assert "under way" in said
    assert "maybe half run" not in said
    assert "missing:" not in said
    with only_run(made.dossier, "apply", made.now):
        run(["status", CLIENT, CHANGE, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert next(one["state"] for one in found["steps"] if one["host"] == "h2") == "under way"
    assert run(["status", CLIENT, CHANGE]) == 1
    assert "maybe half run" in capsys.readouterr().out


def test_newcomer_while_copies_are_made_it_says_how_many_are_proven(made: SmallChange) -> None:
    with only_run(made.dossier, "prepare", made.now):
        watching = subprocess.Popen(
            [sys.executable, *COMMAND], cwd=made.root, stdout=subprocess.PIPE, text=True
        )
        assert watching.stdout is not None
        first = watching.stdout.readline()
        made.prove()
        second = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)
    assert f"{CLIENT} {CHANGE}: a run is going on (prepare, process " in first
    assert f"since {made.now:%Y-%m-%d %H:%M} UTC); 0 of " in first
    assert "assets are copied, 0 of " in first
    number = len([asset for asset in SCOPE.assets if asset.takes_snapshot])
    assert f"{number} of {number} copies are proven by restoring them" in second
    assert "not proven" not in first + second


def test_newcomer_a_healthy_run_is_told_apart_from_what_went_wrong_by_its_state(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ticketing system that polls put 'not proven' (77) and 'not finished' (1) on the ticket."""

    def told() -> tuple[str, int]:
        status = run(["status", CLIENT, CHANGE, "--json"])
        found = json.loads(capsys.readouterr().out)
        OUTCOME.validate(found)
        assert found["exit_status"] == status
        assert not (found["running"] and found["unproven"])
        return found["state"], status

    assert told() == ("not proven", 77)
    with only_run(made.dossier, "prepare", made.now):
        assert told() == ("under way", 75)
    made.prove()
    _begin(made)
    assert told() == ("not finished", 1)
    with only_run(made.dossier, "apply", made.now):
        assert told() == ("under way", 75)
    # a run excuses nothing that is wrong with the evidence
    first = min((made.dossier / "statements").iterdir())
    first.write_text("{}")
    with only_run(made.dossier, "apply", made.now):
        assert told() == ("does not hold", 1)


def test_what_a_run_left_that_ended_while_it_was_read_is_read_whole(
    made: SmallChange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    going = only_run(made.dossier, "prepare", made.now)
    going.__enter__()

    def read_slowly(*given: Any) -> Material:
        found = read_material(*given)
        if not ended:
            ended.append(True)
            made.prove()
            going.__exit__(None, None, None)
        return found

    ended: list[bool] = []
    monkeypatch.setattr("sluis.cli.under_way.read_material", read_slowly)
    assert run(["status", CLIENT, CHANGE, "--json"]) == 75
    assert json.loads(capsys.readouterr().out)["state"] == "awaiting sign-off"
