"""The probe: a harmless snapshot that we try to remove, to see whether the store lets us."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Sequence

from .access import Access
from .restic import Restic

TAG = "sluis-probe"
_TEXT = "A harmless snapshot. Sluis tries to remove it, to prove that the store says no.\n"


def make_probe(restic: Restic, access: Access, private: str) -> str:
    """Put a probe on the store; its full snapshot id."""
    folder = os.path.join(private, "probe")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "probe.txt"), "w", encoding="ascii") as file:
        file.write(_TEXT)
    before = access.names("snapshots")
    answer = restic.run("backup", ".", "--host", "sluis", "--tag", f"sluis,{TAG}", cwd=folder)
    return new_snapshot(answer.lines, before, access)


def new_snapshot(lines: Sequence[Dict[str, Any]], before: Sequence[str], access: Access) -> str:
    """The full id of the snapshot that a backup reported, as the store names it.

    Old versions of the engine report eight characters only. Another run may have added
    a snapshot meanwhile, so the beginning decides.
    """
    said = next((str(x["snapshot_id"]) for x in lines if x.get("snapshot_id")), "")
    if len(said) == 64:
        return said
    fits = [n for n in set(access.names("snapshots")) - set(before) if n.startswith(said)]
    return fits[0] if said and len(fits) == 1 else ""


def try_to_remove(access: Access, probe: Optional[str]) -> Dict[str, Any]:
    """Try to remove the probe. What came of it, as JSON data for evidence."""
    if not probe:
        return {"tried": "", "refused": None, "detail": "there is no probe to try it on"}
    attempt = access.try_to_remove(probe)
    return {"tried": attempt.tried, "refused": attempt.refused, "detail": attempt.detail}
