"""The dossier's own place: its name, links into and out of it, and what does not belong there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sluis.counted import counted
from sluis.errors import InputError
from sluis.evidence.finding import FAILS, UNKNOWN, Finding
from sluis.places import change_id

#: ``runs`` holds logs of the front door: help for people, never evidence
_EVIDENCE = ("objects", "statements", "timestamps")
_RUNS = "runs"


def linked(dossier: Path) -> str | None:
    """Which part of the dossier's path is a link, if one is. A link is never followed.

    A link leads to another place than the one whose witness is asked: an older copy of a
    dossier, behind a link, would be judged by the older copy of the witness beside it.
    """
    for path in (dossier, dossier.parent):
        if path.is_symlink():
            return f"{path.name} is a link to another place"
    return None


def place_findings(dossier: Path, change: str, *, expected: str | None) -> Iterator[Finding]:
    """Look at the folder itself.

    Args:
        dossier: the dossier's folder.
        change: the change that its statements are about.
        expected: the change that the caller named, if any; then the folder's name counts
            for nothing.
    """
    if expected is None and dossier.name != change:
        yield _other_name(dossier.name, change)
    try:
        entries = sorted(dossier.iterdir())
    except OSError as error:
        yield Finding("foreign-file", FAILS, dossier.name, f"It cannot be read: {error.strerror}.")
        return
    for path in entries:
        if path.name not in (*_EVIDENCE, _RUNS):
            said = "It is no part of the evidence; nothing binds it."
            yield Finding("foreign-file", UNKNOWN, _shown(path.name), said)
        elif path.is_symlink() or not path.is_dir():
            yield Finding("foreign-file", FAILS, path.name, "It is not a folder of this dossier.")
        elif path.name == _RUNS:
            said = "The logs of the runs help people. They are no evidence; nothing binds them."
            yield Finding("runs-unbound", UNKNOWN, _RUNS, said)
    yield from _hard_links(dossier)


def _other_name(folder: str, change: str) -> Finding:
    try:
        change_id(folder)
    except InputError:
        said = f"The folder is not named after the change {change} that the dossier is about."
        return Finding("folder-name", UNKNOWN, _shown(folder), said)
    return Finding(
        "folder-name",
        FAILS,
        folder,
        f"The folder is named {folder}, but its statements are about the change {change}. If "
        f"{change} is the one that you mean, name it with --change.",
    )


def _hard_links(dossier: Path) -> Iterator[Finding]:
    """A file with a second name can be changed from there. What it holds now is checked anyway."""
    twice: list[str] = []
    # plain text and not path objects: a dossier has thousands of files
    top = os.fspath(dossier)
    for part in _EVIDENCE:
        for folder, _, files in os.walk(f"{top}/{part}"):
            for name in files:
                try:
                    status = os.lstat(f"{folder}/{name}")
                except OSError:
                    continue
                if status.st_nlink > 1 and stat.S_ISREG(status.st_mode):
                    twice.append(f"{folder}/{name}"[len(top) + 1 :])
    if twice:
        first = _shown(min(twice))
        some = counted(len(twice), "file has", "files have")
        said = f"{some} another name elsewhere and can be changed there: {first}"
        yield Finding("hard-links", UNKNOWN, first, f"{said}{' …' if len(twice) > 1 else '.'}")


def _shown(name: str) -> str:
    # a name may hold bytes that are no text; they must not break a report
    return name.encode("utf-8", "backslashreplace").decode()[:200]
