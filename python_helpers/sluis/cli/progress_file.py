"""What a long task says while it is at work, from a file that it appends to.

Ansible tells nothing about a task before it ends; restoring a terabyte takes hours. The
lines are those of :mod:`sluis.snapshot.progress`. They are for the eye only.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sluis.cli.plainly import plainly
from sluis.cli.progress import Line
from sluis.counted import counted

_MOST_AT_ONCE = 256 * 1024
#: no figure reaches this; a program that reads events need not know larger numbers
_MOST = 1 << 60
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
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("asset"), str):
        return None
    phase = plainly(str(told.get("phase") or ""), limit=120)
    done, size, items = (_number(told.get(name)) for name in ("done", "bytes", "items"))
    known = Line(
        "now",
        phase,
        plainly(told["asset"], limit=80),
        done=done if done is not None and done <= 1 else None,
        size=None if size is None else int(size),
        items=None if items is None else int(items),
    )
    return replace(known, detail=", ".join(_figures(known)))


def _number(given: Any) -> float | None:
    """A figure that makes sense; what a file says may be anything."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return given if 0 <= given < _MOST else None


def _figures(line: Line) -> list[str]:
    found = [] if line.done is None else [f"{line.done:.0%}"]
    found += [] if line.size is None else [_bytes(line.size)]
    return found + ([] if line.items is None else [counted(line.items, "item")])


def _bytes(given: int) -> str:
    size, unit = float(given), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size:.0f} B"
