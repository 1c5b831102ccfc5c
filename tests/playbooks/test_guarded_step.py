"""The guarded step: what it plans, what it refuses to plan, how it resumes, what it keeps."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from sluis.evidence.keys import load_key
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Handover, Plan, Step
from sluis.plan.model import PlanDocument
from sluis.plan.text import plan_text
from sluis.rehearsal.lab import Lab
from sluis.runbook.run import now
from sluis.scope.words import Both
from support.signed_change import ANSIBLE, STAYS, LabChange, describe, marker_steps, new_change

SECRET = "correct-horse-battery-staple"
#: what passwords and keys look like; more of them in unit/runbooks/test_redaction.py
SECRETS = [
    SECRET,
    'pa"ss',
    "back\\slash",
    "a'b$c`d",
    "пароль",
    "caf\u00e9 noir",
    "cafe\u0301 noir",
    "50%&<b>",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPx9\n-----END PRIVATE KEY-----\n",
]
#: words that are in every answer of a module
WORDS = ["u", "failed"]
HERE = "{{ ansible_remote_tmp | dirname }}/changed"
PLAN_ONLY = """\
- name: Plan only
  hosts: all:!verifiers
  strategy: ansible.builtin.linear
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - ansible.builtin.include_vars:
        file: "{{ inventory_dir }}/changes/{{ change }}/update.yml"
    - ansible.builtin.import_role: {name: restore_asset}  # so that its modules are known
      when: false
    - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_begin}
    - ansible.builtin.include_tasks:
        file: plan_only_steps.yml
        apply: {check_mode: true}
    - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_seal}
