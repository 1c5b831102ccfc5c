"""YAML with one meaning only, and with the line of every value.

YAML has many ways to write something that reads differently from what it means:
anchors, merge keys, tags, words that become booleans, dates and numbers that one
parser reads as text and another does not. A document that a client signs uses none
of them. What is left is mappings, lists, quoted or plain text, whole numbers,
``true``/``false`` and dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from sluis.border.characters import hostile

Path = tuple[str | int, ...]

#: A scope of 2,000 assets is about 2 MB; larger is not something a client can read.
MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 16
MAX_VALUES = 200_000

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,15}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: text in YAML 1.1 as PyYAML reads it, but something else in YAML 1.2, in JSON or in
#: the letter of the YAML 1.1 standard
_READ_DIFFERENTLY_ELSEWHERE = re.compile(
    r"[yYnN]|0o[0-7]+|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?[0-9][0-9_,.]*|\.?(nan|inf)",
    re.IGNORECASE,
)
#: libyaml where PyYAML has it: the gate reads the scope before every step
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAG = "tag:yaml.org,2002:str"


class FormError(Exception):
    """The file cannot be read with one meaning: code, line, column, what, remedy.

    Lines and columns count from 1; line 0 is the file as a whole. ``word`` is what was written
    where another word is needed, when that is what is wrong.
    """

    def __init__(
        self, code: str, line: int, column: int, what: str, remedy: str, word: str = ""
    ) -> None:
        super().__init__(f"line {line}: {what}")
        self.code = code
        self.line = line
        self.column = column
        self.what = what
        self.remedy = remedy
        self.word = word


@dataclass(frozen=True)
class Tree:
    """What a YAML file says: the value, and where each part of it stands.

    ``marks`` maps a path of keys and list positions to line and column, from 1.
    Lists are tuples.
    """

    value: Any
    marks: dict[Path, tuple[int, int]]


def read_tree(data: bytes, faults: dict[Path, FormError] | None = None) -> Tree:
    """Read one YAML document that has exactly one meaning.

    Args:
        data: the bytes of the file.
        faults: when it is given, a value or a field name that is not allowed is put here, by its
            place, and the rest is read. Something that nobody can use stands in its place.

    Raises:
        FormError: at the first thing that is not allowed or cannot be read.
    """
    text = _as_text(data)
    _refuse_tricks(text)
    node = _compose(text)
    if node is None:
        raise FormError("empty-file", 1, 1, "The file is empty.", "Start from the template.")
    tree = Tree(None, {})
    return Tree(_value(node, (), tree.marks, faults), tree.marks)


def _as_text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise FormError(
            "file-too-large",
            0,
            0,
            f"The file is larger than {MAX_BYTES // 1024} KiB.",
            "Split the change into smaller ones; nobody can read and sign this.",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FormError(
            "not-utf8", line, 1, "The file is not UTF-8 text.", "Save it as UTF-8, without a BOM."
        ) from None
    # Windows editors end lines with CR LF; a CR elsewhere is a trick
    text = text.replace("\r\n", "\n")
    found = hostile(text)
    if found:
        before = text[: found.position]
        line, column = before.count("\n") + 1, found.position - before.rfind("\n")
        if found.character == "\t":
            raise FormError(
                "tab",
                line,
                column,
                "There is a tab character.",
                "Use spaces, two for each step in.",
            )
        raise FormError(
            "hostile-character",
            line,
            column,
            f"There is a character that a reader cannot see: {found.name}.",
            "Type the line again without it. In a text, write the word for it.",
        )
    return text


def _refuse_tricks(text: str) -> None:
    # events come one by one and without recursion, so depth and size are bounded
    # before anything is built
    depth = values = documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line, column = _at(event.start_mark)
            values += 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise FormError(
                        "several-documents",
                        line,
                        column,
                        "A second YAML document starts here.",
                        "Keep one document in the file; take the '---' line out.",
                    )
                if event.version or event.tags:
                    raise FormError(
                        "directive",
                        line,
                        column,
                        "There is a YAML directive.",
                        "Take the line that starts with '%' out.",
                    )
            if getattr(event, "anchor", None) is not None:
                raise FormError(
                    "anchor",
                    line,
                    column,
                    "There is a YAML anchor or alias.",
                    "Write the value out in full in each place.",
                )
            tag = getattr(event, "tag", None)
            if tag is not None:
                raise FormError(
                    "tag",
                    line,
                    column,
                    f"There is a YAML tag, {str(tag)[:40]!r}.",
                    "Take it out; write plain text, numbers or dates.",
                )
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise FormError(
                    "too-deep",
                    line,
                    column,
                    f"The file is nested more than {MAX_DEPTH} deep.",
                    "Start from the template; a scope needs no more than a few steps in.",
                )
            if values > MAX_VALUES:
                raise FormError(
                    "too-many-values",
                    line,
                    column,
                    "The file holds too many values.",
                    "Split the change into smaller ones; nobody can read and sign this.",
                )
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None


def _not_yaml(error: yaml.MarkedYAMLError) -> FormError:
    mark = error.problem_mark or error.context_mark
    line, column = _at(mark) if mark else (0, 0)
    said = error.problem or "it cannot be read"
    return FormError(
        "not-yaml",
        line,
        column,
        f"This is not valid YAML: {said}.",
        "Look at this line and the one before it: a missing colon, quote or space?",
    )


def _value(
    node: yaml.Node,
    path: Path,
    marks: dict[Path, tuple[int, int]],
    faults: dict[Path, FormError] | None,
) -> Any:
    marks[path] = _at(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            try:
                key = _key(key_node, found)
            except FormError as error:
                if faults is None:
                    raise
                faults[(*path, f"(line {error.line})")] = error
                continue
            found[key] = _value(value_node, (*path, key), marks, faults)
            # an error about a field is easiest to find at its key
            marks[(*path, key)] = _at(key_node.start_mark)
        return found
    if isinstance(node, yaml.SequenceNode):
        return tuple(_value(item, (*path, i), marks, faults) for i, item in enumerate(node.value))
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - there is no fourth kind of node
    try:
        return _scalar(node)
    except FormError as error:
        if faults is None:
            raise
        faults[path] = error
        return object()


def _key(node: yaml.Node, found: dict[str, Any]) -> str:
    line, column = _at(node.start_mark)
    if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT_TAG:
        if isinstance(node, yaml.ScalarNode) and node.value == "<<":
            raise FormError(
                "merge-key",
                line,
                column,
                "There is a YAML merge key, '<<'.",
                "Write the fields out in full.",
            )
        raise FormError(
            "bad-key",
            line,
            column,
            "A field name here is not plain text.",
            "Use the field names of the template.",
        )
    key = str(node.value)
    if key in found:
        raise FormError(
            "duplicate-key",
            line,
            column,
            f"The field {key[:60]!r} is written twice.",
            "Keep one of the two.",
        )
    return key


def _scalar(node: yaml.ScalarNode) -> str | int | bool | date:
    written = str(node.value)
    if node.style:  # quoted or folded: text, whatever it looks like
        return written
    if written in ("true", "false"):
        return written == "true"
    if _NUMBER.fullmatch(written):
        return int(written)
    if _DAY.fullmatch(written):
        return _day(written, node)
    if node.tag == _TEXT_TAG and not _READ_DIFFERENTLY_ELSEWHERE.fullmatch(written):
        return written
    line, column = _at(node.start_mark)
    if not written or written in ("~", "null", "Null", "NULL"):
        raise FormError(
            "empty-value",
            line,
            column,
            "A field here has no value.",
            "Fill it in, or take the whole line out.",
        )
    raise FormError(
        "two-meanings",
        line,
        column,
        f"The word {written[:40]!r} means different things to different YAML readers.",
        f'Write "{written[:40]}" in quotes if you mean the text, true or false if you mean '
        "yes or no, whole numbers without signs or leading zeros, dates as 2030-12-31.",
        written,
    )


def _day(written: str, node: yaml.ScalarNode) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        line, column = _at(node.start_mark)
        raise FormError(
            "no-such-day",
            line,
            column,
            f"{written} is not a day of the calendar.",
            "Write a date as year-month-day, such as 2030-12-31.",
        ) from None


def _at(mark: Any) -> tuple[int, int]:
    return int(mark.line) + 1, int(mark.column) + 1
