"""Pre-authenticated URLs: whoever has one may use it until it expires.

They point to another origin than Graph's, as in the real service, so that a client that
sends its token along is caught.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import Any


class Links:
    """Makes and reads signed tickets.

    Args:
        secret: what they are signed with; a fresh one when not given.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def sign(self, what: list[Any]) -> str:
        """A ticket for this."""
        text = json.dumps(what, separators=(",", ":")).encode()
        mark = hashlib.blake2b(text, digest_size=16, key=self._secret).digest()
        return base64.urlsafe_b64encode(mark + text).decode("ascii").rstrip("=")

    def read(self, ticket: str) -> list[Any] | None:
        """What a ticket is for; ``None`` when we did not make it."""
        try:
            raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
        except (binascii.Error, ValueError):
            return None
        text = raw[16:]
        mark = hashlib.blake2b(text, digest_size=16, key=self._secret).digest()
        if not hmac.compare_digest(mark, raw[:16]):
            return None
        found: list[Any] = json.loads(text)
        return found
