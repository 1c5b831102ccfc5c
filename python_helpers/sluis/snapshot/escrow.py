"""The repository has a second key that is kept elsewhere; a lost first one then loses nothing.

A verifier that holds the escrowed key proves it by doing everything with that key alone.
"""

from __future__ import annotations

import os
from typing import Tuple

from ..border.parts import StoreSecrets
from ..border.proof import Escrow
from ..errors import InputError
from ..programs import fixed, option
from .restic import Restic
from .store_keys import ESCROW_USER


def open_with(secrets: StoreSecrets) -> Tuple[str, bool, Escrow]:
    """Which password to verify with, whether it is the escrowed one, and what that says.

    Raises:
        InputError: ``no-repository-password``.
    """
    escrow, own = secrets.escrow_password, secrets.repository_password
    if escrow and escrow != own:
        return escrow, True, Escrow(True, "everything was opened with the escrowed key")
    if not own:
        raise InputError(
            "no-repository-password",
            "The verifier has no password for the repository.",
            "Write escrow_password in snapshot_and_verify_store_secrets.",
        )
    why = "it is the same as repository_password" if escrow else "there is no escrow_password"
    return own, False, Escrow(False, f"no escrowed key was tested: {why}")


def add_escrow_key(restic: Restic, password: str, private: str) -> None:
    """Add the escrowed key to a repository; the password goes through a 0600 file."""
    path = os.path.join(private, "escrow-password")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password)
    try:
        restic.run(
            fixed("key", "add", "--host=sluis"),
            option("--user", ESCROW_USER),
            option("--new-password-file", path),
        )
    finally:
        os.unlink(path)
