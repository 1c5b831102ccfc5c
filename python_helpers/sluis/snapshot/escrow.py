"""The repository has a second key that is kept elsewhere; a lost first one then loses nothing.

A verifier that holds the escrowed key proves it by doing everything with that key alone.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Tuple

from ..errors import InputError
from .access import Access
from .restic import Restic

#: user name that marks the escrowed key on the store; not a secret
USER = "sluis-escrow"


def open_with(
    secrets: Mapping[str, str], access: Access
) -> Tuple[str, Optional[str], Dict[str, Any]]:
    """Which password to verify with, which key it belongs to, and what that says.

    Raises:
        InputError: ``no-repository-password``.
    """
    escrow, own = secrets.get("escrow_password"), secrets.get("repository_password")
    if escrow and escrow != own:
        key = access.key_of(USER)
        return escrow, key, {"used": True, "detail": "everything was opened with the escrowed key"}
    if not own:
        raise InputError(
            "no-repository-password",
            "The verifier has no password for the repository.",
            "Write escrow_password in snapshot_and_verify_store_secrets.",
        )
    why = "it is the same as repository_password" if escrow else "there is no escrow_password"
    return own, None, {"used": False, "detail": f"no escrowed key was tested: {why}"}


def add_escrow_key(restic: Restic, password: str, private: str) -> None:
    """Add the escrowed key to a repository; the password goes through a 0600 file."""
    path = os.path.join(private, "escrow-password")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password)
    try:
        restic.run("key", "add", "--new-password-file", path, "--user", USER, "--host", "sluis")
    finally:
        os.unlink(path)
