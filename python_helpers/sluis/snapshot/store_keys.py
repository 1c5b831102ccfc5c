"""Which key of a store opens with our password: restic is told, so that it tries no other.

restic tries the keys in the order of their names, at most twenty of them, and gives up at the
first one that is no key (0.14). Whoever holds the store's login can put as many there as they
like. So where there are several, the password is tried on each of them here, the oldest by
the store's clock first: a store is prepared before hosts get its login.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any, List, Optional

from ..border import codec
from ..border.formats import Time
from ..border.marked import Annotated
from ..border.shapes import Exact, Whole
from ..border.strict_json import WrongError
from .access import Access, StoredFile
from .restic_key import opens

#: user name that marks the escrowed key on the store; not a secret
ESCROW_USER = "sluis-escrow"
#: keys that are looked into, and bytes of each; restic's own take about 450
MOST_KEYS = 200
LARGEST_KEY = 1 << 16
#: seconds for trying the password on them; restic's own keys take half a second each
TRYING = 90
#: keys that restic is told to try, one after the other
_MOST_HINTS = 8


@dataclass(frozen=True)
class KeyPart:
    """The open part of a key file, and what opening it would take; nothing of it is secret.

    restic chooses N up to 2^20 (scrypt, RFC 7914) and 8 and 1 for the others.
    """

    created: Time
    kdf: Annotated[str, Exact(16)]
    N: Annotated[int, Whole(2, 1 << 22)]
    r: Annotated[int, Whole(1, 16)]
    p: Annotated[int, Whole(1, 16)]
    username: Annotated[str, Exact(256)] = ""


def read_key(name: str, body: bytes) -> Optional[KeyPart]:
    """A key file of restic's, or ``None`` when it cannot be one.

    restic names each file by the SHA-256 of what it holds.
    """
    if len(body) > LARGEST_KEY or hashlib.sha256(body).hexdigest() != name:
        return None
    try:
        given: Any = json.loads(body)
        known = KeyPart.__dataclass_fields__
        wanted = {name: given[name] for name in known if name in given}
        return codec.load(KeyPart, wanted)
    except (ValueError, TypeError, RecursionError, WrongError):
        return None


def keys_of(access: Access, password: str, *, escrowed: bool, sure: bool = False) -> List[str]:
    """Names of the keys that may be ours, the likeliest first.

    Args:
        access: the store.
        password: a key that it opens is the only one then.
        escrowed: whether the escrowed key is wanted, or one of the others.
        sure: try the password on a single one, too.
    """
    found = []
    for stored in access.read_files("keys", MOST_KEYS, LARGEST_KEY):
        key = read_key(stored.name, stored.body)
        if key is None:
            access.note_foreign("keys", stored.name)
        elif (key.username == ESCROW_USER) == escrowed:
            found.append((stored.since or "9999", key.created, stored))
    found.sort(key=lambda one: (one[0], one[1], one[2].name))
    candidates = [stored for _, _, stored in found]
    if sure or len(candidates) > 1:
        candidates = _tried(candidates, password)
    return [stored.name for stored in candidates][:_MOST_HINTS]


def escrowed_names(access: Access) -> List[str]:
    """Names of all keys that say that they are the escrowed one, whoever made them."""
    return [
        stored.name
        for stored in access.read_files("keys", MOST_KEYS, LARGEST_KEY)
        for key in [read_key(stored.name, stored.body)]
        if key is not None and key.username == ESCROW_USER
    ]


def _tried(candidates: List[StoredFile], password: str) -> List[StoredFile]:
    """The one that opens, or all that may yet; strangers' keys cost at most ``TRYING`` seconds."""
    until = time.monotonic() + TRYING
    maybe = []
    for stored in candidates:
        opened = opens(stored.body, password) if time.monotonic() < until else None
        if opened:
            return [stored]
        if opened is None:
            maybe.append(stored)
    return maybe
