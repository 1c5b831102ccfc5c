"""Names that a store lists: only whole restic ids are used, the others are counted and told.

A store is shared, and an append-only one takes any object of any name from anybody who holds
its login. So a listing may hold options, paths, control characters, and millions of names.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, List, Tuple

from ..border.characters import clean_text
from ..counted import counted

_ID = re.compile(r"[0-9a-f]{64}")
#: names in one listing; a repository of 20 TB has about this many packs
MOST_NAMES = 5_000_000
#: characters that one entry of a REST listing may take
_LONGEST_ENTRY = 1 << 16
_SHOWN = 3


@dataclass(frozen=True)
class Foreign:
    """Objects in one folder of a store that restic did not put there."""

    kind: str
    count: int
    examples: Tuple[str, ...]


def only_ids(kind: str, names: Iterable[str]) -> Tuple[List[str], Foreign]:
    """Keep what can be an id of restic's; count the rest.

    Args:
        kind: the folder: ``snapshots``, ``keys`` or ``data``.
        names: as the store lists them.

    Raises:
        ValueError: there are more than `MOST_NAMES`.
    """
    ids: List[str] = []
    examples: List[str] = []
    foreign = 0
    for number, name in enumerate(names):
        if number >= MOST_NAMES:
            raise ValueError(f"it lists more than {MOST_NAMES:,} objects in {kind}")
        if _ID.fullmatch(name):
            ids.append(name)
            continue
        foreign += 1
        if len(examples) < _SHOWN:
            examples.append(f"{kind}/{clean_text(name, 80)}")
    return ids, Foreign(kind, foreign, tuple(examples))


def foreign_words(found: Iterable[Foreign]) -> str:
    """What people are told about foreign objects; empty when there are none."""
    some = [one for one in found if one.count]
    count = sum(one.count for one in some)
    if not count:
        return ""
    examples = ", ".join(example for one in some for example in one.examples)[:400]
    return (
        f"the store holds {counted(count, 'object that is', 'objects that are')}"
        f" not restic's, such as {examples}"
    )


def names_in_json(pieces: Iterable[bytes]) -> Iterator[str]:
    """The names in a REST store's listing, read piece by piece and never held as a whole.

    Version 1 of the protocol is a list of names, version 2 a list of objects with a ``name``
    (https://restic.readthedocs.io/en/stable/100_references.html#rest-backend).

    Raises:
        ValueError: it is no such list, or it ends in the middle.
    """
    decoder, scanner = codecs.getincrementaldecoder("utf-8")("replace"), json.JSONDecoder()
    text, begun = "", False
    for piece in pieces:
        text += decoder.decode(piece)
        if not begun:
            text = text.lstrip()
            if not text:
                continue
            if "null".startswith(text[:4]) and len(text) < 4:
                continue
            if text.rstrip() == "null":
                return
            if text[0] != "[":
                raise ValueError("its listing is not a JSON list")
            text, begun = text[1:], True
        at = 0
        while True:
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                return
            try:
                item, at = scanner.raw_decode(text, at)
            except (ValueError, RecursionError):
                if len(text) - at > _LONGEST_ENTRY:
                    raise ValueError("an entry of its listing is not one of restic's") from None
                break  # the rest of it comes with the next piece
            yield _name(item)
        text = text[at:]
    if begun or text:
        raise ValueError("its listing ends in the middle")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _name(item: Any) -> str:
    name = item.get("name") if isinstance(item, dict) else item
    if not isinstance(name, str):
        raise ValueError("an entry of its listing has no name")
    return name
