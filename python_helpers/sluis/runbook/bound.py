"""What is bound of the current run, read as it is now and held against what began."""

from __future__ import annotations

import configparser
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible import constants

from sluis.errors import RefusedError
from sluis.evidence.predicates import Reason
from sluis.places import Places
from sluis.plan.tree import Opener, Tree, differences, read_tree
from sluis.plan.walk import changed_after, changed_at, stamps_of, touched
from sluis.runbook.inventory import NOT_READABLE, reach_of
from sluis.runbook.moved import Moves, folders_above
from sluis.runbook.run import Run

#: nanoseconds that ansible-playbook needs at the least, once it has begun, before it opens a file
#: of ours other than its settings; the clock of the disk may be that much behind the other one
_NOTHING_READ_YET = 100_000_000
#: the file of ours that Ansible reads first; from then on Python keeps what it compiles elsewhere
FIRST_FILE = "playbooks/inventory_plugins/first_look.py"
_CACHE = b"__pycache__"
_ABOVE = "a folder above these was renamed"
_AGAIN = "Start it again. Leave the project and the client's folder alone while it runs."


@dataclass(frozen=True)
class _Start:
    places: Places
    tree: Tree
    moves: Moves

    def seen(self, tree: Tree | None = None) -> list[str]:
        """What was touched since, in words."""
        found = _names(self.places, touched(self.tree.stamps, tree.stamps if tree else None))
        return [*found, *([_ABOVE] if self.moves.heard() else [])]


#: What was bound when this process began its run. Workers inherit it.
_AT_START: list[_Start] = []


def tree_of(run: Run, opener: Opener | None = None) -> Tree:
    """Everything that decides what this run does.

    Args:
        run: the current run.
        opener: opens encrypted files of variables. Only the process that drives the run has it;
            what it found in them is known in the workers that it forks.
    """
    reach = reach_of(run.places, run.client)
    return read_tree(run.places, run.client, run.change, reach, opener)


def changed_above(places: Places) -> list[str]:
    """Folders above what is bound that changed after Ansible was started, in words.

    For the moment before a run writes anything: what lay in their place may have been read.
    """
    folders = [os.fsencode(folder) for folder in (places.root, places.root / "inventories")]
    return _names(places, changed_after(stamps_of(folders), _began_ns() + _NOTHING_READ_YET))


def keep_start(
    run: Run, tree: Tree, *, above: Sequence[str] = (), read: Mapping[str, str] | None = None
) -> list[Reason]:
    """Remember, in the process that drives the run, what was bound when it began.

    Args:
        run: the current run.
        tree: what is bound.
        above: from :func:`changed_above`.
        read: what the inventory said when Ansible read it; ``None`` when that is not known.

    Returns:
        Why it is refused: something changed after Ansible was started, which may have read it
        before.

    Raises:
        RefusedError: ``not-watched``.
    """
    for earlier in _AT_START:
        earlier.moves.close()
    _AT_START[:] = [_Start(run.places, tree, Moves(folders_above(tree.stamps)))]
    since = _began_ns() + _NOTHING_READ_YET
    changed = [
        path
        for path in changed_after(tree.stamps, since)
        if not _only_our_first_was_cached(run.places, path, changed_at(tree.stamps[path]))
    ]
    return _reasons(
        [
            *above,
            *_settings_read_otherwise(run.places),
            *_read_otherwise(run, tree, read),
            *_names(run.places, changed),
        ]
    )


def _only_our_first_was_cached(places: Places, folder: bytes, changed_ns: int) -> bool:
    """Whether all that happened in a folder is that Python kept our first file compiled.

    In a project that is used for the first time it makes its cache there, before any code of ours
    runs. All else of ours is kept elsewhere. So it can only be the one folder in which our first
    file lies; the cache holds that file and no other, and was filled after the folder changed for
    the last time; and nothing else was read from there.

    Args:
        places: the project.
        folder: what changed.
        changed_ns: when, in nanoseconds since the epoch.
    """
    first = os.path.realpath(places.root / FIRST_FILE)
    if os.fsdecode(folder) != os.path.dirname(first):  # noqa: PTH120
        return False
    begins = os.path.join(folder, _CACHE, os.fsencode(Path(first).stem) + b".")  # noqa: PTH118
    try:
        kept = stamps_of(item.path for item in os.scandir(os.path.dirname(begins)))  # noqa: PTH120
    except OSError:
        return False
    only = bool(kept) and all(path.startswith(begins) for path in kept)
    filled_after = all(changed_at(looked) >= changed_ns for looked in kept.values())
    read = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    real = {os.path.realpath(one) for one in read if isinstance(one, str)}
    others = {one for one in real if Path(one).parent == Path(first).parent} - {first}
    return only and filled_after and not others


