"""What was other for a moment is seen, also when it is put back before anybody looks (L4)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Handover
from support.signed_change import LabChange

pytestmark = pytest.mark.slow

#: a list of hosts of nobody's; it turns the host that is only looked at into another
OTHER = {
    "all": {"children": {"clients": {"hosts": {"db1": {"ansible_shell_executable": "/tmp/other"}}}}}
}
_CLOSED = 0x10  # IN_CLOSE_NOWRITE of inotify(7): somebody has read it


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[int]:
    """Can be read from as soon as somebody has read the file."""
    library = ctypes.CDLL(None, use_errno=True)
    events = library.inotify_init1(os.O_CLOEXEC)
    try:
        assert library.inotify_add_watch(events, os.fsencode(file), _CLOSED) > 0
        yield events
    finally:
        os.close(events)


def _ends_refused(change: LabChange, said: str, status: int) -> None:
    assert status != 0, said
    assert "changed-during-run" in said
    assert [one.body.result for one in change.view().of(Handover)] in ([], ["failed"]), said


@pytest.mark.parametrize(
    ("file", "at"),
    [
        ("changes/{change}/update.yml", "PLAY [Sign"),
        ("hosts.yml", "TASK [Check that everything works"),
    ],
    ids=["before-the-steps", "before-the-checks"],
)
def test_L4_what_was_other_for_a_moment_is_seen(change: LabChange, file: str, at: str) -> None:
    """Ansible reads what it needs when it needs it; two looks with all in order prove nothing."""
    change.sign()
    path = change.who.inventory / file.format(change=change.change)
    kept = path.with_name(f".{path.name}.kept")
    touched = False
    with subprocess.Popen(
        change.command("apply"), cwd=change.root, env=change.environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        said = ""
        for line in run.stdout:
            said += line
            if line.startswith(at) and not touched:
                path.rename(kept)
                path.write_text(kept.read_text() + "# other\n")
                kept.rename(path)
                touched = True
    assert touched, said
    _ends_refused(change, said, run.returncode)


def _file_that_goes(inventory: Path) -> tuple[Path, Callable[[], None]]:
    """One more list of hosts, which is gone once Ansible has read it."""
    more = inventory / "zz.yml"
    more.write_text(yaml.safe_dump(OTHER))
    return more, more.unlink


def _folder_that_goes(inventory: Path) -> tuple[Path, Callable[[], None]]:
    """Another folder in the place of the client's, which is put back."""
    other, kept = inventory.with_name("other"), inventory.with_name("kept")
    shutil.copytree(inventory, other)
    more, _ = _file_that_goes(other)
    inventory.rename(kept)
    other.rename(inventory)

    def back() -> None:
        inventory.rename(other)
        kept.rename(inventory)

    return inventory / more.name, back


def _folder_above_that_goes(inventory: Path) -> tuple[Path, Callable[[], None]]:
    """The same with the folder of all clients: nothing of this client's is touched."""
    above = inventory.parent
    other, kept = above.with_name("other"), above.with_name("kept")
    shutil.copytree(above, other)
    above.rename(kept)
    other.rename(above)
    more, _ = _file_that_goes(inventory)

    def back() -> None:
        above.rename(other)
        kept.rename(above)

    return more, back


@pytest.mark.parametrize("put", [_file_that_goes, _folder_that_goes, _folder_above_that_goes])
def test_L4_what_ansible_read_first_and_nobody_else_is_seen(
    change: LabChange, put: Callable[[Path], tuple[Path, Callable[[], None]]]
) -> None:
    change.sign()
    read, away = put(change.who.inventory)
    with _reading(read) as events, subprocess.Popen(
        change.command("apply"), cwd=change.root, env=change.environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        os.read(events, 4096)
        away()
        said, _ = run.communicate()
    _ends_refused(change, said, run.returncode)
    assert change.markers() == {"app1": [], "db1": []}


def _settings_of_a_role_that_go(project: Path, *, cache: bool) -> tuple[Path, Callable[[], None]]:
    """Settings in a role's folder, above those of the inventory; what is left is a cache."""
    role = project / "roles" / "change_gate"
    settings = role / "vars" / "main.yml"
    settings.parent.mkdir()
    settings.write_text("snapshot_and_verify_restic: /tmp/other-restic\n")

    def away() -> None:
        shutil.rmtree(settings.parent)
        if cache:
            (role / "__pycache__").mkdir()

    return settings, away


@pytest.mark.parametrize("cache", [False, True], ids=["nothing-left", "an-empty-cache-left"])
@pytest.mark.parametrize("phase", ["prepare", "apply"])
def test_L4_settings_of_a_moment_in_a_role_are_seen(
    change: LabChange, phase: str, cache: bool
) -> None:
    if phase == "apply":
        change.sign()
    read, away = _settings_of_a_role_that_go(change.root, cache=cache)
    with _reading(read) as events, subprocess.Popen(
        change.command(phase), cwd=change.root, env=change.environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        os.read(events, 4096)
        away()
        said, _ = run.communicate()
    _ends_refused(change, said, run.returncode)
    assert "roles/change_gate was touched" in said
    assert change.markers() == {"app1": [], "db1": []}


def test_the_first_use_of_a_project_is_no_change_during_a_run(
    change: LabChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python keeps our first file compiled before any code of ours runs."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    cache = change.root / "playbooks" / "inventory_plugins" / "__pycache__"
    shutil.rmtree(cache, ignore_errors=True)
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    assert list(cache.iterdir())
