"""The first day with machines of one's own: slips, secrets, proofs that fail, waivers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml

from sluis.evidence.predicates import Plan, Shown, Signoff, Snapshot, Step, Waiver
from sluis.rehearsal.client_files import SIGNER
from support.front_door import sluis
from support.signed_change import ANSIBLE, LabChange

pytestmark = pytest.mark.slow

DRIVERS = ("front door", "ansible-playbook")


def folder(change: LabChange) -> Path:
    return change.who.places.change(change.who.client, change.change)


def edit_update(change: LabChange, old: str, new: str) -> None:
    path = folder(change) / "update.yml"
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new, 1))


def settings(change: LabChange) -> Path:
    return change.who.inventory / "group_vars" / "all" / "main.yml"


def edit_settings(change: LabChange, **more: Any) -> None:
    path = settings(change)
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | more))


def prepare(change: LabChange, driver: str) -> tuple[int, str, dict[str, Any]]:
    """Exit status, what was said, and the document of the front door."""
    if driver == "front door":
        status, found = sluis(change, "prepare", change.who.client, change.change)
        return status, json.dumps(found), found
    run = change.playbook("-e", "phase=prepare")
    # Ansible breaks long lines of its own errors
    return run.returncode, " ".join((run.stdout + run.stderr).split()), {}


@pytest.mark.parametrize("driver", DRIVERS)
def test_F1_a_slip_stops_the_change_before_any_snapshot(change: LabChange, driver: str) -> None:
    edit_update(change, "  words: Install the new version", "  words: Install it\n  hosts: app11")
    edit_settings(change, snapshot_and_verify_patence=1)
    before = len(change.view().statements)
    status, said, found = prepare(change, driver)
    assert status == (64 if driver == "front door" else 1), said
    for words in ("app11", "Did you mean 'app1'", "update.yml, line", "snapshot_and_verify_patence",
                  "Did you mean 'snapshot_and_verify_patience'", "main.yml, line"):  # fmt: skip
        assert words in said, (words, said)
    if driver == "front door":
        assert found["error"]["code"] == "badly-written"
    assert len(change.view().statements) == before, "nothing was done"


def test_F1_what_only_ansible_can_fill_in_is_not_left_out_either(change: LabChange) -> None:
    """A pattern of hosts that is filled in late and names nobody: the plan is not laid down."""
    edit_update(
        change, "  words: Install the new version",
        '  words: Install it\n  hosts: "{{ \'nobody-\' + \'here\' }}"',
    )  # fmt: skip
    before = len(change.view().of(Plan))
    status, said, found = prepare(change, "front door")
    assert (status, found["state"]) == (1, "failed"), said
    assert [one["code"] for one in found["run"]["errors"]] == ["step-nowhere"], said
    assert "leave-mark" in found["run"]["errors"][0]["what"]
    assert len(change.view().of(Plan)) == before


def test_F11_a_host_that_cannot_be_reached_is_a_reason(change: LabChange) -> None:
    path = change.who.inventory / "hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    hosts["all"]["children"]["clients"]["hosts"]["db1"]["ansible_port"] = 9  # nobody is there
    path.write_text(yaml.safe_dump(hosts))
    status, said, found = prepare(change, "front door")
    assert (status, found["state"]) == (1, "failed"), said
    (error,) = [one for one in found["run"]["errors"] if one["code"] == "host-unreachable"]
    assert error["host"] == "db1"
    assert "db1 cannot be reached" in error["what"]
    assert "inventory" in error["remedy"]


def test_F11_a_file_that_is_no_yaml_is_a_reason(change: LabChange) -> None:
    (change.who.inventory / "group_vars" / "all" / "more.yml").write_text("a: [1, 2\n")
    status, said, found = prepare(change, "front door")
    assert status == 64, said
    assert found["error"]["code"] == "not-yaml"
    assert "group_vars/all/more.yml, line 2" in found["error"]["what"], found["error"]


def test_F14_plain_prepare_says_what_is_proven_and_what_is_next(change: LabChange) -> None:
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    _, plan, after = run.stdout.partition("Plan the steps")
    assert plan
    assert "changed: [" not in after.partition("Seal the plan")[0], after
    for asset in ("application", "incoming"):
        assert f"{asset}: V6 is proven, V6 is asked" in run.stdout
    assert f"{change.change} is awaiting sign-off." in run.stdout
    assert f"sluis sign {change.who.client} {change.change}" in run.stdout


@pytest.mark.parametrize("verb", ["sign", "request", "playbook"])
def test_F4_nobody_is_asked_to_sign_for_a_plan_that_is_dead(
    change: LabChange, tmp_path: Path, verb: str
) -> None:
    edit_update(change, "Install the new version", "Install another version")
    before = len(change.view().of(Shown))
    if verb == "playbook":
        run = change.playbook("-e", "phase=sign")
        assert run.returncode != 0
        said = " ".join((run.stdout + run.stderr).split())
    else:
        more = ["--output", str(tmp_path)] if verb == "request" else []
        status, found = sluis(change, verb, change.who.client, change.change, *more)
        assert (status, found["error"]["code"]) == (77, "tree-changed"), found
        said = json.dumps(found["error"])
    assert "tree-changed" in said
    assert "update.yml changed" in said, said
    assert "Nobody is asked to sign" in said
    assert len(change.view().of(Shown)) == before
    assert list(tmp_path.glob("*.txt")) == []


def test_F4_a_changed_scope_is_not_signed_for(change: LabChange) -> None:
    path = folder(change) / "scope.yml"
    path.write_text(path.read_text().replace("New version of the patient system", "Another one"))
    status, found = sluis(change, "sign", change.who.client, change.change)
    assert (status, found["error"]["code"]) == (77, "scope-changed"), found
    assert "sluis prepare" in found["error"]["remedy"]


WHO = {"What is your name?": SIGNER[0], "What is your role?": SIGNER[1]}


def signs(change: LabChange) -> tuple[int, str]:
    """The client at the terminal, who says yes to everything that is asked."""
    child = pexpect.spawn(
        str(ANSIBLE / "sluis"), ["sign", change.who.client, change.change],
        cwd=str(change.root), env={**change.environment(), "TERM": "dumb"}, encoding="utf-8",
        timeout=120, dimensions=(50, 160),
    )  # fmt: skip
    seen = ""
    while child.expect(["\n> ", pexpect.EOF]) == 0:
        seen += child.before
        typed = next((t for words, t in WHO.items() if words in child.before), "yes")
        child.sendline(typed)
    child.close()
    return child.exitstatus, seen + child.before


def test_F5_the_whole_way_of_a_waiver(change: LabChange) -> None:
    """Level missing, waiver drafted, signed, applied; and nothing that was signed is void."""
    ids = (change.who.client, change.change)
    # a sample is never a proof
    edit_settings(change, snapshot_and_verify_sample=1)
    for host in change.lab.hosts.values():
        (host.folder / "incoming").mkdir(exist_ok=True)
        (host.folder / "incoming" / "new.txt").write_text("so that a new copy is made\n")
    status, said, found = prepare(change, "front door")
    assert (status, found["state"]) == (77, "not proven"), said
    short = {one["about"] for one in found["unproven"]}
    assert short, said
    assert all(one["sentence"] and one["remedy"] for one in found["unproven"])
    status, refused = sluis(change, "sign", *ids)
    assert (status, refused["error"]["code"]) == (77, "not-proven"), refused
    assert "waivers/" in refused["error"]["remedy"]

    plan = change.view().latest(Plan)
    assert plan is not None
    scope = yaml.safe_load((folder(change) / "scope.yml").read_text())
    names = {asset["id"]: asset["name"] for asset in scope["assets"]}
    (folder(change) / "waivers").mkdir()
    for number, asset in enumerate(sorted(short)):
        reason = ("The store is full until the new disk comes", "The link is slow this week")
        (folder(change) / "waivers" / f"{asset}.yml").write_text(
            yaml.safe_dump(
                {
                    "asset": asset,
                    "accepts": "none",
                    "reason": f"{reason[number]}, so only a part of {names[asset]} was read back.",
                    "risk": f"If {names[asset]} ({asset}) is lost in this change, part {number} of "
                    "it may be gone for good, and somebody has to type it again.",
                    "alternative": f"We read back all of {names[asset]} on Saturday, and update "
                    "after that.",
                    "alternative_hours": 7 + number,
                    "ends_on": datetime.now(UTC).date() + timedelta(days=2),
                }
            )
        )
    status, seen = signs(change)
    assert status == 0, seen
    view = change.view()
    assert {item.body.asset for item in view.of(Waiver)} == short
    assert view.of(Signoff)[-1].body.plan_object == plan.body.plan_object

    # the same plan: a waiver is a document of its own, and no part of what runs
    status, found = sluis(change, "status", *ids)
    assert (status, found["state"]) == (75, "signed"), found
    status, found = sluis(change, "apply", *ids)
    assert (status, found["state"]) == (0, "applied and verified"), found
    assert all(change.markers().values())
    assert {line["asset"] for line in found["assets"] if line["waived_to"]} == short
    assert change.view().of(Plan)[-1].number == plan.number
    assert change.view().of(Step)


def encrypt(path: Path, name: str, opener: Path) -> None:
    """With the real program, as an engineer does."""
    done = subprocess.run(
        [ANSIBLE / "ansible-vault", "encrypt", "--encrypt-vault-id", name,
         "--vault-id", f"{name}@{opener}", str(path)],
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home())},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;")


@pytest.fixture
def locked(change: LabChange, tmp_path: Path) -> tuple[LabChange, Path, Path]:
    """The client's settings and secrets in ansible-vault, under a vault id each."""
    password, program = tmp_path / "practice.pass", tmp_path / "site-pass"
    password.write_text("the first secret word\n")
    password.chmod(0o600)
    seen = tmp_path / "seen-by-the-program"
    program.write_text(f"#!/bin/sh\nenv >>{seen}\necho the second secret word\n")
    program.chmod(0o700)
    encrypt(settings(change).with_name("secrets.yml"), "practice", password)
    encrypt(settings(change), "site", program)
    return change, password, program


