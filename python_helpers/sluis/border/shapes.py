"""The shapes that a field may have: each checks one JSON value and gives it back typed.

Messages name them through the aliases in ``formats``. A shape never raises anything but
``WrongError``, whatever JSON value it gets.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import datetime
from typing import Any, Callable, Dict, Sequence, Tuple

from ..counted import counted
from .characters import clean_text, hostile
from .strict_json import WrongError

#: integers up to here are the same in every JSON reader (RFC 8785, 3.2.2.3)
LARGEST = 2**53 - 1


class Shape:
    """What one value may be."""

    def load(self, value: Any) -> Any:
        """Check a JSON value and return what the field holds."""
        raise NotImplementedError

    def dump(self, value: Any) -> Any:
        """The JSON value of what a field holds, checked as well."""
        return self.load(value)

    def __call__(self) -> None:
        """Never called: typing on Python 3.8 takes nothing that cannot be."""


class Text(Shape):
    """Words for people. They are cleaned and cut here, and never refused for their content."""

    def __init__(self, most: int) -> None:
        self._most = most

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        return clean_text(_text(value), self._most)


class Exact(Shape):
    """A name that counts letter by letter, such as a table's. Not for people to read.

    Args:
        most: characters.
        plain: whether characters that a reader would not see are refused.
    """

    def __init__(self, most: int, *, plain: bool = False) -> None:
        self._most = most
        self._plain = plain

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        text = _text(value)
        if len(text) > self._most:
            raise WrongError(f"is {len(text):,} characters long and may be {self._most:,}")
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise WrongError("is not Unicode text")
        if self._plain and hostile(text, allowed=""):
            raise WrongError("holds a character that a reader cannot see")
        return text


class SecretText(Exact):
    """What nobody may read: it may not come back in an answer."""


class Form(Shape):
    """A text of one form, such as an id.

    Args:
        pattern: a regular expression that the whole of it matches.
        what: the form in words.
        most: characters.
    """

    def __init__(self, pattern: str, what: str, most: int = 4096) -> None:
        self._pattern = re.compile(pattern)
        self._what = what
        self._most = most

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        text = _text(value)
        if len(text) > self._most or not self._pattern.fullmatch(text):
            raise WrongError(f"is not {self._what}")
        return text


class Path(Shape):
    """A path of this or another machine.

    Args:
        absolute: whether it starts at the root; otherwise it stays below some folder.
    """

    def __init__(self, *, absolute: bool) -> None:
        self._absolute = absolute

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        text = _text(value)
        kind = "an absolute path" if self._absolute else "a relative path"
        if not text or len(text) > 4096 or text.startswith("/") != self._absolute:
            raise WrongError(f"is not {kind}")
        if not self._absolute and text.startswith("-"):
            raise WrongError("starts like an option")
        if ".." in text.split("/") or hostile(text, allowed=""):
            raise WrongError(f"is not {kind} that can be read")
        return text


class Moment(Shape):
    """A time with its offset, ISO 8601, as text: ``2026-12-01T19:15:00+00:00``."""

    _FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        text = _text(value)
        if len(text) > 40 or not self._FORM.fullmatch(text):
            raise WrongError("is not a time with its offset")
        try:
            # the fraction is digits; Python 3.8 reads only three or six of them
            moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
        except ValueError:
            raise WrongError("is no moment that exists") from None
        if not 1980 <= moment.year <= 2200:
            raise WrongError("is no moment of our time")
        return text


class Whole(Shape):
    """A whole number; ``true`` is none."""

    def __init__(self, least: int = 0, most: int = LARGEST) -> None:
        self._least, self._most = least, most

    def load(self, value: Any) -> int:
        """See ``Shape``."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongError("is not a whole number")
        if not self._least <= value <= self._most:
            raise WrongError(f"is not between {self._least} and {self._most}")
        return int(value)


class Real(Shape):
    """A finite number."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def load(self, value: Any) -> float:
        """See ``Shape``."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise WrongError("is not a number")
        if not self._least <= value <= self._most or not math.isfinite(value):
            raise WrongError(f"is not between {self._least} and {self._most}")
        return float(value)


