"""The probe: a harmless snapshot that we try to remove, to see whether the store lets us."""

from __future__ import annotations

import os
from typing import Optional, Sequence

from ..border.parts import Attempt
from ..programs import fixed, option
from .access import Access
from .restic import Restic
from .restic_lines import Line, Summary

TAG = "sluis-probe"
_TEXT = "A harmless snapshot. Sluis tries to remove it, to prove that the store says no.\n"


def make_probe(restic: Restic, access: Access, private: str) -> str:
    """Put a probe on the store; its full snapshot id."""
    folder = os.path.join(private, "probe")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "probe.txt"), "w", encoding="ascii") as file:
        file.write(_TEXT)
    before = access.names("snapshots")
    tag = option("--tag", f"sluis,{TAG}")
    answer = restic.run(fixed("backup", ".", "--host=sluis", "--force"), tag, cwd=folder)
    return new_snapshot(answer.lines, before, access)


def new_snapshot(lines: Sequence[Line], before: Sequence[str], access: Access) -> str:
    """The full id of the snapshot that a backup reported, as the store names it.

    Old versions of the engine report eight characters only. Another run may have added
    a snapshot meanwhile, so the beginning decides.
    """
    said = next((line.snapshot_id for line in lines if isinstance(line, Summary)), "")
    if len(said) == 64:
        return said
    fits = [n for n in set(access.names("snapshots")) - set(before) if n.startswith(said)]
    return fits[0] if said and len(fits) == 1 else ""


def try_to_remove(access: Access, probe: Optional[str]) -> Attempt:
    """Try to remove the probe, as somebody who stole our credentials would."""
    if not probe:
        return Attempt("", None, "there is no probe to try it on")
    return access.try_to_remove(probe)
