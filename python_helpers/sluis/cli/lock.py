"""The lock of a change, for as long as a verb of ``sluis`` needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sluis.runbook.lock import take_lock


@contextmanager
def only_run(dossier: Path, what: str, now: datetime) -> Iterator[Path]:
    """Hold the lock of one change.

    Args:
        dossier: the change's dossier; made when it is not there yet.
        what: what is about to run, for the message to whoever comes second.
        now: aware UTC time.

    Yields:
        The path of the lock file.

    Raises:
        SluisError: ``run-in-progress``.
    """
    path, descriptor = take_lock(dossier, what, now)
    try:
        yield path
    finally:
        os.close(descriptor)
