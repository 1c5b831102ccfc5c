"""Was the copy restored elsewhere, by another process? (Level V3.)"""

from __future__ import annotations

import os
from typing import Optional

from ..border.parts import Identity


def why_not_elsewhere(maker: Identity, verifier: Identity, scratch: str) -> Optional[str]:
    """Why a restore does not count as "elsewhere"; ``None`` when it does.

    Another machine counts, and so does another volume of the same machine. Another
    process always has to.

    Args:
        maker: identity of the maker, with ``device`` (number of the asset's volume).
        verifier: identity of the verifier.
        scratch: the folder restored under.
    """
    same_boot = bool(maker.boot_id) and maker.boot_id == verifier.boot_id
    process = (maker.pid, maker.pid_started)
    if same_boot and process == (verifier.pid, verifier.pid_started):
        return "the process that made the snapshot restored it as well"
    if not same_boot and maker.boot_id and verifier.boot_id:
        return None
    device = maker.device
    if device is None:
        if _in_memory(scratch):
            return None
        return f"nobody knows whether {scratch} is on another volume than the source"
    if os.stat(scratch).st_dev == device:
        return f"{scratch} is on the volume of the source; use another volume or another host"
    return None


def _in_memory(folder: str) -> bool:
    return os.path.realpath(folder) == "/dev/shm"  # noqa: S108  memory
