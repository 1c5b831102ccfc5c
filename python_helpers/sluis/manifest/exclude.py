"""Which items are left out: one small pattern language for us and for the engine.

A pattern without a slash matches a name at any depth. A pattern with a slash is
anchored at the asset's folder. ``*`` and ``?`` stay inside one name, ``**`` spans any
number of folders. Leaving out a folder leaves out everything in it.
"""

from __future__ import annotations

import re
from typing import Callable, List, Sequence

from ..errors import InputError


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that says whether a relative path is left out by itself.

    Raises:
        InputError: ``bad-exclude``.
    """
    if not patterns:
        return lambda _path: False
    pattern = re.compile("|".join(_expression(p) for p in patterns), re.DOTALL)
    return lambda path: pattern.fullmatch(path) is not None


def for_restic(patterns: Sequence[str], root: str) -> List[str]:
    """The same patterns for ``restic backup --exclude``, anchored at ``root``.

    restic matches a bare name against the parents of the folder as well, so that
    "cache" would leave out all of /srv/cache/data; anchoring prevents that.
    """
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", root.rstrip("/"))
    return [f"{literal}/{'/'.join(_anchored(pattern))}" for pattern in patterns]


def _anchored(pattern: str) -> List[str]:
    parts = [part for part in pattern.split("/") if part]
    if not parts or pattern != pattern.strip() or re.search(r"[\[\]\\\x00-\x1f]", pattern):
        raise InputError(
            "bad-exclude",
            f"{pattern!r} cannot be used to leave items out.",
            "Use names with *, ? and **, without brackets, backslashes and control characters.",
        )
    if any(part in (".", "..") for part in parts):
        raise InputError(
            "bad-exclude",
            f"{pattern!r} points outside the asset.",
            "Name items relative to the asset's folder, without '.' and '..'.",
        )
    return parts if "/" in pattern.rstrip("/") else ["**", *parts]


def _expression(pattern: str) -> str:
    parts = _anchored(pattern)
    out = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            out.append(".*" if last else "(?:[^/]*/)*")
            continue
        name = "".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in part)
        out.append(name if last else name + "/")
    return "(?:" + "".join(out) + ")"
