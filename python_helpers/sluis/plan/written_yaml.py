"""YAML as Ansible reads it, with the line of every part.

Settings and descriptions of a change are Ansible's files: they may hold anchors, templates,
``!unsafe`` and ``!vault``. What is read here is only looked at; Ansible reads them itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from sluis.plan.yaml_bounds import BoundlessError, refuse_boundless

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: bytes of one file of variables or one description
LARGEST = 16 << 20
_DEPTH = 100
_STANDARD = "tag:yaml.org,2002:"


class Opaque:
    """A value that cannot be looked into: encrypted, or of a tag that we do not know."""


OPAQUE = Opaque()


@dataclass(frozen=True)
class Item:
    """A value and the line that it stands on; 0 where no line is known.

    ``value`` is a text, a number, a boolean, ``None``, a list of items, a mapping of items by
    text, or :data:`OPAQUE`. The line of a mapping's value is that of its key. ``literal`` is
    true of a text that Ansible does not fill in (``!unsafe``).
    """

    value: Any
    line: int = 0
    literal: bool = False

    @property
    def is_template(self) -> bool:
        """Whether it is a text that Ansible fills in when it is used."""
        text = self.value
        return isinstance(text, str) and not self.literal and ("{{" in text or "{%" in text)

    @property
    def is_known(self) -> bool:
        """Whether all of it stands there as it will be used: no template, nothing encrypted."""
        if isinstance(self.value, dict):
            return all(item.is_known for item in self.value.values())
        if isinstance(self.value, list):
            return all(item.is_known for item in self.value)
        return not self.is_template and self.value is not OPAQUE

    def plain(self) -> Any:
        """The same as plain data, without lines."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


class NotReadableError(Exception):
    """The text is not YAML with one meaning: line, what, remedy."""

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.remedy = remedy


def read_written(content: bytes) -> Item:
    """Read one document; nothing in it is carried out or filled in.

    Args:
        content: the file, decrypted.

    Raises:
        NotReadableError: not UTF-8, not YAML, several documents, nested too deeply, or a field
            that is written twice.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NotReadableError(line, "It is not UTF-8 text.", "Save it as UTF-8.") from None
    try:
        refuse_boundless(text, _DEPTH)
        node = yaml.compose(text, Loader=_LOADER)
        return Item(None, 1) if node is None else _item(node, node.start_mark.line + 1)
    except BoundlessError as error:
        raise NotReadableError(0, str(error), "Write it flatter, and without aliases.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        try:
            return item_of(json.loads(text))  # Ansible tries JSON, too
        except (ValueError, RecursionError):
            pass
        raise NotReadableError(
            mark.line + 1 if mark else 0,
            f"This is not valid YAML: {problem}.",
            "Look at this line and the one before it: a missing colon, quote or space?",
        ) from None
    except RecursionError:
        raise NotReadableError(0, "It is nested too deeply.", "Write it flatter.") from None


def sealed_texts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Line and text of each value that ansible-vault encrypted by itself (``!vault``).

    Args:
        content: a file that :func:`read_written` can read.
    """
    try:
        text = content.decode("utf-8-sig")
        refuse_boundless(text, _DEPTH)
        nodes = [yaml.compose(text, Loader=_LOADER)]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.ScalarNode) and node.tag in ("!vault", "!vault-encrypted"):
            yield node.start_mark.line + 1, str(node.value).encode()


def item_of(value: Any, line: int = 0) -> Item:
    """Plain data as an item, all of it on one line."""
    if isinstance(value, dict):
        return Item({str(key): item_of(item, line) for key, item in value.items()}, line)
    if isinstance(value, list | tuple):
        return Item([item_of(item, line) for item in value], line)
    if value is None or isinstance(value, bool | int | float | str):
        return Item(value, line)
    return Item(OPAQUE, line)


def _item(node: yaml.Node, line: int) -> Item:
    if isinstance(node, yaml.MappingNode):
        return Item(_mapping(node), line)
    if isinstance(node, yaml.SequenceNode):
        return Item([_item(item, item.start_mark.line + 1) for item in node.value], line)
    if node.tag == "!unsafe":
        return Item(str(node.value), line, literal=True)
    if not str(node.tag).startswith(_STANDARD):
        return Item(OPAQUE, line)
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        return Item(OPAQUE, line)
    # a date is text to Ansible's modules as it stands there
    known = value is None or isinstance(value, bool | int | float | str)
    return Item(value if known else str(node.value), line)


def _mapping(node: yaml.MappingNode) -> dict[str, Item]:
    found: dict[str, Item] = {}
    merged: dict[str, Item] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == f"{_STANDARD}merge":
            for part in value_node.value if _is_list(value_node) else [value_node]:
                if isinstance(part, yaml.MappingNode):
                    merged = _mapping(part) | merged
            continue
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "(no text)"
        if key in found:
            raise NotReadableError(
                line, f"The field {key[:60]!r} is written twice.", "Keep one of the two."
            )
        found[key] = _item(value_node, line)
    return merged | found


def _is_list(node: yaml.Node) -> bool:
    return isinstance(node, yaml.SequenceNode)
