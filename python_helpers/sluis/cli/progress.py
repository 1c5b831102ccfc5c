"""What a run is doing, for people: rich on a terminal, plain lines otherwise.

Progress goes to standard error, so that standard output holds the result alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from sluis.cli.plainly import plainly

Kind = Literal["play", "task", "now", "ok", "changed", "failed", "unreachable", "word"]

_STYLES: dict[Kind, tuple[str, str]] = {
    "play": ("▸", "bold"),
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

    A line of the kind ``now`` is about something that is still at work; ``host`` is
    then the asset, ``text`` what is being done, and ``detail`` how far it is.
    """

    kind: Kind
    text: str
    host: str = ""
    detail: str = ""


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


def progress_on(console: Console) -> Progress:
    """The progress that fits ``console``."""
    return _Live(console) if console.is_terminal else _Plain(console)


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
    data = event.get("event_data") or {}
    task = plainly(str(data.get("task") or ""), limit=160)
    host = plainly(str(data.get("host") or ""), limit=80)
    result = data.get("res") or {}
    match event.get("event"):
        case "playbook_on_play_start":
            return [Line("play", plainly(str(data.get("name") or ""), limit=160))]
        case "playbook_on_task_start" | "runner_on_ok" if _arranges(data):
            return []
        case "playbook_on_task_start":
            return [Line("task", plainly(str(data.get("name") or ""), limit=160))]
        case "runner_on_ok":
            return _ended(task, host, result)
        case "runner_on_failed" if data.get("ignore_errors"):
            return [Line("word", f"{task} (an expected failure)", host)]
        case "runner_on_failed":
            return [Line("failed", task, host, _message(result))]
        case "runner_on_unreachable":
            return [Line("unreachable", task, host, _message(result))]
        case _:
            return []


def _ended(task: str, host: str, result: Mapping[str, Any]) -> list[Line]:
    told = _told(result)
    if told:
        return [Line("word", words, host) for words in told]
    if result.get("planned"):  # a step in plan mode looks like one that was done
        return [Line("word", f"planned: {task}", host)]
    if result.get("already_done"):
        return [Line("word", f"done before: {task}", host)]
    return [Line("changed" if result.get("changed") else "ok", task, host)]


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
    return [plainly(str(item), limit=400) for item in told[:50]]


def _message(result: Mapping[str, Any]) -> str:
    message = result.get("msg") or result.get("censored") or "no message"
    return plainly(str(message), limit=2000)


class _Plain:
    """One line for everything that ended; for logs and ticketing systems."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._at_work: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def tell(self, line: Line) -> None:
        if line.kind == "task":
            return
        if line.kind == "now":  # once for each phase: a log needs no percentages
            if self._at_work.get(line.host) == line.text:
                return
            self._at_work[line.host] = line.text
            line = replace(line, detail="")
        self._console.print(_sentence(line), soft_wrap=True)


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

    def tell(self, line: Line) -> None:
        if line.kind == "task":
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
    if line.detail:
        words = f"{words}: {line.detail}"
    return Text(words)
