from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sluis.cli import app as front
from sluis.cli import status as status_verb
from sluis.cli.lock import only_run
from sluis.errors import EvidenceError, InputError, RefusedError, SluisError
from support.outcomes import check, done, handover, laid_down, permit, refusal, shown, signoff, step
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch)


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    """Standard output is one JSON document and nothing else."""
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("raised", "exit_status"),
    [
        (InputError("bad", "It is bad.", "Make it good."), 64),
        (RefusedError("no", "The gate said no.", "Prepare."), 77),
        (EvidenceError("gone", "It is gone.", "Put it back."), 1),
        (SluisError("x", "It is.", "Do."), 1),
        (KeyboardInterrupt(), 1),
        (RuntimeError("a mistake of ours"), 1),
        (SystemError("deep"), 1),
    ],
)
def test_every_exception_has_an_exit_status(
    raised: BaseException, exit_status: int, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr(status_verb, "client_id", fails)
    monkeypatch.setattr(status_verb, "change_id", fails)
    monkeypatch.chdir(Path(__file__).parent)
    assert front.run(["--project", str(Path(__file__).parents[3]), "status", "a", "b"]) == (
        exit_status
    )
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("sluis: ")
    assert front.run(
        ["--project", str(Path(__file__).parents[3]), "status", "a", "b", "--json"]
    ) == (exit_status)
    found = told(capsys)
    assert found["exit_status"] == exit_status
    assert set(found["error"]) == {"code", "what", "remedy"}


def test_a_mistake_of_ours_leaves_a_log_with_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def fails(*_: object) -> None:
        raise ZeroDivisionError("one by nought")

    monkeypatch.setattr(status_verb, "client_id", fails)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(Path(__file__).parents[3])
    assert front.run(["status", "a", "b"]) == 1
    assert "ZeroDivisionError: one by nought" in capsys.readouterr().err
    (log,) = tmp_path.glob("sluis-error-*.log")
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nosuch"], ["status"], ["status", CLIENT], ["keys"],
        ["apply", CLIENT, CHANGE, "--tags", "x"],
        ["apply", CLIENT, CHANGE, "--skip-tags", "x"],
        ["apply", CLIENT, CHANGE, "--start-at-task", "x"],
        ["apply", CLIENT, CHANGE, "--step"],
        ["apply", CLIENT, CHANGE, "--limit", "h1"],
        ["apply", CLIENT, CHANGE, "-M", "x"],
        ["apply", CLIENT, CHANGE, "-e", "gate_passed=true"],
        ["apply", CLIENT, CHANGE, "--extra-vars", "x=y"],
        ["apply", CLIENT, CHANGE, "-i", "elsewhere"],
        ["apply", CLIENT, CHANGE, "--check"],
        ["apply", CLIENT, CHANGE, "--playbook", "../evil"],
        ["apply", CLIENT, CHANGE, "--time-limit", "0"],
        ["apply", CLIENT, CHANGE, "again"],
        ["judge", CLIENT, CHANGE, "s", "--host", "h", "--as", "fine", "--why", "w"],
    ],
)  # fmt: skip
def test_wrong_usage_is_64(arguments: list[str], change: SmallChange):
    assert front.run(arguments) == 64
    assert not (change.dossier / "runs").exists()


HOSTILE = [
    "../x", "L/../../x", "a/b", "..", ".", "a..b", "x.", "", " ", "a b", "x\n", "x\ny", "x\0y",
    "-e", "--help", "-i", "CHG\u20101042", "\uff23HG-1", "CHG-1042\u200b", "{{ 7*7 }}", "$(id)",
    "`id`", "a;b", "%2e%2e", "~", "C" * 64, "CHG-1042/", "/etc", "\u0421HG-1042",
]  # fmt: skip


