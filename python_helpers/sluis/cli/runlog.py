"""The log that is kept of a run, in the dossier's ``runs`` folder.

It helps a person to find out why something failed. It proves nothing: what counts is
in the ledger.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sluis.cli.plainly import plainly, without_secrets


class RunLog:
    """A 0600 text file that is written line by line.

    Args:
        runs: the dossier's ``runs`` folder.
        what: what ran, such as ``apply``; becomes part of the file's name.
        ident: the run's own name.
        now: aware UTC time.
        secrets: texts that must not be in the log, whoever printed them.
    """

    def __init__(
        self, runs: Path, what: str, ident: str, now: datetime, secrets: Iterable[str] = ()
    ) -> None:
        self.path = runs / f"{now:%Y%m%dT%H%M%SZ}-{what}-{ident[:8]}.log"
        self._secrets = tuple(secrets)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")

    def write(self, text: str) -> None:
        """Add ``text``, made plain and without secrets."""
        self._file.write(without_secrets(plainly(text), self._secrets).rstrip("\n") + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; what could not be written is lost, and nothing else is."""
        with contextlib.suppress(OSError):
            self._file.close()
