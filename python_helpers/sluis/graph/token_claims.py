"""What our own access token tells of itself: which tenant gave it, and what the app may do.

Microsoft promises nobody but Graph what stands in it. So it is never trusted for letting anything
through: one that cannot be read tells nothing, and what it does tell is only told on.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Claims:
    """What a token tells.

    Args:
        tenant_id: of the tenant that gave it; empty when it does not say.
        roles: the application permissions that were consented to.
    """

    tenant_id: str
    roles: tuple[str, ...]


def claims_of(token: str) -> Claims | None:
    """What stands in an access token; ``None``: it is of no form that we can read.

    Args:
        token: the secret itself. Nothing of it but these claims comes back.
    """
    try:
        middle = token.split(".")[1]
        padded = middle + "=" * (-len(middle) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (IndexError, UnicodeError, binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(claims, dict) or not isinstance(claims.get("tid"), str):
        return None
    # an app to which nothing was consented has a token without this
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(one, str) for one in roles):
        return None
    return Claims(claims["tid"], tuple(sorted(roles)))