def test_F3_the_front_door_opens_ansible_vault(
    locked: tuple[LabChange, Path, Path], tmp_path: Path
) -> None:
    change, password, program = locked
    status, said, found = prepare(change, "front door")
    told = found.get("error") or found["run"]["errors"][0]
    assert status in (1, 64)
    assert told["code"] == "vault-not-opened", said
    assert "docs/front-door.md" in told["what"]
    assert change.view().of(Snapshot), "those of before"

    (change.who.inventory / "vault.cfg").write_text(f"# ours\nsite = {program}\n")
    started = change.environment() | {"SLUIS_VAULT_PASSWORD_FILE": f"practice@{password}"}
    run = subprocess.run(
        [ANSIBLE / "sluis", "prepare", change.who.client, change.change, "--json"],
        cwd=change.root, env=started, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert run.returncode == 75, run.stdout + run.stderr
    everything = run.stdout + run.stderr
    for path in change.dossier.rglob("*"):
        if path.is_file():
            everything += path.read_bytes().decode("utf-8", "replace")
    assert "secret word" not in everything
    seen = (tmp_path / "seen-by-the-program").read_text()
    assert "SLUIS_VAULT" not in seen.rpartition("SLUIS_RUN=")[2]


def test_F3_plain_ansible_opens_the_same_files(locked: tuple[LabChange, Path, Path]) -> None:
    change, password, program = locked
    run = change.playbook(
        "-e", "phase=prepare", "--vault-id", f"practice@{password}", "--vault-id",
        f"site@{program}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "secret word" not in re.sub(r"\s+", " ", run.stdout + run.stderr)
