"""What a run could not say as the result of a task, told to the front door that started it.

A run that ends before its first task leaves nothing but text on a screen. So the error itself is
put down in the run's private folder, where ``sluis`` finds it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from sluis.errors import InputError, SluisError
from sluis.runbook.own_folder import progress_file

#: lies beside the file of progress
NAME = "stopped.json"
_LARGEST = 256 * 1024


def tell_front_door(error: SluisError) -> None:
    """Put an error down for the front door, when there is one."""
    progress = progress_file(os.environ)
    if progress is None:
        return
    told = error.as_dict() | {"input": isinstance(error, InputError)}
    path = progress.with_name(NAME)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError:
        return  # it is on the screen and in the log as well
    with os.fdopen(descriptor, "w") as file:
        json.dump(told, file)


def told_by(private: Path) -> tuple[dict[str, str], bool] | None:
    """The error that stopped a run before its first task, and whether something was written wrong.

    Args:
        private: the run's private folder.
    """
    try:
        content = (private / NAME).read_bytes()
    except OSError:
        return None
    if len(content) > _LARGEST:
        return None
    try:
        told = json.loads(content)
        error = {name: str(told[name]) for name in ("code", "what", "remedy")}
        return error, told["input"] is True
    except (ValueError, KeyError, TypeError):
        return None
