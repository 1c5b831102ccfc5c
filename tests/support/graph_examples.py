"""Documented requests and answers of Microsoft Graph, and answers compared with them by shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*$", re.DOTALL | re.MULTILINE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
#: in descriptions of resources a value names its kind instead of having it
_PLACEHOLDERS = {"boolean": bool, "true | false": bool}


@dataclass(frozen=True)
class Example:
    """One block of a documentation page.

    Attributes:
        name: page and number, such as ``driveitem-invite 3``.
        kind: ``request``, ``response`` or ``resource``.
        status: of a response.
        body: its JSON, if it has any.
        optional: properties that need not be there.
    """

    name: str
    kind: str
    status: int | None
    body: Any
    optional: frozenset[str]


def read_examples(path: Path) -> list[Example]:
    """All blocks of the file, with the JSON repaired where the page has comments or commas."""
    found = []
    for line in path.read_text().splitlines():
        block = json.loads(line)
        meta, text = block["meta"], block["body"]
        name = f"{Path(block['source']).stem} {block['index']}"
        kind = meta.get("blockType", "")
        status = None
        if kind != "resource":
            head, _, text = text.replace("\r\n", "\n").partition("\n\n")
            status = int(head.split()[1]) if kind == "response" else None
        optional = frozenset(meta.get("optionalProperties") or ())
        body = _json(text) if kind in ("response", "resource") else None
        found.append(Example(name, kind, status, body, optional))
    return found


def _json(text: str) -> Any:
    text = _TRAILING_COMMA.sub(r"\1", _COMMENT.sub("", text)).strip()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def differences(documented: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Where our answer has another shape than the documented one.

    ``missing NAME`` for a property that the example has and we have not, ``kind NAME`` for
    one that is of another kind. Entries of a collection are compared as a whole: a
    property that any of the example's entries has must be in one of ours.
    """
    if isinstance(documented, dict) and isinstance(ours, dict):
        if set(documented) == {"@odata.type"}:
            return  # only says which type it is
        for name, value in documented.items():
            path = f"{where}.{name}" if where else name
            if name.startswith("@odata.") and name != "@odata.nextLink":
                continue
            if name not in ours:
                yield f"missing {path}"
            elif ours[name] is not None:
                yield from differences(value, ours[name], path)
    elif isinstance(documented, list) and isinstance(ours, list):
        if documented and ours:
            yield from differences(_merged(documented), _merged(ours), f"{where}[]")
    elif _kind(documented) is not _kind(ours):
        yield f"kind {where}"


def _merged(entries: list[Any]) -> Any:
    if not all(isinstance(entry, dict) for entry in entries):
        return entries[0]
    return {name: value for entry in entries for name, value in entry.items()}


def _kind(value: Any) -> type:
    if isinstance(value, str):
        return _PLACEHOLDERS.get(value, str)
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)
