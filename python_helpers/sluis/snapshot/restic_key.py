"""Whether a key file of restic's opens with a password, without asking restic.

The design: https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac
(scrypt gives an AES-256 key and the two halves of a Poly1305-AES key; the tag says whether
the password was right).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, Optional

_IV = _TAG = 16
#: scrypt takes 128 * N * r bytes; restic's own choice takes 32 MiB
MOST_MEMORY = 256 << 20


def opens(body: bytes, password: str) -> Optional[bool]:
    """Try a password on a key file.

    Args:
        body: the file, as `store_keys.read_key` accepted it.
        password: the repository's password.

    Returns:
        ``None`` when it cannot be tried here: no library for AES, or the key wants more
        memory than we lend a stranger.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.poly1305 import Poly1305
    except ImportError:  # a host has Python alone
        return None
    given: Any = json.loads(body)
    if given["kdf"] != "scrypt" or 128 * given["N"] * given["r"] > MOST_MEMORY:
        return None
    try:
        sealed = base64.b64decode(given["data"], validate=True)
        salt = base64.b64decode(given["salt"], validate=True)
        derived = hashlib.scrypt(
            password.encode(), salt=salt, n=given["N"], r=given["r"], p=given["p"],
            maxmem=2 * MOST_MEMORY, dklen=64,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, binascii.Error):
        return False  # not a key that anybody can open
    iv, text, tag = sealed[:_IV], sealed[_IV:-_TAG], sealed[-_TAG:]
    if len(iv) != _IV or len(tag) != _TAG:
        return False
    # ECB of one block: that is what Poly1305-AES makes its pad with.
    block = Cipher(algorithms.AES(derived[32:48]), modes.ECB()).encryptor()  # noqa: S305
    try:
        Poly1305.verify_tag(derived[48:64] + block.update(iv), text, tag)
    except InvalidSignature:
        return False
    return True
