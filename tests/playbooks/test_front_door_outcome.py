"""From ``sluis prepare`` and ``sluis apply`` to exit status and document.

A real ansible-runner run writes real statements, as the roles do; the front door must
then say what the ledger says, whatever Ansible says.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

import pexpect
import psutil
import pytest
import yaml

from sluis.cli import app as front
from sluis.cli.lock import only_run
from sluis.evidence.anchors import trust_key
from sluis.evidence.keys import new_key
from sluis.evidence.predicates import Body
from support.front_project import INVENTORY
from support.outcomes import (
    check,
    done,
    handover,
    laid_down,
    permit,
    refusal,
    shown,
    signoff,
    step,
)
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

RECORD = '''
"""Append what the playbook says to the ledger, as the roles do."""
import os
from datetime import UTC, datetime
from pathlib import Path

from ansible.plugins.action import ActionBase

from sluis.evidence.anchors import load_anchors
from sluis.evidence.keys import operator_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import PREDICATES
from sluis.places import Places


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        import json
        super().run(None, task_vars)
        places = Places(Path(__file__).parents[2])
        client, change = "practice", "CHG-1042"
        anchors = load_anchors(places.trust(client), client)
        ledger = Ledger(places.dossier(client, change), anchors, client, change)
        for item in json.loads((places.root / "playbooks" / self._task.args["of"]).read_text()):
            body = PREDICATES[item["kind"]].model_validate(item["body"])
            ledger.append(body, key=operator_key(os.environ), now=datetime.now(UTC))
        return {"changed": True}
'''


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch)
    (made.places.inventory(CLIENT) / "hosts.yml").write_text(INVENTORY)
    plugins = made.root / "playbooks" / "action_plugins"
    plugins.mkdir()
    (plugins / "record.py").write_text(RECORD)
    return made


def playbook(change: SmallChange, *tasks: Sequence[Body] | str) -> None:
    """Let ``update.yml`` append these bodies, with plain tasks between them."""
    text = "- hosts: all\n  gather_facts: false\n  tasks:\n"
    for number, task in enumerate(tasks):
        if isinstance(task, str):
            text += indent(task.strip(), "    ") + "\n"
            continue
        bodies = [{"kind": b.kind, "body": b.model_dump(mode="json")} for b in task]
        (change.root / "playbooks" / f"{number}.json").write_text(json.dumps(bodies))
        text += f"    - record:\n        of: {number}.json\n"
    yaml.safe_load(text)
    (change.root / "playbooks" / "update.yml").write_text(text)


def ask(verb: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    capsys.readouterr()
    status = front.run([verb, CLIENT, CHANGE, "--json"])
    return status, json.loads(capsys.readouterr().out)


FAIL = "- ansible.builtin.fail:\n    msg: no"
IGNORED = FAIL + "\n  ignore_errors: true"
NOTHING = "- ansible.builtin.debug:\n    msg: Nothing at all"


def signed(change: SmallChange) -> list[Body]:
    """Scope, plan and a yes, recorded beforehand."""
    change.record(*laid_down())
    (what_was_shown,) = change.record(shown())
    answer = signoff(3).model_copy(update={"shown": what_was_shown, "expires_at": change.later})
    change.record(answer)
    return [permit(), *done("install", "h1"), *done("install", "h2"), check(True), handover()]


def test_prepare_lays_down_a_plan_and_awaits_the_client(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.prove()
    before = len(change.ledger.read(datetime.now(UTC)).statements)
    playbook(change, laid_down())
    status, found = ask("prepare", capsys)
    assert (status, found["state"]) == (75, "awaiting sign-off")
    assert found["unproven"] == []
    assert found["run"]["ended"] == "by itself"
    assert Path(found["run"]["log"]).is_file()
    assert found["since"] == before
    assert found["head"] == change.ledger.read(datetime.now(UTC)).head


def test_F4_nobody_is_asked_to_sign_for_a_proof_that_failed(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.prove("V4")
    playbook(change, laid_down())
    status, found = ask("prepare", capsys)
    assert (status, found["state"], found["exit_status"]) == (77, "not proven", 77)
    # of the letters, V3 is asked
    assert [(one["about"], one["code"]) for one in found["unproven"]] == [
        ("patient-records", "level-too-low")
    ]
    assert "needs V6 and reached V4" in found["unproven"][0]["sentence"]
    assert "sluis prepare practice CHG-1042" in found["next"]
    assert "waivers/patient-records.yml" in found["next"]
    front.run(["status", CLIENT, CHANGE])
    screen = capsys.readouterr().out
    assert "not proven (level-too-low): patient-records needs V6 and reached V4." in screen
    assert "Ask the client to sign" not in screen


@pytest.mark.parametrize("task", [NOTHING, IGNORED, FAIL])
def test_a_prepare_that_did_nothing_failed(
    task: str, change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    playbook(change, task)
    status, found = ask("prepare", capsys)
    assert (status, found["state"]) == (1, "failed")


def test_a_prepare_that_broke_off_is_not_saved_by_an_older_plan(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.prove()
    change.record(*laid_down())
    playbook(change, FAIL)
    assert ask("prepare", capsys)[0] == 1
    playbook(change, NOTHING)
    assert ask("prepare", capsys)[0] == 75


def test_an_apply_that_did_everything(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    playbook(change, signed(change))
    status, found = ask("apply", capsys)
    assert (status, found["state"], found["missing"]) == (0, "applied and verified", [])
    assert found["since"] == 4


def test_newcomer_what_is_applied_is_not_planned_anew_without_a_word(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, prepare took the green state away, and the change awaited another sign-off."""
    playbook(change, signed(change))
    assert ask("apply", capsys)[0] == 0
    before = len(change.ledger.read(change.later).statements)
    playbook(change, laid_down())
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (77, "already-applied")
    assert f"sluis prepare {CLIENT} {CHANGE} --again" in found["error"]["remedy"]
    assert len(change.ledger.read(change.later).statements) == before
    status, found = ask("status", capsys)
    assert (status, found["state"]) == (0, "applied and verified")
    front.run(["prepare", CLIENT, CHANGE, "--again"])
    capsys.readouterr()
    status, found = ask("status", capsys)
    assert found["state"] != "applied and verified"


