"""Bring a file that a worker wrote into the dossier."""

from __future__ import annotations

import hashlib
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sluis.border.characters import clean_text
from sluis.counted import counted
from sluis.errors import InputError, SnapshotError
from sluis.runbook.run import OpenDossier

#: brings a file of the worker to a place on the controller
Fetch = Callable[[str, Path], None]

#: OpenSSH's sftp reads its orders line by line, and runs a line that begins with "!" here.
#: What Ansible puts around a path (shlex) ends otherwise for it: \' is a quote there.
_PLAIN = re.compile(r"/[^\x00-\x1f\x7f'\"\\`$]{1,4000}")
#: bytes of one file; a manifest of ten million items takes about one GB
_LARGEST = 4 << 30
#: bytes of the controller's disk that are left to its other programs, and to the dossiers
_KEPT_FREE = 256 << 20


@contextmanager
def _at_most(size: int) -> Iterator[None]:
    """Let this process, and what it starts, write no file beyond a size, in bytes.

    A worker may say that its file is small, and send without an end.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    allowed = [one for one in (size, soft, hard) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def keep_worker_file(
    dossier: OpenDossier, fetch: Fetch, remote: str, local: Path, expected: str | None = None
) -> str:
    """Fetch a file and keep it as an object.

    Args:
        dossier: where it is kept.
        fetch, remote, local, expected: as :func:`bring_worker_file`.

    Returns:
        its SHA-256.

    Raises:
        InputError, SnapshotError: as :func:`bring_worker_file`. Nothing was kept.
    """
    found = bring_worker_file(fetch, remote, local, expected)
    dossier.objects.put_file(local)
    return found


def bring_worker_file(fetch: Fetch, remote: str, local: Path, expected: str | None = None) -> str:
    """Fetch a file.

    Args:
        fetch: brings it.
        remote: its path on the worker, as we know it: never as the worker says it.
        local: where it lies afterwards, until the next call; what is there goes.
        expected: SHA-256 that the worker said it has; ``None`` when it said nothing.

    Returns:
        its SHA-256.

    Raises:
        InputError: ``bad-worker-path``.
        SnapshotError: ``worker-file-altered``: it is another file; ``worker-file-too-large``.
    """
    if not _PLAIN.fullmatch(remote) or ".." in remote.split("/"):
        raise InputError(
            "bad-worker-path",
            f"{clean_text(remote, 200)!r} is no path that can be fetched from a worker.",
            "Use a folder for exports whose path has no quotes and no control characters.",
        )
    local.unlink(missing_ok=True)
    room = max(0, min(_LARGEST, shutil.disk_usage(local.parent).free - _KEPT_FREE))
    try:
        with _at_most(room + 1):
            fetch(remote, local)
    finally:
        size = local.stat().st_size if local.exists() else 0
        if size > room:
            local.unlink()
            raise SnapshotError(
                "worker-file-too-large",
                f"{remote} on the worker is larger than the {counted(room, 'byte')} of its room.",
                "Find out who writes there, or make room on this disk, and run this again.",
            )
    with local.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and found != expected:
        raise SnapshotError(
            "worker-file-altered",
            f"{remote} is not the file that the worker said it wrote.",
            "Find out who writes there, and run this again.",
        )
    return found
