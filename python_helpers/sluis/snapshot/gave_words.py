"""What the inventory gives for a database's password, in words for an error.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations


def gave_words(password: object) -> str:
    """Whether there is a password, and whether it is an empty one; never the password itself."""
    if password is None:
        return "no password was given"
    return "a password was given" if password else "the password given is empty"
