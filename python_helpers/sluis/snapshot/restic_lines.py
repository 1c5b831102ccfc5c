"""What restic prints with ``--json``, typed and bounded.

Much of it was written into the repository by others: names, tags, host names, times.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, Union

from ..border import codec
from ..border.formats import Count, Sha256, Time
from ..border.marked import Annotated
from ..border.shapes import Exact, Form, Most, Real
from ..border.strict_json import WrongError

#: bytes of one line; the first line of ``ls`` names all excludes of a snapshot
LONGEST_LINE = 4 << 20
_PathText = Annotated[str, Exact(1 << 16)]
_Name = Annotated[str, Exact(1024)]


@dataclass(frozen=True)
class Status:
    """How far a backup or restore is."""

    percent_done: Annotated[float, Real(0, 1)] = 0.0
    bytes_done: Count = 0
    total_bytes: Count = 0
    files_done: Count = 0


@dataclass(frozen=True)
class Summary:
    """The end of a backup. Old versions shorten the id to eight characters."""

    snapshot_id: Annotated[str, Form(r"[0-9a-f]{8}|[0-9a-f]{64}", "a snapshot's id", 64)]


@dataclass(frozen=True)
class Node:
    """One item of a snapshot."""

    path: _PathText
    type: Annotated[str, Form(r"[a-z]{1,20}", "a type of item", 20)]
    uid: Optional[Count] = None
    gid: Optional[Count] = None


@dataclass(frozen=True)
class Listed:
    """One snapshot as the repository names it."""

    id: Sha256
    time: Time
    hostname: _Name = ""
    paths: Annotated[Tuple[_PathText, ...], Most(1000)] = ()


@dataclass(frozen=True)
class Head:
    """The first line of ``ls``: the snapshot's own time."""

    time: Time


@dataclass(frozen=True)
class Change:
    """One difference between two snapshots."""

    path: _PathText
    modifier: Annotated[str, Form(r"[A-Z+?-]{1,8}", "a kind of change", 8)]


@dataclass(frozen=True)
class Difference:
    """The end of ``diff``: it was told as JSON, to its end.

    ``removed_bytes`` is the content that only the first snapshot has.
    """

    removed_bytes: Optional[Count] = None


@dataclass(frozen=True)
class Totals:
    """What ``stats`` counts."""

    total_size: Count
    total_file_count: Count


Line = Union[Status, Summary, Node, Head, Change, Difference, Totals]
L = TypeVar("L")


def read_line(raw: bytes) -> Optional[Line]:
    """One line of restic's as a message; ``None`` when it is none that we use.

    Raises:
        WrongError: it is one that we use, and a field has not its shape.
    """
    if not raw.startswith(b"{"):
        return None
    try:
        given = _json(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    kind = _kind(given)
    if kind is None:
        return None
    if kind is Difference:
        removed = given.get("removed")
        given = {"removed_bytes": removed.get("bytes") if isinstance(removed, dict) else None}
    try:
        line: Line = _pick(kind, given)
    except WrongError:
        if kind is Status:  # only somebody who watches misses it
            return None
        raise
    return line


def in_words(text: str) -> List[str]:
    """What restic wrote for people, line by line.

    With ``--json`` newer versions wrap their errors as JSON: of those only the sentence is
    taken, and messages for programs are left out.
    """
    found = []
    for line in text.splitlines():
        said = _sentence(line.strip()) if line.lstrip().startswith("{") else line.strip()
        if said:
            found.append(said)
    return found


def _sentence(line: str) -> str:
    try:
        told = _json(line)
    except (ValueError, RecursionError):
        return line
    error = told.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    said = inner or told.get("message")
    if not isinstance(said, str):
        return ""
    item = told.get("item")
    return f"{item}: {said}" if isinstance(item, str) and item else said


def read_snapshots(text: str) -> Tuple[List[Listed], int]:
    """The answer of ``snapshots``, oldest first, and how many of them make no sense.

    Raises:
        ValueError: it is no list of snapshots.
    """
    try:
        given = _json(text or "null")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if given is None:  # restic says so of a repository without snapshots
        given = []
    if not isinstance(given, list):
        raise ValueError("it is not a list")
    found: List[Listed] = []
    for item in given:
        try:
            found.append(_pick(Listed, item if isinstance(item, dict) else {}))
        except WrongError:
            continue
    # "time" is the maker's word; it only orders what one maker made.
    return sorted(found, key=lambda one: one.time), len(given) - len(found)


def _json(text: str) -> Any:
    return json.loads(text, parse_int=_whole)


def _whole(digits: str) -> int:
    """Reading digits takes quadratic time, and restic prints no number of more than 20."""
    if len(digits) > 40:
        raise ValueError("a number has too many digits")
    return int(digits)


def _kind(given: Mapping[str, Any]) -> Optional[Type[Any]]:
    message, struct = given.get("message_type"), given.get("struct_type")
    if isinstance(message, str) and message in _MESSAGES:
        return _MESSAGES[message]
    if struct == "snapshot":
        return Head
    if struct == "node":
        return Node
    return Totals if "total_size" in given and "total_file_count" in given else None


_MESSAGES: Dict[str, Type[Any]] = {
    "status": Status,
    "summary": Summary,
    "change": Change,
    "statistics": Difference,
}


def _pick(kind: Type[L], given: Mapping[str, Any]) -> L:
    """Only the fields that we use: restic adds others with every version."""
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]
    wanted = {name: given[name] for name in known if given.get(name) is not None}
    return codec.load(kind, wanted)
