"""Going through folders: every file by its content, every link by what it leads to.

This runs at every step, so it works on plain bytes: path objects would take most of the
time. Every file is looked at each time, and read when anything about it is new.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from sluis.evidence.predicates import Reason
from sluis.manifest.signature import is_settled, signature_of

_PIECE = 1 << 18
#: what Python would import in the place of a source, or beside it
_COMPILED = (".pyc", ".pyo", ".so", ".pyd")
_CACHE = "__pycache__"
#: a compiled file until Python has written all of it (importlib's ``_write_atomic``); never read
_IN_THE_MAKING = re.compile(r"\.pyc\.[0-9]{1,20}\Z")

#: how an item looks to the kernel, by its path; the kernel alone sets the time of its last change
Stamps = dict[bytes, tuple[int, ...]]

#: What the files read so far hold, by path: how each looked to the kernel, and its digest.
#: Ansible's workers are forked from the process that read them first, and inherit this.
_KNOWN: dict[bytes, tuple[tuple[int, ...], str]] = {}


class Walk:
    """Collects entries: digest by name.

    Args:
        project: the project's folder. A link that leaves it is refused.
        package: the folder of the ``sluis`` package, which may lie elsewhere.
    """

    def __init__(self, project: Path, package: Path) -> None:
        self.entries: dict[str, str] = {}
        self.reasons: list[Reason] = []
        #: of each file, link and folder, but for what Python writes for itself
        self.stamps: Stamps = {}
        self._project = os.path.realpath(os.fsencode(project))
        self._package = os.path.realpath(os.fsencode(package))
        #: folders of which everything is collected anyway
        self._whole: list[bytes] = [self._package]
        self._linked: set[bytes] = set()

    def root(
        self,
        name: str,
        *,
        code: bool = False,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> list[str]:
        """Collect one folder of the project.

        Args:
            name: its path from the project's folder.
            code: whether Python imports from it.
            skip: names directly in it that are left out.
            only: names directly in it that are taken, in lower case; all when ``None``.

        Returns:
            The names of the files that were collected.
        """
        place = os.path.join(self._project, os.fsencode(name))  # noqa: PTH118
        real = os.path.realpath(place)
        before = set(self.entries)
        if real != place:  # the folder, or one above it, is a link
            if _inside(real, self._project):
                self._linked.add(real)
            self._link(place, name, code=code)
            if real not in self._linked:
                return []
        if os.path.isdir(real):  # noqa: PTH112
            if not skip and only is None:
                self._whole.append(real)
            self.folder(real, f"{name}/", code=code, skip=skip, only=only)
        return [item for item in self.entries if item not in before]

    def package(self) -> None:
        """Collect the package. An installer may have made it of links, so they are followed."""
        self.folder(self._package, "sluis/", code=True)

    def file(self, name: str) -> None:
        """Collect one file of the project."""
        place = os.path.join(self._project, os.fsencode(name))  # noqa: PTH118
        self._item(place, name)

    def folder(
        self,
        folder: bytes,
        prefix: str,
        *,
        code: bool = False,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> None:
        """Every file and link under ``folder``, by its path under ``prefix``."""
        try:
            items = list(os.scandir(folder))
        except OSError as error:
            self._refuse("not-readable", prefix, f"It cannot be read: {error.strerror}.")
            return
        if os.path.basename(folder) != _CACHE.encode():  # noqa: PTH119
            self._stamp(folder)
        for item in items:
            # a name need not be UTF-8, and it must still count
            name = item.name.decode("utf-8", "backslashreplace")
            if name in skip or (only is not None and name.casefold() not in only):
                continue
            if item.is_symlink():
                self._link(item.path, prefix + name, code=code)
            elif item.is_dir(follow_symlinks=False):
                self.folder(item.path, f"{prefix}{name}/", code=code)
            elif code and name.endswith(_COMPILED):
                self._compiled(item.path, prefix, name)
            elif code and prefix.endswith(f"/{_CACHE}/") and _IN_THE_MAKING.search(name):
                continue
            else:
                self._item(item.path, prefix + name)

    def _compiled(self, path: bytes, prefix: str, name: str) -> None:
        """Code without its source. Python's own cache is never read, see ``sluis.bytecode``."""
        if prefix.endswith(f"/{_CACHE}/") and name.endswith(".pyc"):
            return
        self._item(path, prefix + name)
        if "/files/" not in prefix:  # what a role sends to a host is not imported here
            self._refuse(
                "compiled-code",
                prefix + name,
                "It is compiled code, which nobody can read, in the place of a source.",
                "Remove it, and find out how it came there.",
            )

    def _item(self, path: bytes, name: str) -> None:
        try:
            status = os.lstat(path)
            self.stamps[path] = _looks(status)
            if stat.S_ISLNK(status.st_mode):
                self._link(path, name, code=False)
            elif stat.S_ISREG(status.st_mode):
                self.entries[name] = content_sha256(path, status)
            else:
                self._refuse("not-a-file", name, "It is a device, a pipe or a socket.")
        except OSError as error:
            self._refuse("not-readable", name, f"It cannot be read: {error.strerror}.")

    def _link(self, path: bytes, name: str, *, code: bool) -> None:
        """A link by its text, and by the content of what it leads to."""
        self._stamp(path)
        try:
            text = os.readlink(path)  # noqa: PTH115
        except OSError:
            text = os.path.realpath(path)  # a folder above it is the link
        self.entries[name] = f"link:{text.decode('utf-8', 'backslashreplace')}"
        real = os.path.realpath(path)
        if any(_inside(real, whole) for whole in self._whole) or real in self._linked:
            return
        if _inside(real, self._project):
            shown = f"linked/{os.path.relpath(real, self._project).decode('utf-8', 'replace')}"
        elif _inside(path, self._package):
            shown = f"linked{real.decode('utf-8', 'backslashreplace')}"
        else:
            self._refuse(
                "link-leads-away",
                name,
                f"It is a link to {real.decode('utf-8', 'backslashreplace')[:300]}, which does not "
                "belong to the project: what lies there can change without anybody seeing it.",
                "Put the file itself there.",
            )
            return
        self._linked.add(real)
        if os.path.isdir(real):  # noqa: PTH112
            self.folder(real, f"{shown}/", code=code)
        elif os.path.lexists(real):
            self._item(real, shown)

    def _stamp(self, path: bytes) -> None:
        with suppress(OSError):
            self.stamps[path] = _looks(os.lstat(path))

    def _refuse(
        self,
        code: str,
        about: str,
        sentence: str,
        remedy: str = "Put an ordinary file there that you can read, or remove it.",
    ) -> None:
        self.reasons.append(Reason(code=code, about=about[:300], sentence=sentence, remedy=remedy))


