"""``sluis status --watch``: shows where a change stands each time that changes. Only reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from sluis.cli.plainly import plainly
from sluis.cli.show_outcome import show_outcome
from sluis.counted import counted, plural
from sluis.dossier.outcome import Outcome
from sluis.runbook.lock import run_going_on

#: seconds between two looks
_EVERY = 1.0
#: a sign-off ends, and a copy ages, without anything being written (seconds)
_AT_LEAST_EVERY = 30.0
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """Where a change stood at one moment, and the run that was going on, in words."""

    outcome: Outcome
    running: str | None

    def as_dict(self) -> dict[str, Any]:
        """The document that ``status --json`` gives."""
        return self.outcome.model_dump(mode="json") | {"running": self.running}

    def same_as(self, other: Seen | None) -> bool:
        """Whether nothing that is shown differs but the time."""
        if other is None or self.running != other.running:
            return False
        return _timeless(self.outcome) == _timeless(other.outcome)


def watch(
    console: Console, dossier: Path, look: Callable[[], Seen], *, as_json: bool = False
) -> int:
    """Show what ``look`` finds whenever it changes, until Ctrl-C.

    On a terminal the whole is written below what is there, which is never cleared; elsewhere one
    line is written.

    Args:
        console: where it is shown.
        dossier: the folder that is watched.
        look: reads the dossier.
        as_json: write the document of ``status --json``, whole and on one line.

    Returns:
        The exit status: 0.
    """
    shown: Seen | None = None
    said, before, looked = "", None, 0.0
    try:
        while True:
            trace, now = _trace(dossier), time.monotonic()
            if trace != before or now - looked >= _AT_LEAST_EVERY:
                before, looked = trace, now
                seen = look()
                if not seen.same_as(shown):
                    shown = seen
                    if as_json:
                        _write(console, seen)
                    else:
                        said = _show(console, seen, said)
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        return 0


def _write(console: Console, seen: Seen) -> None:
    """The document on one line, in ASCII so that any locale can."""
    console.file.write(json.dumps(seen.as_dict(), ensure_ascii=True) + "\n")
    console.file.flush()


def _show(console: Console, seen: Seen, said: str) -> str:
    """Show it, unless it is the line that was said before; return what was said."""
    found = seen.outcome
    if console.is_terminal:
        console.rule(f"{found.computed_at:%Y-%m-%d %H:%M:%S} UTC", style="dim")
        show_outcome(console, found, going_on(found) if seen.running is not None else None)
        console.print("Ctrl-C ends this; it changes nothing.", style="dim")
        return ""
    # steps of a way back that nobody takes are none that are still to come
    forward = [step for step in found.steps if not step.way_back or step.state != "open"]
    done = sum(step.state == "done" for step in forward)
    words = f"{found.client} {found.change}: "
    if seen.running is not None:
        # what looks half done is under way, and the state before the run says nothing now
        words += f"a run is going on ({seen.running}); {going_on(found)}"
    else:
        words += found.state
        if forward:
            words += f"; {done} of {counted(len(forward), 'step')} done"
        words += f"; next: {found.next}"
    words = plainly(words, limit=1000)
    if words != said:
        line = f"{found.computed_at:%Y-%m-%d %H:%M:%S} UTC {words}"
        console.print(line, markup=False, soft_wrap=True)
        console.file.flush()
    return words


def going_on(found: Outcome) -> str:
    """What a run is at work on, and how far it is, as the ledger shows it.

    A step that began and did not end is the one under way: only one run goes on at a time.
    """
    asked = [line for line in found.assets if line.required is not None]
    proven = sum(
        line.required is not None and line.reached is not None and line.reached >= line.required
        for line in asked
    )
    began = any(step.state != "open" for step in found.steps)
    if not began and not asked:
        return "looking at what is needed; no scope was laid down yet"
    if not began:
        copied = sum(line.snapshot_id is not None for line in asked)
        return (
            f"{copied} of {counted(len(asked), 'asset is', 'assets are')} copied, {proven} of "
            f"{counted(len(asked), 'copy is', 'copies are')} proven by restoring "
            f"{plural(len(asked), 'it', 'them')}"
        )
    back = any(step.way_back and step.state != "open" for step in found.steps)
    steps = [step for step in found.steps if step.way_back is back]
    done = sum(step.state == "done" for step in steps)
    what = " of the way back" if back else ""
    words = f"{done} of {counted(len(steps), 'step')}{what} done"
    now = [f"{step.name} (on {step.host})" for step in steps if step.state == "under way"]
    if now:
        return f"{words}; now: {', '.join(now)}"
    made = sum(check.state != "not made" for check in found.checks)
    if steps and done == len(steps) and found.checks:
        return f"{words}; {made} of {counted(len(found.checks), 'check')} made"
    return words


def _timeless(found: Outcome) -> Outcome:
    """What of an outcome does not change by itself each second."""
    assets = tuple(asset.model_copy(update={"age_hours": None}) for asset in found.assets)
    return found.model_copy(update={"computed_at": _NEVER, "assets": assets})


def _trace(dossier: Path) -> object:
    """What tells, without reading it, that a run began or ended or something was written."""
    traces: list[object] = [run_going_on(dossier)]
    for folder in (dossier, *_folders(dossier)):
        try:
            traces.append((folder.name, folder.stat().st_ctime_ns))
        except OSError:
            continue
    return traces


def _folders(dossier: Path) -> list[Path]:
    try:
        return sorted(path for path in dossier.iterdir() if path.is_dir())
    except OSError:
        return []
