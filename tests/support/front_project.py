"""A tiny project for the front door: real playbooks, one local host, nothing signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

CLIENT = "practice"
CHANGE = "CHG-1042"

REPOSITORY = Path(__file__).resolve().parents[2]

INVENTORY = """
all:
  hosts:
    h1:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


def make_project(root: Path, tasks: str, *, hosts: str = "all") -> Path:
    """Write a project whose ``update.yml`` runs ``tasks`` on ``hosts``."""
    for folder in (
        "playbooks",
        "roles/change_gate",
        f"inventories/{CLIENT}/changes/{CHANGE}",
        f"inventories/trust/{CLIENT}",
    ):
        (root / folder).mkdir(parents=True)
    shutil.copy(REPOSITORY / "ansible.cfg", root / "ansible.cfg")
    (root / "inventories" / CLIENT / "hosts.yml").write_text(INVENTORY)
    (root / "inventories" / CLIENT / "changes" / CHANGE / "update.yml").write_text("{}\n")
    write_playbook(root, tasks, hosts=hosts)
    return root


def write_playbook(root: Path, tasks: str, *, hosts: str = "all") -> None:
    """Replace the project's ``update.yml``."""
    play = f"""\
- name: Update
  hosts: {hosts}
  gather_facts: false
  tasks:
"""
    body = "".join(f"    {line}\n" if line else "\n" for line in dedent(tasks).strip().splitlines())
    (root / "playbooks" / "update.yml").write_text(play + body)


def sluis(
    root: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run the real ``sluis`` command in ``root`` and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "sluis.cli.app", *arguments],
        cwd=root,
        env=dict(os.environ) | dict(environ or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
