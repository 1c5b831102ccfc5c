"""Whether the programs that a change's steps start are there, looked at before anything is made.

A step whose program is not there fails half-way, after others were done.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluis.border.characters import clean_text
from sluis.plan.written_yaml import NotReadableError, read_written
from sluis.runbook.findings import PROGRAM_LATER, Finding
from sluis.runbook.run import Run

#: as they are carried out
LISTS = ("software_update_quiesce", "software_update_steps", "software_update_way_back")
#: modules that put no program anywhere, by the last part of their name
_BRING_NOTHING = frozenset(
    {"cron", "group", "reboot", "service", "systemd", "systemd_service", "sysvinit", "uri", "user",
     "wait_for", "wait_for_connection"}
)  # fmt: skip
#: those that write below one path and nowhere else
_BRING_THERE = frozenset(
    {"assemble", "blockinfile", "copy", "file", "get_url", "lineinfile", "replace", "template",
     "unarchive"}
)  # fmt: skip
#: One word for each name, said by the host. The shell itself is not asked: it answers for words of
#: its own, and a program of such a name (``false``, ``echo``) may be there or not.
SCRIPT = (
    'set -f; IFS=:; for one; do found=no; case "$one" in /*) places=;; *) places=$PATH;; esac; '
    'for place in ${places:-/}; do file=$one; [ -z "$places" ] || file=${place:-.}/$one; '
    'if [ -f "$file" ] && [ -x "$file" ]; then found=yes; fi; done; echo "$found"; done'
)

#: which of some programs are there, as the user who will start them; ``None``: nobody can tell
Look = Callable[[Sequence[str]], Sequence[bool] | None]


@dataclass(frozen=True)
class Started:
    """A program that a step starts.

    Args:
        step: the step's id.
        program: its path, or a name that is looked for in the host's PATH.
        raised: whether it runs with raised rights.
        brought: whether a step before it may bring the program.
        where: where the step is described.
    """

    step: str
    program: str
    raised: bool
    brought: bool
    where: str


def try_programs(
    run: Run, host: str, lists: Mapping[str, Sequence[Any]], file: str, raised: bool, look: Look
) -> list[Finding]:
    """Look whether what the steps of a host start is there, for one of two users.

    Args:
        run: the current run.
        host: its inventory name.
        lists: the steps that run on it, by list, as Ansible rendered them.
        file: where they are described.
        raised: whether it is the steps with raised rights that are looked at.
        look: asks the host, as their user.
    """
    started = [one for one in started_by(run, lists, file) if one.raised is raised]
    programs = tuple(dict.fromkeys(one.program for one in started))
    there = look(programs) if programs else None
    if there is None or len(there) != len(programs):
        return []  # that this host cannot be asked anything is said where its machine is
    missing = {one for one, is_there in zip(programs, there, strict=True) if not is_there}
    return [_finding(host, one) for one in started if one.program in missing]


def started_by(run: Run, lists: Mapping[str, Sequence[Any]], file: str) -> Iterator[Started]:
    """The programs that the steps of one host start, in order.

    A relative path is left out, for it depends on ``chdir``, and so is what the host fills in.
    """
    lines = _lines(run, file)
    before: list[Mapping[str, Any]] = []
    for name in LISTS:
        for step in lists.get(name) or ():
            if not isinstance(step, Mapping):
                continue
            program = _program(step)
            if program is not None:
                called = str(step.get("step"))
                line = lines.get(called)
                yield Started(
                    clean_text(called, 80), program, step.get("become") is True,
                    any(_may_bring(one, program) for one in before),
                    file if line is None else f"{file}, line {line}",
                )  # fmt: skip
            before.append(step)


def _finding(host: str, one: Started) -> Finding:
    shown = clean_text(one.program, 200)
    where = "" if one.program.startswith("/") else " in its PATH"
    who = "the user with raised rights" if one.raised else "the user who logs in"
    if one.brought:
        return Finding(
            host, PROGRAM_LATER,
            f"{host}: the step {one.step} starts {shown}, which is not there now{where}. It was "
            "not looked at any further: a step before it may bring it.",
            f"See that a step before it brings it, or correct the step in {one.where}.",
        )  # fmt: skip
    return Finding(
        host, "program-missing",
        f"{host}: the step {one.step} starts {shown}, and there is no such program{where} for "
        f"{who}.",
        f"Correct the program in {one.where}, or install it on {host} before the change.",
    )  # fmt: skip


def _program(step: Mapping[str, Any]) -> str | None:
    """The program that a step starts; ``None`` where it starts none, or nobody knows yet."""
    args = step.get("args")
    if _name(step) != "command" or not isinstance(args, Mapping):
        return None
    words: Any = args.get("argv")
    if words is None:
        line = args.get("cmd") or args.get("_raw_params")
        try:
            words = shlex.split(line) if isinstance(line, str) else None
        except ValueError:
            return None
    first = words[0] if isinstance(words, (list, tuple)) and words else None
    if not isinstance(first, str) or not first or any(one in first for one in "$~\0\n"):
        return None
    plain = "".join(first)
    return plain if plain.startswith("/") or "/" not in plain else None


def _may_bring(step: Mapping[str, Any], program: str) -> bool:
    """Whether a step may put a program in its place."""
    name, args = _name(step), step.get("args")
    if name in _BRING_NOTHING:
        return False
    if name not in _BRING_THERE or not isinstance(args, Mapping):
        return True
    place = args.get("dest", args.get("path"))
    if not isinstance(place, str):
        return True
    place = posixpath.normpath(place)
    if program.startswith("/"):
        return program == place or program.startswith(f"{place.rstrip('/')}/")
    return posixpath.basename(place) in (program, "bin", "sbin")


def _name(step: Mapping[str, Any]) -> str:
    return str(step.get("module")).rpartition(".")[2]


def _lines(run: Run, file: str) -> dict[str, int]:
    """In which line each step's ``args`` stand, or the step itself, by its id."""
    try:
        written = read_written((run.change_folder / file).read_bytes()).value
    except (OSError, NotReadableError):
        return {}
    found: dict[str, int] = {}
    for name in LISTS:
        steps = written[name].value if isinstance(written, dict) and name in written else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step.value, dict) and "step" in step.value:
                line = step.value["args"].line if "args" in step.value else step.line
                found[str(step.value["step"].value)] = line
    return found
