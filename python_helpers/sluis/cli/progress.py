"""What a run is doing: rich on a terminal, plain lines otherwise, or events for a program.

Progress goes to standard error, so that standard output holds the result alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from sluis.cli.plainly import plainly
from sluis.cli.progress_event import ProgressEvent

#: for whom progress is told
Form = Literal["people", "json"]
Kind = Literal["play", "begin", "task", "now", "ok", "changed", "failed", "unreachable", "word"]
#: seconds that a task may last before a log names it; on a terminal it is named at once
_SOON = 2.0

_STYLES: dict[Kind, tuple[str, str]] = {
    "play": ("▸", "bold"),
    "begin": ("·", "dim"),
    "task": ("·", "dim"),
    "now": ("·", "dim"),
    "ok": ("✓", "green"),
    "changed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "unreachable": ("✗", "bold red"),
    "word": ("·", ""),
}


@dataclass(frozen=True)
class Line:
    """One thing that happened. ``host`` is empty for what concerns the whole run.

    A line of the kind ``begin`` says what we do ourselves, before or after any task.
    A line of the kind ``now`` is about something that is still at work; ``host`` is
    then the asset, ``text`` what is being done, and ``detail`` how far it is; ``done`` is the
    part that is done, ``size`` in bytes and ``items`` what it has come to, where that is known.
    ``brief`` is for people in place of ``detail``: the whole of it is told at the end of the run.
    """

    kind: Kind
    text: str
    host: str = ""
    detail: str = ""
    done: float | None = None
    size: int | None = None
    items: int | None = None
    brief: str = ""


class Progress(Protocol):
    """Where lines go while a run lasts."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def tell(self, line: Line) -> None:
        """Show one line."""

    def look(self) -> None:
        """Called about once a second while a run lasts: time passes without a line as well."""


def progress_on(
    console: Console, form: Form = "people", now: Callable[[], datetime] | None = None
) -> Progress:
    """The progress that fits ``console``.

    Args:
        console: where it goes.
        form: ``json`` for one event a line, whatever ``console`` is.
        now: gives the time of an event, aware UTC; needed for events only.
    """
    if form == "json":
        assert now is not None  # noqa: S101  an event without its time is none
        return _Events(console, now)
    return _Live(console) if console.is_terminal else _Plain(console)


#: where a first sentence ends
_SENTENCE = re.compile(r"(?<=[.!?])\s|\n")
#: a finding of a look ends with its remedy and its code, which no cut may take away
_MOST_TOLD = 4000
#: tasks that only arrange others; nobody watches for these
_ARRANGING = frozenset(
    f"ansible.builtin.{name}"
    for name in (
        "assert", "include_role", "include_tasks", "include_vars", "import_role", "import_tasks",
        "meta", "set_fact", "validate_argument_spec",
    )
)  # fmt: skip


def lines_of(event: Mapping[str, Any]) -> list[Line]:
    """Turn one ansible-runner event into lines; an event nobody needs gives none."""
    data = _mapping(event.get("event_data"))
    task = _plain_words(data, _one_line(data.get("task"), 160))
    host = _one_line(data.get("host"), 80)
    result = _mapping(data.get("res"))
    match event.get("event"):
        case "playbook_on_play_start":
            return [Line("play", _one_line(data.get("name"), 160))]
        case "playbook_on_task_start" | "runner_on_ok" if _arranges(data):
            return []
        case "playbook_on_task_start":
            return [Line("task", _plain_words(data, _one_line(data.get("name"), 160)))]
        case "runner_on_ok" if _is_the_result(data, result):
            return [Line("ok", task, host)]
        case "runner_on_ok":
            return _ended(task, host, result)
        case "runner_on_failed" if data.get("ignore_errors"):
            return [Line("word", f"{task} (an expected failure)", host)]
        case "runner_on_failed":
            return [Line("failed", task, host, _message(result), brief=_brief(result))]
        case "runner_on_unreachable":
            return [Line("unreachable", task, host, _message(result), brief=_brief(result))]
        case _:
            return []


