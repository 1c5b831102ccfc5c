"""What was bound when a run began is what is bound as long as it goes on (L4)."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from ansible import constants
from ansible.config.manager import ConfigManager

import sluis
from sluis.errors import RefusedError
from sluis.evidence.predicates import Reason
from sluis.places import Places
from sluis.plan.reach import Reach
from sluis.plan.tree import Tree, read_tree
from sluis.runbook import bound, own_code
from sluis.runbook.bound import changed_since_start, keep_start, refuse_changed
from sluis.runbook.moved import Moves
from sluis.runbook.run import Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run in a project with one inventory, that began after all of it was written."""
    monkeypatch.setattr(bound, "_AT_START", [])
    monkeypatch.setattr(bound, "_began_ns", time.time_ns)
    for name in ("playbooks", "roles", "inventories/practice/group_vars/all"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "inventories/practice/changes/CHG-1").mkdir(parents=True)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    (tmp_path / "inventories/practice/hosts.yml").write_text("all: {hosts: {app1: {}}}\n")
    (tmp_path / "inventories/practice/group_vars/all/main.yml").write_text("one: 1\n")
    (tmp_path / "inventories/practice/changes/CHG-1/update.yml").write_text("x: 1\n")
    return Run(Places(tmp_path), "practice", "CHG-1", "apply", "update.yml", (), ())


def _tree(run: Run) -> Tree:
    return read_tree(
        run.places, run.client, run.change, Reach(frozenset({"app1"}), frozenset({"all"}))
    )


_FILES = (
    "inventories/practice/hosts.yml",
    "inventories/practice/group_vars/all/main.yml",
    "inventories/practice/changes/CHG-1/update.yml",
    "ansible.cfg",
)


