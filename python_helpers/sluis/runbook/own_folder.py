"""The private folder of a run that ``sluis`` started, told from any other by what it is.

An environment variable leads there, and whoever starts ``ansible-playbook`` themselves can give it
any value. Every line that were written wherever it leads would break what lies there: one more
file beside the statements, and a dossier does not hold any more.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

#: how the name of a private folder begins
PREFIX = "sluis-run-"
#: the lock in it that every process of the run holds
HELD = "held"
#: names the file in which long tasks say how far they are; it lies in the private folder
PROGRESS = "SLUIS_PROGRESS"
#: the name of that file
PROGRESS_FILE = "progress"


def progress_file(environ: Mapping[str, str]) -> Path | None:
    """The file that the front door watches, or ``None`` when nobody is watching.

    Args:
        environ: the environment that names it.
    """
    named = environ.get(PROGRESS, "")
    return Path(named) if is_progress_file(named) else None


def is_progress_file(named: str) -> bool:
    """Whether this is the file of progress in a private folder of ours that is there already.

    Args:
        named: a path.
    """
    path = Path(named)
    if not path.is_absolute() or str(path) != named or path.name != PROGRESS_FILE:
        return False
    folder = path.parent
    try:
        found, held = folder.lstat(), (folder / HELD).lstat()
    except (OSError, ValueError):
        return False
    ours = found.st_uid == held.st_uid == os.geteuid()
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    locked = stat.S_ISREG(held.st_mode) and stat.S_IMODE(held.st_mode) == 0o600
    return ours and private and locked and folder.name.startswith(PREFIX)
