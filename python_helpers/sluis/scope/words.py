"""The kinds of text a scope holds, each checked where it enters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from sluis.border.characters import hostile, tidy
from sluis.errors import InputError

_SIZE = re.compile(r"(\d{1,12})(?:\.(\d{1,3}))? ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_UNITS = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip


def _refuse_hostile(text: str) -> str:
    found = hostile(text, allowed="")
    if found:
        raise PydanticCustomError(
            "hostile-character",
            "holds a character that a reader cannot see: {name}.",
            {"name": found.name, "remedy": "Type the text again without it."},
        )
    return text


def _say(text: str) -> str:
    tidied = tidy(text)
    _refuse_hostile(tidied)
    if not tidied:
        raise PydanticCustomError(
            "empty-text", "is empty.", {"remedy": "Write what the client needs to know."}
        )
    return tidied


def _exact(text: str) -> str:
    _refuse_hostile(text)
    if not text or text != text.strip():
        raise PydanticCustomError(
            "not-exact",
            "is empty or starts or ends with a space.",
            {"remedy": "Write it exactly as it is named on the system."},
        )
    return text


def _glob(text: str) -> str:
    _exact(text)
    if not text.strip("*/. "):
        raise PydanticCustomError(
            "excludes-everything",
            "would leave everything out.",
            {"remedy": "Name only what need not be copied, or leave the asset out of the scope."},
        )
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # one of the first for an unknown or a wrong name
        raise PydanticCustomError(
            "unknown-time-zone",
            "is not a time zone that this machine knows.",
            {"remedy": "Write it as in 'Europe/Amsterdam'."},
        ) from None
    return text


#: words for the client, one paragraph, in the language of the scope
Sentence = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_say)]
#: a short name or reference
Name = Annotated[str, Field(min_length=1, max_length=160), AfterValidator(_say)]
#: characters of the longest path that a scope can name
LONGEST_PATH = 1024
#: a path, database name or address, taken letter by letter
Exact = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH), AfterValidator(_exact)]
#: what a snapshot leaves out, as a glob
Glob = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_glob)]
#: an id of our own making
Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$")]
#: a host as the inventory names it
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$")]
#: a time zone of the IANA database
TimeZone = Annotated[
    str, Field(pattern=r"^[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*$", max_length=64), AfterValidator(_zone)
]
#: two capitals, ISO 3166-1
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
#: a plain file name: no folder, no leading dot
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?: ?[A-Za-z0-9._-]){0,120}$")]


class Both(BaseModel):
    """The same words in Dutch and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    nl: Sentence
    en: Sentence

    def __str__(self) -> str:
        """Both, for messages to the operator."""
        return f"{self.nl} / {self.en}"


#: words in the scope's own language, or in both
Text = Sentence | Both


def said_in(given: object) -> Text:
    """Words as Ansible hands them on: one text, or the same in both languages.

    Args:
        given: a text, or a mapping with ``nl`` and ``en``.

    Raises:
        InputError: ``bad-words``.
    """
    if not isinstance(given, Mapping):
        return "".join(str(given))  # ansible-core hands out tagged subclasses
    try:
        return Both.model_validate(
            {"".join(str(name)): _one(words) for name, words in given.items()}
        )
    except ValidationError as error:
        why = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3]
        )
        raise InputError(
            "bad-words",
            f"These words in two languages cannot be used: {why}.",
            'Write both, and nothing else: {nl: "Zo.", en: "Like this."}',
        ) from None


def _one(words: object) -> object:
    return words if isinstance(words, Mapping | list | tuple) else "".join(str(words))


def spoken(text: Text, language: str) -> str:
    """The words of ``text`` in ``language`` where they exist, else as they were written."""
    if isinstance(text, Both):
        return text.nl if language == "nl" else text.en
    return text


def in_each(text: Text) -> tuple[str, ...]:
    """The words of ``text`` in each language that it is written in."""
    return (text.nl, text.en) if isinstance(text, Both) else (text,)


def read_size(value: object) -> object:
    """Turn ``53 GB`` into bytes; anything else is returned as it is.

    Decimal and binary units are kept apart: GB is 10**9, GiB is 2**30 bytes.
    """
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if not match:
        raise PydanticCustomError(
            "bad-size",
            "is not a size.",
            {"remedy": "Write a number of bytes, or a number with a unit such as '53 GB'."},
        )
    whole, fraction, unit = match.groups()
    factor = _UNITS[unit]
    size = int(whole) * factor
    if fraction:
        size += round(int(fraction) * factor / 10 ** len(fraction))
    return size


def plain_absolute_path(text: str) -> bool:
    """Whether ``text`` is an absolute path without ``..``, doubled or trailing slashes."""
    return (
        text.startswith("/")
        and not text.startswith("//")  # which POSIX, and so PurePosixPath, may leave as it is
        and text != "/"
        and str(PurePosixPath(text)) == text
        and (".." not in PurePosixPath(text).parts)
    )
