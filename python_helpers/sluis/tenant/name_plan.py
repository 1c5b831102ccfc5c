"""Where every item goes, decided before the first byte is sent.

Which names the target refuses, what the signed rules make of them, which would clash after
that (SharePoint does not tell upper from lower case), and which paths are too long. A name
that no rule can save is refused and named; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .name_rules import (
    MARK,
    NAME_LIMIT,
    PATH_LIMIT,
    NameRules,
    characters_in,
    complaints,
    digits_of,
    repaired,
    target_key,
    with_mark,
)


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
            shorter = with_mark(name, characters_in(name) - excess, digits_of(part)[:MARK])
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
        changed = repaired(name, at_root, self.rules) if found else name
        if changed is None:
            said = ", ".join(found)
            self._refuse(path, "name-refused", f"The target refuses its name ({said}).")
            return
        self.names[path] = changed
        for code in found:
            self._because(path, code)

    def _rank(self, path: str) -> int:
        if path in self.settled:
            return 0
        return 1 if path not in self.reasons else 2

    def _mark(self, path: str, taken: set[str]) -> str:
        digits = digits_of(path)
        for count in range(MARK, len(digits) + 1):
            name = with_mark(self.names[path], NAME_LIMIT, digits[:count])
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
