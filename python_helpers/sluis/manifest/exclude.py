"""Which items are left out: one small pattern language for us and for the engine.

A pattern without a slash matches a name at any depth. A pattern with a slash is
anchored at the asset's folder. ``*`` and ``?`` stay inside one name, ``**`` spans any
number of folders. Leaving out a folder leaves out everything in it.
"""

from __future__ import annotations

import itertools
import re
from typing import Callable, Iterator, List, Sequence

from ..errors import InputError


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that says whether a relative path is left out by itself.

    Raises:
        InputError: ``bad-exclude``.
    """
    if not patterns:
        return lambda _path: False
    numbers = itertools.count(1)
    pattern = re.compile("|".join(_expression(p, numbers) for p in patterns), re.DOTALL)
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


def _expression(pattern: str, numbers: Iterator[int]) -> str:
    """One pattern as an expression, ``numbers`` being for its groups.

    Between two stars the first place that fits is as good as any, so none but it is tried: with
    each place tried for each star, a name made for it takes hours.
    """
    *parts, end = _anchored(pattern)
    blocks = [""]  # what stands between one ``**`` and the next
    for part in parts:
        if part != "**":
            blocks[-1] += _name(part, numbers) + "/"
        elif blocks[-1] or len(blocks) == 1:  # two of them in a row say the same as one
            blocks.append("")
    blocks[-1] += ".*" if end == "**" else _name(end, numbers)
    first, *others = blocks
    if not others:
        return f"(?:{first})"
    *between, last = others
    out = "".join(_first("(?:[^/]*/)*?" + block, numbers) for block in between)
    return f"(?:{first}{out}(?:[^/]*/)*{last})"


def _name(part: str, numbers: Iterator[int]) -> str:
    first, *others = ("".join(map(_sign, piece)) for piece in re.split(r"\*+", part))
    if not others:
        return first
    *between, last = others
    return first + "".join(_first("[^/]*?" + piece, numbers) for piece in between) + "[^/]*" + last


def _sign(sign: str) -> str:
    return "[^/]" if sign == "?" else re.escape(sign)


def _first(expression: str, numbers: Iterator[int]) -> str:
    """The first text only that an expression matches: Python before 3.11 has no atomic group."""
    name = f"first{next(numbers)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"
