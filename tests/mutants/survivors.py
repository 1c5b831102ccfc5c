"""What mutmut found, and the page that lists each survivor left with its reason."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

_KILLED = {1, 3}
_TIMEOUT = {36, 24, -24, 152, 255}
_NO_TESTS = {5, 33}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


class Survivor(NamedTuple):
    """A change that no test noticed.

    Args:
        function: its dotted name.
        change: the lines taken out and put in, each with its sign, without indentation.
    """

    function: str
    change: str


class Result(NamedTuple):
    """What came of an area's mutants.

    Args:
        total: how many there are, without those that only change the words of a sentence.
        killed: noticed by a test; one that never ends counts as noticed.
        endless: those of the killed whose tests did not end in time.
        undecided: not tried, or broken off.
        survivors: noticed by no test.
    """

    total: int
    killed: int
    endless: int
    undecided: int
    survivors: tuple[Survivor, ...]


def read(place: Path) -> Result:
    """Read the results below a workplace."""
    killed = endless = undecided = total = 0
    left = []
    for meta in sorted((place / "mutants" / "src").rglob("*.meta")):
        source = meta.relative_to(place / "mutants").as_posix().removesuffix(".meta")
        for name, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            change = _change(place, name, Path(source))
            if _only_words(change):
                continue
            if code == 0 or code in _NO_TESTS:
                left.append(Survivor(_function(name), change))
            elif code in _KILLED or code in _TIMEOUT:
                killed += 1
                endless += code in _TIMEOUT
            else:
                undecided += 1
            total += 1
    return Result(total, killed, endless, undecided, tuple(left))


def _function(name: str) -> str:
    """The dotted name of a function from mutmut's name of a mutant of it."""
    module, _, mangled = name.partition("__mutmut_")[0].rpartition(".")
    if mangled.startswith("xǁ"):
        return f"{module}.{'.'.join(mangled.split('ǁ')[1:])}"
    return f"{module}.{mangled.removeprefix('x_')}"


def _change(place: Path, name: str, source: Path) -> str:
    from mutmut.configuration import reset_config
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    before = Path.cwd()
    os.chdir(place)
    try:
        reset_config()
        told = get_diff_for_mutant(name, path=source)
    finally:
        os.chdir(before)
    return _lines(told)


def _lines(diff: str) -> str:
    kept = (line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2} )", line))
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in kept)


def _only_words(change: str) -> bool:
    """Whether a change only spells a sentence otherwise; words are for people to judge."""
    out = [line[1:] for line in change.splitlines() if line[0] == "-"]
    new = [line[1:] for line in change.splitlines() if line[0] == "+"]
    return [_wordless(line) for line in out] == [_wordless(line) for line in new]


def _wordless(line: str) -> str:
    """A line in which each text with a space in it says nothing."""
    return _TEXT.sub(lambda found: '"…"' if " " in found[0] else found[0], line)


def listed(page: Path) -> dict[Survivor, str]:
    """The survivors on the page, each with the reason why it is left.

    An entry is a heading with the function's name, a block of the change and the reason.
    """
    found = {}
    pattern = r"^### `([\w.]+)`\n+```diff\n(.*?)\n```\n+(.*?)(?=\n#|\Z)"
    for function, change, reason in re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL):
        found[Survivor(function, _lines(change))] = " ".join(reason.split())
    return found
