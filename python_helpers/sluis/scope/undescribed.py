"""What to do about a change of which a file is missing: where it has to lie, and what to paste."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

SCOPE, UPDATE, RESTORE = "scope.yml", "update.yml", "restore.yml"
_TEMPLATE = "inventories/template/changes/CHG-TEMPLATE"
#: what each begins as, and what to do with it then
_FROM = {
    SCOPE: (SCOPE, "what is touched, and what becomes of it"),
    UPDATE: (UPDATE, "the steps of the update, and its checks"),
    RESTORE: (f"{RESTORE}.example", "what is put back"),
}


def is_missing(path: Path) -> bool:
    """Whether nothing of that name is there; of what is there and is no file its reader tells."""
    return not os.path.lexists(path)


def how_to_write(folder: Path, *names: str) -> str:
    """What to paste for each file of a change that is missing.

    Args:
        folder: of the change, ``inventories/<client>/changes/<change>``.
        names: of the files; ``update.yml`` and ``restore.yml`` each stand for the other.
    """
    said = [_how(folder, name) for name in names if name == SCOPE]
    described = [_how(folder, name) for name in names if name != SCOPE]
    if described:
        said.append(" Or ".join(described))
    if SCOPE in names:
        client, change = folder.parent.parent.name, folder.name
        said.append(
            "A move has scope.yml alone, with job: migration; what it has to name is drafted with: "
            f"sluis discover {client} {change}."
        )
    return " ".join(said)


def _how(folder: Path, name: str) -> str:
    pattern, what = _FROM[name]
    target = _in_the_project(folder / name)
    begin = f"cp {_TEMPLATE}/{pattern} {target}"
    if name == SCOPE:
        client, change = folder.parent.parent.name, folder.name
        begin = (
            f"sed -e {shlex.quote(f's/^client:.*/client: {client}/')} "
            f"-e {shlex.quote(f's/^change:.*/change: {change}/')} {_TEMPLATE}/{pattern} > {target}"
        )
    return f"Begin {name} ({what}) with: {begin}."


def _in_the_project(path: Path) -> str:
    """A path as it is typed in the project's folder."""
    return shlex.quote("/".join(path.parts[-5:]))
