"""Bring a file that a worker wrote into the dossier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from sluis.errors import SnapshotError
from sluis.runbook.run import OpenDossier

#: brings a file of the worker to a place on the controller
Fetch = Callable[[str, Path], None]


def keep_worker_file(
    dossier: OpenDossier, fetch: Fetch, remote: str, local: Path, expected: str | None = None
) -> str:
    """Fetch a file and keep it as an object.

    Args:
        dossier: where it is kept.
        fetch: brings it.
        remote: its path on the worker.
        local: where it lies afterwards, until the next call; what is there goes.
        expected: SHA-256 that the worker said it has; ``None`` when it said nothing.

    Returns:
        its SHA-256.

    Raises:
        SnapshotError: ``worker-file-altered``: it is another file; nothing was kept.
    """
    local.unlink(missing_ok=True)
    fetch(remote, local)
    with local.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and found != expected:
        raise SnapshotError(
            "worker-file-altered",
            f"{remote} is not the file that the worker said it wrote.",
            "Find out who writes there, and run this again.",
        )
    dossier.objects.put_file(local)
    return found
