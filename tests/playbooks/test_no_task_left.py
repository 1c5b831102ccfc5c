"""A run of which an option leaves out every task is refused, and does not end well in silence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.project import clean_environment, make_project
from support.scopes import CHANGE, CLIENT

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")


@pytest.mark.parametrize(
    ("play", "options"),
    [("check", ("--tags", "x")), ("update", ("--tags", "x", "--skip-tags", "always"))],
)
def test_no_task_is_left_of_a_run_that_says_nothing(
    tmp_path: Path, play: str, options: tuple[str, ...]
) -> None:
    places = make_project(tmp_path / "project")
    places.change(CLIENT, CHANGE).mkdir(parents=True)
    hosts = {"all": {"children": {"clients": {"hosts": {"h1": {}}}}}}
    write_yaml(places.inventory(CLIENT) / "hosts.yml", hosts)
    run = subprocess.run(
        [str(ANSIBLE), "-i", f"inventories/{CLIENT}", f"playbooks/{play}.yml",
         "-e", f"change={CHANGE}", *options],
        cwd=places.root, env=clean_environment(tmp_path / "keys"),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    assert "option-not-allowed" in run.stderr
    assert "Leave it out." in run.stderr