def _read_otherwise(run: Run, tree: Tree, read: Mapping[str, str] | None) -> list[str]:
    """What Ansible read of the inventory and does not lie there now, or the other way round."""
    if read is None or any(reason.code == NOT_READABLE for reason in tree.reasons):
        return []  # it is refused for that, and nobody knows what went
    begins = f"inventories/{run.client} ("
    there = {name: one for name, one in tree.entries.items() if name.startswith(begins)}
    return list(differences({f"{begins}{what})": one for what, one in read.items()}, there))


def changed_since_start(run: Run, tree: Tree) -> list[Reason]:
    """The refusal of a run under whose hands something changed.

    Ansible reads variables once, and code when it needs it. What was other in between and is put
    back now has another time of change, which nobody but the kernel sets.

    Args:
        run: the current run.
        tree: what is bound now.
    """
    changed: Iterable[str] = ()
    for start in _AT_START:
        changed = (
            *differences(start.tree.entries, tree.entries),
            *start.seen(tree),
        )
    return _reasons(changed)


def refuse_changed() -> None:
    """Stop when anything that is bound was touched since this run began.

    It looks at times only, so that each call of a host can afford it. A run of which nothing was
    kept (a look, a forecast) passes.

    Raises:
        RefusedError: ``changed-during-run``.
    """
    for start in _AT_START:
        for found in _reasons(start.seen()):
            raise RefusedError(found.code, f"{found.sentence} ({found.about})", found.remedy)


def digest_at_start(name: str) -> str | None:
    """The digest that a bound file had when this run began; ``None`` when nothing was kept.

    Args:
        name: as in the list of what is bound, such as ``sluis/errors.py``.
    """
    for start in _AT_START:
        return start.tree.entries.get(name, "(it was not there)")
    return None


def _began_ns() -> int:
    """When Ansible began in this process, in nanoseconds since the epoch.

    That is when ``logging`` was loaded, from which each of its records counts: after
    ``ansible.cfg`` was read, and before anything else. The process itself may be older, when
    a script wrote files and became Ansible (``exec``).
    """
    record = logging.LogRecord("", 0, "", 0, "", None, None)
    return int((record.created - record.relativeCreated / 1000) * 10**9)


def _settings_read_otherwise(places: Places) -> list[str]:
    """Whether Ansible's settings were other ones when it read them."""
    file = places.root / "ansible.cfg"
    read = constants.config._parsers.get(str(file))
    if read is None:
        return []  # it read others, and that is said elsewhere
    now = configparser.ConfigParser(inline_comment_prefixes=(";",))
    try:
        now.read_string(file.read_text())
    except (OSError, ValueError, configparser.Error):
        return ["ansible.cfg changed"]
    return [] if _said(read) == _said(now) else ["ansible.cfg changed"]


def _said(parser: configparser.ConfigParser) -> dict[str, dict[str, str]]:
    return {name: dict(parser.items(name, raw=True)) for name in parser.sections()}


def _reasons(changed: Iterable[str]) -> list[Reason]:
    names = list(dict.fromkeys(changed))
    if not names:
        return []
    return [
        Reason(
            code="changed-during-run",
            about="; ".join(names)[:400],
            sentence="What decides this run changed after it began, and may have been read before.",
            remedy=_AGAIN,
        )
    ]


def _names(places: Places, paths: Iterable[bytes]) -> list[str]:
    root = os.fsencode(places.root)
    return [
        os.path.relpath(path, root).decode("utf-8", "backslashreplace") + " was touched"
        for path in paths
    ]
