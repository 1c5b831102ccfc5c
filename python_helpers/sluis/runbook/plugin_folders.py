"""Where Ansible takes its plugins from: folders that are signed or installed, and no others.

``ansible.cfg`` closes every folder that has a setting. ansible-core also searches
``shell_plugins`` in the working folder, for which it has none (measured on 2.19).
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import ansible
from ansible.plugins import loader as loaders

import sluis
from sluis.evidence.predicates import Reason
from sluis.places import Places
from sluis.runbook.surroundings import callback_folder

_CORE = Path(ansible.__file__).parent


def foreign_plugin_reasons(places: Places) -> list[Reason]:
    """Folders with plugins that nobody signed and nobody installed with Ansible.

    Args:
        places: the project.
    """
    allowed = _roots(_CORE, callback_folder(), places.root / "roles", places.root / "playbooks")
    searched = {folder for loader in plugin_loaders() for folder in search_paths(loader)}
    return [
        _reason(
            folder,
            f"Ansible would take plugins from {folder}, which nobody signed.",
            "Remove that folder, or start in another one.",
        )
        for folder in sorted(searched)
        if not _inside(folder, allowed) and _holds_something(folder)
    ]


def foreign_module_reasons(places: Places) -> list[Reason]:
    """Code in use, in the process that drives a run, that is neither signed nor installed.

    What it did before it is found is done; but nothing is applied any more.

    Args:
        places: the project.
    """
    installed = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
    allowed = _roots(
        *installed,
        Path(sys.prefix),
        Path(sys.base_prefix),
        _CORE.parent,
        Path(sluis.__file__).parent,
        places.root / "roles",
        places.root / "playbooks",
    )
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return [
        _reason(
            file,
            f"Code from {file} is in use, which is neither signed nor installed.",
            "Remove that file, or find out which folder brings it in.",
        )
        for file in sorted(file for file in files if isinstance(file, str) and file[:1] != "<")
        if not _inside(file, allowed)
    ]


def close_working_folder() -> None:
    """Search no folder any more that depends on where the run was started.

    For this process and the workers that it forks: a file that is put there later is not taken.
    """
    for loader in plugin_loaders():
        kept = [path for path in loader.config or () if Path(path).expanduser().is_absolute()]
        if kept != list(loader.config or ()):
            loader.config = kept
            loader._paths = None  # it is made again from what is kept


def plugin_loaders() -> list[Any]:
    """ansible-core's plugin loaders, whatever they are for."""
    found = vars(loaders).values()
    return [item for item in found if isinstance(item, loaders.PluginLoader)]


def search_paths(loader: Any) -> set[str]:
    """Where a plugin loader looks: as it was set, as it was told since, and as it remembers.

    Args:
        loader: one of :func:`plugin_loaders`.
    """
    told = [*(loader.config or ()), *loader._extra_dirs, *loader._get_package_paths(subdirs=False)]
    remembered = [context.path for context in loader._paths or ()]
    return {str(Path(path).expanduser().absolute()) for path in (*told, *remembered)}


def _roots(*folders: Path) -> tuple[str, ...]:
    return tuple(os.path.realpath(folder).rstrip(os.sep) + os.sep for folder in folders)


def _inside(path: str, roots: tuple[str, ...]) -> bool:
    return (os.path.realpath(path) + os.sep).startswith(roots)


def _holds_something(folder: str) -> bool:
    try:
        return Path(folder).is_dir() and any(True for _ in os.scandir(folder))
    except OSError:
        return True  # what cannot be read cannot be known to be empty


def _reason(about: str, sentence: str, remedy: str) -> Reason:
    return Reason(code="foreign-code", about=about[:400], sentence=sentence, remedy=remedy)
