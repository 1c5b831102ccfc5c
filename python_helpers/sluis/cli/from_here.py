"""Commands that we tell, so that they can be pasted where the user stands.

A verb finds the project from any folder in it; from elsewhere it has to be named, and a command
that is not ours is only right in the project's own folder.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sluis.errors import InputError
from sluis.places import Places

#: a command follows a colon or another command, or it is all that is said
_OURS = re.compile(r"(?:^|(?<=: )|(?<=, or )|(?<=\n {2}))sluis (?=[a-z])")
_OTHERS = re.compile(r"(?:^|(?<=: ))(?=(?:rm|mv|\.venv/bin/ansible-vault) )")
#: fields of a document that say what to do
_FIELDS = frozenset({"next", "remedy"})

Pasteable = Callable[[str], list[tuple[int, str]]]


def from_here(project: Path | None) -> Pasteable:
    """What gives the words that have to be put into a text, each with its place in it.

    Args:
        project: the folder that was named with ``--project``, if one was.
    """
    try:
        here = Path.cwd().resolve()
        root = Places.around(project if project is not None else here).root
    except (InputError, OSError):
        return lambda _text: []  # not in a project: nothing is told that needs one
    name = f"--project {shlex.quote(str(root))} "
    ours = "" if here.is_relative_to(root) else name
    others = "" if here == root else f"cd {shlex.quote(str(root))} && "

    def missing(text: str) -> list[tuple[int, str]]:
        found = [(one.end(), ours) for one in _OURS.finditer(text)] if ours else []
        found += [(one.end(), others) for one in _OTHERS.finditer(text)] if others else []
        return sorted(found)

    return missing


def filled(text: str, missing: Pasteable) -> str:
    """The text with what is missing in it."""
    for place, words in reversed(missing(text)):
        text = text[:place] + words + text[place:]
    return text


def filled_document(data: Any, missing: Pasteable, *, field: str = "") -> Any:
    """A JSON document in which each field that says what to do can be pasted."""
    if isinstance(data, dict):
        return {name: filled_document(value, missing, field=name) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [filled_document(one, missing, field=field) for one in data]
    return filled(data, missing) if field in _FIELDS and isinstance(data, str) else data


class Screen(Console):
    """A console on which every command that is told can be pasted where the user stands."""

    missing: Pasteable = staticmethod(lambda _text: [])

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as any console does, with the commands filled in."""
        super().print(*(self._filled(one) for one in objects), **options)

    def _filled(self, one: Any) -> Any:
        if isinstance(one, str):
            return filled(one, self.missing)
        if not isinstance(one, Text):
            return one
        for place, words in reversed(self.missing(one.plain)):
            one = Text.assemble(one[:place], words, one[place:])
        return one