def stamps_of(paths: Iterable[bytes]) -> Stamps:
    """How each of these looks now; what is gone is left out."""
    now: Stamps = {}
    for path in paths:
        with suppress(OSError):
            now[path] = _looks(os.lstat(path))
    return now


def touched(stamps: Stamps, now: Stamps | None = None) -> list[bytes]:
    """What no longer looks as it did, or is gone.

    Args:
        stamps: as a walk collected them.
        now: as another walk did just now; ``None``: look at each.
    """
    if now is None:
        now = stamps_of(stamps)
    return [path for path, looked in stamps.items() if now.get(path) != looked]


def changed_after(stamps: Stamps, began_ns: int) -> list[bytes]:
    """What was changed after a moment, in nanoseconds since the epoch, whatever it holds now."""
    return [path for path, looked in stamps.items() if looked[_CHANGED] > began_ns]


def changed_at(looked: tuple[int, ...]) -> int:
    """When an item changed for the last time, in nanoseconds since the epoch.

    Args:
        looked: how it looked, one of :data:`Stamps`.
    """
    return looked[_CHANGED]


def content_sha256(path: bytes, status: os.stat_result | None = None) -> str:
    """SHA-256 of a file, read again only when the kernel says that it may be another one."""
    known = _KNOWN.get(path)
    if known is not None and known[0] == _looks(status or os.lstat(path)):
        return known[1]
    began = time.time_ns()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before = os.fstat(descriptor)
        content = os.read(descriptor, _PIECE)
        digest = hashlib.sha256(content)
        while content:
            content = os.read(descriptor, _PIECE)
            digest.update(content)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    found = digest.hexdigest()
    if is_settled(after, began) and _looks(before) == _looks(after):
        _KNOWN[path] = _looks(after), found
    return found


def _looks(status: os.stat_result) -> tuple[int, ...]:
    """A path is another file, too, when another disk was mounted over its folder."""
    return (status.st_dev, status.st_mode, *signature_of(status))


#: where the time of the last change stands in how an item looks
_CHANGED = 4


def _inside(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")
