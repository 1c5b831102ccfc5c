"""Ledgers that the main process has read, for the workers that are forked from it.

They inherit this, so that they check the signatures of new statements only; every file is still
read and hashed.
"""

from __future__ import annotations

from pathlib import Path

from sluis.evidence.ledger import Ledger, View
from sluis.runbook.clock import now

_READ_BEFORE: dict[Path, View] = {}


def remember(path: Path, ledger: Ledger) -> None:
    """Read a ledger in Ansible's main process, for the workers that follow.

    Args:
        path: the dossier.
        ledger: its ledger.
    """
    _READ_BEFORE[path] = read_again(path, ledger)


def read_again(path: Path, ledger: Ledger) -> View:
    """Read a ledger, of which the main process may have read most.

    Args:
        path: the dossier.
        ledger: its ledger.
    """
    return ledger.read(now(), _READ_BEFORE.get(path))
