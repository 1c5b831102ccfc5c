"""The controller's files that a step sends: hashed and kept in the same reading.

A file that is looked at twice can be two files. So each is opened once, and what was hashed
is written into a private folder at the same time; the module sends from there. While a plan
is made nothing is sent, so nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.copy import _walk_dirs

from sluis.errors import InputError
from sluis.evidence.canonical import canonical, sha256
from sluis.runbook.call_modules import Module

_PIECE = 1 << 20


class Outbox:
    """A private folder for what one step sends. Use as a block; it is removed at the end.

    Args:
        keep: whether anything is sent in this run; while planning nothing is.
    """

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._folder: Path | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def place(self) -> Path | None:
        """A new empty folder in it, or ``None`` while planning."""
        if not self._keep:
            return None
        if self._folder is None:
            # Ansible's own folder of this run, which only its user can enter
            made = tempfile.mkdtemp(prefix="sluis-sends-", dir=constants.DEFAULT_LOCAL_TMP)
            self._folder = Path(made)
        self._count += 1
        place = self._folder / str(self._count)
        place.mkdir(mode=0o700)
        return place


@dataclass(frozen=True)
class Sent:
    """The files of one step: their digests by name, and the arguments that send the kept ones."""

    digests: dict[str, str] = field(default_factory=dict)
    args: dict[str, Any] = field(default_factory=dict)


class Finder(Protocol):
    """What knows where Ansible looks for files: its action plugins do."""

    def _find_needle(self, dirname: str, needle: str) -> Any:
        """The path of a file; ``AnsibleError`` when there is none."""


def read_files(action: Finder, module: Module, args: Mapping[str, Any], outbox: Outbox) -> Sent:
    """Hash, and keep, every file of the controller that a module's arguments name.

    Args:
        action: the guarded action plugin, which knows where files are looked for.
        module: the resolved module. A template is rendered elsewhere.
        args: its arguments.
        outbox: where they are kept.

    Raises:
        InputError: ``file-not-found``, ``not-a-file``, ``bad-step``.
    """
    reader = _READERS.get(module.action)
    return Sent(args=dict(args)) if reader is None else reader(_Reading(action, args, outbox))


def refuse_missing_files(finder: Finder, module: Module, args: Mapping[str, Any]) -> None:
    """Refuse a step whose files are not there, or cannot be sent.

    Args:
        finder: knows where files are looked for.
        module: the resolved module.
        args: its arguments.

    Raises:
        InputError: as :func:`read_files`.
    """
    if module.action == "template":
        _can_be_read(find(finder, args.get("src"), "templates"))
    elif (reader := _READERS.get(module.action)) is not None:
        reader(_Looking(finder, args, Outbox(keep=False)))


@dataclass(frozen=True)
class _Reading:
    action: Finder
    args: Mapping[str, Any]
    outbox: Outbox

    def flag(self, name: str, default: bool) -> bool:
        """A yes or no as the action plugins read one."""
        return bool(boolean(self.args.get(name, default), strict=False))

    def find(self, name: Any, folder: str = "files") -> str:
        """The path of a file, found as the action plugin would find it."""
        return find(self.action, name, folder)

    def file(self, path: str, *, with_mode: bool = False) -> tuple[str, str]:
        """Digest of one file, and the path of the kept one, which has the same last name."""
        place = self.outbox.place()
        kept = place / Path(path).name if place else None
        digest = read_once(path, kept, with_mode=with_mode)
        return digest, str(kept or path)


class _Looking(_Reading):
    """Looks whether the files are there, without reading what may be gigabytes."""

    def file(self, path: str, *, with_mode: bool = False) -> tuple[str, str]:
        """No digest: nothing is sent or signed."""
        del with_mode
        _can_be_read(path)
        return "", path


def find(action: Finder, name: Any, folder: str) -> str:
    """The path of a file of the controller, looked for as Ansible's actions do.

    Raises:
        InputError: ``file-not-found`` or ``bad-step``.
    """
    if not isinstance(name, str) or not name:
        raise InputError(
            "bad-step",
            f"A file to send is named by a {type(name).__name__}.",
            "Name it by a plain text.",
        )
    try:
        return "".join(str(action._find_needle(folder, name)))
    except AnsibleError as error:
        remedy = "Put it there, or correct the name."
        if not os.path.isabs(name):  # noqa: PTH117  as the actions do
            remedy = (
                "Name a file of the change in full: "
                f'"{{{{ inventory_dir }}}}/changes/{{{{ change }}}}/files/{Path(name).name[:100]}".'
            )
        raise InputError(
            "file-not-found", f"There is no file {name[:300]!r} to send.", remedy
        ) from error


def read_once(path: str, kept: Path | None, *, with_mode: bool = False) -> str:
    """Read one file and hash exactly the bytes that are kept.

    Args:
        path: the file; links are followed, because what is bound is the content.
        kept: where its bytes go, or ``None``.
        with_mode: whether its permissions are sent, too, and so belong to the digest.

    Returns:
        SHA-256 of the bytes, or of the bytes' digest with the permissions.

    Raises:
        InputError: ``not-a-file`` when it is a device, a pipe or unreadable.
    """
    digest = hashlib.sha256()
    try:
        source = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(source, "rb", buffering=0) as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise _not_a_file(path, "it is no ordinary file")
            sink = _new(kept) if kept else None
            try:
                while piece := stream.read(_PIECE):
                    digest.update(piece)
                    if sink is not None:
                        _write(sink, piece)
                if sink is not None and with_mode:
                    os.fchmod(sink, stat.S_IMODE(mode))
            finally:
                if sink is not None:
                    os.close(sink)
    except OSError as error:
        raise _not_a_file(path, str(error.strerror)) from error
    found = digest.hexdigest()
    if with_mode:
        return sha256(canonical({"mode": f"{stat.S_IMODE(mode):04o}", "sha256": found}))
    return found


def keep_bytes(content: bytes, name: str, outbox: Outbox) -> Path | None:
    """Keep bytes that were made here under a file name; ``None`` while planning."""
    place = outbox.place()
    if place is None:
        return None
    sink = _new(place / name)
    try:
        _write(sink, content)
    finally:
        os.close(sink)
    return place / name


def _can_be_read(path: str) -> None:
    try:
        descriptor = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _not_a_file(path, str(error.strerror)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_a_file(path, "it is no ordinary file")
    finally:
        os.close(descriptor)


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _not_a_file(path: str, why: str) -> InputError:
    return InputError(
        "not-a-file", f"{path} cannot be sent: {why}.", "Send an ordinary file that can be read."
    )


def _copy(reading: _Reading) -> Sent:
    args = dict(reading.args)
    if args.get("src") is None or reading.flag("remote_src", False):
        return Sent(args=args)
    name = args["src"]
    path = reading.find(name)
    preserve = args.get("mode") == "preserve"
    if not Path(path).is_dir():
        digest, kept = reading.file(path, with_mode=preserve)
        return Sent({str(name): digest}, {**args, "src": kept})
    whole = not str(name).endswith(os.sep)
    digest, kept = _folder(reading, path.rstrip(os.sep), whole=whole, with_mode=preserve)
    # what is kept has no links but those that are sent as links
    return Sent({str(name): digest}, {**args, "src": kept, "local_follow": False})


def _folder(reading: _Reading, path: str, *, whole: bool, with_mode: bool) -> tuple[str, str]:
    """A folder, walked by the copy action's own function, with the links that it follows."""
    follow = reading.flag("local_follow", True)
    if Path(path).is_symlink() and not follow:
        raise _not_a_file(path, "it is a link, and local_follow is off")
    top = path if whole else path + os.sep
    try:
        found = _walk_dirs(top, local_follow=follow)
    except OSError as error:
        raise _not_a_file(path, str(error.strerror)) from error
    place = reading.outbox.place()
    name = Path(path).name
    entries: dict[str, str] = {}
    for kind in ("directories", "symlinks", "files"):
        for source, relative in sorted(found[kind], key=lambda item: item[1]):
            kept = _inside(place, relative if whole else f"{name}/{relative}")
            if kind == "directories":
                entries[_shown(relative) + "/"] = "folder"
                if kept:
                    kept.mkdir(parents=True, exist_ok=True)
                continue
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
            if kind == "symlinks":
                entries[_shown(relative)] = f"link:{_shown(source)}"
                if kept:
                    kept.symlink_to(source)
            else:
                entries[_shown(relative)] = read_once(source, kept, with_mode=with_mode)
    if place:
        (place / name).mkdir(exist_ok=True)
    kept_top = str(place / name) if place else path
    return sha256(canonical(entries)), kept_top if whole else kept_top + os.sep


