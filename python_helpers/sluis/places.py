"""Where things are: fixed places under one project root, never taken from variables.

Names that come from outside (a client, a change id from a ticket) become part of
a path only here, after a strict check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sluis.errors import InputError

_CLIENT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CHANGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,62}")
#: names what opens files of ansible-vault: in the project, and in each client's folder
VAULT_SETTINGS = "vault.cfg"
#: folders under ``inventories/`` that are not clients
_RESERVED = frozenset({"trust", "template"})


def client_id(text: str) -> str:
    """Return ``text`` as a client id, or raise.

    Args:
        text: 1 to 63 characters: lower-case letters, digits, inner hyphens.

    Raises:
        InputError: ``bad-client-id``.
    """
    if not _CLIENT.fullmatch(text) or text in _RESERVED:
        raise InputError(
            "bad-client-id",
            f"{text[:80]!r} cannot be a client id.",
            "Use 1 to 63 lower-case letters, digits and hyphens; 'trust' and 'template' are taken.",
        )
    return str(text)


def change_id(text: str) -> str:
    """Return ``text`` as a change id, or raise.

    Args:
        text: 1 to 63 characters: letters, digits, ``_``, ``-`` and single dots; it
            starts with a letter or digit and does not end in a dot.

    Raises:
        InputError: ``bad-change-id``.
    """
    if not _CHANGE.fullmatch(text) or text.endswith("."):
        raise InputError(
            "bad-change-id",
            f"{text[:80]!r} cannot be a change id.",
            f"{_without_its_end(text)}Use the ticket number: letters, digits, '-', '_' and single "
            "dots, at most 63 of them.",
        )
    return str(text)


def _without_its_end(text: str) -> str:
    """A sentence's full stop is copied easily with its last word."""
    meant = text.rstrip(".,;:")
    return f"Did you mean {meant!r}? " if meant != text and _CHANGE.fullmatch(meant) else ""


@dataclass(frozen=True)
class Places:
    """The fixed places of one project.

    Args:
        root: the folder that holds ``playbooks/``, ``roles/`` and ``inventories/``.
    """

    root: Path

    @classmethod
    def around(cls, start: Path) -> Places:
        """Find the project that ``start`` lies in, walking upwards.

        Raises:
            InputError: ``no-project`` when no parent holds the change gate.
        """
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / "roles" / "change_gate").is_dir() and (folder / "inventories").is_dir():
                return cls(folder)
        raise InputError(
            "no-project",
            f"{start} is not inside a Sluis project.",
            "Run this in the project's folder, or name it with --project.",
        )

    def clients(self) -> list[str]:
        """The names of all folders in ``inventories/`` that can be a client's."""
        folders = (self.root / "inventories").glob("*")
        return sorted(one.name for one in folders if one.is_dir() and one.name not in _RESERVED)

    def inventory(self, client: str) -> Path:
        """``inventories/<client>``"""
        return self.root / "inventories" / client_id(client)

    def change(self, client: str, change: str) -> Path:
        """``inventories/<client>/changes/<change>``: what the engineer wrote."""
        return self.inventory(client) / "changes" / change_id(change)

    def trust(self, client: str) -> Path:
        """``inventories/trust/<client>``: keys and certificates we believe."""
        return self.root / "inventories" / "trust" / client_id(client)

    def dossier(self, client: str, change: str) -> Path:
        """``dossiers/<client>/<change>``: the evidence of one change."""
        return self.root / "dossiers" / client_id(client) / change_id(change)
