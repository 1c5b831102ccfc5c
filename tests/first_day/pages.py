"""The blocks of commands in the documentation, and where each has to be typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^( *)```(?:sh)?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_WHERE = re.compile(r"^On `(\w+)`, as (\w+)(, and leave it running)?:$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Commands, the machine and user they are for, and whether the last of them goes on."""

    text: str
    machine: str = "desk"
    user: str = "pilot"
    stays: bool = False


def section(page: Path, heading: str) -> str:
    """A page's part under one heading, up to the next of that rank or above.

    Raises:
        AssertionError: there is no such heading.
    """
    rank = heading.split(" ")[0]
    _, found, rest = page.read_text().partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading!r}"
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str) -> list[Block]:
    """The blocks of a part, in order. ``On `NAME`, as USER:`` just above one says where."""
    found = []
    for block in _BLOCK.finditer(text):
        indent, body = block[1], block[2]
        lines = [line.removeprefix(indent) for line in body.splitlines(keepends=True)]
        above = text[: block.start()].rstrip().rpartition("\n")[2]
        where = _WHERE.fullmatch(above.strip())
        typed = "".join(lines)
        found.append(Block(typed, where[1], where[2], bool(where[3])) if where else Block(typed))
    return found


def steps(text: str) -> list[str]:
    """The parts of a numbered list, without their numbers."""
    return re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
