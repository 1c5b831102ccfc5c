"""Names that a target refuses, and the signed rule that says how each is changed.

The rules are signed; ``name_plan`` applies them to everything that is to go over.

What SharePoint and OneDrive refuse is Microsoft's page on restrictions and limitations.
Trailing full stops are not on it; rclone's onedrive backend learned that they do not survive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from ..errors import InputError

#: characters in the whole path, the URL of the target included
PATH_LIMIT = 400
#: characters in one name
NAME_LIMIT = 255

_REFUSED = re.compile('[\x00-\x1f\x7f"*:<>?/\\\\|\ud800-\udfff]')
_RESERVED = frozenset(
    {".lock", "con", "prn", "aux", "nul", "desktop.ini"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in range(10)}
)
_VTI = re.compile("_(vti)_", re.IGNORECASE)
#: at the root of a library SharePoint keeps its own pages under this name
_AT_ROOT = "forms"
#: hexadecimal digits of the mark that tells changed names apart
MARK = 8
#: an extension longer than this is cut like any other text
_EXTENSION = 16


@dataclass(frozen=True)
class NameRules:
    """How a refused name is changed. The client signs these words, not each name.

    Args:
        characters: what happens to refused characters, to spaces at either end and to full
            stops at the end: ``replace``, or ``refuse`` the item.
        replacement: what stands in the place of each.
        reserved: what happens to reserved names: a ``suffix`` before the extension, or
            ``refuse``.
        suffix: that suffix.
        long: ``shorten`` names until the path fits (a mark of eight digits keeps them
            apart), or ``refuse``.
        clash: names that the target cannot tell apart get the same kind of mark
            (``suffix``), or ``refuse``: every one but the first is refused.
    """

    characters: Literal["replace", "refuse"] = "replace"
    replacement: str = "_"
    reserved: Literal["suffix", "refuse"] = "suffix"
    suffix: str = "_"
    long: Literal["shorten", "refuse"] = "shorten"
    clash: Literal["suffix", "refuse"] = "suffix"

    def __post_init__(self) -> None:
        for what, choices in (
            ("characters", ("replace", "refuse")),
            ("reserved", ("suffix", "refuse")),
            ("long", ("shorten", "refuse")),
            ("clash", ("suffix", "refuse")),
        ):
            if getattr(self, what) not in choices:
                raise _bad_rules(f"{what} must be {' or '.join(choices)}")
        if complaints(f"a{self.replacement}a") or complaints(f"{self.replacement}a"):
            raise _bad_rules("the replacement is itself refused in a name")
        if not self.suffix or complaints(f"a{self.suffix}"):
            raise _bad_rules("the suffix is empty or itself refused at the end of a name")

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> NameRules:
        """The rules from plain data.

        Raises:
            InputError: ``bad-name-rules``.
        """
        unknown = set(data) - {one.name for one in fields(cls)}
        if unknown or not all(isinstance(value, str) for value in data.values()):
            raise _bad_rules("there are unknown fields, or values that are not text")
        return cls(**data)

    def as_data(self) -> dict[str, str]:
        """The rules as plain data, for the scope and for statements."""
        return asdict(self)


def complaints(name: str, *, at_root: bool = False) -> tuple[str, ...]:
    """Why SharePoint or OneDrive refuses ``name``; empty when it does not.

    Args:
        name: one part of a path.
        at_root: the name stands at the root of a library.

    Returns:
        codes out of ``empty``, ``character``, ``space-at-end``, ``dot-at-end``,
        ``reserved-name``, ``vti``, ``temporary-file``, ``forms-at-root``, ``name-too-long``.
    """
    return tuple(_complaints(name, at_root))


def target_key(name: str) -> str:
    """Names with the same key are one and the same to the target, which ignores case.

    Upper case character by character, as Windows compares names: ``ß`` is not ``ss``, and
    composed and decomposed accents differ. Where the service sees it otherwise, the upload
    is refused (409) and the import names the conflict.
    """
    return name.upper() if name.isascii() else "".join(map(_upper, name))


def characters_in(text: str) -> int:
    """Length as the service counts it: UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def with_mark(name: str, room: int, mark: str) -> str:
    """The name with a mark, cut to ``room`` characters where that can be done."""
    stem, extension = _split(name)
    room -= characters_in(extension) + 1 + len(mark)
    while stem and characters_in(stem) > room:
        stem = stem[:-1]
    # a name must not begin with what the mark's sign could make of it, nor be the mark alone
    return f"{stem.rstrip() or name[0]}~{mark}{extension}"


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 else character


def _complaints(name: str, at_root: bool) -> Iterator[str]:
    lower = name.lower()
    if not name:
        yield "empty"
    if _REFUSED.search(name):
        yield "character"
    if name != name.strip():
        yield "space-at-end"
    if name.endswith("."):
        yield "dot-at-end"
    if lower in _RESERVED:
        yield "reserved-name"
    if _VTI.search(name):
        yield "vti"
    if name.startswith("~$"):
        yield "temporary-file"
    if at_root and lower == _AT_ROOT:
        yield "forms-at-root"
    if characters_in(name) > NAME_LIMIT:
        yield "name-too-long"


def repaired(name: str, at_root: bool, rules: NameRules) -> str | None:
    """The name as the rules change it; None when they do not allow it or cannot help.

    Args:
        name: one part of a path.
        at_root: the name stands at the root of a library.
        rules: as signed.
    """
    mark = digits_of(name)[:MARK]
    for _ in range(4):  # a repair can bring about another complaint, but not for ever
        found = complaints(name, at_root=at_root)
        if not found:
            return name
        for code in found:
            if not _allowed(code, rules):
                return None
            name = _repair_one(name, code, rules, mark)
    return None


def _allowed(code: str, rules: NameRules) -> bool:
    if code in ("reserved-name", "forms-at-root"):
        return rules.reserved == "suffix"
    if code == "name-too-long":
        return rules.long == "shorten"
    return rules.characters == "replace" and code != "empty"


def _repair_one(name: str, code: str, rules: NameRules, mark: str) -> str:
    if code == "character":
        return _REFUSED.sub(lambda _: rules.replacement, name)
    if code == "space-at-end":
        inner = name.strip()
        start = len(name) - len(name.lstrip()) if inner else 0
        end = len(name) - start - len(inner)
        return rules.replacement * start + inner + rules.replacement * end
    if code == "dot-at-end":
        inner = name.rstrip(".")
        return inner + rules.replacement * (len(name) - len(inner))
    if code == "vti":
        return _VTI.sub(r"-\1-", name)
    if code == "temporary-file":
        return rules.replacement + name[1:]
    if code == "name-too-long":
        return with_mark(name, NAME_LIMIT, mark)
    stem, extension = _split(name)
    return f"{stem}{rules.suffix}{extension}"


def _split(name: str) -> tuple[str, str]:
    dot = name.rfind(".")
    if dot <= 0 or characters_in(name) - characters_in(name[:dot]) > _EXTENSION:
        return name, ""
    return name[:dot], name[dot:]


def digits_of(text: str) -> str:
    """What marks are made from: 64 hexadecimal digits that depend on ``text`` alone."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _bad_rules(what: str) -> InputError:
    return InputError(
        "bad-name-rules",
        f"The rules for names cannot be used: {what}.",
        "Correct the name rules in the scope; it has to be signed again.",
    )
