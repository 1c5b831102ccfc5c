"""How things are said in one language: sentences, days, numbers, sizes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sluis.counted import plural
from sluis.scope.model import Language
from sluis.scope.texts import DAY_NAMES, MONTH_NAMES, SENTENCES, Said
from sluis.scope.words import Text, spoken

WIDTH = 78
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True)
class Voice:
    """Speaks one language.

    Args:
        language: ``nl`` or ``en``.
        sentences: the catalogue that keys are looked up in.
    """

    language: Language
    sentences: Mapping[str, Said] = field(default_factory=lambda: SENTENCES)

    def say(self, key: str, **values: object) -> str:
        """The sentence with this key, filled in."""
        return self.sentences[key][self.language].format(**values)

    def words(self, text: Text) -> str:
        """The client's words in this language if they exist, ended as a sentence."""
        said = spoken(text, self.language)
        return said if said[-1] in ".!?" else f"{said}."

    def day(self, day: date) -> str:
        """A day in words, such as ``2 november 2026``."""
        return f"{day.day} {MONTH_NAMES[self.language][day.month - 1]} {day.year}"

    def moment(self, when: datetime, zone: str | None) -> str:
        """A moment on the client's clock, such as ``vrijdag 4 december 2026 om 20.15 uur``.

        Args:
            when: aware.
            zone: the client's time zone; without it UTC is told, and named.
        """
        here = when.astimezone(ZoneInfo(zone or "UTC"))
        day = f"{DAY_NAMES[self.language][here.weekday()]} {self.day(here.date())}"
        told = f"{day} om {here:%H.%M} uur" if self.language == "nl" else f"{day} at {here:%H:%M}"
        return told if zone else f"{told} (UTC)"

    def number(self, number: int) -> str:
        """A whole number with the language's own separator between thousands."""
        text = f"{number:,}"
        return text.replace(",", ".") if self.language == "nl" else text

    def count(self, key: str, count: int, **values: object) -> str:
        """The sentence for one, or for more, filled in; ``{count}`` is the number."""
        which = "one" if count == 1 else "more"
        return self.say(f"{key}.{which}", count=self.number(count), **values)

    def size(self, size: int) -> str:
        """A size (bytes) in a readable unit; the technical details have the exact number."""
        for factor, unit in _UNITS:
            if size >= factor:
                rounded = f"{size / factor:.1f}".removesuffix(".0")
                if self.language == "nl":
                    rounded = rounded.replace(".", ",")
                return f"{rounded} {unit}"
        return self.bytes(size)

    def bytes(self, size: int) -> str:
        """A size to the byte."""
        return f"{self.number(size)} {plural(size, 'byte')}"


def heading(text: str) -> list[str]:
    """A line that stands out on any screen."""
    return ["", text.upper(), ""]


def paragraph(text: str, *, indent: int = 0, hang: int = 0, width: int = WIDTH) -> str:
    """Fold ``text`` to the width of a screen, never inside a word."""
    return textwrap.fill(
        text,
        max(min(width, WIDTH), 1),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
