"""What a long task says while it is at work, from a file that it appends to.

Ansible tells nothing about a task before it ends; restoring a terabyte takes hours. The
lines are those of :mod:`sluis.snapshot.progress`. They are for the eye only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sluis.cli.plainly import plainly
from sluis.cli.progress import Line

_MOST_AT_ONCE = 256 * 1024
_UNITS = ("B", "kB", "MB", "GB", "TB")


class ProgressFile:
    """Gives the lines that were added since it was last asked.

    Args:
        path: the file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def news(self) -> list[Line]:
        """The newest line of each asset that has one. A file gone wrong gives nothing."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                data = file.read(_MOST_AT_ONCE)
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        self._read += whole
        newest: dict[str, Line] = {}
        for raw in data[:whole].splitlines():
            line = _line(raw)
            if line is not None:
                newest[line.host] = line
        return list(newest.values())


def _line(raw: bytes) -> Line | None:
    try:
        told = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("asset"), str):
        return None
    phase = plainly(str(told.get("phase") or ""), limit=80)
    return Line("now", phase, plainly(told["asset"], limit=80), ", ".join(_figures(told)))


def _figures(told: dict[str, Any]) -> list[str]:
    found = []
    done, size, items = told.get("done"), told.get("bytes"), told.get("items")
    if isinstance(done, int | float) and 0 <= done <= 1:
        found.append(f"{done:.0%}")
    if isinstance(size, int | float) and size >= 0:
        found.append(_bytes(size))
    if isinstance(items, int) and items >= 0:
        found.append(f"{items} items")
    return found


def _bytes(size: float) -> str:
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size:.0f} B"
