"""What every verb needs: the project, the caller's surroundings, and two screens."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from sluis.cli.from_here import Screen, filled_document, from_here
from sluis.cli.progress import Form, Line, Progress, progress_on
from sluis.errors import InputError
from sluis.evidence.keys import OperatorKey, key_folder, load_key, operator_key
from sluis.places import Places


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Unlocked:
    """The operator's key, and the passphrase if one was typed for it."""

    key: OperatorKey
    passphrase: str | None = None


@dataclass
class Session:
    """One call of ``sluis``.

    Args:
        project: the project's folder, if one was named.
        environ: the environment ``sluis`` was started in.
        out: standard output, for the result.
        err: standard error, for progress and for what went wrong.
        now: gives the time, aware UTC, whole seconds.
        progress: for whom the progress of a run is told.
    """

    project: Path | None
    environ: Mapping[str, str]
    out: Screen = field(default_factory=lambda: Screen(highlight=False))
    err: Screen = field(default_factory=lambda: Screen(stderr=True, highlight=False))
    now: Callable[[], datetime] = _now
    progress: Form = "people"

    def __post_init__(self) -> None:
        """Have both screens tell commands as they are typed from here."""
        self.out.missing = self.err.missing = from_here(self.project)

    @property
    def places(self) -> Places:
        """The project that we are in, or that was named.

        Raises:
            InputError: ``no-project``.
        """
        return Places.around(self.project if self.project is not None else Path.cwd())

    def result(self, data: Any, *, as_json: bool, show: Callable[[Console], None]) -> None:
        """Give the result: one JSON document, or the same for people.

        Args:
            data: plain JSON data.
            as_json: print ``data`` and nothing else.
            show: prints it for people.
        """
        if as_json:
            print_json(filled_document(data, self.out.missing))
        else:
            show(self.out)

    def telling(self) -> Progress:
        """Where a run tells its progress: standard error, in the form that was asked for."""
        return progress_on(self.err, self.progress, lambda: datetime.now(UTC))

    @contextmanager
    def doing(self, words: str) -> Iterator[None]:
        """Say what is being done while the block lasts.

        Args:
            words: what it is, for the eye.
        """
        with self.telling() as progress:
            progress.tell(Line("begin", words))
            yield

    def operator(self) -> Unlocked:
        """Open the operator's key; ask for its passphrase when it needs one.

        Raises:
            InputError: no key, several, a wrong passphrase, or one is needed and there is
                neither a terminal to ask on nor ``SLUIS_KEY_PASSPHRASE_FILE``.
        """
        try:
            return Unlocked(operator_key(self.environ))
        except InputError as error:
            given = self.environ.get("SLUIS_KEY_PASSPHRASE_FILE")
            if error.code != "bad-passphrase" or given or not sys.stdin.isatty():
                raise
        passphrase = getpass.getpass("Passphrase of your key: ")
        name = self.environ.get("SLUIS_KEY") or None
        key = load_key(key_folder(self.environ), name, passphrase.encode())
        return Unlocked(key, passphrase)


def print_json(data: Any) -> None:
    """Print one JSON document on standard output, in ASCII so that any locale can."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()