"""
PLAN_ONLY_STEPS = """\
- ansible.builtin.include_role: {name: software_update}
- ansible.builtin.include_role: {name: software_update, tasks_from: way_back}
"""


@pytest.fixture(scope="module")
def bench(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> LabChange:
    """A project in which plans are laid down without snapshots, and without a way back."""
    return plan_only(lab, tmp_path_factory.mktemp("plans"), consent=False)


def plan_only(lab: Lab, folder: Path, *, consent: bool) -> LabChange:
    change = new_change(lab, folder / "project", "CHG-PLAN", consent=consent)
    (change.root / "playbooks" / "plan_only.yml").write_text(PLAN_ONLY)
    (change.root / "playbooks" / "plan_only_steps.yml").write_text(PLAN_ONLY_STEPS)
    return change


def step(**more: Any) -> dict[str, Any]:
    return {
        "step": "a",
        "words": "Do it",
        "hosts": "app1",
        "module": "ansible.builtin.copy",
        "args": {"content": "x", "dest": "/nonexistent/x"},
        **more,
    }


def plan_of(bench: LabChange, *steps: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    describe(bench, software_update_steps=list(steps))
    return bench.playbook(playbook="playbooks/plan_only.yml")


def newest_plan(change: LabChange) -> PlanDocument:
    statement = change.view().latest(Plan)
    assert statement is not None
    data = ObjectStore(change.dossier).get(statement.body.plan_object)
    return PlanDocument.model_validate_json(data)


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a secret in the open": ([step(args={"login_password": SECRET})], "secret-in-args"),
    "a secret deeper down": ([step(args={"x": [{"api_key": SECRET}]})], "secret-in-args"),
    "two steps with one id": ([step(), step()], "step-twice"),
    "no module of that name": ([step(module="ansible.builtin.nosuch")], "unknown-module"),
    "no such file to send": ([step(args={"src": "nosuch.txt", "dest": "/x"})], "nosuch.txt"),
    "a fetch by its short name": (
        [step(module="fetch", args={"src": "/x", "dest": "/x"})],
        "module-not-allowed",
    ),
    "a restore that was typed": (
        [step(module="{{ 'asset_' ~ 'restore' }}", args={"asset": "incoming", "reached": "V6"})],
        "module-not-allowed",
    ),
    "a command as a secret": (
        [step(module="command", args={}, secret_args={"cmd": "date"})],
        "not-a-secret",
    ),
    "a file name known later": (
        [step(args={"dest": "/x"}, args_at_apply={"src": "/etc/hostname"})],
        "later-value-reaches-out",
    ),
    "a date": (
        [step(args={"content": __import__("datetime").date(2026, 1, 1), "dest": "/x"})],
        "bad-step",
    ),
    "a list for arguments": ([step(args=["x"])], "argument_errors"),
    "nothing at all": ([], "empty-plan"),
}


@pytest.mark.slow
def test_newcomer_words_in_two_languages_are_in_the_plan_and_each_is_shown(
    bench: LabChange,
) -> None:
    """The client read the scope in English, and the steps in Dutch."""
    words, stays = (
        {"nl": "Doe het.", "en": "Do it."},
        {"nl": "Het blijft.", "en": "It stays there."},
    )
    done = plan_of(bench, step(words=words, stays=stays))
    assert done.returncode == 0, done.stdout
    plan = newest_plan(bench)
    assert (plan.steps[0].name, plan.steps[0].stays) == (Both(**words), Both(**stays))
    assert "Doe het. / Do it." in done.stdout
    assert "1. Doe het." in plan_text(plan, "nl")
    assert "1. Do it." in plan_text(plan, "en")


@pytest.mark.parametrize("why", REFUSED)
def test_a_step_that_cannot_be_planned(bench: LabChange, why: str) -> None:
    steps, code = REFUSED[why]
    before = len(bench.view().of(Plan))
    run = plan_of(bench, *steps)
    assert run.returncode != 0
    assert code in run.stdout + run.stderr
    assert SECRET not in run.stdout + run.stderr
    assert len(bench.view().of(Plan)) == before


@pytest.mark.slow
def test_F6_prepare_asks_what_becomes_of_each_step_when_it_fails(lab: Lab, tmp_path: Path) -> None:
    bench = plan_only(lab, tmp_path, consent=True)
    back = {**step(step="start-again"), "undoes": ["b"]}
    described = {
        "software_update_steps": [step(), step(step="b")], "software_update_way_back": [back],
    }  # fmt: skip
    before = len(bench.view().of(Plan))
    describe(bench, say_what_stays=False, **described)
    run = bench.playbook(playbook="playbooks/plan_only.yml")
    assert run.returncode != 0
    assert "way-back-unknown" in run.stdout
    assert "a on app1" in run.stdout
    assert len(bench.view().of(Plan)) == before
    described["software_update_steps"][0]["stays"] = "The file stays where it is."
    describe(bench, say_what_stays=False, **described)
    run = bench.playbook(playbook="playbooks/plan_only.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    planned = newest_plan(bench)
    assert [item.stays for item in planned.steps] == ["The file stays where it is.", "", ""]
    assert planned.steps[2].undoes == ("b",)


def test_a_plan_binds_what_a_step_sends(bench: LabChange) -> None:
    files = bench.who.places.change(bench.who.client, bench.change) / "files"
    files.mkdir(exist_ok=True)
    (files / "version.txt").write_text("5.1")
    sent = step(args={"src": str(files / "version.txt"), "dest": "/x"})
    assert plan_of(bench, sent).returncode == 0
    first = newest_plan(bench)
    assert list(first.steps[0].files) == [str(files / "version.txt")]
    assert plan_of(bench, sent).returncode == 0
    assert newest_plan(bench) == first, "the same plan has the same digest"
    (files / "version.txt").write_text("5.2")
    assert plan_of(bench, sent).returncode == 0
    second = newest_plan(bench)
    assert second.steps[0].files != first.steps[0].files


def test_secrets_are_planned_by_name_only(bench: LabChange) -> None:
    run = plan_of(bench, step(args={"dest": "/x"}, secret_args={"content": SECRET}))
    assert run.returncode == 0, run.stdout + run.stderr
    assert newest_plan(bench).steps[0].secret_args == ("content",)
    _nowhere(bench, SECRET)


def test_a_template_known_at_apply_is_signed_as_a_template(bench: LabChange) -> None:
    folder = bench.who.places.change(bench.who.client, bench.change)
    (folder / "update.yml").write_text(
        "software_update_steps:\n"
        "  - step: a\n    words: Do it\n    module: ansible.builtin.command\n"
        "    args_at_apply:\n      cmd: !unsafe \"cat {{ software_update_results['x'].path }}\"\n"
    )
    run = bench.playbook(playbook="playbooks/plan_only.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    template = "cat {{ software_update_results['x'].path }}"
    assert newest_plan(bench).steps[0].args_at_apply == {"cmd": template}


def test_L3_a_lookup_known_at_apply_is_not_planned(bench: LabChange) -> None:
    folder = bench.who.places.change(bench.who.client, bench.change)
    (folder / "update.yml").write_text(
        "software_update_steps:\n"
        "  - step: a\n    words: Do it\n    module: copy\n    args: {dest: /x}\n"
        "    args_at_apply:\n"
        "      content: !unsafe \"{{ lookup('ansible.builtin.file', '/etc/hostname') }}\"\n"
    )
    run = bench.playbook(playbook="playbooks/plan_only.yml")
    assert run.returncode != 0
    assert "later-value-reaches-out" in run.stdout


@pytest.fixture
def settings(bench: LabChange) -> Iterator[dict[str, Any]]:
    """The inventory's settings for every host, put back afterwards."""
    path = bench.who.inventory / "group_vars" / "all" / "main.yml"
    before = path.read_text()
    yield yaml.safe_load(before)
    path.write_text(before)


