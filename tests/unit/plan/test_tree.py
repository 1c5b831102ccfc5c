"""The digest over everything that decides what a runbook does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785

import sluis
from sluis.manifest import signature
from sluis.places import Places
from sluis.plan import tree
from sluis.plan.tree import path_sha256, tree_sha256

CLIENT, CHANGE = "practice", "CHG-1"


@pytest.fixture
def project(tmp_path: Path) -> Places:
    files = {
        "ansible.cfg": "[defaults]\n",
        "playbooks/update.yml": "---\n",
        "playbooks/update/apply.yml": "---\n",
        "roles/r/tasks/main.yml": "---\n",
        "roles/r/library/m.py": "print()\n",
        "roles/r/library/__pycache__/m.cpython-311.pyc": "x",
        "roles/r/empty": "",
        "inventories/practice/hosts.yml": "all: {}\n",
        "inventories/practice/group_vars/all.yml": "a: é\n",
        "inventories/practice/changes/CHG-1/update.yml": "{}\n",
        "inventories/practice/changes/CHG-2/update.yml": "{}\n",
        "inventories/practice/group_vars/changes/kept.yml": "b: 1\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "roles/r/module_utils").symlink_to("../../playbooks")
    return Places(tmp_path)


def digest(project: Places) -> str:
    return tree_sha256(project, CLIENT, CHANGE)


def test_the_digest_can_be_computed_by_other_means(project: Places) -> None:
    """With path objects and the RFC 8785 library alone, as somebody else would."""
    inventory = project.inventory(CLIENT)
    places = {
        "playbooks": project.root / "playbooks",
        "roles": project.root / "roles",
        "sluis": Path(sluis.__file__).parent,
        "inventory": inventory,
        "change": inventory / "changes" / CHANGE,
    }
    entries = {"ansible.cfg": hashlib.sha256(b"[defaults]\n").hexdigest()}
    for name, folder in places.items():
        for path in folder.rglob("*"):
            relative = path.relative_to(folder)
            if "__pycache__" in relative.parts or path.suffix == ".pyc":
                continue
            if name == "inventory" and relative.parts[0] == "changes":
                continue
            if path.is_symlink():
                entries[f"{name}/{relative}"] = f"link:{path.readlink()}"
            elif path.is_file():
                entries[f"{name}/{relative}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest(project) == hashlib.sha256(rfc8785.dumps(entries)).hexdigest()


CHANGES: dict[str, Callable[[Path], object]] = {
    "one byte": lambda r: (r / "roles/r/library/m.py").write_text("print(1)\n"),
    "a long file's last byte": lambda r: (r / "roles/r/empty").write_bytes(b"\0" * 700_000 + b"x"),
    "another name": lambda r: (r / "roles/r/empty").rename(r / "roles/r/full"),
    "a name that is not UTF-8": lambda r: (r / "roles/r/empty").rename(
        r / "roles/r" / os.fsdecode(b"empty\xff")
    ),
    "a new file": lambda r: (r / "playbooks/update/other.yml").touch(),
    "a file less": lambda r: (r / "playbooks/update/apply.yml").unlink(),
    "another target of a link": lambda r: (
        (r / "roles/r/module_utils").unlink(),
        (r / "roles/r/module_utils").symlink_to("../../inventories"),
    ),
    "a link in a file's place": lambda r: (
        (r / "roles/r/empty").unlink(),
        (r / "roles/r/empty").symlink_to("/dev/null"),
    ),
    "a variable": lambda r: (r / "inventories/practice/group_vars/all.yml").write_text("a: 2\n"),
    "a folder called changes elsewhere": lambda r: (
        r / "inventories/practice/group_vars/changes/kept.yml"
    ).write_text("b: 2\n"),
    "this change": lambda r: (r / "inventories/practice/changes/CHG-1/update.yml").write_text(
        "{a: 1}\n"
    ),
    "the settings": lambda r: (r / "ansible.cfg").write_text("[ssh_connection]\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_shows(project: Places, what: str) -> None:
    before = digest(project)
    CHANGES[what](project.root)
    assert digest(project) != before


def test_the_time_of_a_file_is_not_believed(project: Places) -> None:
    """A file with the same size and times and other bytes is another file."""
    path = project.root / "roles/r/library/m.py"
    before, status = digest(project), path.stat()
    path.write_text("PRINT()\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digest(project) != before


def test_what_decides_nothing_is_left_out(project: Places) -> None:
    before = digest(project)
    (project.root / "roles/r/library/__pycache__/m.cpython-311.pyc").write_text("y")
    (project.root / "inventories/practice/changes/CHG-2/update.yml").write_text("{a: 1}\n")
    assert digest(project) == before


def test_a_folder_that_is_sent_counts_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "sent" / "deep").mkdir(parents=True)
    (tmp_path / "sent" / "deep" / "a").write_text("1")
    before = path_sha256(tmp_path / "sent")
    (tmp_path / "sent" / "deep" / "a").write_text("2")
    assert path_sha256(tmp_path / "sent") != before


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as touched long ago."""
    monkeypatch.setattr(signature, "TICK_NS", -(10**12))
    monkeypatch.setattr(tree, "_KNOWN", {})


def test_what_was_read_is_not_read_again(
    project: Places, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = digest(project)
    opened: list[object] = []
    really = os.open
    monkeypatch.setattr(os, "open", lambda *a: (opened.append(a[0]), really(*a))[1])
    assert digest(project) == first
    assert not opened


@pytest.mark.parametrize("how", ["in place, times put back", "another file moved over it"])
def test_a_change_is_found_whatever_its_times_say(project: Places, settled: None, how: str) -> None:
    path = project.root / "playbooks/update.yml"
    path.write_text("--- \n")
    first, was = digest(project), path.stat()
    while path.stat().st_ctime_ns == was.st_ctime_ns:  # the clock's grain
        if how.startswith("in place"):
            path.write_text("---\n\n")
        else:
            other = path.with_suffix(".new")
            other.write_text("---\n\n")
            other.rename(path)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    assert path.stat().st_mtime_ns == was.st_mtime_ns
    assert digest(project) != first


def test_a_file_touched_just_now_is_read_each_time(
    project: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "_KNOWN", {})
    digest(project)
    assert not [path for path in tree._KNOWN if path.startswith(os.fsencode(project.root))]
