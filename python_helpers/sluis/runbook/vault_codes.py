"""Codes of what ansible-vault encrypted and nobody can open."""

from __future__ import annotations

from sluis.plan.faults import STAYS_SHUT

#: a file or a value stays shut
NOT_OPENED = STAYS_SHUT
#: a file or a program that ought to give a password gives none
GIVES_NONE = "vault-gives-no-password"