def _planned_with(bench: LabChange, settings: dict[str, Any]) -> str:
    """What is said of a plan with other settings; the empty text when it was laid down."""
    path = bench.who.inventory / "group_vars" / "all" / "main.yml"
    path.write_text(yaml.safe_dump(settings))
    run = plan_of(bench, step())
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.slow
def test_L13_a_full_connection_name_is_the_same_connection(
    bench: LabChange, settings: dict[str, Any]
) -> None:
    told = _planned_with(bench, settings | {"ansible_connection": "ansible.builtin.ssh"})
    assert told == ""
    assert newest_plan(bench).steps[0].target.connection == "ssh"
    assert newest_plan(bench).steps[0].target.uri().startswith("ssh://")
    told = _planned_with(bench, settings | {"ansible_connection": "ansible.builtin.paramiko_ssh"})
    assert "connection-not-known" in told


@pytest.mark.slow
def test_L12_ssh_is_given_no_settings_file_unless_it_is_told_to_read_none(
    bench: LabChange, settings: dict[str, Any]
) -> None:
    plain = settings["ansible_ssh_common_args"].replace("-F none ", "")
    assert "-F" not in plain
    assert _planned_with(bench, settings | {"ansible_ssh_common_args": plain}) == ""
    without = {"ansible_ssh_common_args": plain, "ansible_ssh_args": "-C"}
    assert "ssh-takes-settings" in _planned_with(bench, settings | without)
    jump = {"ansible_ssh_extra_args": "-o ProxyCommand=/tmp/elsewhere"}
    assert "ssh-takes-settings" in _planned_with(bench, settings | jump)


def test_steps_run_on_the_hosts_they_name(bench: LabChange) -> None:
    run = plan_of(bench, step(), step(step="b", hosts="all"), step(step="c", hosts="db1"))
    assert run.returncode == 0, run.stdout + run.stderr
    named = [(item.step, item.host) for item in newest_plan(bench).steps]
    # in the order in which they run: db1 has nothing to do in the first
    assert named == [("a", "app1"), ("b", "app1"), ("b", "db1"), ("c", "db1")]


