"""What lies in the place of ``ansible.cfg`` is waited for by nobody, and decides nothing.

Plain ``ansible-playbook`` opens that file before any code of ours: what it makes of a folder or of
a link to nowhere is its own word. A pipe without a writer it waits for; see docs/front-door.md.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sluis.rehearsal.project import clean_environment, make_project
from support.signed_change import ANSIBLE

Make = Callable[[Path], None]


def as_a_link(place: Path) -> None:
    place.rename(place.with_name("elsewhere.cfg"))
    place.symlink_to("elsewhere.cfg")


def instead(make: Make) -> Make:
    def made(place: Path) -> None:
        place.unlink()
        make(place)

    return made


FOLDER, NOWHERE = instead(Path.mkdir), instead(lambda place: place.symlink_to("nowhere"))
EMPTY = instead(lambda place: os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 3)))
PIPE = instead(os.mkfifo)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (as_a_link, "settings-not-a-file"),
        (FOLDER, "Is a directory"),
        (NOWHERE, "the role 'change_gate' was not found"),
        (EMPTY, "the role 'change_gate' was not found"),
    ],
    ids=["link", "folder", "link to nowhere", "device"],
)
def test_plain_ansible_ends_and_changes_nothing(tmp_path: Path, make: Make, said: str) -> None:
    ended = run(
        tmp_path, make, str(ANSIBLE / "ansible-playbook"), "-i", "inventories/practice",
        "playbooks/update.yml", "-e", "change=CHG-1", "-e", "phase=prepare",
    )  # fmt: skip
    assert ended.returncode != 0
    assert said in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "make", [as_a_link, FOLDER, NOWHERE, EMPTY, PIPE],
    ids=["link", "folder", "link to nowhere", "device", "pipe"],
)  # fmt: skip
def test_the_front_door_waits_for_nothing(tmp_path: Path, make: Make) -> None:
    ended = run(tmp_path, make, str(ANSIBLE / "sluis"), "check", "practice")
    assert ended.returncode == 64, ended.stderr
    assert "settings-not-a-file" in ended.stderr


def run(tmp_path: Path, make: Make, *command: str) -> subprocess.CompletedProcess[str]:
    root = make_project(tmp_path / "project").root
    (root / "inventories/practice/changes/CHG-1").mkdir(parents=True)
    (root / "inventories/practice/hosts.yml").write_text(
        "all: {hosts: {h1: {ansible_connection: local}}}\n"
    )
    make(root / "ansible.cfg")
    return subprocess.run(
        command, cwd=root, env=clean_environment(tmp_path / "keys"), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
