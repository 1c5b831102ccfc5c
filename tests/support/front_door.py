"""The command, run as a ticketing system runs it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from support.signed_change import ANSIBLE, LabChange


def sluis(change: LabChange, *words: str) -> tuple[int, dict[str, Any]]:
    """Run the command as a ticketing system does; nothing but JSON on standard output."""
    found = subprocess.run(
        [ANSIBLE / "sluis", *words, "--json"],
        cwd=change.root,
        env=change.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return found.returncode, json.loads(found.stdout)
