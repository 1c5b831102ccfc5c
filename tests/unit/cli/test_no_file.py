"""What is no file is refused before anything opens it, wherever Ansible or a verb would."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sluis.errors import InputError
from sluis.places import Places
from sluis.runbook.no_file import refuse_what_is_no_file

CLIENT, CHANGE = "practice", "CHG-1"
_OF_CLIENT = f"inventories/{CLIENT}"
FILES = (
    f"{_OF_CLIENT}/hosts.yml",
    f"{_OF_CLIENT}/more",
    f"{_OF_CLIENT}/deeper/list.ini",
    f"{_OF_CLIENT}/vault.cfg",
    f"{_OF_CLIENT}/group_vars/all.yml",
    f"{_OF_CLIENT}/group_vars/all/deep/main.yml",
    f"{_OF_CLIENT}/host_vars/app1.json",
    f"{_OF_CLIENT}/changes/{CHANGE}/scope.yml",
    f"{_OF_CLIENT}/changes/{CHANGE}/update.yml",
    f"{_OF_CLIENT}/changes/{CHANGE}/restore.yml",
    f"{_OF_CLIENT}/changes/{CHANGE}/waivers/letters.yml",
    f"{_OF_CLIENT}/changes/{CHANGE}/files/answer.conf",
    "playbooks/update.yml",
    "playbooks/group_vars/all.yml",
    "playbooks/vars_plugins/other.py",
    "roles/change_gate/tasks/main.yml",
    "roles/change_gate/vars/main.yml",
)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        folder = os.open(path.parent, os.O_RDONLY)
        try:  # the path itself may be too long for a socket
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)


def _link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _link_to_a_pipe(path: Path) -> None:
    pipe = path.with_name("pipe-itself")
    os.mkfifo(pipe)
    path.symlink_to(pipe.name)


KINDS = {
    "a pipe": os.mkfifo,
    "a link to a pipe": _link_to_a_pipe,
    "a socket": _socket,
    "a device": lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3)),
    "a link without end": _link_to("/dev/zero"),
}


def _project(tmp_path: Path, name: str) -> tuple[Places, Path]:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    for folder in (f"{_OF_CLIENT}/changes/{CHANGE}", "playbooks", "roles"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    return Places(tmp_path), path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_what_would_be_waited_for_is_named(tmp_path: Path, name: str, kind: str) -> None:
    places, path = _project(tmp_path, name)
    path.write_text("x: 1\n")
    refuse_what_is_no_file(places, CLIENT, CHANGE)
    path.unlink()
    KINDS[kind](path)
    with pytest.raises(InputError) as told:
        refuse_what_is_no_file(places, CLIENT, CHANGE)
    assert told.value.code == "not-a-file"
    assert told.value.what.startswith((f"{name} is ", str(Path(name).with_name("pipe-itself"))))
    assert f"rm {tmp_path}" in told.value.remedy


@pytest.mark.parametrize("name", [one for one in FILES if "/changes/" not in one][:7])
def test_what_ansible_would_read_for_hours_is_named(tmp_path: Path, name: str) -> None:
    places, path = _project(tmp_path, name)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match=f"file-too-large: {name} is larger"):
        refuse_what_is_no_file(places, CLIENT)


def test_what_is_opened_by_nobody_here_stops_nothing(tmp_path: Path) -> None:
    """Another change, another client, links that lead nowhere or back, and a large file to send."""
    places, path = _project(tmp_path, f"{_OF_CLIENT}/hosts.yml")
    path.write_text("all: {}\n")
    change = places.change(CLIENT, CHANGE)
    (change / "back").symlink_to(".")
    (places.inventory(CLIENT) / "loop").symlink_to("loop")
    (places.inventory(CLIENT) / "nowhere").symlink_to("nothing")
    with (change / "package.deb").open("wb") as file:
        file.truncate(1 << 40)
    for other in (places.change(CLIENT, "CHG-2"), places.inventory("other")):
        other.mkdir()
        os.mkfifo(other / "scope.yml")
    refuse_what_is_no_file(places, CLIENT, CHANGE)
    refuse_what_is_no_file(places, CLIENT)
    refuse_what_is_no_file(places, "nobody", "CHG-9")
