"""Whose server is it? A host key that is not known beforehand is refused, never learned.

What is known comes from a ``known_hosts`` file or from a key that was pinned. The file's
form is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": plain, bracketed, wildcard and hashed
names, and ``@revoked``.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from ..border.ssh_words import fingerprint_of, known_hosts_name
from ..errors import InputError
from .source_error import SourceError


@dataclass(frozen=True)
class HostKeys:
    """The keys by which one server is recognised.

    Args:
        address: the server, for errors.
        trusted: public keys as bytes.
        revoked: public keys that are known to be lost to somebody else.
        fingerprint: ``SHA256:…`` of the one key that is accepted, instead of ``trusted``.
    """

    address: str
    trusted: frozenset[bytes] = frozenset()
    revoked: frozenset[bytes] = frozenset()
    fingerprint: str | None = None

    def algorithms(self) -> tuple[str, ...]:
        """The host key algorithms to ask for, so that the server shows a key we know."""
        found: list[str] = []
        for key in sorted(self.trusted):
            found.extend(_ALGORITHMS.get(_type_of(key), ()))
        return tuple(dict.fromkeys(found))

    def check(self, key: bytes) -> None:
        """Accept the key a server proved to have, or refuse.

        Raises:
            SourceError: ``host-key-revoked`` or ``host-key-wrong``.
        """
        if key in self.revoked:
            raise SourceError(
                "host-key-revoked",
                f"The server {self.address} has a key that is marked as revoked.",
                "Do not connect. Ask the old supplier, over the telephone, what happened.",
            )
        if key in self.trusted or fingerprint_of(key) == self.fingerprint:
            return
        raise SourceError(
            "host-key-wrong",
            f"The server {self.address} shows the key {_type_of(key)} {fingerprint_of(key)}, "
            "and that is not the one we know.",
            "Somebody may be in between. Ask the old supplier for the fingerprint over another "
            "way, and only then change what is known.",
        )


def pinned(address: str, key: str) -> HostKeys:
    """One key that was given: ``ssh-ed25519 AAAA…`` or ``SHA256:…``.

    Raises:
        InputError: ``host-key-unreadable``.
    """
    words = key.split()
    if len(words) == 1 and words[0].startswith("SHA256:") and len(words[0]) == 50:
        return HostKeys(address, fingerprint=words[0])
    blob = _blob(words[0], words[1]) if len(words) >= 2 else None
    if blob is None:
        raise InputError(
            "host-key-unreadable",
            f"The pinned host key of {address} is neither a public key nor a fingerprint.",
            "Give it as 'ssh-ed25519 AAAA...' or as 'SHA256:...'.",
        )
    return HostKeys(address, trusted=frozenset({blob}))


def from_known_hosts(path: Path, address: str, port: int) -> HostKeys:
    """What a ``known_hosts`` file says of a server.

    Raises:
        SourceError: ``host-key-unknown`` when it says nothing of it.
        InputError: ``known-hosts-unreadable``.
    """
    name = known_hosts_name(address.lower(), port)
    try:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
    except OSError as error:
        raise InputError(
            "known-hosts-unreadable",
            f"The file with known hosts {path} cannot be read: {error.strerror}.",
            "Make it with the fingerprints that the old supplier gave you.",
        ) from error
    trusted, revoked = set(), set()
    for line in lines:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if len(words) < 3 or not _names(words[0], name):
            continue
        blob = _blob(words[1], words[2])
        if blob is not None and marker == "":
            trusted.add(blob)
        elif blob is not None and marker == "@revoked":
            revoked.add(blob)
    if not trusted:
        raise SourceError(
            "host-key-unknown",
            f"The file with known hosts has no key of {name}.",
            "Ask the old supplier for the server's fingerprint and add its key to that file. "
            "It is never learned from the connection itself.",
        )
    return HostKeys(f"{address}:{port}", frozenset(trusted), frozenset(revoked))


_ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    # the key is of the old type, the signature is not: SHA-1 is never asked for
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}


def _names(patterns: str, name: str) -> bool:
    """Whether the first field of a line means this server."""
    if patterns.startswith("|1|"):
        return _hashed(patterns, name)
    found = False
    for pattern in patterns.lower().split(","):
        wanted = pattern.removeprefix("!")
        # brackets are literal in known_hosts, and sets in fnmatch
        if fnmatch.fnmatchcase(name, wanted.replace("[", "[[]")):
            if wanted != pattern:
                return False
            found = True
    return found


def _hashed(field: str, name: str) -> bool:
    try:
        _, _, salt, digest = field.split("|")
        wanted = base64.b64decode(digest, validate=True)
        made = hmac.new(base64.b64decode(salt, validate=True), name.encode(), hashlib.sha1)
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(made.digest(), wanted)


def _blob(kind: str, text: str) -> bytes | None:
    """The key's bytes, when they are of the type that the line says."""
    try:
        blob = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return blob if _type_of(blob) == kind else None


def _type_of(key: bytes) -> str:
    length = int.from_bytes(key[:4], "big")
    return key[4 : 4 + length].decode("ascii", "replace")
