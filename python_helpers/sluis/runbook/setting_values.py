"""Settings as templates fill them in: each of one type, within bounds, or one sentence about it."""

from __future__ import annotations

import re
from typing import Any

from sluis.border.characters import clean_text
from sluis.errors import InputError
from sluis.scope.words import plain_absolute_path

_PROGRAM = re.compile(r"(/[A-Za-z0-9_.+-]{1,100}){1,20}|[A-Za-z0-9_][A-Za-z0-9_.+-]{0,100}")


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """A whole number; what a template gives may be text.

    Args:
        name: of the setting, as people write it.
        value: what was found there.
        least, most: what it may be.

    Raises:
        InputError: ``bad-setting``.
    """
    text = str(value)
    good = not isinstance(value, bool) and re.fullmatch("[0-9]{1,9}", text)
    if not good or not least <= int(text) <= most:
        raise _bad(
            f"{name} is {clean_text(text, 60)!r}.",
            f"Write a whole number from {least} to {most:,}.",
        )
    return int(text)


def short_text(name: str, value: Any) -> str | None:
    """A short text on one line, or nothing.

    Raises:
        InputError: ``bad-setting``.
    """
    if value is not None and (not isinstance(value, str) or clean_text(value, 200) != value):
        raise _bad(
            f"{name} is not a short text on one line.",
            "Write some words, without control characters.",
        )
    return value


def program(name: str, value: Any) -> str:
    """A program by its name or its full path; never an option of another one.

    Raises:
        InputError: ``bad-setting``.
    """
    if not isinstance(value, str) or not _PROGRAM.fullmatch(value):
        raise _bad(f"{name} is not the name of a program.", "Write its name, or its full path.")
    return value


def full_path(name: str, value: Any) -> str:
    """A path from the root.

    Raises:
        InputError: ``bad-setting``.
    """
    if not isinstance(value, str) or not plain_absolute_path(value):
        raise _bad(
            f"{name} is not a plain absolute path.",
            "Write the full path, without '..' or a slash at the end.",
        )
    return value


def _bad(what: str, remedy: str) -> InputError:
    return InputError("bad-setting", what, remedy)
