"""One family of errors: a code, what happened to what, and what to do.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations

import re
from typing import Dict

#: Exit statuses of ``sluis``, from ``sysexits.h`` where one fits.
EXIT_APPLIED = 0
EXIT_FAILED = 1
EXIT_USAGE = 64
EXIT_AWAITING_SIGNOFF = 75
EXIT_REFUSED = 77

_ENDED = re.compile(r"[.!?…]['\"”’»)\]]*\Z")


def as_sentence(said: str) -> str:
    """One line with a full stop, so that what follows it is not read as part of it.

    What another program said is often the end of a sentence of ours, and has none. In a text of
    several lines each line stands by itself.
    """
    if not said.strip() or "\n" in said or _ENDED.search(said.rstrip()):
        return said
    return said.rstrip(" :;,") + "."


class SluisError(Exception):
    """Something went wrong that a person must know about.

    Args:
        code: short, stable, kebab-case name that tests and programs compare against.
        what: one plain sentence: what happened, to what.
        remedy: one plain sentence: what to do about it.
    """

    exit_status = EXIT_FAILED

    def __init__(self, code: str, what: str, remedy: str) -> None:
        what = as_sentence(what)
        super().__init__(what)
        self.code = code
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.code}: {self.what} What to do: {self.remedy}"

    def as_dict(self) -> Dict[str, str]:
        """The error as plain JSON data, for programs that call us."""
        return {"code": self.code, "what": self.what, "remedy": self.remedy}


class InputError(SluisError):
    """What we were given is not usable; nothing was done with it."""

    exit_status = EXIT_USAGE


class EvidenceError(SluisError):
    """Evidence is missing, altered, or cannot be checked."""


class SnapshotError(SluisError):
    """A snapshot could not be made, or could not be verified at all."""


class BorderError(SluisError):
    """A message between controller and managed host is not what it has to be."""


class RefusedError(SluisError):
    """The gate said no."""

    exit_status = EXIT_REFUSED
