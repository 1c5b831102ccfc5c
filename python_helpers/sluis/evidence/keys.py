"""Operator keys: Ed25519, in a folder that only their owner can read.

A key's id is the SHA-256 of its public part as DER, so that anybody can compute it:
``openssl pkey -pubin -in KEY -outform DER | sha256sum``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sluis.errors import InputError
from sluis.evidence.canonical import sha256
from sluis.evidence.files import write_new
from sluis.evidence.signing_library import CryptoSigner, SSlibKey

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_PRIVATE = ".pem"
_PUBLIC = ".pub"
_LARGEST_FILE = 64 * 1024


@dataclass(frozen=True)
class PublicKey:
    """The public part of an Ed25519 key: id, the owner's name for it, PEM."""

    keyid: str
    name: str
    public_pem: str


@dataclass(frozen=True)
class OperatorKey(PublicKey):
    """A key that can sign. ``signer`` is securesystemslib's; it never leaves memory."""

    signer: CryptoSigner = field(repr=False, compare=False)


def new_key(folder: Path, name: str, passphrase: bytes | None = None) -> OperatorKey:
    """Make a key: ``<name>.pem`` (private, 0600) and ``<name>.pub`` (public).

    Args:
        folder: made with 0700 when it is not there yet.
        name: 1 to 63 lower-case letters, digits, inner ``-`` and ``_``.
        passphrase: encrypts the private key (PKCS8) when given.

    Raises:
        InputError: ``bad-key-name``, ``key-exists`` (nothing is ever overwritten),
            ``key-permissions``, ``bad-passphrase`` for an empty one.
    """
    _check_name(name)
    if passphrase is not None and not passphrase:
        raise InputError(
            "bad-passphrase", "The passphrase is empty.", "Give one, or leave it out altogether."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(folder, folder=True)
    private = Ed25519PrivateKey.generate()
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    key = _operator_key(private, name)
    try:
        write_new(folder / f"{name}{_PRIVATE}", pem, mode=0o600)
        write_new(folder / f"{name}{_PUBLIC}", key.public_pem.encode(), mode=0o644)
    except FileExistsError as error:
        raise InputError(
            "key-exists",
            f"There is already a key named {name} in {folder}.",
            "Choose another name; a key is never overwritten.",
        ) from error
    return key


def load_key(folder: Path, name: str | None, passphrase: bytes | None) -> OperatorKey:
    """Load a private key.

    Args:
        folder: as in :func:`new_key`.
        name: which key; ``None`` takes the only one there.
        passphrase: needed when the key is encrypted.

    Raises:
        InputError: ``no-key``, ``which-key``, ``key-permissions`` (the folder or the
            file can be read by others), ``bad-passphrase``, ``bad-key``.
    """
    if name is None:
        name = _only_key(folder)
    _check_name(name)
    path = folder / f"{name}{_PRIVATE}"
    if path.exists() and not path.is_file():
        raise InputError(
            "not-a-file",
            f"{path} is a pipe, a device or a folder, not a key.",
            "Put the key's file there, or take it out.",
        )
    if not path.is_file() or path.is_symlink():
        raise InputError(
            "no-key",
            f"There is no key {name} in {folder}.",
            "Make one with: sluis keys new NAME; or name another with SLUIS_KEY.",
        )
    _check_private(folder, folder=True)
    _check_private(path, folder=False)
    try:
        private = serialization.load_pem_private_key(path.read_bytes()[:_LARGEST_FILE], passphrase)
    except TypeError as error:
        raise InputError(
            "bad-passphrase",
            f"The key {name} {'needs a' if passphrase is None else 'has no'} passphrase.",
            "Put the passphrase in a 0600 file and name it in SLUIS_KEY_PASSPHRASE_FILE."
            if passphrase is None
            else "Leave the passphrase out.",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise InputError(
                "bad-passphrase",
                f"The key {name} does not open with this passphrase.",
                "Check the passphrase; if it is right, the key file is damaged.",
            ) from error
        raise _bad_key(path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _bad_key(path)
    return _operator_key(private, name)


def key_folder(environ: Mapping[str, str]) -> Path:
    """``$SLUIS_KEYS``, or ``~/.config/sluis/keys``."""
    if environ.get("SLUIS_KEYS"):
        return Path(environ["SLUIS_KEYS"])
    return Path(environ.get("HOME") or "~").expanduser() / ".config" / "sluis" / "keys"


def operator_key(environ: Mapping[str, str]) -> OperatorKey:
    """The key of whoever runs this.

    ``$SLUIS_KEY`` names it; the passphrase comes from the 0600 file named by
    ``$SLUIS_KEY_PASSPHRASE_FILE`` (its first line), never from the environment.

    Raises:
        InputError: as :func:`load_key`.
    """
    passphrase: bytes | None = None
    if environ.get("SLUIS_KEY_PASSPHRASE_FILE"):
        path = Path(environ["SLUIS_KEY_PASSPHRASE_FILE"])
        if not path.is_file():
            raise InputError(
                "bad-passphrase",
                f"The passphrase file {path} is not there.",
                "Make it with mode 0600, or unset SLUIS_KEY_PASSPHRASE_FILE.",
            )
        _check_private(path, folder=False)
        passphrase = path.read_bytes()[:_LARGEST_FILE].split(b"\n", 1)[0].rstrip(b"\r")
    return load_key(key_folder(environ), environ.get("SLUIS_KEY") or None, passphrase)


def public_key(pem: str, name: str) -> PublicKey:
    """Read somebody's public key.

    Raises:
        InputError: ``bad-key`` when it is not an Ed25519 public key in PEM.
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad_key(None) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(None)
    return PublicKey(keyid_of(key), name, _pem(key))


def keyid_of(key: Ed25519PublicKey) -> str:
    """SHA-256 of the public key's DER (SubjectPublicKeyInfo)."""
    return sha256(
        key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def verifier(pem: str) -> SSlibKey:
    """A public key in the form in which securesystemslib checks signatures.

    Raises:
        InputError: ``bad-key``.
    """
    found = public_key(pem, "")
    return SSlibKey.from_crypto(
        serialization.load_pem_public_key(found.public_pem.encode()), keyid=found.keyid
    )


def _operator_key(private: Ed25519PrivateKey, name: str) -> OperatorKey:
    public = private.public_key()
    keyid = keyid_of(public)
    signer = CryptoSigner(private, SSlibKey.from_crypto(public, keyid=keyid))
    return OperatorKey(keyid, name, _pem(public), signer)


def _pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _only_key(folder: Path) -> str:
    names = sorted(path.stem for path in folder.glob(f"*{_PRIVATE}")) if folder.is_dir() else []
    if not names:
        raise InputError(
            "no-key", f"There is no key in {folder}.", "Make one with: sluis keys new NAME"
        )
    if len(names) > 1:
        raise InputError(
            "which-key",
            f"There are several keys in {folder}: {', '.join(names)}.",
            "Say which one with SLUIS_KEY.",
        )
    return names[0]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            "bad-key-name",
            f"{name[:80]!r} cannot be the name of a key.",
            "Use 1 to 63 lower-case letters, digits, '-' and '_'.",
        )


def _check_private(path: Path, *, folder: bool) -> None:
    """Refuse what others can read: a key that others may have read proves nothing."""
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise InputError(
            "key-permissions",
            f"{path} can be read by others, or belongs to somebody else.",
            f"Own it, run `chmod {'700' if folder else '600'} {path}`, and consider a new key.",
        )


def _bad_key(path: Path | None) -> InputError:
    return InputError(
        "bad-key",
        f"{path or 'This text'} is not an Ed25519 key in PEM.",
        "Make a key with: sluis keys new NAME",
    )
