"""The modules of ansible-core of which it is certain what they write, and by which arguments.

A step that is said to stay ``inside`` an asset uses one of these, with no other argument than
those that are named here, or is refused. What is left out of the lists is left out on purpose: it
starts a program, asks a server, follows links, or writes where nobody says (docs/decisions/0243).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CORE = "ansible.builtin."
COPY, FILE = f"{CORE}copy", f"{CORE}file"
TEMPLATE, UNARCHIVE = f"{CORE}template", f"{CORE}unarchive"


@dataclass(frozen=True)
class Writer:
    """How a module says what it writes.

    Args:
        path: the argument that says where, by all its names.
        fixed: arguments that decide what is written; each has to be known when the plan is made.
        free: arguments that change nothing but what is written there.
    """

    path: tuple[str, ...]
    fixed: frozenset[str]
    free: frozenset[str]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: rights of what is written; ``file`` may set them on what a link leads to
RIGHTS = _names("group mode owner")

_LINES = "path dest destfile name"


def _writer(path: str, fixed: str, free: str = "") -> Writer:
    return Writer(tuple(path.split()), _names(fixed), RIGHTS | _names(free))


#: those that write, and only what they are told to
WRITERS: Mapping[str, Writer] = {
    f"{CORE}blockinfile": _writer(
        _LINES,
        "backup",
        "append_newline block content create insertafter insertbefore marker marker_begin "
        "marker_end prepend_newline state",
    ),
    COPY: _writer(
        "dest", "backup remote_src src", "checksum content decrypt directory_mode follow force"
    ),
    FILE: _writer("path dest name", "follow force recurse src state"),
    f"{CORE}lineinfile": _writer(
        _LINES,
        "backup",
        "backrefs create firstmatch insertafter insertbefore line regex regexp search_string "
        "state value",
    ),
    f"{CORE}replace": _writer(_LINES, "backup", "after before encoding regexp replace"),
    TEMPLATE: _writer(
        "dest",
        "backup src",
        "block_end_string block_start_string comment_end_string comment_start_string follow "
        "force lstrip_blocks newline_sequence output_encoding trim_blocks variable_end_string "
        "variable_start_string",
    ),
    UNARCHIVE: _writer("dest", "remote_src src", "creates decrypt keep_newer"),
}

#: those that write nothing
READERS = frozenset(
    CORE + module for module in ("find", "ping", "slurp", "stat", "wait_for", "wait_for_connection")
)

#: Programs. Nobody can tell from their arguments what they change: it is the engineer's word.
PROGRAMS = frozenset(CORE + module for module in ("command", "expect", "script", "shell"))

#: what ``file`` may be asked for; a hard link shares a file that lies elsewhere
STATES = ("absent", "directory", "file", "link", "touch")
