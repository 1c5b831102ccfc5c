"""Numbers in sentences: ``1 item was`` and ``2,000 items were``.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations


def plural(number: int, one: str, more: str = "") -> str:
    """The word or words that go with a number; ``more`` is ``one`` with an s by itself."""
    return one if abs(number) == 1 else more or f"{one}s"


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its words, such as ``1 item`` or ``2,000 items``."""
    return f"{number:,} {plural(number, one, more)}"


def all_of(number: int, one: str, more: str = "") -> str:
    """Every one of them, such as ``the one check`` or ``all 3 checks``."""
    return f"the one {one}" if number == 1 else f"all {counted(number, one, more)}"