@pytest.mark.parametrize("verb", ["prepare", "apply", "status"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_ticket_id_touches_nothing(
    verb: str, hostile: str, change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    before = sorted(change.root.parent.rglob("*"))
    for arguments in ([verb, CLIENT, "--", hostile], [verb, "--", hostile, CHANGE]):
        assert front.run(arguments) == 64
    assert sorted(change.root.parent.rglob("*")) == before
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("hostile", ["trust", "template", "Practice", "practice-", "x_y"])
def test_a_client_id_that_is_no_client(hostile: str, change: SmallChange):
    assert front.run(["prepare", hostile, CHANGE]) == 64
    assert not (change.root / "dossiers" / hostile).exists()


def test_F4_status_ends_with_the_outcomes_exit_status(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 1
    assert told(capsys)["state"] == "not prepared"
    change.record(*laid_down())
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 77
    found = told(capsys)
    assert found["state"] == "not proven"
    assert {item["about"] for item in found["unproven"]} == {"patient-records", "letters"}
    change.prove()
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 75
    found = told(capsys)
    assert (found["state"], found["exit_status"]) == ("awaiting sign-off", 75)
    assert found["dossier"] == str(change.dossier)
    assert found["head"] == change.ledger.read(change.now).head


def test_status_of_a_finished_change_for_people_and_for_programs(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.record(*laid_down())
    (what_was_shown,) = change.record(shown())
    answer = signoff(3).model_copy(update={"shown": what_was_shown, "expires_at": change.later})
    change.record(answer, permit(), *done("install", "h1"), *done("install", "h2"))
    change.record(check(True), handover())
    assert front.run(["status", CLIENT, CHANGE]) == 0
    printed = capsys.readouterr().out
    assert f"{CLIENT} {CHANGE}: applied and verified" in printed
    assert str(change.dossier) in printed.replace("\n", "")
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 0
    found = told(capsys)
    assert [line["state"] for line in found["steps"]] == ["done", "done", "open"]
    assert found["checks"][0]["state"] == "passed"


def test_status_of_a_run_that_is_going_on(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    change.record(*laid_down(), step("install", "h1", "started"))
    with only_run(change.dossier, "apply", change.now):
        assert front.run(["status", CLIENT, CHANGE, "--json"]) == 75
        found = told(capsys)
    assert found["state"] == "under way"
    assert found["running"].startswith("apply, process")
    assert found["next"].startswith("Wait for the run to end")
    front.run(["status", CLIENT, CHANGE, "--json"])
    found = told(capsys)
    assert found["running"] is None
    assert found["next"].startswith("Look at h1")


def test_status_after_a_refusal(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    change.prove()
    change.record(*laid_down(), refusal("awaiting-signoff"))
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 75
    assert told(capsys)["refusals"][0]["reasons"][0]["code"] == "awaiting-signoff"


def test_a_tampered_dossier_is_never_success(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.record(*laid_down())
    (change.dossier / "statements" / "000001.json").unlink()
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 1
    found = told(capsys)
    assert found["state"] == "does not hold"
    assert found["problems"]


def test_what_a_host_says_cannot_repaint_the_screen(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.record(*laid_down(), step("install", "h1", "started"))
    change.record(
        step("install", "h1", "failed").model_copy(update={"detail": "\x1b[2J\x1b]0;x\x07[bold]no"})
    )
    front.run(["status", CLIENT, CHANGE])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[bold]no" in printed


def test_the_command_itself_runs():
    found = subprocess.run(
        [Path(sys.executable).parent / "sluis", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout[:6]) == (0, "sluis ")


def test_the_front_door_loads_no_ansible() -> None:
    """It would read settings of the caller's before ours are there, and take most of the time."""
    said = "import sys, sluis.cli.app; print([one for one in sys.modules if one == 'ansible'])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full", "2> >(exec true)", ">&- 2>&-"])
@pytest.mark.parametrize("form", ["--progress json", "--json"])
def test_F11_the_exit_status_stays_when_nobody_can_be_told(
    tmp_path: Path, end: str, form: str
) -> None:
    (tmp_path / "playbooks").mkdir()
    program = f"exec '{sys.executable}' -m sluis.cli.app check nobody {form} {end}"
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 64
    assert b"Traceback" not in done.stderr + done.stdout
