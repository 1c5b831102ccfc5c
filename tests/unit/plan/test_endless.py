"""Folders of variables that lead into themselves are refused before Ansible reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader

from sluis.places import Places
from sluis.plan.endless import endless
from sluis.plan.reach import Reach
from sluis.plan.tree import read_tree, variable_reasons
from sluis.runbook.written_files import Files, files_below, leave_out_sealed

_NAME = "inventories/practice/group_vars"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / _NAME / "all"
    (made / "deeper").mkdir(parents=True)
    (made / "main.yml").write_text("one: 1\n")
    for name in ("playbooks", "roles", "inventories/practice/changes/CHG-1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    return made


def _itself(folder: Path) -> None:
    for name in "ab":
        (folder / name).symlink_to(".")


def _each_other(folder: Path) -> None:
    other = folder.parent / "db"
    other.mkdir()
    (folder / "a").symlink_to("../db")
    (folder / "b").symlink_to("../db")
    (other / "c").symlink_to("../all")
    (other / "d").symlink_to("../all")


def _deep(folder: Path) -> None:
    (folder / "/".join(["x"] * 30)).mkdir(parents=True)


def _many(folder: Path) -> None:
    for number in range(2100):
        (folder / f"{number}").mkdir()


@pytest.mark.parametrize("make", [_itself, _each_other, _deep, _many])
def test_L4_a_folder_without_an_end_is_refused(
    folder: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    assert endless(tmp_path, [_NAME]) == []
    make(folder)
    (reason,) = endless(tmp_path, [_NAME])
    assert (reason.code, reason.about) == ("folder-without-end", _NAME)
    reach = Reach(frozenset({"app1"}), frozenset({"all"}))
    for found in (
        read_tree(Places(tmp_path), "practice", "CHG-1", reach).reasons,
        variable_reasons(Places(tmp_path), "practice"),
    ):
        assert "folder-without-end" in {one.code for one in found}
    assert len(set(files_below(folder))) == len(list(files_below(folder))) == 1


def test_a_link_to_a_folder_elsewhere_is_an_end(folder: Path, tmp_path: Path) -> None:
    (folder / "a").symlink_to("deeper")
    (folder.parent / "web").symlink_to("all")
    (folder / "itself").symlink_to("itself")
    assert endless(tmp_path, [_NAME, "not/there"]) == []


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("make", [_pipe, _device, _loop, _huge])
def test_L4_nobody_waits_for_what_is_no_file_of_variables(
    folder: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(folder / "zz.yml")
    leave_out_sealed(Places(tmp_path), "practice", DataLoader())
    faults = list(Files(tmp_path, DataLoader()).read(folder / "zz.yml"))
    assert [one.code for one in faults] == ["not-readable"]
    if make in (_pipe, _device):
        assert variable_reasons(Places(tmp_path), "practice")
