"""Ansible takes plugins from what is signed or installed, and from nowhere else (L10)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sluis.rehearsal.project import checkout

ROOT = checkout().root

LOADED = """
import ansible.plugins.loader as loaders
from pathlib import Path
from sluis.places import Places
from sluis.runbook import plugin_folders as ours
"""
REASONS = f"""
for reason in ours.foreign_plugin_reasons(Places(Path({str(ROOT)!r}))):
    print(reason.code, reason.about)
"""
MODULES = f"""
for reason in ours.foreign_module_reasons(Places(Path({str(ROOT)!r}))):
    print(reason.code, reason.about)
"""


def python(cwd: Path, code: str, config: str = str(ROOT / "ansible.cfg"), **more: str) -> list[str]:
    """The lines that Python prints, in a process that has Ansible's loaders from their start."""
    path = os.pathsep.join(item for item in sys.path if item)
    done = subprocess.run(
        [sys.executable, "-c", LOADED + code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "ANSIBLE_CONFIG": config, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def planted(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text("class ShellModule:\n    pass\n")
    return folder


def test_L10_no_plugin_comes_from_a_folder_of_the_users(tmp_path: Path) -> None:
    """Every loader, whether or not ansible-core has a setting for it."""
    paths = python(
        tmp_path,
        "ours.close_working_folder()\n"
        "for loader in ours.plugin_loaders(): print(*ours.search_paths(loader), sep='\\n')",
    )
    core = python(tmp_path, "import ansible; print(Path(ansible.__file__).parent)")[0]
    assert len(set(paths)) > 15
    # the one of ours is bound like all of our code
    ours = str(ROOT / "playbooks" / "inventory_plugins")
    assert {path for path in paths if not path.startswith(core + os.sep)} == {"/dev/null", ours}


def test_L10_plugins_in_the_working_folder_are_refused(tmp_path: Path) -> None:
    assert python(tmp_path, REASONS + MODULES) == []
    (tmp_path / "shell_plugins").mkdir()
    assert python(tmp_path, REASONS) == []  # nothing can come from there
    folder = planted(tmp_path / "shell_plugins" / "deep", "sh.py").parent
    assert python(tmp_path, REASONS) == [f"foreign-code {folder}"]


def test_L10_plugins_put_there_later_are_not_taken(tmp_path: Path) -> None:
    planted(tmp_path / "shell_plugins", "sh.py")
    take = "print(loaders.shell_loader.find_plugin('sh'))"
    assert python(tmp_path, take) == [str(tmp_path / "shell_plugins" / "sh.py")]
    (after,) = python(tmp_path, f"ours.close_working_folder()\n{take}")
    assert "/ansible/plugins/shell/" in after


def test_L10_plugins_in_the_home_folder_are_refused(tmp_path: Path) -> None:
    """Not searched with the project's settings; refused when other settings bring it in."""
    home = tmp_path / "home"
    folder = planted(home / ".ansible" / "plugins" / "doc_fragments", "shell_common.py")
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    assert python(cwd, REASONS, HOME=str(home)) == []
    other = tmp_path / "other.cfg"
    other.touch()
    assert f"foreign-code {folder}" in python(cwd, REASONS, config=str(other), HOME=str(home))


def test_L10_code_in_use_from_elsewhere_is_refused(tmp_path: Path) -> None:
    file = planted(tmp_path / "shell_plugins", "sh.py") / "sh.py"
    take = "loaders.shell_loader.get('sh', class_only=True)\n"
    assert python(tmp_path, take + MODULES) == [f"foreign-code {file}"]
