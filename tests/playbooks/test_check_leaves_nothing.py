"""``sluis check`` leaves no folder on the controller, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.front_project import CLIENT, make_project, private_base, until

pytestmark = pytest.mark.slow

FAILS = """
- name: Fails
  ansible.builtin.fail:
    msg: the store is out
"""
SLOW = """
- name: Takes long
  ansible.builtin.shell: |
    echo $$ > {{ playbook_dir }}/busy
    i=0
    while [ $i -lt 600 ] && [ ! -e {{ playbook_dir }}/enough ]; do sleep 0.05; i=$((i+1)); done
"""


def project(tmp_path: Path, tasks: str) -> Path:
    """A project whose check does ``tasks``."""
    root = make_project(tmp_path / "project", tasks)
    (root / "playbooks" / "update.yml").rename(root / "playbooks" / "check.yml")
    return root


def start(root: Path) -> subprocess.Popen[str]:
    environ = dict(os.environ) | {"TMPDIR": str(private_base(root))}
    environ.pop("XDG_RUNTIME_DIR", None)
    return subprocess.Popen(
        [sys.executable, "-m", "sluis.cli.app", "check", CLIENT, "--json"],
        cwd=root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def nothing_left(root: Path) -> bool:
    return not list(private_base(root).iterdir())


@pytest.mark.parametrize("how", ["fails", "cannot be reached"])
def test_newcomer_a_check_that_fails_leaves_nothing(tmp_path: Path, how: str) -> None:
    root = project(tmp_path, FAILS)
    if how != "fails":
        hosts = "all: {hosts: {h1: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n"
        (root / "inventories" / CLIENT / "hosts.yml").write_text(hosts)
    front = start(root)
    said = json.loads(front.communicate(timeout=60)[0])
    assert said["exit_status"] == 64, said
    assert said["run"]["log"] is None
    assert said["run"]["ansible_status"] != 0
    (line,) = [line for line in said["not_looked_at"] if "ended with a failure" in line]
    assert "what it found so far is said" in line
    assert [one for one in said["findings"] if one["about"] == "h1"], said
    assert nothing_left(root), list(private_base(root).iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_newcomer_a_check_that_is_killed_leaves_nothing(tmp_path: Path, number: int) -> None:
    root = project(tmp_path, SLOW)
    front = start(root)
    until((root / "playbooks" / "busy").exists)
    assert not nothing_left(root)
    front.send_signal(number)
    (root / "playbooks" / "enough").touch()
    front.communicate(timeout=60)
    # what of it is at work on a host ends first
    until(lambda: nothing_left(root))
