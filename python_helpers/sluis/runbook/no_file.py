"""What lies where Ansible opens a file, and is none: it would be waited for without end.

Ansible opens lists of hosts, playbooks and roles before it asks any code of ours. So the front door
looks before it starts anything that reads them, and our first look inside Ansible before it opens
the first.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from sluis.errors import InputError
from sluis.places import VAULT_SETTINGS, Places

#: of a client's inventory, what is no list of hosts and no variables
_CHANGES = "changes"
#: bytes of one list of hosts or one file of variables; Ansible reads each as a whole
_LARGEST = 16 << 20
_KINDS = (
    (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


def refuse_what_is_no_file(places: Places, client: str, change: str | None = None) -> None:
    """Stop before anything opens what it would wait for, or read without end.

    What is not there, a link to nowhere, and what cannot be read is passed over: opening that is
    an error, and waits for nothing.

    Args:
        places: the project.
        client: client id, checked.
        change: change id, checked; ``None``: the client as a whole.

    Raises:
        InputError: ``not-a-file``, ``file-too-large``.
    """
    inventory = places.inventory(client)
    for path, found in _files(inventory, leave_out=(_CHANGES,)):
        _must_be_a_file(places, path, found)
        if found.st_size > _LARGEST:
            raise InputError(
                "file-too-large",
                f"{_name(places, path)} is larger than 16 MB. Ansible would read all of it.",
                "Put a list of hosts or a file of variables there, and large files elsewhere.",
            )
    for folder in [*_code(places), *([places.change(client, change)] if change else [])]:
        for path, found in _files(folder):
            _must_be_a_file(places, path, found)


def refuse_what_is_opened_first(places: Places, client: str) -> None:
    """Stop before Ansible opens a list of hosts, a playbook or a role that is no file.

    What it opens later is said later, with all else that is wrong, and is recorded.

    Args:
        places: the project.
        client: client id, checked.

    Raises:
        InputError: ``not-a-file``.
    """
    later = (_CHANGES, "group_vars", "host_vars", VAULT_SETTINGS)
    for path, found in _files(places.inventory(client), leave_out=later):
        _must_be_a_file(places, path, found)
    for folder in _code(places):
        for path, found in _files(folder):
            _must_be_a_file(places, path, found)


def refuse_a_list_that_is_no_file(places: Places, given: str) -> None:
    """Stop before Ansible opens what was named as an inventory, and is no file.

    Args:
        places: the project.
        given: what the command line names; a list of names of hosts is no path.

    Raises:
        InputError: ``not-a-file``.
    """
    path = Path(given).absolute()
    if "," in given or given == os.devnull:
        return
    try:
        found = path.stat()
    except OSError:
        return  # Ansible says that it is not there, and waits for nothing
    _must_be_a_file(places, path, found)


def _code(places: Places) -> list[Path]:
    return [places.root / "playbooks", places.root / "roles"]


def _must_be_a_file(places: Places, path: Path, found: os.stat_result) -> None:
    for is_one, kind in _KINDS:
        if is_one(found.st_mode):
            raise InputError(
                "not-a-file",
                f"{_name(places, path)} is {kind}, not a file: who opens it may wait for ever.",
                f"Put an ordinary file there, or take it out: rm {shlex.quote(str(path))}. "
                "Nothing was started.",
            )


def _files(top: Path, leave_out: Collection[str] = ()) -> Iterator[tuple[Path, os.stat_result]]:
    """What lies below a folder, links followed, each real folder once."""
    folders, seen = [top], set[tuple[int, int]]()
    while folders:
        folder = folders.pop()
        try:
            own = folder.stat()
            items = sorted(folder.iterdir())
        except OSError:
            continue
        if (own.st_dev, own.st_ino) in seen:
            continue
        seen.add((own.st_dev, own.st_ino))
        for path in items:
            if folder == top and path.name in leave_out:
                continue
            try:
                found = path.stat()
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode):
                folders.append(path)
            else:
                yield path, found


def _name(places: Places, path: Path) -> str:
    ours = path.is_relative_to(places.root)
    return str(path.relative_to(places.root) if ours else path)