class Flag(Shape):
    """``true`` or ``false``."""

    def load(self, value: Any) -> bool:
        """See ``Shape``."""
        if not isinstance(value, bool):
            raise WrongError("is neither true nor false")
        return value


class Choice(Shape):
    """One of a few words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    def load(self, value: Any) -> str:
        """See ``Shape``."""
        if not isinstance(value, str) or value not in self.words:
            raise WrongError(f"is none of {', '.join(self.words)}")
        return str(value)


class Blob(Shape):
    """Bytes, as base64 text in JSON."""

    def __init__(self, most: int) -> None:
        self._most = most

    def load(self, value: Any) -> bytes:
        """See ``Shape``."""
        if not isinstance(value, str):
            raise WrongError("is not base64 text")
        if len(value) > self._most * 4 // 3 + 4:
            raise WrongError(f"may be {self._most:,} bytes and is more")
        try:
            data = base64.b64decode(value.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise WrongError("is not base64 text") from None
        if len(data) > self._most:
            raise WrongError(f"may be {self._most:,} bytes and is more")
        return data

    def dump(self, value: Any) -> str:
        """See ``Shape``."""
        if not isinstance(value, bytes) or len(value) > self._most:
            raise WrongError(f"is not bytes, or more than {self._most:,}")
        return base64.b64encode(value).decode("ascii")


class Maybe(Shape):
    """A value, or ``null``."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def load(self, value: Any) -> Any:
        """See ``Shape``."""
        return None if value is None else self.shape.load(value)

    def dump(self, value: Any) -> Any:
        """See ``Shape``."""
        return None if value is None else self.shape.dump(value)


class Most:
    """Bound of a list or mapping: how many items it may hold."""

    def __init__(self, count: int) -> None:
        self.count = count


class Many(Shape):
    """A list of values of one shape; a tuple here."""

    def __init__(self, shape: Shape, most: int) -> None:
        self.shape, self._most = shape, most

    def load(self, value: Any) -> Tuple[Any, ...]:
        """See ``Shape``."""
        if not isinstance(value, list):
            raise WrongError("is not a list")
        return tuple(self._each(value, self.shape.load))

    def dump(self, value: Any) -> Any:
        """See ``Shape``."""
        if not isinstance(value, (list, tuple)):
            raise WrongError("is not a list")
        return self._each(value, self.shape.dump)

    def _each(self, value: Any, work: Callable[[Any], Any]) -> "list[Any]":
        if len(value) > self._most:
            raise WrongError(f"holds {counted(len(value), 'item')} and may hold {self._most:,}")
        return [at(str(index), work, item) for index, item in enumerate(value)]


class Named(Shape):
    """Values of one shape by name."""

    def __init__(self, key: Shape, shape: Shape, most: int) -> None:
        self._key, self.shape, self._most = key, shape, most

    def load(self, value: Any) -> Dict[str, Any]:
        """See ``Shape``."""
        return self._each(value, self.shape.load)

    def dump(self, value: Any) -> Any:
        """See ``Shape``."""
        return self._each(value, self.shape.dump)

    def _each(self, value: Any, work: Callable[[Any], Any]) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise WrongError("is not a mapping")
        if len(value) > self._most:
            raise WrongError(f"holds {counted(len(value), 'item')} and may hold {self._most:,}")
        made = {
            at("(a name)", self._key.load, name): at(shown(name), work, item)
            for name, item in value.items()
        }
        if len(made) != len(value):
            raise WrongError("holds names that are the same once they are cleaned")
        return made


def shown(name: Any) -> str:
    """A name of the other side for a path in an error: short, and safe to print."""
    return clean_text(str(name), 60)


def at(name: str, work: Callable[[Any], Any], value: Any) -> Any:
    """Do ``work`` on a value; what is wrong with it is told with ``name`` in its path."""
    try:
        return work(value)
    except WrongError as wrong:
        raise WrongError(wrong.why, (name, *wrong.path)) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongError("is not text")
    # ansible-core tags texts with a subclass of its own
    return value if type(value) is str else "".join(value)
