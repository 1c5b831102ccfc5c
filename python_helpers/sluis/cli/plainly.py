"""Text from elsewhere, made safe to print and to keep.

A managed host chooses what its messages say. Control characters could repaint the
operator's screen; a password in a URL could end up in a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sluis.border.characters import visible

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")


def plainly(text: str, *, limit: int | None = None) -> str:
    """``text`` without escape sequences, and with everything else that a reader would
    not see for what it is spelled out; lines stay lines.

    Args:
        text: anything.
        limit: cut after so many characters, and say so with an ellipsis.
    """
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = visible(text, allowed="\n\t")
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` with passwords in URLs and every one of ``secrets`` taken out."""
    text = _URL_PASSWORD.sub(r"\1:***@", text)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
