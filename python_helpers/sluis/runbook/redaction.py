"""Take secrets out of what a step answered, and spell out what nobody would see.

Both before any of it is kept or shown: a host's words may hold a password, or characters
that paint the operator's screen.

They are taken out of the structure and never out of its serialised text, where a quote or
a line break of theirs is written otherwise, and where a short one would break the text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sluis.border.characters import visible
from sluis.border.spellings import spellings

MASK = "********"

#: A shorter secret is taken out only where it stands alone: "u" is in nearly every word.
_ANYWHERE = 4
#: A key that is a plain name may hold a short secret by chance, as "mtime" holds "time".
_ANYWHERE_IN_NAMES = 6
#: the same for one line of a secret of several lines
_ANYWHERE_LINE = 6
_DEEPEST = 60

_LINES = re.compile(r"[\n\t]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: What decides how a step ended. These values are never touched, whatever the secret is.
_DECIDES = frozenset({"changed", "failed", "rc", "skipped", "unreachable"})
#: The names that modules and Ansible give to the parts of an answer; they are no secrets.
_KNOWN = _DECIDES | {
    "after", "backup_file", "before", "checksum", "cmd", "content", "delta", "deprecations",
    "dest", "diff", "end", "exception", "gid", "group", "invocation", "item", "md5sum", "mode",
    "module_args", "module_stderr", "module_stdout", "msg", "name", "owner", "path",
    "quarantine", "results", "size", "src", "start", "state", "stderr", "stderr_lines",
    "stdout", "stdout_lines", "uid", "url", "warnings",
}  # fmt: skip


class Redaction:
    """The secrets of one call, ready to be taken out.

    Args:
        secrets: the values, in any structure; texts, numbers and bytes in it are secret,
            names are not.
    """

    def __init__(self, secrets: Any) -> None:
        anywhere: set[str] = set()
        alone: set[str] = set()
        for text in _texts(secrets):
            if not text.strip("*"):
                continue
            (anywhere if len(text) >= _ANYWHERE else alone).update(spellings(text))
            lines = [line.strip() for line in text.splitlines()]
            for line in lines if lines != [text] else ():
                if len(line) >= _ANYWHERE_LINE:
                    anywhere |= spellings(line)
                elif line:
                    alone.add(line)
        self._whole = anywhere | alone
        self._anywhere = sorted(item for item in anywhere if len(item) >= _ANYWHERE)
        self._alone = [_standing_alone(item) for item in sorted(alone) if item.strip()]

    def __bool__(self) -> bool:
        return bool(self._whole)

    def text(self, text: str) -> str:
        """``text`` with every secret in it replaced by asterisks."""
        if text in self._whole:
            return MASK
        return _masked(text, self._places(text, _ANYWHERE))

    def value(self, value: Any) -> Any:
        """The same structure with every text and name in it cleaned, as plain values.

        What decides how a step ended (``failed``, ``rc`` and their like) stays as it is, and
        so do booleans. A structure that holds itself, or is too deep, is cut there.

        Args:
            value: anything; what is no plain value becomes its text.
        """
        return self._value(value, ())

    def _places(self, text: str, shortest: int) -> Iterator[tuple[int, int]]:
        for secret in self._anywhere:
            if len(secret) < shortest:
                continue
            at = text.find(secret)
            while at >= 0:
                yield at, at + len(secret)
                at = text.find(secret, at + 1)
        for pattern in self._alone:
            for found in pattern.finditer(text):
                yield found.span()

    def _value(self, value: Any, inside: tuple[int, ...]) -> Any:
        if value is None or isinstance(value, (bool, type)):
            return value
        if isinstance(value, (int, float)):
            return MASK if self._whole and str(value) in self._whole else value
        if isinstance(value, str):
            return _readable(self.text(value))
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _readable(self.text(bytes(value).decode("utf-8", "surrogateescape")))
        if id(value) in inside or len(inside) > _DEEPEST:
            return "(not shown: it holds itself, or is too deep)"
        inside = (*inside, id(value))
        if isinstance(value, Mapping):
            return self._mapping(value, inside)
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item, inside) for item in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value, inside)
        return _readable(self.text(_said_by(value)))

    def _mapping(self, value: Mapping[Any, Any], inside: tuple[int, ...]) -> dict[Any, Any]:
        clean: dict[Any, Any] = {}
        for name, item in value.items():
            key = self._key(name)
            while key in clean:
                key = f"{key}'"
            decides = isinstance(name, str) and name in _DECIDES and _is_plain(item)
            clean[key] = item if decides else self._value(item, inside)
        return clean

    def _key(self, name: Any) -> Any:
        if not isinstance(name, str):
            plain = name is None or isinstance(name, (int, float))
            return self._value(name if plain else _said_by(name), ())
        if name in _KNOWN:
            return name
        if name in self._whole:
            return MASK
        shortest = _ANYWHERE_IN_NAMES if _NAME.fullmatch(name) else _ANYWHERE
        return _readable(_masked(name, self._places(name, shortest)))

    def _dataclass(self, value: Any, inside: tuple[int, ...]) -> Any:
        """Ansible's own messages: kept as what they are, and their texts cleaned."""
        fields = {
            item.name: self._field(getattr(value, item.name), inside)
            for item in dataclasses.fields(value)
            if item.init
        }
        try:
            return dataclasses.replace(value, **fields)
        except Exception:  # a class of somebody else's that does not take them: its text will do
            return _readable(self.text(_said_by(value)))

    def _field(self, value: Any, inside: tuple[int, ...]) -> Any:
        if isinstance(value, tuple):
            return tuple(self._value(item, inside) for item in value)
        return self._value(value, inside)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, (bytes, bytearray)):
        yield bytes(value).decode("utf-8", "surrogateescape")
    elif value is not None and not isinstance(value, bool) and str(value):
        # a plain str: ansible-core 2.19 hands out tagged subclasses
        yield "".join(str(value))


def _standing_alone(secret: str) -> re.Pattern[str]:
    """Where a short secret is a word by itself; one of signs only, between spaces."""
    if any(character.isalnum() for character in secret):
        return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")
    return re.compile(rf"(?<!\S){re.escape(secret)}(?!\S)")


def _masked(text: str, places: Iterable[tuple[int, int]]) -> str:
    found = sorted(places)
    if not found:
        return text
    parts, at = [], 0
    for begin, end in found:
        if begin >= at:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _readable(text: str) -> str:
    """Lines stay lines; nearly every text is plain, and stays the object that it is."""
    if text.isascii() and _LINES.sub("", text).isprintable():
        return text
    return visible(text, allowed="\n\t")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int))


def _said_by(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return f"(a {type(value).__name__} that cannot be shown)"
