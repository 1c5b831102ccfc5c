"""The demo's stage: runs real commands, shows what came of them, and holds it to its word.

A scene that does not do what it must raises :class:`SceneFailedError`, and the demo fails.
"""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger, View
from sluis.rehearsal.client_files import LabClient
from sluis.rehearsal.lab import Lab

_LAST_LINES = 40
#: seconds that a command may take to end when the demo is stopped
_PATIENCE = 20


class SceneFailedError(Exception):
    """A scene did not do what it must; the message says what came instead."""


@dataclass
class Stage:
    """Everything a scene needs.

    Args:
        lab: the running lab.
        who: the lab as a client of a project.
        console: the one screen.
        environment: what commands are started with.
        logs: the folder where each command's whole output is kept.
        interactive: the person at the terminal is the client.
    """

    lab: Lab
    who: LabClient
    console: Console
    environment: Mapping[str, str]
    logs: Path
    interactive: bool = False
    _commands: int = field(default=0, init=False)
    _scenes: int = field(default=0, init=False)

    @contextmanager
    def scene(self, title: str) -> Iterator[None]:
        """One scene under its heading; says how long it took."""
        self._scenes += 1
        started = time.monotonic()
        self.console.print()
        self.console.print(
            Rule(Text(f"{self._scenes}. {title}", style="bold"), align="left", style="dim")
        )
        yield
        self.console.print(Text(f"  ({time.monotonic() - started:.1f} s)", style="dim"))

    def run(self, words: Sequence[str], *, expect: int | None, show: bool = False) -> str:
        """Run a command in the project, show it, and return its standard output.

        Args:
            words: program and arguments; a program of the virtual environment by its name.
            expect: the exit status that it must end with; ``None`` for any but 0.
            show: put its output on the screen.

        Raises:
            SceneFailedError: it ended with another one.
        """
        self.show_command(words)
        self._commands += 1
        log = self.logs / f"{self._commands:02d}-{Path(words[0]).name}-{words[1].lstrip('-')}.log"
        status, output = self._watch([program(words[0]), *words[1:]], log)
        if show:
            self.show(Text(output.rstrip()))
        self.judge_exit(status, expect, log)
        return output

    def _watch(self, command: Sequence[str], log: Path) -> tuple[int, str]:
        """Run it with its progress on one moving line; give exit status and output."""
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as output,
            log.open("w", encoding="utf-8") as kept,
            self.console.status(Text("starting …", style="dim")) as moving,
            subprocess.Popen(
                command,
                cwd=self.who.places.root,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            ) as running,
        ):
            assert running.stderr is not None  # noqa: S101
            try:
                for line in running.stderr:
                    kept.write(line)
                    moving.update(Text(line.strip()[: self.console.width - 4], style="dim"))
                status = running.wait()
            except BaseException:
                _stop(running)
                raise
            output.seek(0)
            printed = output.read()
            kept.write(printed)
        return status, printed

    def run_json(self, words: Sequence[str], *, expect: int | None) -> dict[str, Any]:
        """As :meth:`run`, for a command that prints one JSON document."""
        output = self.run([*words, "--json"], expect=expect)
        try:
            document: dict[str, Any] = json.loads(output)
        except ValueError:
            raise SceneFailedError(f"It printed no JSON document: {output[:500]!r}") from None
        return document

    def judge_exit(self, found: int, expect: int | None, log: Path) -> None:
        """Show an exit status, and fail the scene when it is not the one expected.

        Args:
            found: the status.
            expect: the one that it must be; ``None`` for any but 0.
            log: where the command's output is.
        """
        if found != expect and (expect is not None or found == 0):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
            wanted = "anything but 0" if expect is None else expect
            raise SceneFailedError(f"It ended with {found}, not with {wanted}.\n{tail}")
        self.say(f"exit status {found}, as it must be", mark="✓")

    def ledger(self, change: str) -> View:
        """The ledger of a change, read and checked as the product does."""
        places, client = self.who.places, self.who.client
        anchors = load_anchors(places.trust(client), client)
        ledger = Ledger(places.dossier(client, change), anchors, client, change)
        return ledger.read(datetime.now(UTC).replace(microsecond=0))

    def show_command(self, words: Sequence[str]) -> None:
        """Show a command as somebody would type it."""
        self.console.print(Text(f"  $ {shlex.join(words)}", style="cyan"), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """Something larger, such as a table, under the lines of this scene."""
        self.console.print(Padding(what, (0, 0, 0, 4)))

    def say(self, words: str, *, mark: str = "·", style: str = "") -> None:
        """One line of a result."""
        colour = {"✓": "green", "✗": "red"}.get(mark, "dim")
        self.console.print(Text.assemble((f"  {mark} ", colour), (words, style)), soft_wrap=True)

    def hold(self, true: bool, words: str) -> None:
        """Something that must be true: shown when it is, the end of the demo when not.

        Raises:
            SceneFailedError: it is not true.
        """
        if not true:
            raise SceneFailedError(f"This does not hold: {words}.")
        self.say(words, mark="✓")


def _stop(running: subprocess.Popen[str]) -> None:
    """Ask a command to end as Ctrl-C would, and make it when it does not."""
    running.send_signal(signal.SIGINT)
    try:
        running.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        running.kill()


def program(name: str) -> str:
    """The full path of a program beside our interpreter, or ``name`` when it is not there."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name
