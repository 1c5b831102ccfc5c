"""Fenced blocks of a page, by what they are."""

from __future__ import annotations

import re
from pathlib import Path


def blocks(page: Path, kind: str) -> list[str]:
    """The texts of all blocks of one kind, in order; an empty kind is a block without a word."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text)
    return [body for word, body in found if word == kind]
