"""A real restic repository whose passwords are cheap to check.

``restic init`` chooses a key derivation that takes half a second for each command. With
a hundred commands that is most of a test run, and it tests nothing of ours. So the key
files are written anew with the weakest derivation that restic accepts. All else is as
restic made it. Format: https://restic.readthedocs.io/en/stable/100_references.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.poly1305 import Poly1305

PASSWORD = "repository-password-of-the-maker"
ESCROW = "escrowed-password-kept-elsewhere"


def make_quick_repository(folder: Path, password: str = PASSWORD, escrow: str = ESCROW) -> None:
    """Make a repository with the maker's key and the escrowed key."""
    environment = {**os.environ, "RESTIC_PASSWORD": password, "RESTIC_REPOSITORY": str(folder)}
    subprocess.run(["restic", "init"], env=environment, check=True, capture_output=True)
    (slow,) = (folder / "keys").iterdir()
    record = json.loads(slow.read_bytes())
    master = _decrypt(record, password)
    slow.chmod(0o600)
    slow.unlink()
    for user, opens in (("maker", password), ("sluis-escrow", escrow)):
        data = json.dumps(_encrypt(record | {"username": user}, opens, master)).encode()
        (folder / "keys" / hashlib.sha256(data).hexdigest()).write_bytes(data)


def _keys(record: dict, password: str) -> bytes:
    salt = base64.b64decode(record["salt"])
    kdf = Scrypt(salt=salt, length=64, n=record["N"], r=record["r"], p=record["p"])
    return kdf.derive(password.encode())


def _decrypt(record: dict, password: str) -> bytes:
    data = base64.b64decode(record["data"])
    nonce, sealed = data[:16], data[16:-16]
    keys = _keys(record, password)
    assert _mac(keys, nonce, sealed) == data[-16:]
    return _cipher(keys, nonce, sealed)


def _encrypt(record: dict, password: str, master: bytes) -> dict:
    record = record | {"N": 2, "r": 8, "p": 1, "salt": base64.b64encode(os.urandom(64)).decode()}
    keys, nonce = _keys(record, password), os.urandom(16)
    sealed = _cipher(keys, nonce, master)
    data = nonce + sealed + _mac(keys, nonce, sealed)
    return record | {"data": base64.b64encode(data).decode()}


def _cipher(keys: bytes, nonce: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(keys[:32]), modes.CTR(nonce)).encryptor().update(data)


def _mac(keys: bytes, nonce: bytes, data: bytes) -> bytes:
    clamped = bytearray(keys[48:64])
    for index in (3, 7, 11, 15):
        clamped[index] &= 15
    for index in (4, 8, 12):
        clamped[index] &= 252
    pad = Cipher(algorithms.AES(keys[32:48]), modes.ECB()).encryptor().update(nonce)
    return Poly1305.generate_tag(bytes(clamped) + pad, data)
