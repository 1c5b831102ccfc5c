"""Which code of ours goes along with a call of one of our modules."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import sluis
from sluis.border.code_bundle import pack_code
from sluis.errors import RefusedError
from sluis.runbook.bound import digest_at_start

_PACKAGE = Path(sluis.__file__).parent
#: rooms that every host gets
_ON_HOSTS = ("border", "checks", "manifest", "snapshot")
#: rooms that run on a host or on an export worker
SENT_ROOMS = (*_ON_HOSTS, "graph", "tenant")
_OUTSIDE_ROOMS = (
    "__init__.py",
    "counted.py",
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
    rooms = SENT_ROOMS if worker else _ON_HOSTS
    names = {
        str(path.relative_to(_PACKAGE))
        for room in rooms
        for path in (_PACKAGE / room).rglob("*.py")
    }
    sent = (names | set(_OUTSIDE_ROOMS)) - _ON_THE_CONTROLLER
    return {name: _source(name) for name in sorted(sent)}


def _source(name: str) -> str:
    """What goes to hosts is what was bound when the run began.

    Raises:
        RefusedError: ``changed-during-run``.
    """
    content = (_PACKAGE / name).read_bytes()
    bound = digest_at_start(f"sluis/{name}")
    # of a link that an installer made, what it leads to is bound under another name
    elsewhere = bound is None or bound.startswith("link:")
    if not elsewhere and bound != hashlib.sha256(content).hexdigest():
        raise RefusedError(
            "changed-during-run",
            f"Our own code ({name}) is not what it was when this run began.",
            "Start it again, and leave the project alone while it runs.",
        )
    return content.decode()
