"""A one-time random value in the source: found in the copy, it proves whose copy it is.

The evidence holds only its hash, so that nobody can put it into an older copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
from typing import Iterator, Optional

from ..border.parts import Secrets
from ..errors import InputError

#: the file in a directory asset
FILE = ".sluis-nonce"
_FORM = re.compile(r"[0-9a-f]{64}")


def nonce_of(secrets: Secrets) -> str:
    """The one-time value that goes into the source.

    Raises:
        InputError: ``no-nonce``.
    """
    if secrets.nonce is None:
        raise InputError("no-nonce", "The request has no nonce.", "Run this through the role.")
    return secrets.nonce


def nonce_hash(nonce: str) -> str:
    """SHA-256 over the nonce's text, for evidence."""
    return hashlib.sha256(nonce.encode("ascii")).hexdigest()


@contextlib.contextmanager
def placed(folder: str, nonce: str) -> Iterator[str]:
    """Put the nonce into a folder, and take it away again at the end.

    Yields:
        Why it could not be placed; empty when it was.
    """
    why_not = place(folder, nonce)
    try:
        yield why_not
    finally:
        if not why_not:
            take_away(folder)


def place(folder: str, nonce: str) -> str:
    """Put the nonce into a folder, and leave it there.

    A nonce that an earlier run left behind is replaced; anything else of that name stays.

    Returns:
        Why it could not be placed; empty when it was.
    """
    path = os.path.join(folder, FILE)
    try:
        if os.path.lexists(path):
            if read_nonce(folder) is None:
                raise FileExistsError(17, f"there is a {FILE} that is not ours")
            os.unlink(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(nonce + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"freshness is not proven, {error.strerror}"
    return ""


def take_away(folder: str) -> None:
    """Remove a nonce of ours from a folder; anything else of that name stays."""
    if read_nonce(folder) is not None:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, FILE))


def read_nonce(folder: str) -> Optional[str]:
    """The nonce in a folder, or ``None`` when there is none of our form."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK
    try:
        handle = os.open(os.path.join(folder, FILE), flags)
        with os.fdopen(handle, "rb") as file:
            text = file.read(128).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _FORM.fullmatch(text) else None


def is_nonce(folder: str, expected_hash: Optional[str]) -> bool:
    """Whether the folder holds the nonce with this hash."""
    found = read_nonce(folder)
    return bool(found and expected_hash and hmac.compare_digest(nonce_hash(found), expected_hash))
