"""Listening to a run: its log, its progress, and the answers that tasks give."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal

from sluis.cli.plainly import plainly
from sluis.cli.progress import Line, Progress, lines_of, words_of
from sluis.cli.progress_file import ProgressFile
from sluis.cli.runlog import RunLog
from sluis.errors import as_sentence
from sluis.runbook.findings import Finding, read_findings

Ended = Literal["by itself", "with a failure", "cancelled", "out of time", "without a word"]

_ERROR_FIELDS = ("code", "what", "remedy")
#: how Ansible's own errors begin that belong to no task
_OF_THE_RUN = re.compile(r"\s*(?:\[ERROR\]:|ERROR!)\s*(.+)", re.DOTALL)
#: a refusal of ours may advise to use a vault; that is no error of one
_OF_A_VAULT = re.compile(r"decrypt|vault (?:secret|password|id)", re.IGNORECASE)
_READ_THE_LOG = "The log of the run has more; put right what it names, then start it again."
_OPEN_THE_VAULT = (
    "Name the file, or the program, that has the password: see 'Secrets in ansible-vault' in "
    "docs/front-door.md."
)
_CLOSED = "The change was carried out and handed over before: nothing is done."
_OF_ANSIBLE = "ansible-failed"
_LONGEST = 1500
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


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
        self.findings: list[Finding] = []
        self.wrong_input = False
        self._closed = False

    def on_start(self) -> None:
        """Say that the run begins: it takes seconds until Ansible says a word."""
        begin = Line("begin", "Starting: Ansible reads the hosts, their settings and the runbook")
        self._safely("The progress display", lambda: self._progress.tell(begin))

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

    def error(self, host: str, told: Mapping[str, str]) -> None:
        """Keep an error, once: ``code``, ``what`` and ``remedy``."""
        clean = {name: plainly(str(told.get(name) or ""), limit=4000) for name in _ERROR_FIELDS}
        clean["what"] = as_sentence(clean["what"])
        if {"host": host, **clean} not in self.errors:
            self.errors.append({"host": host, **clean})

    def stopped_by(self, told: Mapping[str, str]) -> None:
        """Keep the error that stopped the run, in its own words and not in those of Ansible."""
        self.errors = [one for one in self.errors if one["code"] != _OF_ANSIBLE]
        self.error("", told)

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("event") in ("verbose", "error", "warning"):
            self._take_words(str(event.get("stdout") or ""))
        data = event.get("event_data")
        if not isinstance(data, dict):
            return
        if event.get("event") == "playbook_on_stats":
            self.stats = data
        result, host = data.get("res"), str(data.get("host") or "")
        if not isinstance(result, dict):
            return
        if isinstance(result.get("sluis_findings"), list):
            self._found(host, result, stopped=event.get("event") == "runner_on_failed")
            return
        error = result.get("sluis")
        if isinstance(error, dict):
            self.error(host, error)
            self.wrong_input |= result.get("wrong_input") is True
        elif event.get("event") == "runner_on_unreachable":
            self._unreachable(host, result)
        elif event.get("event") == "runner_on_failed" and not data.get("ignore_errors"):
            self._failed(host, data, result)
        if event.get("event") == "runner_on_ok" and isinstance(result.get("forecast"), list):
            lines = result.get("sluis_progress")
            self.forecasts[host] = {
                "lines": [plainly(str(line)) for line in lines] if isinstance(lines, list) else [],
                "routes": result["forecast"],
            }
        if event.get("event") == "runner_on_ok" and isinstance(result.get("drafted"), dict):
            self.drafted = result["drafted"]

    def _found(self, host: str, result: dict[str, Any], *, stopped: bool) -> None:
        """What a look found; each is an error by itself where it stopped the run."""
        for one in read_findings(result["sluis_findings"]):
            if one not in self.findings:
                self.findings.append(one)
            if stopped and one.stops:
                self.error(host, one.as_dict())
                self.wrong_input |= one.written

    def _take_words(self, words: str) -> None:
        """Ansible's own errors of the run itself: they are words on its screen and no more."""
        found = _OF_THE_RUN.match(_ESCAPES.sub("", words))
        if found is None or any(one["what"] and one["what"][:60] in words for one in self.errors):
            return
        said = " ".join(found[1].split())[:_LONGEST]
        code, remedy = _OF_ANSIBLE, _READ_THE_LOG
        if _OF_A_VAULT.search(said):
            code, remedy = "vault-not-opened", _OPEN_THE_VAULT
        self.error("", {"code": code, "what": said, "remedy": remedy})

    def _unreachable(self, host: str, result: dict[str, Any]) -> None:
        said = " ".join(str(result.get("msg") or "").split())[:_LONGEST]
        self.error(
            host,
            {
                "code": "host-unreachable",
                "what": f"{host} cannot be reached: {said or 'it says nothing'}",
                "remedy": "See that it runs, that its address, port, user and key in the "
                "inventory are right, and that its host key is the known one. Then start again.",
            },
        )

    def _failed(self, host: str, data: dict[str, Any], result: dict[str, Any]) -> None:
        """A task that failed with words of Ansible's, or of a module that is none of ours."""
        said = " ".join(_of_items(result).split())[:_LONGEST]
        if not said or result.get("censored"):
            return
        task = str(data.get("task") or "a task")
        self.error(
            host, {"code": "task-failed", "what": f"{task}: {said}", "remedy": _READ_THE_LOG}
        )

    def _keep(self, event: dict[str, Any]) -> None:
        if event.get("stdout"):
            self._log.write(str(event["stdout"]))

    def _show(self, event: dict[str, Any]) -> None:
        if event.get("event") == "runner_on_failed" and self._was_closed(event):
            return
        for line in lines_of(event):
            if line.kind == "play":
                self._play = line
                continue
            if line.kind != "task" and self._play is not None:
                # A play is named when it does something: not every phase uses every play.
                self._progress.tell(self._play)
                self._play = None
            self._progress.tell(line)

    def _was_closed(self, event: dict[str, Any]) -> bool:
        """Whether all that is refused is to do once more what was handed over; it is said once.

        Whoever only asks again must not read of a failure. The outcome says how it stands.
        """
        data = event.get("event_data")
        result = data.get("res") if isinstance(data, dict) else None
        reasons = result.get("reasons") if isinstance(result, dict) else None
        if isinstance(reasons, list) and reasons and not self._closed:
            self._closed = all(
                isinstance(one, dict) and one.get("code") == "change-closed" for one in reasons
            )
            if self._closed:
                self._progress.tell(Line("word", _CLOSED))
        return self._closed

    def _show_work(self) -> None:
        for line in self.at_work.news() if self.at_work else ():
            self._progress.tell(line)
        self._progress.look()

    def _safely(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # whatever it is, the run is worth more than its display
            self.trouble(f"{what} failed ({type(error).__name__}); the run went on without it.")


def _of_items(result: Mapping[str, Any]) -> str:
    """Why a task failed; of a loop Ansible only says that an item did, so its items tell.

    An item that failed with an error of ours has told it already, as an event of its own.
    """
    items = result.get("results")
    failed = [
        one for one in (items if isinstance(items, list) else ())
        if isinstance(one, dict) and one.get("failed")
    ]  # fmt: skip
    if not failed:
        return words_of(result.get("msg"))
    told = [words_of(one.get("msg")) for one in failed if not isinstance(one.get("sluis"), dict)]
    return "; ".join(one for one in dict.fromkeys(told) if one)
