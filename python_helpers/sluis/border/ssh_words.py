"""How OpenSSH writes a server's key and address."""

from __future__ import annotations

import base64
import hashlib


def fingerprint_of(key: bytes) -> str:
    """``SHA256:…`` of a public key, as ``ssh-keygen -l`` shows it.

    Args:
        key: the key itself, not its base64 text.
    """
    digest = hashlib.sha256(key).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def known_hosts_name(address: str, port: int) -> str:
    """The name of a server in a ``known_hosts`` file; see sshd(8)."""
    return address if port == 22 else f"[{address}]:{port}"
