"""What to do about a change that nobody described."""

from __future__ import annotations

import os
from pathlib import Path


def how_to_describe(
    folder: Path, begin: str, name: str = "update.yml or restore.yml", *, discover: str = ""
) -> str:
    """What to do when a change is not described.

    Args:
        folder: of the change.
        begin: the words for one that is not there yet; of one that is, that command would
            refuse to write over anything.
        name: of the file that is missing.
        discover: the command that drafts the scope of a move, where there is none yet.
    """
    if not os.path.lexists(folder):
        return f"Describe the change there; {begin}."
    draft = f", and what it has to name is drafted with: {discover}" if discover else ""
    return (
        f"Write {name} into that folder: docs/first-day.md shows an update.yml, "
        "docs/examples.md a restore.yml. A move needs neither; its scope says job: "
        f"migration{draft}."
    )