def _inside(place: Path | None, relative: str) -> Path | None:
    return None if place is None else place / relative


def _shown(name: str) -> str:
    """A file name need not be UTF-8, and it must still count."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _unarchive(reading: _Reading) -> Sent:
    args = dict(reading.args)
    remote = reading.flag("remote_src", False)
    if "copy" in args:
        remote = not reading.flag("copy", True)
    if remote:
        return Sent(args=args)
    name = args.get("src")
    if isinstance(name, str):
        name = os.path.expanduser(name)  # noqa: PTH111  as the action does
    path = reading.find(name)
    digest, kept = reading.file(path)
    return Sent({str(name): digest}, {**args, "src": kept})


def _assemble(reading: _Reading) -> Sent:
    args = dict(reading.args)
    if reading.flag("remote_src", True):
        return Sent(args=args)
    name = args.get("src")
    path = Path(reading.find(name))
    if not path.is_dir():
        raise _not_a_file(str(path), "it is no folder of fragments")
    place = reading.outbox.place()
    entries = {}
    for item in sorted(path.iterdir()):
        if item.is_file():
            kept = place / item.name if place else None
            entries[_shown(item.name)] = read_once(str(item), kept)
    return Sent({str(name): sha256(canonical(entries))}, {**args, "src": str(place or path)})


def _script(reading: _Reading) -> Sent:
    args = dict(reading.args)
    argument = "_raw_params" if args.get("_raw_params") else "cmd"
    line = args.get(argument)
    try:
        words = shlex.split(line.strip()) if isinstance(line, str) else []
    except ValueError:
        words = []
    if not isinstance(line, str) or not words or words[0] not in line:
        raise InputError(
            "bad-step",
            "A script step does not begin with the script's name, or quotes it by halves.",
            "Write cmd: 'name arguments'; a name with spaces stands in quotes.",
        )
    name = words[0]
    digest, kept = reading.file(reading.find(name))
    # every occurrence, as the action itself does with the name it finds
    return Sent({str(name): digest}, {**args, argument: line.strip().replace(name, kept)})


def _uri(reading: _Reading) -> Sent:
    args = dict(reading.args)
    if reading.flag("remote_src", False):
        return Sent(args=args)
    digests = {}
    name = args.get("src")
    if name:
        digests[str(name)], args["src"] = reading.file(reading.find(name))
    elif args.get("body_format") == "form-multipart" and isinstance(args.get("body"), Mapping):
        body = {}
        for part, value in args["body"].items():
            body[part] = value
            if isinstance(value, Mapping) and value.get("filename") and not value.get("content"):
                file = value["filename"]
                digests[str(file)], kept = reading.file(reading.find(file))
                body[part] = {**value, "filename": kept}
        args["body"] = body
    return Sent(digests, args)


_READERS = {
    "assemble": _assemble,
    "copy": _copy,
    "script": _script,
    "unarchive": _unarchive,
    "uri": _uri,
}
