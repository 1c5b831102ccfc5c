"""A change that is not there is said before the first task, whatever is asked of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sluis.places import Places
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.project import clean_environment, make_project
from support.scopes import CHANGE, CLIENT

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = make_project(tmp_path / "project")
    made.change(CLIENT, CHANGE).mkdir(parents=True)
    hosts = {"all": {"children": {"clients": {"hosts": {"h1": {}}}}}}
    write_yaml(made.inventory(CLIENT) / "hosts.yml", hosts)
    return made


def _said(places: Places, play: str, change: str, *options: str) -> str:
    run = subprocess.run(
        [str(ANSIBLE), "-i", f"inventories/{CLIENT}", f"playbooks/{play}.yml",
         "-e", f"change={change}", *options],
        cwd=places.root, env=clean_environment(places.root.parent / "keys"),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    assert "TASK [" not in run.stdout, "nothing is begun"
    return " ".join(run.stderr.split())


@pytest.mark.parametrize(
    ("play", "options"),
    [
        ("update", ("-e", "phase=apply")), ("restore", ("-e", "phase=sign")),
        ("tenant_migration", ("-e", "phase=apply")), ("landing", ()), ("check", ()),
        ("update", ("-e", "phase=apply", "--check")),
    ],
)  # fmt: skip
def test_a_change_that_is_not_there_is_said_with_those_that_are(
    places: Places, play: str, options: tuple[str, ...]
) -> None:
    slip = CHANGE.lower()
    said = _said(places, play, slip, *options)
    assert f"no-such-change: There is no change {slip} of client {CLIENT}" in said
    assert f"there are: {CHANGE}." in said
    assert f"Did you mean '{CHANGE}'?" in said
    assert not (places.root / "dossiers").exists(), "nothing is left behind"


@pytest.mark.parametrize("play", ["update", "restore"])
def test_a_change_that_nobody_described_is_said(places: Places, play: str) -> None:
    said = _said(places, play, CHANGE, "-e", "phase=apply")
    assert "not-described" in said
    assert f"changes/{CHANGE}/{play}.yml. So nothing says what is to be carried out" in said
    assert f"inventories/{CLIENT}/changes/{CHANGE}/{play}.yml" in said