def _out_and_back(path: Path) -> None:
    """Another file in its place for a moment, and then the very same one with its old times."""
    times = path.stat()
    kept = path.rename(path.with_name("kept"))
    path.write_text("other: 1\n")
    kept.rename(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_nothing_is_refused_while_nothing_is_touched(run: Run) -> None:
    assert keep_start(run, _tree(run)) == []
    assert changed_since_start(run, _tree(run)) == []
    refuse_changed()


def test_without_a_start_nothing_is_known_of_it(run: Run) -> None:
    assert changed_since_start(run, _tree(run)) == []
    refuse_changed()


@pytest.mark.parametrize("name", _FILES)
def test_L4_what_is_put_back_during_a_run_is_still_seen(run: Run, name: str) -> None:
    keep_start(run, _tree(run))
    _out_and_back(run.places.root / name)
    (reason,) = changed_since_start(run, _tree(run))
    assert reason.code == "changed-during-run"
    assert f"{name} was touched" in reason.about
    with pytest.raises(RefusedError, match=r"changed-during-run.*was touched"):
        refuse_changed()


def test_L4_what_comes_and_goes_during_a_run_is_still_seen(run: Run) -> None:
    keep_start(run, _tree(run))
    came = run.places.root / "inventories/practice/group_vars/all/zz.yml"
    came.write_text("ansible_shell_executable: /tmp/x\n")
    came.unlink()
    with pytest.raises(RefusedError, match="group_vars/all was touched"):
        refuse_changed()


def test_what_python_writes_for_itself_touches_nothing(run: Run) -> None:
    cache = run.places.root / "playbooks" / "inventory_plugins" / "__pycache__"
    cache.mkdir(parents=True)
    keep_start(run, _tree(run))
    (cache / "one.pyc").write_bytes(b"x")
    refuse_changed()


def _read_first(project: Path) -> None:
    """What Python does when it reads our first file in a project that was never used."""
    first = project / bound.FIRST_FILE
    (first.parent / "__pycache__").mkdir(exist_ok=True)
    (first.parent / "__pycache__" / f"{first.stem}.cpython-311.pyc").write_bytes(b"x")


@pytest.fixture
def before(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that began a moment ago, in which Ansible is about to read our first file."""
    first = run.places.root / bound.FIRST_FILE
    first.parent.mkdir()
    first.write_text("x = 1\n")
    (run.places.root / "roles/one/vars").mkdir(parents=True)
    time.sleep(0.05)
    later = time.time_ns() - bound._NOTHING_READ_YET
    monkeypatch.setattr(bound, "_began_ns", lambda: later)
    time.sleep(0.05)
    return run


def test_what_python_makes_when_it_reads_our_first_file_is_no_change(before: Run) -> None:
    _read_first(before.places.root)
    assert keep_start(before, _tree(before)) == []
    (before.places.root / "playbooks/inventory_plugins/zz.py").write_text("x = 1\n")
    with pytest.raises(RefusedError, match="inventory_plugins was touched"):
        refuse_changed()


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize(
    "name",
    ["inventories/practice/group_vars/all", "playbooks", "roles", "roles/one", "roles/one/vars"],
)
def test_L4_a_cache_excuses_no_other_folder(before: Run, name: str, filled: bool) -> None:
    """Settings of a moment lay there, and what is left is a cache that nobody's code needs."""
    folder = before.places.root / name
    (folder / "main.yml").write_text("snapshot_and_verify_restic: /tmp/x\n")
    (folder / "main.yml").unlink()
    (folder / "__pycache__").mkdir()
    if filled:
        (folder / "__pycache__" / "first_look.cpython-311.pyc").write_bytes(b"x")
    (reason,) = keep_start(before, _tree(before))
    assert reason.code == "changed-during-run"
    assert reason.about.split("; ")[0] == f"{name} was touched"


def test_L4_a_cache_excuses_nothing_but_our_first_file(
    before: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the very folder: an empty one, another file's, and what went after it was filled."""
    folder = before.places.root / "playbooks/inventory_plugins"
    cache = folder / "__pycache__"
    cache.mkdir()
    assert keep_start(before, _tree(before))
    (cache / "zz.cpython-311.pyc").write_bytes(b"x")
    _read_first(before.places.root)
    assert keep_start(before, _tree(before))
    (cache / "zz.cpython-311.pyc").unlink()
    assert not keep_start(before, _tree(before))
    planted = ModuleType("planted")
    planted.__file__ = str(folder / "zz.py")
    monkeypatch.setitem(sys.modules, "planted", planted)
    assert keep_start(before, _tree(before))
    monkeypatch.delitem(sys.modules, "planted")
    time.sleep(0.05)
    _came_and_went(folder)
    (reason,) = keep_start(before, _tree(before))
    assert reason.about == "playbooks/inventory_plugins was touched"


_FOLDERS = (
    "inventories/practice",
    "inventories/practice/group_vars",
    "inventories/practice/host_vars",
    "inventories/practice/changes/CHG-1",
    "playbooks/inventory_plugins",
    "roles/one/action_plugins",
)


def _came_and_went(folder: Path) -> None:
    """A new name in a folder, which is gone again when anybody looks."""
    (folder / "zz.py").write_text("ansible_shell_executable: /tmp/x\n")
    (folder / "zz.py").unlink()


def _renamed_and_back(folder: Path) -> None:
    """Another folder in its place for a moment."""
    kept = folder.rename(folder.with_name("kept"))
    folder.mkdir()
    folder.rmdir()
    kept.rename(folder)


@pytest.mark.parametrize("how", [_came_and_went, _renamed_and_back])
@pytest.mark.parametrize("name", _FOLDERS)
def test_L4_a_folder_in_which_or_with_which_something_was_done_is_seen(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, how: Callable[[Path], None]
) -> None:
    folder = run.places.root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.py").write_text("x: 1\n")
    keep_start(run, _tree(run))
    how(folder)
    with pytest.raises(RefusedError, match=f"{name} was touched"):
        refuse_changed()
    # and when it was before anything of ours looked
    later = time.time_ns() - bound._NOTHING_READ_YET
    monkeypatch.setattr(bound, "_began_ns", lambda: later)
    time.sleep(0.05)
    how(folder)
    (reason,) = keep_start(run, _tree(run))
    assert reason.code == "changed-during-run"
    assert name in reason.about


@pytest.mark.parametrize("name", ["inventories", "inventories/practice/changes", "."])
def test_L4_a_folder_above_that_was_renamed_and_put_back_is_seen(run: Run, name: str) -> None:
    (run.places.root / "inventories/other").mkdir()
    keep_start(run, _tree(run))
    (run.places.root / "inventories/another").mkdir()
    refuse_changed()  # a new client is nobody's harm
    _renamed_and_back((run.places.root / name).resolve())
    with pytest.raises(RefusedError, match="a folder above these was renamed"):
        refuse_changed()
    (reason,) = changed_since_start(run, _tree(run))
    assert reason.about.endswith("a folder above these was renamed")


def test_L4_a_worker_hears_what_was_renamed_after_it_was_forked(run: Run) -> None:
    keep_start(run, _tree(run))
    told, tell = os.pipe()
    worker = os.fork()
    if not worker:
        os.read(told, 1)
        try:
            refuse_changed()
        except RefusedError:
            os._exit(7)
        os._exit(0)
    _renamed_and_back(run.places.root / "inventories")
    os.write(tell, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 7
    os.close(told)
    os.close(tell)


def test_L4_what_lay_above_before_anything_of_ours_looked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bound.changed_above(run.places) == []
    later = time.time_ns() - bound._NOTHING_READ_YET
    monkeypatch.setattr(bound, "_began_ns", lambda: later)
    time.sleep(0.05)
    _renamed_and_back(run.places.root / "inventories")
    above = bound.changed_above(run.places)
    assert "inventories was touched" in above
    monkeypatch.setattr(bound, "_began_ns", time.time_ns)
    (reason,) = keep_start(run, _tree(run), above=above)
    assert (reason.code, reason.about) == ("changed-during-run", "; ".join(above))


def test_L4_what_ansible_read_is_held_against_what_lies_there(run: Run) -> None:
    tree = _tree(run)
    tree.entries["inventories/practice (host app1)"] = "a" * 64
    assert keep_start(run, tree, read={"host app1": "a" * 64}) == []
    (reason,) = keep_start(
        run, tree, read={"host app1": "b" * 64, "host app1: ansible_port": "c" * 64}
    )
    assert reason.code == "changed-during-run"
    assert reason.about == (
        "inventories/practice (host app1) changed; "
        "inventories/practice (host app1: ansible_port) went"
    )


def test_of_an_inventory_that_nobody_can_read_nothing_went(run: Run) -> None:
    """It is refused for that, and a second reason that is not true helps nobody."""
    tree = _tree(run)
    assert keep_start(run, tree, read={"host app1": "a" * 64})
    unread = Reason(code="inventory-not-readable", about="x", sentence="x", remedy="x")
    broken = Tree(tree.entries, (unread,), tree.stamps)
    assert keep_start(run, broken, read={"host app1": "a" * 64}) == []


def test_without_room_for_watching_a_run_is_refused() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(RefusedError, match="not-watched: The kernel does not tell"):
            Moves([b"/"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_L4_what_another_content_is_is_named_once_in_words(run: Run) -> None:
    keep_start(run, _tree(run))
    (run.places.root / "ansible.cfg").write_text("[defaults]\n# other\n")
    (reason,) = changed_since_start(run, _tree(run))
    assert reason.about == "ansible.cfg changed; ansible.cfg was touched"


@pytest.mark.parametrize("name", _FILES)
def test_L4_what_changed_after_ansible_was_started_may_have_been_read_before(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The other way round: what was read first was the other one, and what is hashed is this."""
    later = time.time_ns() - bound._NOTHING_READ_YET
    monkeypatch.setattr(bound, "_began_ns", lambda: later)
    time.sleep(0.05)
    _out_and_back(run.places.root / name)
    (reason,) = keep_start(run, _tree(run))
    assert reason.code == "changed-during-run"
    assert name in reason.about


def test_when_ansible_began_is_when_it_was_loaded_and_not_when_its_process_was_made() -> None:
    """A job script writes files and becomes Ansible; in a container that is process 1."""
    script = "from sluis.runbook.bound import _began_ns; print(_began_ns())"
    job = 'sleep 1; date +%s%N; exec "$0" -c "$1"'
    command = ["sh", "-c", job, sys.executable, script]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
    written, began = map(int, said)
    assert written < began <= time.time_ns()


def test_L4_settings_that_were_others_when_ansible_read_them_are_seen(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read before the moment from which everything else counts."""
    file = run.places.root / "ansible.cfg"
    file.write_text("[defaults]\nforks = 7 ; many\n")
    read = ConfigManager(str(file))
    monkeypatch.setattr(constants, "config", read)
    assert keep_start(run, _tree(run)) == []
    file.write_text("# the same, in other words\n[defaults]\nforks=7\n")
    monkeypatch.setattr(bound, "_began_ns", time.time_ns)
    assert keep_start(run, _tree(run)) == []
    for other in ("[defaults]\nforks = 8\n", "[defaults]\nforks = 7\n[x]\n", "forks", "\0"):
        file.write_text(other)
        (reason,) = keep_start(run, _tree(run))
        assert (reason.code, reason.about) == ("changed-during-run", "ansible.cfg changed")


def test_our_code_goes_out_as_it_was_when_the_run_began(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_start(run, _tree(run))
    room = Path(sluis.__file__).parent
    assert own_code._source("errors.py") == (room / "errors.py").read_text()
    start = bound._AT_START[0].tree.entries
    monkeypatch.setitem(start, "sluis/errors.py", "0" * 64)
    with pytest.raises(RefusedError, match=r"changed-during-run: Our own code \(errors.py\)"):
        own_code._source("errors.py")
    monkeypatch.delitem(start, "sluis/errors.py")
    with pytest.raises(RefusedError, match="changed-during-run"):
        own_code._source("errors.py")
