"""The commands that a sentence tells to type."""

from __future__ import annotations

import re

#: a command follows a colon, or another command; it ends where the sentence goes on
_TOLD = re.compile(r"(?:: |, or |; then: )(sluis (?:[^.;,()`\n]|\.(?=[^\s]))*)")


def commands_in(text: str) -> list[str]:
    """The commands that a sentence tells to type, each as it is typed."""
    return [found.strip() for found in _TOLD.findall(text)]
