"""What the figures were measured on: facts about the machine and the programs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from sluis.rehearsal.postgres import newest_postgresql


def machine_facts() -> dict[str, Any]:
    """Processors, memory, kernel, and versions of all that was measured."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "restic": _version("restic", "version"),
        "rclone": _version("rclone", "version"),
        "rclone_beside": _version(str(Path(sys.executable).with_name("rclone")), "version"),
        "postgresql": _version(str(newest_postgresql() / "postgres"), "--version"),
        "openssh": _version("ssh", "-V"),
        "ansible_core": importlib.metadata.version("ansible-core"),
        "restverify": importlib.metadata.version("restverify"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def load() -> float:
    """How many processes wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 2)


def _version(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d+[\w.]*", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
