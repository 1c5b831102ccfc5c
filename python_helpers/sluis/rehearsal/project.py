"""A project folder of one's own, so that tests and the demo never write in the checkout."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sluis.errors import InputError
from sluis.places import Places
from sluis.runbook.surroundings import home, may_be_there

_FOLDERS = ("playbooks", "roles", "inventories/template", "python_helpers/sluis")


def checkout() -> Places:
    """The project that this package was installed from.

    Raises:
        InputError: ``no-project`` when it was installed without its playbooks and roles.
    """
    return Places.around(Path(__file__))


def make_project(target: Path) -> Places:
    """Copy playbooks, roles, the package, the inventory template and ``ansible.cfg``.

    The links from the roles to the package stay links, and lead to the copy of the package.

    Args:
        target: a folder that does not exist yet or is empty.

    Raises:
        InputError: ``project-exists``, ``no-project``.
    """
    source = checkout().root
    if target.exists() and any(target.iterdir()):
        raise InputError(
            "project-exists", f"The folder {target} is not empty.", "Name a new folder."
        )
    target.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        shutil.copytree(
            source / name,
            target / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".mypy_cache"),
        )
    shutil.copy(source / "ansible.cfg", target / "ansible.cfg")
    (target / "inventories" / "trust").mkdir()
    return Places(target.resolve())


def clean_environment(keys: Path) -> dict[str, str]:
    """Our own environment, less what a run of a playbook refuses, and ours for nobody else.

    Args:
        keys: the folder with the operator's key.
    """
    places = checkout()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "AWX_", "RUNNER_", "SLUIS_", "SSH_"))
        and may_be_there(name, value, places)
    }
    return {**kept, "HOME": str(home()), "SLUIS_KEYS": str(keys)}
