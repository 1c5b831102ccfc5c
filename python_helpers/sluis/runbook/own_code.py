"""Which code of ours goes along with a call of one of our modules."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sluis
from sluis.border.code_bundle import pack_code

_PACKAGE = Path(sluis.__file__).parent
#: what every host gets
_ON_HOSTS = ("border", "checks", "manifest", "snapshot")
#: what an export worker gets besides
_ON_WORKERS = ("graph", "tenant")
_OUTSIDE_ROOMS = (
    "__init__.py",
    "errors.py",
    "evidence/__init__.py",
    "evidence/files.py",
    "programs.py",
    "unfolding.py",
)
#: runs on the controller only
_ON_THE_CONTROLLER = frozenset(
    {"snapshot/judge.py", "snapshot/judge_v6.py", "snapshot/suspicion.py"}
)


def code_for(module: str) -> str:
    """The code that a module needs where it runs, as its argument ``code``.

    Args:
        module: the module's name, such as ``asset_verify``. Those of a move begin with
            ``tenant_`` and run on an export worker.
    """
    return _packed(module.startswith("tenant_"))


def sources_for(module: str) -> dict[str, str]:
    """The text of each file that goes along, by its path under the package."""
    return _sources(module.startswith("tenant_"))


@lru_cache
def _packed(worker: bool) -> str:
    return pack_code(_sources(worker))


def _sources(worker: bool) -> dict[str, str]:
    rooms = (*_ON_HOSTS, *_ON_WORKERS) if worker else _ON_HOSTS
    names = {
        str(path.relative_to(_PACKAGE))
        for room in rooms
        for path in (_PACKAGE / room).rglob("*.py")
    }
    sent = (names | set(_OUTSIDE_ROOMS)) - _ON_THE_CONTROLLER
    return {name: (_PACKAGE / name).read_text("utf-8") for name in sorted(sent)}
