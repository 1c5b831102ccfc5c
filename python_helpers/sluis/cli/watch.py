"""Listening to a run: its log, its progress, and the answers that tasks give."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

from sluis.cli.plainly import plainly
from sluis.cli.progress import Line, Progress, lines_of
from sluis.cli.progress_file import ProgressFile
from sluis.cli.runlog import RunLog

Ended = Literal["by itself", "with a failure", "cancelled", "out of time", "without a word"]

_ERROR_FIELDS = ("code", "what", "remedy")


class Watch:
    """Listens to a run. Its methods never raise: an exception in an event handler
    kills the run half-way and leaves no status behind (measured)."""

    def __init__(self, progress: Progress, log: RunLog) -> None:
        self._progress = progress
        self._log = log
        self._play: Line | None = None
        self.cancel = threading.Event()
        self.at_work: ProgressFile | None = None
        self.stats: dict[str, Any] | None = None
        self.troubles: list[str] = []
        self.errors: list[dict[str, str]] = []
        self.forecasts: dict[str, dict[str, Any]] = {}
        self.drafted: dict[str, Any] | None = None

    def on_event(self, event: dict[str, Any]) -> bool:
        """Take one event of ansible-runner; the answer says not to keep it."""
        self._safely("Reading the answers", lambda: self._take(event))
        self._safely("The log", lambda: self._keep(event))
        self._safely("The progress display", lambda: self._show(event))
        return False  # ansible-runner need not keep it: results can hold personal data

    def on_look(self) -> bool:
        """Called about once a second; the answer ends the run."""
        self._safely("The progress display", self._show_work)
        return self.cancel.is_set()

    def on_end(self, ended: Ended, status: int | None) -> None:
        """Write the last line of the log."""
        self._safely("The log", lambda: self._log.write(f"ended: {ended}, status {status}"))

    def trouble(self, sentence: str) -> None:
        """Keep a sentence about what went wrong around the run, once."""
        if sentence not in self.troubles:
            self.troubles.append(sentence)

    def _take(self, event: dict[str, Any]) -> None:
        data = event.get("event_data")
        if not isinstance(data, dict):
            return
        if event.get("event") == "playbook_on_stats":
            self.stats = data
        result, host = data.get("res"), str(data.get("host") or "")
        if not isinstance(result, dict):
            return
        error = result.get("sluis")
        if isinstance(error, dict):
            told = {name: plainly(str(error.get(name) or "")) for name in _ERROR_FIELDS}
            if {"host": host, **told} not in self.errors:
                self.errors.append({"host": host, **told})
        if event.get("event") == "runner_on_ok" and isinstance(result.get("forecast"), list):
            lines = result.get("sluis_progress")
            self.forecasts[host] = {
                "lines": [plainly(str(line)) for line in lines] if isinstance(lines, list) else [],
                "routes": result["forecast"],
            }
        if event.get("event") == "runner_on_ok" and isinstance(result.get("drafted"), dict):
            self.drafted = result["drafted"]

    def _keep(self, event: dict[str, Any]) -> None:
        if event.get("stdout"):
            self._log.write(str(event["stdout"]))

    def _show(self, event: dict[str, Any]) -> None:
        for line in lines_of(event):
            if line.kind == "play":
                self._play = line
                continue
            if line.kind != "task" and self._play is not None:
                # A play is named when it does something: not every phase uses every play.
                self._progress.tell(self._play)
                self._play = None
            self._progress.tell(line)

    def _show_work(self) -> None:
        for line in self.at_work.news() if self.at_work else ():
            self._progress.tell(line)

    def _safely(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # whatever it is, the run is worth more than its display
            self.trouble(f"{what} failed ({type(error).__name__}); the run went on without it.")
