"""Keep the secrets of a request out of its answer: value by value, not in the text of it all.

What is free text loses the secret and stays. Anything else that holds one is refused, because
a name with a hole in it would be another name. Names of users are no secrets, and neither is
what the open part of the request says anyway.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Iterator, List, Tuple, TypeVar

from ..errors import BorderError
from .characters import clean_text
from .codec import Record, record, shape_for
from .shapes import Many, Named, SecretText, Shape, Text
from .spellings import spellings

T = TypeVar("T")

#: shorter ones are looked for as whole words only, and in free text only: "u" is in any answer
_SHORT = 6
_TAKEN = "***"


class SecretFinder:
    """Finds the secrets of one request.

    Args:
        secrets: the message that holds them.
        request: the open part of the request.
    """

    def __init__(self, secrets: object, request: object) -> None:
        open_texts = [text for _, shape, text in scalars(request) if isinstance(text, str)]
        self._forms: List[Tuple[str, str]] = []
        for name, shape, value in scalars(secrets):
            if not isinstance(shape, SecretText) or not value:
                continue
            for form in _forms_of(value):
                if not any(form in text for text in open_texts):
                    self._forms.append((name, form))
        self._forms.sort(key=lambda item: -len(item[1]))

    def without(self, text: str) -> str:
        """A free text with every secret taken out."""
        for _, form in self._forms:
            if len(form) >= _SHORT:
                text = text.replace(form, _TAKEN)
            elif form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", _TAKEN, text)
        return text

    def cleaned(self, answer: T, *, host: str, module: str) -> T:
        """An answer without secrets in its free texts.

        Raises:
            BorderError: ``secret-in-answer``: another field holds one.
        """
        if not self._forms:
            return answer
        return self._out(record(type(answer)), answer, (), f"{module} on {host}")  # type: ignore[no-any-return]

    def _out(self, shape: Shape, value: Any, path: Tuple[str, ...], where: str) -> Any:
        if value is None:
            return None
        shape = shape_for(shape, value)
        if isinstance(shape, Record):
            return dataclasses.replace(
                value,
                **{
                    name: self._out(inner, getattr(value, name), (*path, name), where)
                    for name, inner in shape.shapes.items()
                },
            )
        if isinstance(shape, Many):
            return tuple(self._out(shape.shape, one, path, where) for one in value)
        if isinstance(shape, Named):
            for name in value:
                self._refuse(name, path, where)
            return {name: self._out(shape.shape, one, path, where) for name, one in value.items()}
        if isinstance(value, str):
            if isinstance(shape, Text):
                return self.without(value)
            self._refuse(value, path, where)
        return value

    def _refuse(self, text: str, path: Tuple[str, ...], where: str) -> None:
        for name, form in self._forms:
            if len(form) >= _SHORT and form in text:
                raise BorderError(
                    "secret-in-answer",
                    f"The answer of {where} holds the secret {name} in {'.'.join(path)}, so it "
                    "was thrown away.",
                    f"If {name} is a word that occurs in names there, choose a random one. If it "
                    "is random already, look at that host: something there repeats it.",
                )


def scalars(message: object) -> Iterator[Tuple[str, Shape, Any]]:
    """Every single value of a message, with its name and shape."""
    yield from _scalars(record(type(message)), message, ())


def _scalars(shape: Shape, value: Any, path: Tuple[str, ...]) -> Iterator[Tuple[str, Shape, Any]]:
    if value is None:
        return
    shape = shape_for(shape, value)
    if isinstance(shape, Record):
        for name, inner in shape.shapes.items():
            yield from _scalars(inner, getattr(value, name), (*path, name))
    elif isinstance(shape, Many):
        for one in value:
            yield from _scalars(shape.shape, one, path)
    elif isinstance(shape, Named):
        for name, one in value.items():
            yield from _scalars(shape.shape, one, (*path, name))
    else:
        yield ".".join(path), shape, value


def _forms_of(secret: str) -> List[str]:
    """A secret as programs write it: as it is, escaped, quoted, cleaned, and line by line."""
    if len(secret) < _SHORT:
        return [secret]
    found = {*spellings(secret), clean_text(secret, 2 * len(secret) + 100)}
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        # the first and last line of a key say only what it is
        found.update(line for line in lines if not line.startswith("-----"))
    return [form for form in found if len(form) >= _SHORT]