def test_rc_0_with_nothing_done_is_not_applied(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    signed(change)
    playbook(change, NOTHING)
    status, found = ask("apply", capsys)
    assert (status, found["state"]) == (1, "failed")
    assert found["run"]["ansible_status"] == 0
    assert "Step install on h1 is not done." in found["missing"]


def test_rc_0_with_everything_refused_is_refused(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    change.record(*laid_down())
    playbook(change, [refusal("awaiting-signoff")], IGNORED)
    status, found = ask("apply", capsys)
    assert (status, found["state"]) == (77, "refused")
    assert found["run"]["ansible_status"] == 0
    assert found["refusals"][0]["reasons"][0]["code"] == "awaiting-signoff"


def test_what_ansible_calls_a_failure_after_everything_was_done(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    playbook(change, signed(change), FAIL)
    status, found = ask("apply", capsys)
    assert (status, found["state"]) == (0, "applied and verified")
    assert found["run"]["ended"] == "with a failure"


def test_a_refusal_of_an_earlier_run_does_not_make_this_one_refused(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    signed(change)
    change.record(refusal())
    playbook(change, NOTHING)
    status, found = ask("apply", capsys)
    assert (status, found["state"], found["refusals"]) == (1, "failed", [])


def test_a_step_half_run_is_judged_and_then_goes_on(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    everything = signed(change)
    playbook(change, everything[:2], FAIL)
    status, found = ask("apply", capsys)
    assert (status, found["steps"][0]["state"]) == (1, "maybe half run")
    assert found["next"].startswith("Look at h1")

    judge = ["judge", CLIENT, CHANGE, "install", "--host", "h1"]
    assert front.run([*judge, "--as", "run again", "--why", " "]) == 64
    assert front.run([*judge[:-1], "h2", "--as", "run again", "--why", "I looked."]) == 64
    assert (
        front.run([*judge, "--as", "run again", "--why", "The version is still the old one."]) == 0
    )
    assert front.run([*judge, "--as", "run again", "--why", "Once more."]) == 64

    playbook(change, everything)
    assert ask("apply", capsys)[0] == 0


def test_judging_while_a_run_is_going_on_is_refused(change: SmallChange):
    change.record(*laid_down(), step("install", "h1", "started"))
    command = ["judge", CLIENT, CHANGE, "install", "--host", "h1", "--as", "run again"]
    with only_run(change.dossier, "apply", change.now):
        assert front.run([*command, "--why", "I looked."]) == 1
    assert len(change.ledger.read(change.now).statements) == 3
    assert front.run([*command, "--why", "I looked."]) == 0


def test_a_mistake_in_the_scope_is_said_before_anything_runs(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    playbook(change, NOTHING)
    path = change.places.change(CLIENT, CHANGE) / "scope.yml"
    path.write_text(path.read_text() + "\nnonsense: true\n")
    status, found = ask("prepare", capsys)
    assert status == 64
    assert "nonsense" in found["error"]["what"]
    assert not (change.dossier / "runs").exists()


def test_which_runbook_follows_from_the_changes_folder(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    folder = change.places.change(CLIENT, CHANGE)
    playbook(change, NOTHING)
    (folder / "restore.yml").write_text("{}\n")
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (64, "which-playbook")
    (folder / "update.yml").unlink()
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (64, "no-such-playbook")
    (folder / "restore.yml").unlink()
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (64, "not-described")


def test_a_scope_of_a_move_is_never_run_as_an_update(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    """`sluis new` lays the template's update.yml beside every scope."""
    playbook(change, NOTHING)
    scope = change.places.change(CLIENT, CHANGE) / "scope.yml"
    assert 'job: "update"' in scope.read_text()
    scope.write_text(scope.read_text().replace('job: "update"', "job: migration"))
    assert (scope.parent / "update.yml").is_file()
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (64, "no-such-playbook")
    assert "tenant_migration" in found["error"]["what"]


def test_without_a_key_nothing_runs(
    change: SmallChange, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    playbook(change, NOTHING)
    monkeypatch.setenv("SLUIS_KEYS", "/nonexistent")
    status, found = ask("prepare", capsys)
    assert (status, found["error"]["code"]) == (64, "no-key")


def test_an_encrypted_key_is_asked_for_on_the_terminal_and_reaches_the_roles(
    change: SmallChange, tmp_path: Path
):
    secret = "correct horse battery staple"
    keys = tmp_path / "locked"
    key = new_key(keys, "locked", secret.encode())
    trust_key(change.places.trust(CLIENT), CLIENT, key, now=change.now)
    change.prove()
    playbook(change, laid_down())
    child = pexpect.spawn(
        str(Path(sys.executable).parent / "sluis"),
        ["prepare", CLIENT, CHANGE],
        cwd=str(change.root),
        env=dict(os.environ) | {"SLUIS_KEYS": str(keys), "TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 200),
    )
    child.expect("Passphrase of your key: ")
    child.sendline(secret)
    child.expect("awaiting sign-off")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 75
    for path in [p for p in change.root.rglob("*") if p.is_file()]:
        assert secret.encode() not in path.read_bytes(), path


def test_a_passphrase_file_of_the_callers_reaches_the_roles(
    change: SmallChange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    keys = tmp_path / "locked"
    key = new_key(keys, "locked", b"correct horse")
    trust_key(change.places.trust(CLIENT), CLIENT, key, now=change.now)
    file = tmp_path / "passphrase"
    file.write_text("correct horse\n")
    file.chmod(0o600)
    change.prove()
    playbook(change, laid_down())
    monkeypatch.setenv("SLUIS_KEYS", str(keys))
    assert ask("prepare", capsys)[0] == 64  # no terminal to ask on
    monkeypatch.setenv("SLUIS_KEY_PASSPHRASE_FILE", str(file))
    assert ask("prepare", capsys)[0] == 75


def test_standard_output_is_one_document_even_when_ansible_talks(
    change: SmallChange, capfd: pytest.CaptureFixture[str]
):
    change.prove()
    playbook(change, laid_down(), NOTHING, "- ansible.builtin.debug:\n    var: ansible_version")
    assert front.run(["prepare", CLIENT, CHANGE, "--json"]) == 75
    printed = capfd.readouterr()
    assert json.loads(printed.out)["exit_status"] == 75
    assert "PLAY [" not in printed.err


ANSWER = """
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(None, task_vars)
        return dict(self._task.args)
"""


def answers(change: SmallChange, **result: object) -> str:
    """A task that answers with ``result``, as an action plugin of a role does."""
    (change.root / "playbooks/action_plugins/answer.py").write_text(ANSWER)
    return f"- answer: {json.dumps(result)}"


def test_an_error_of_ours_inside_a_run_is_in_the_document(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    error = {"code": "no-store", "what": "There is no store.", "remedy": "Describe one."}
    playbook(change, answers(change, failed=True, msg="no", sluis=error))
    status, found = ask("prepare", capsys)
    assert (status, found["run"]["errors"]) == (1, [{"host": "h1", **error}])
    assert front.run(["prepare", CLIENT, CHANGE]) == 1
    assert "h1: There is no store. Describe one. [no-store]" in capsys.readouterr().out


def test_a_forecast_needs_no_key_and_writes_no_statement(
    change: SmallChange, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLUIS_KEYS", "/nonexistent")
    routes = [{"route": "usb2-disk", "words": "disk on USB 2", "hours": 8.0}]
    playbook(change, answers(change, forecast=routes, sluis_progress=["disk on USB 2: 8.0 hours"]))
    (change.root / "playbooks/update.yml").rename(change.root / "playbooks/forecast.yml")
    status, found = ask("forecast", capsys)
    assert status == 0
    assert found["hosts"] == [
        {"host": "h1", "lines": ["disk on USB 2: 8.0 hours"], "routes": routes}
    ]
    assert front.run(["forecast", CLIENT, CHANGE]) == 0
    screen = capsys.readouterr()
    assert "h1\n  disk on USB 2: 8.0 hours" in screen.out
    assert (screen.out + screen.err).count("disk on USB 2") == 1, "it is said once"
    assert change.ledger.read(change.now).statements == ()


def test_no_forecast_is_no_success(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    playbook(change, NOTHING)
    (change.root / "playbooks/update.yml").rename(change.root / "playbooks/forecast.yml")
    assert ask("forecast", capsys)[0] == 1


def test_a_draft_that_may_lack_something_is_no_success(
    change: SmallChange, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLUIS_KEYS", "/nonexistent")
    asset = {"id": "one", "name": "One\x1b[2J", "kind": "onedrive", "items": 3, "size": 9}
    drafted = {
        "file": "found.yml", "written": True, "assets": [asset], "could_not": ["old: Forms: no"],
        "incomplete": [],
    }  # fmt: skip
    playbook(change, answers(change, drafted=drafted))
    (change.root / "playbooks/update.yml").rename(change.root / "playbooks/discover.yml")
    status, found = ask("discover", capsys)
    assert (status, found["assets"], found["file"]) == (0, [asset], "found.yml")
    assert front.run(["discover", CLIENT, CHANGE]) == 0
    out = capsys.readouterr().out
    assert "one: One (onedrive): 3 items, 9 bytes\nWrote found.yml" in out
    assert "could not be seen: old: Forms: no" in out
    playbook(change, answers(change, drafted=drafted | {"incomplete": ["old: sites: no"]}))
    (change.root / "playbooks/update.yml").rename(change.root / "playbooks/discover.yml")
    assert ask("discover", capsys)[0] == 1
    playbook(change, NOTHING)
    (change.root / "playbooks/update.yml").rename(change.root / "playbooks/discover.yml")
    assert ask("discover", capsys)[0] == 1
    assert change.ledger.read(change.now).statements == ()


def test_nothing_of_a_run_is_left(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    change.prove()
    playbook(change, laid_down())
    # servers of other tests of this process may be running
    before = set(psutil.Process().children())
    ask("prepare", capsys)
    left = sorted(p.name for p in (change.dossier / "runs").iterdir())
    assert left[0] == ".lock"
    assert [name[-4:] for name in left[1:]] == [".log"]
    assert set(psutil.Process().children()) <= before