def _is_the_result(data: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether a task says what the verb itself ends with: it would be read twice."""
    named = str(data.get("playbook") or "")
    return named.rpartition("/")[2] == "forecast.yml" and isinstance(result.get("forecast"), list)


def _plain_words(data: Mapping[str, Any], name: str) -> str:
    """A task's words without the names of the role and the file that it stands in."""
    role = str(data.get("role") or "")
    if not role:
        return name
    file = PurePosixPath(str(data.get("task_path") or "").rpartition(":")[0]).stem
    return name.removeprefix(f"{role} : ").removeprefix(f"{file} | ")


def _one_line(given: object, limit: int) -> str:
    """Plain text on one line: a line break could begin what looks like another host's line."""
    return " ".join(plainly(str(given or ""), limit=limit).split("\n"))


def _mapping(given: object) -> Mapping[str, Any]:
    """What is no mapping says nothing."""
    return given if isinstance(given, Mapping) else {}


def _ended(task: str, host: str, result: Mapping[str, Any]) -> list[Line]:
    told = _told(result)
    if told:
        return [Line("word", words, host) for words in told]
    if result.get("sluis_progress") == [] and not result.get("changed"):
        return []  # there was nothing to do, so nothing was done
    if _each(result, "planned"):  # a step in plan mode looks like one that was done
        return [Line("word", f"planned: {task}", host)]
    if _each(result, "already_done"):
        return [Line("word", f"done before: {task}", host)]
    return [Line("changed" if result.get("changed") else "ok", task, host)]


def _each(result: Mapping[str, Any], mark: str) -> bool:
    """Whether a task says this of itself, or in a loop each of its rounds does."""
    rounds = result.get("results")
    if isinstance(rounds, list) and rounds:
        return all(bool(_mapping(one).get(mark)) for one in rounds)
    return bool(result.get(mark))


def _arranges(data: Mapping[str, Any]) -> bool:
    action = str(data.get("resolved_action") or data.get("task_action") or "")
    return action.removeprefix("ansible.legacy.") in _ARRANGING or (
        f"ansible.builtin.{action}" in _ARRANGING
    )


def _told(result: Mapping[str, Any]) -> list[str]:
    """Words that a module or action has for the operator: ``sluis_progress``."""
    told = result.get("sluis_progress")
    if isinstance(told, str):
        told = [told]
    if not isinstance(told, list):
        return []
    return [_one_line(item, _MOST_TOLD) for item in told[:50]]


def words_of(message: object) -> str:
    """What a task says as one text; several of our actions say several lines."""
    if isinstance(message, list):
        return "; ".join(str(one) for one in message)
    return str(message or "")


def _message(result: Mapping[str, Any]) -> str:
    return (
        plainly(words_of(result.get("msg") or result.get("censored")), limit=2000) or "no message"
    )


def _brief(result: Mapping[str, Any]) -> str:
    """The code, where it is an error of ours, and the first sentence."""
    error = _mapping(result.get("sluis"))
    said = plainly(str(error.get("what") or ""), limit=2000) or _message(result)
    first = _SENTENCE.split(said.strip(), maxsplit=1)[0]
    code = f" [{_one_line(error.get('code'), 80)}]" if error.get("code") else ""
    return _one_line(first, 300) + code


class _LineByLine:
    """Writes each line as it comes, so there is nothing to begin or to clear away."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def look(self) -> None:
        return None


class _Plain(_LineByLine):
    """One line for everything that ended, or that takes a while; for logs and ticketing systems."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._clock = clock
        self._at_work: dict[str, str] = {}
        self._task: tuple[Line, float] | None = None

    def tell(self, line: Line) -> None:
        if line.kind == "task":
            self._task = (line, self._clock())
            return
        if line.kind == "now":  # once for each phase: a log needs no percentages
            if self._at_work.get(line.host) == line.text:
                return
            self._at_work[line.host] = line.text
            line = replace(line, detail="")
        self._task = None
        self._print(line)

    def look(self) -> None:
        if self._task is not None and self._clock() - self._task[1] >= _SOON:
            line, self._task = self._task[0], None
            self._print(replace(line, text=f"{line.text} …"))

    def _print(self, line: Line) -> None:
        self._console.print(_sentence(line), soft_wrap=True)


#: a program needs to know no more than that something begins
_EVENTS: dict[Kind, Literal["task"]] = {"begin": "task"}


class _Events(_LineByLine):
    """One JSON document a line, for a program that watches."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._console = console
        self._now = now

    def tell(self, line: Line) -> None:
        at_work = line.kind == "now"
        event = ProgressEvent(
            at=self._now(),
            event="at work" if at_work else _EVENTS.get(line.kind, line.kind),
            text=line.text,
            host=None if at_work else line.host or None,
            asset=line.host if at_work else None,
            detail=None if at_work else line.detail or None,
            done=line.done,
            bytes=line.size,
            items=line.items,
        )
        self._console.file.write(event.as_line())
        self._console.file.flush()


class _Live:
    """A spinner with what is going on now, and the ended lines above it."""

    def __init__(self, console: Console) -> None:
        self._progress = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._row: TaskID | None = None
        self._task = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def look(self) -> None:
        return None  # the spinner turns by itself

    def tell(self, line: Line) -> None:
        if line.kind in ("begin", "task"):
            if self._row is not None:
                self._progress.remove_task(self._row)
            self._row = self._progress.add_task(line.text, total=None)
            self._task = line.text
        elif line.kind == "now":
            if self._row is not None:
                self._progress.update(self._row, description=f"{self._task} · {_sentence(line)}")
        else:
            mark, style = _STYLES[line.kind]
            self._progress.console.print(
                Text.assemble((f"{mark} ", style), _sentence(line)), soft_wrap=True
            )


def _sentence(line: Line) -> Text:
    words = {
        "play": f"{line.text}",
        "failed": f"{line.text}: failed",
        "unreachable": f"{line.text}: cannot be reached",
    }.get(line.kind, line.text)
    if line.host:
        words = f"{line.host}: {words}"
    if line.brief or line.detail:
        words = f"{words}: {line.brief or line.detail}".replace("\n", "\n    ")
    return Text(words)