def _nowhere(change: LabChange, secret: str) -> None:
    """The secret is in no file of the dossier."""
    found = [
        path
        for path in change.dossier.parent.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert found == []


# ---------------------------------------------------------------------------------------
# Carried out: one change, prepared once, with steps of every sort


def _steps() -> list[dict[str, Any]]:
    first, second = marker_steps()
    return [
        first,
        {
            "step": "make-temporary",
            "words": "Make a temporary file",
            "hosts": "app1",
            "module": "ansible.builtin.tempfile",
            "args": {"path": HERE},
        },
        {
            "step": "keep-password",
            "words": "Put the application's password in place",
            "hosts": "app1",
            "module": "ansible.builtin.copy",
            "args": {"dest": f"{HERE}/password", "mode": "0600"},
            "secret_args": {"content": "".join(SECRETS)},
        },
        *(
            {
                "step": f"keep-word-{number}",
                "words": "Put a word in place",
                "hosts": "app1",
                "module": "ansible.builtin.copy",
                "args": {"dest": f"{HERE}/word-{number}", "mode": "0600"},
                "secret_args": {"content": word},
            }
            for number, word in enumerate(WORDS)
        ),
        {
            "step": "wait-if-asked",
            "words": "Convert the data",
            "module": "ansible.builtin.shell",
            "args": {
                "cmd": f"echo ran >> {HERE}/runs; touch {HERE}/../waiting; "
                f"while test -e {HERE}/../hold; do sleep 0.05; done; "
                f"test ! -e {HERE}/../murder || kill -9 $PPID; "
                f"test ! -e {HERE}/../break || {{ echo 'ERROR: no room' >&2; false; }}"
            },
        },
        second,
    ]


@pytest.fixture(scope="module")
def made(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    change = new_change(lab, tmp_path_factory.mktemp("steps") / "project", "CHG-STEPS")
    describe(change, software_update_steps=_steps())
    folder = change.who.places.change(change.who.client, change.change)
    with (folder / "update.yml").open("a") as update:
        update.write(
            "- step: use-temporary\n  words: Use the temporary file\n  hosts: app1\n"
            "  stays: The temporary file stays.\n"
            "  module: ansible.builtin.command\n  args_at_apply:\n    argv:\n"
            "      - cp\n      - /etc/hostname\n"
            "      - !unsafe \"{{ software_update_results['make-temporary'].path }}\"\n"
        )
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    return change, change.keep()


#: files on a host that make the step there wait, fail, or have its module killed
FLAGS = ("hold", "break", "murder", "waiting")


@pytest.fixture
def ready(made: tuple[LabChange, Path]) -> Iterator[LabChange]:
    """The change, signed, its hosts as they were."""
    change, kept = made
    change.go_back_to(kept)
    for host in change.lab.hosts.values():
        for name in FLAGS:
            (host.folder / name).unlink(missing_ok=True)
    change.sign()
    yield change
    for host in change.lab.hosts.values():
        for name in FLAGS:
            (host.folder / name).unlink(missing_ok=True)


def states(change: LabChange, name: str) -> list[tuple[str, str]]:
    return sorted(
        (item.body.host, item.body.state)
        for item in change.view().of(Step)
        if item.body.step == name
    )


@pytest.mark.slow
def test_L7_L8_every_step_once_and_a_handover_and_no_secret_anywhere(ready: LabChange) -> None:
    """With everything that Ansible can be made to say."""
    run = ready.playbook("-e", "phase=apply", "-vvv")
    assert run.returncode == 0, run.stdout + run.stderr
    app1 = ready.lab.hosts["app1"].folder / "changed"
    assert (app1 / "password").read_text() == "".join(SECRETS)
    for number, word in enumerate(WORDS):
        assert (app1 / f"word-{number}").read_text() == word
        assert states(ready, f"keep-word-{number}") == [("app1", "done"), ("app1", "started")]
    assert (app1 / "runs").read_text() == "ran\n"
    temporary = [p for p in app1.iterdir() if p.name.startswith("ansible.")]
    assert len(temporary) == 1
    assert temporary[0].read_bytes() == Path("/etc/hostname").read_bytes()
    handover = ready.view().latest(Handover)
    assert handover is not None
    assert handover.body.result == "applied"
    for secret in SECRETS:
        for part in (*secret.splitlines(), json.dumps(secret)[1:-1]):
            assert part not in run.stdout + run.stderr
            _nowhere(ready, part)


@pytest.mark.slow
def test_an_applied_change_is_closed(ready: LabChange) -> None:
    assert ready.playbook("-e", "phase=apply").returncode == 0
    again = ready.playbook("-e", "phase=apply")
    assert again.returncode != 0
    assert "change-closed" in ready.refusals()
    assert (ready.lab.hosts["app1"].folder / "changed" / "runs").read_text() == "ran\n"


@pytest.mark.slow
def test_a_failing_step_stops_the_batch(ready: LabChange) -> None:
    (ready.lab.hosts["db1"].folder / "break").touch()
    run = ready.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert ("db1", "failed") in states(ready, "wait-if-asked")
    assert "mark" not in ready.markers()["app1"]
    handover = ready.view().latest(Handover)
    assert handover is not None, run.stdout
    assert handover.body.result == "failed, data restored"
    left = {(item.step, item.host): item.sentence for item in handover.body.not_undone}
    assert left["make-folder", "db1"] == STAYS, "what was done, and"
    assert left["wait-if-asked", "db1"] == STAYS, "what failed half-way"
    assert ("leave-mark", "app1") not in left
    assert handover.body.after_way_back == "not checked"
    failed = next(item.body for item in ready.view().of(Step) if item.body.state == "failed")
    assert failed.result_object is not None
    kept = json.loads(ObjectStore(ready.dossier).get(failed.result_object))
    assert kept["last_lines"] == ["ERROR: no room"], "why it failed is kept"


@pytest.mark.slow
def test_a_module_that_is_killed_leaves_its_step_lost(ready: LabChange) -> None:
    """What it started may still be running, so the way back does not open over it."""
    (ready.lab.hosts["db1"].folder / "murder").touch()
    run = ready.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert states(ready, "wait-if-asked") == [
        ("app1", "done"), ("app1", "started"), ("db1", "lost"), ("db1", "started"),
    ]  # fmt: skip
    view = ready.view()
    assert view.of(Handover) == ()
    assert not [item for item in view.of(Step) if item.body.step.startswith(("restore-", "swap-"))]
    assert "mark" not in ready.markers()["app1"]


@pytest.mark.slow
def test_a_killed_controller_leaves_a_step_for_a_person(ready: LabChange) -> None:
    """kill -9 in the middle of a step: the next run asks, and goes on where it stopped."""
    for host in ready.lab.hosts.values():
        (host.folder / "hold").touch()
    process = subprocess.Popen(
        [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{ready.who.client}",
            "playbooks/update.yml", "-e", f"change={ready.change}", "-e", "phase=apply",
        ],
        cwd=ready.root, env=ready.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not all((h.folder / "waiting").exists() for h in ready.lab.hosts.values()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    # Ansible's workers are in sessions of their own, so each has to be killed by itself
    for child in [*psutil.Process(process.pid).children(recursive=True), process]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
            child.kill()
    process.wait()
    for host in ready.lab.hosts.values():
        (host.folder / "hold").unlink()
    assert states(ready, "wait-if-asked") == [("app1", "started"), ("db1", "started")]
    assert ready.view().problems == ()

    run = ready.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert "step-maybe-half-run" in ready.refusals()
    assert ready.markers()["app1"].count("mark") == 0

    for host, judgement in (("app1", "counts as done"), ("db1", "run again")):
        started = [s for s in ready.view().of(Step) if s.body.host == host][-1].body
        ready.ledger.append(
            started.model_copy(update={"state": "judged", "judgement": judgement}),
            key=load_key(ready.who.keys, None, None),
            now=now(),
        )
    # another machine that answers there in the meantime gets nothing of what is left
    which = ready.lab.hosts["app1"].folder / "etc" / "machine-id"
    kept = which.read_text()
    which.write_text("f" * 32 + "\n")
    run = ready.playbook("-e", "phase=apply")
    which.write_text(kept)
    assert run.returncode != 0
    assert "wrong-machine" in run.stdout
    assert ready.markers()["app1"].count("mark") == 0

    run = ready.playbook("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    runs = {name: (h.folder / "changed" / "runs").read_text() for name, h in
            ready.lab.hosts.items()}  # fmt: skip
    assert runs == {"app1": "ran\n", "db1": "ran\nran\n"}
    # the steps before it were not carried out a second time
    assert states(ready, "keep-password") == [("app1", "done"), ("app1", "started")]
    assert "mark" in ready.markers()["db1"]


@pytest.mark.slow
def test_two_runs_at_once_change_nothing_twice(ready: LabChange) -> None:
    command = [
        str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{ready.who.client}",
        "playbooks/update.yml", "-e", f"change={ready.change}", "-e", "phase=apply",
    ]  # fmt: skip
    runs = [
        subprocess.Popen(
            command, cwd=ready.root, env=ready.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in runs:
        process.wait(timeout=240)
    assert ready.view().problems == ()
    for item in ready.view().of(Step):
        if item.body.state == "started":
            assert states(ready, item.body.step).count((item.body.host, "started")) == 1


def test_the_plan_is_json_that_others_can_read(ready: LabChange) -> None:
    statement = ready.view().latest(Plan)
    assert statement is not None
    plan = json.loads(ObjectStore(ready.dossier).get(statement.body.plan_object))
    assert plan["hosts"] == ["app1", "db1"]
    assert {"target", "module", "args", "module_sha256"} <= plan["steps"][0].keys()
