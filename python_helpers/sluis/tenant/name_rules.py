"""Names that a target refuses, and the signed rule that says how each is changed.

Everything is found before the first byte is sent: which names are refused, what they become,
which would clash after that (SharePoint does not tell upper from lower case) and which paths
are too long. A name that no rule can save is refused and named; nothing is guessed.

What SharePoint and OneDrive refuse is Microsoft's page on restrictions and limitations.
Trailing full stops are not on it; rclone's onedrive backend learned that they do not survive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
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
_MARK = 8
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


@dataclass(frozen=True)
class Renamed:
    """An item whose own name changes; what lies below it keeps its names.

    Args:
        path: original path.
        target: path in the target, below the target's folder.
        reasons: codes as from ``complaints``, or ``clash`` or ``path-too-long``.
    """

    path: str
    target: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """An item that cannot go over under these rules.

    Args:
        path: original path.
        code: ``name-refused``, ``clash``, ``path-too-long`` or ``below-refused-folder``.
        why: one sentence.
    """

    path: str
    code: str
    why: str


@dataclass(frozen=True)
class NamePlan:
    """Where every item goes.

    Args:
        targets: original path to path below the target's folder, for every item that goes.
        renamed: items whose own name changes.
        refused: items that do not go.
    """

    targets: Mapping[str, str]
    renamed: tuple[Renamed, ...]
    refused: tuple[Refused, ...]


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
    return len(text) + sum(character > "\uffff" for character in text)


def plan_names(
    paths: Iterable[str],
    rules: NameRules,
    *,
    url_length: int,
    place: str = "",
    settled: Mapping[str, str] | None = None,
) -> NamePlan:
    """Decide where every item goes, before anything is written.

    Args:
        paths: original paths, parts joined by ``/``; folders that are not listed themselves
            are added.
        rules: as signed.
        url_length: characters of the decoded URL of the target library.
        place: existing folder below which everything goes; "" is the library's root.
        settled: original path to name in the target, for items that an earlier pass has
            brought over; these keep their names when others clash with them.
    """
    planning = _Planning(rules, url_length, place, settled or {})
    everything = _with_parents(paths)
    for folder, children in _by_folder(everything):
        planning.name_children(folder, children)
    for path in everything:
        planning.make_fit(path)
    return planning.result(everything)


class _Planning:
    def __init__(
        self, rules: NameRules, url_length: int, place: str, settled: Mapping[str, str]
    ) -> None:
        self.rules = rules
        self.settled = settled
        self.at_root = not place
        self.before = url_length + 1 + (characters_in(place) + 1 if place else 0)
        self.names: dict[str, str] = {}
        self.reasons: dict[str, list[str]] = {}
        self.refused: dict[str, Refused] = {}

    def name_children(self, folder: str, children: list[str]) -> None:
        """Repair the names in one folder and keep those apart that would clash."""
        at_root = self.at_root and not folder
        for path in children:
            self._repair(path, at_root)
        taken: set[str] = set()
        # settled names first, then names that need no change: a rule bends as few as it can
        for path in sorted(children, key=lambda one: (self._rank(one), one)):
            if path in self.refused:
                continue
            key = target_key(self.names[path])
            if key in taken:
                if self.rules.clash == "refuse":
                    self._refuse(path, "clash", "The target cannot tell its name from another's.")
                    continue
                key = self._mark(path, taken)
            taken.add(key)

    def make_fit(self, path: str) -> None:
        """Shorten until the path fits: the item's own name first, then its folders'."""
        if any(part in self.refused for part in (path, *_parents(path))):
            return
        if self._length(path) <= PATH_LIMIT:
            return
        if self.rules.long == "refuse":
            self._refuse(path, "path-too-long", _too_long(self._length(path)))
            return
        for part in (path, *_parents(path)):
            excess = self._length(path) - PATH_LIMIT
            if excess <= 0:
                break
            if part in self.settled:
                continue  # it has its name in the target already
            name = self.names[part]
            shorter = _shortened(name, characters_in(name) - excess, _digits(part)[:_MARK])
            if characters_in(shorter) < characters_in(name):
                self.names[part] = shorter
                self._because(part, "path-too-long")
        if self._length(path) > PATH_LIMIT:
            self._refuse(path, "path-too-long", _too_long(self._length(path)))

    def result(self, everything: list[str]) -> NamePlan:
        """Put it together, and look once more whether any two ended up as one."""
        targets: dict[str, str] = {}
        seen: set[str] = set()
        for path in everything:
            parent = path.rpartition("/")[0]
            if path in self.refused:
                continue
            if parent and parent not in targets:
                self._refuse(path, "below-refused-folder", "Its folder cannot go over.")
                continue
            target = f"{targets[parent]}/{self.names[path]}" if parent else self.names[path]
            key = target_key(target)
            if key in seen:
                self._refuse(path, "clash", "After changing, its name is another's as well.")
                continue
            seen.add(key)
            targets[path] = target
        renamed = tuple(
            Renamed(path, targets[path], tuple(reasons))
            for path, reasons in sorted(self.reasons.items())
            if path in targets
        )
        return NamePlan(targets, renamed, tuple(self.refused[p] for p in sorted(self.refused)))

    def _repair(self, path: str, at_root: bool) -> None:
        name = path.rpartition("/")[2]
        if path in self.settled:
            self.names[path] = self.settled[path]
            if self.names[path] != name:
                self._because(path, "as-before")
            return
        found = complaints(name, at_root=at_root)
        repaired = _repaired(name, at_root, self.rules) if found else name
        if repaired is None:
            said = ", ".join(found)
            self._refuse(path, "name-refused", f"The target refuses its name ({said}).")
            return
        self.names[path] = repaired
        for code in found:
            self._because(path, code)

    def _rank(self, path: str) -> int:
        if path in self.settled:
            return 0
        return 1 if path not in self.reasons else 2

    def _mark(self, path: str, taken: set[str]) -> str:
        digits = _digits(path)
        for count in range(_MARK, len(digits) + 1):
            name = _shortened(self.names[path], NAME_LIMIT, digits[:count])
            if target_key(name) not in taken:
                break
        self.names[path] = name
        self._because(path, "clash")
        return target_key(name)

    def _length(self, path: str) -> int:
        parts = (path, *_parents(path))
        return self.before + sum(characters_in(self.names[one]) + 1 for one in parts) - 1

    def _because(self, path: str, code: str) -> None:
        reasons = self.reasons.setdefault(path, [])
        if code not in reasons:
            reasons.append(code)

    def _refuse(self, path: str, code: str, why: str) -> None:
        self.refused[path] = Refused(path, code, why)


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


def _repaired(name: str, at_root: bool, rules: NameRules) -> str | None:
    """The name as the rules change it; None when they do not allow it or cannot help."""
    mark = _digits(name)[:_MARK]
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
        return _shortened(name, NAME_LIMIT, mark)
    stem, extension = _split(name)
    return f"{stem}{rules.suffix}{extension}"


def _shortened(name: str, room: int, mark: str) -> str:
    """The name with a mark, cut to ``room`` characters where that can be done."""
    stem, extension = _split(name)
    room -= characters_in(extension) + 1 + len(mark)
    while stem and characters_in(stem) > room:
        stem = stem[:-1]
    # a name must not begin with what the mark's sign could make of it, nor be the mark alone
    return f"{stem.rstrip() or name[0]}~{mark}{extension}"


def _split(name: str) -> tuple[str, str]:
    dot = name.rfind(".")
    if dot <= 0 or characters_in(name) - characters_in(name[:dot]) > _EXTENSION:
        return name, ""
    return name[:dot], name[dot:]


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _with_parents(paths: Iterable[str]) -> list[str]:
    everything: set[str] = set()
    for path in paths:
        everything.add(path)
        for parent in _parents(path):
            if parent in everything:
                break
            everything.add(parent)
    everything.discard("")
    # parents before what lies in them, whatever characters sort before a slash
    return sorted(everything, key=lambda one: one.split("/"))


def _by_folder(everything: list[str]) -> list[tuple[str, list[str]]]:
    folders: dict[str, list[str]] = {}
    for path in everything:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return list(folders.items())


def _too_long(length: int) -> str:
    return f"Its path would have {length} characters with the target's URL; {PATH_LIMIT} are let."


def _bad_rules(what: str) -> InputError:
    return InputError(
        "bad-name-rules",
        f"The rules for names cannot be used: {what}.",
        "Correct the name rules in the scope; it has to be signed again.",
    )
