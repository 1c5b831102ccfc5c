r"""Names from a tenant are hostile: what they are called on our disk, and how we get there.

A name becomes a safe one by a rule that can be read backwards: whatever a file system,
Windows or a person's eye could take for something else is spelled as ``%XX`` (the bytes
of its UTF-8), and so is ``%`` itself. Names that would be one on a disk that ignores case
or Unicode form (``A.txt`` and ``a.txt``, NFC and NFD) get a mark made from the item's id.
The original name stays in the manifest; a stored name means nothing by itself.

Rules of Windows and SharePoint: docs "Restrictions and limitations in OneDrive and
SharePoint" and "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import re
import stat
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import SnapshotError

#: folder below the export root for files of items that are where they belong
CONTENT = "content"
#: folder below the export root for items whose stored path would become too long
DEEP = "deep"
#: folder below the export root for earlier versions
VERSIONS = "versions"

#: Bytes of UTF-8. A file system takes 255; ``.part`` and a mark must still fit.
_LONGEST_NAME = 200
#: Bytes. Linux takes 4,096 with the export root in front of it; other stores less.
_LONGEST_PATH = 1000
_LONGEST_SUFFIX = 16
#: folders that stay open between two files
_OPEN_FOLDERS = 64
#: never shown as themselves: category Cc control, Cf format (bidi, zero width), Cs
#: surrogates, Co private, Cn unassigned, Zl/Zp line and paragraph separators
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: never drawn, although their category says otherwise (Unicode: Default_Ignorable_Code_Point)
_NOT_LOOKED_AT = dict.fromkeys(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810),
     *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
)  # fmt: skip
_IOTA = "\u03b9"
_ILLEGAL = frozenset('"*:<>?/\\|%')
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$) *(?:\.|$)", re.IGNORECASE
)
#: our own unfinished files: a tenant's file must never be taken for one
_OURS = re.compile(r"\.part$|^\.new-", re.IGNORECASE)


def safe_name(name: str) -> str:
    """The name under which an item called ``name`` may lie on a disk.

    Args:
        name: any text; bytes that are not UTF-8 as surrogates (PEP 383).

    Returns:
        a name of at most 200 bytes of UTF-8, never empty, never ``.`` or ``..``, without
        a separator, a control character, a trailing dot or space, or a device's name.
        Different names of up to 200 bytes give different results.
    """
    out = "".join(_spelled(c) if _must_be_spelled(c) else c for c in name)
    if out[:1] == " ":
        out = "%20" + out[1:]
    if out[-1:] in {".", " "}:
        out = out[:-1] + _spelled(out[-1])
    if _DEVICE.match(out):
        out = _spelled(out[0]) + out[1:]
    found = _OURS.search(out)
    if found:
        at = found.end() - 1
        out = out[:at] + _spelled(out[at]) + out[at + 1 :]
    if not out:
        return "%"
    return out if len(out.encode()) <= _LONGEST_NAME else marked(out, name)


def marked(stored: str, by: str, length: int = 10) -> str:
    """A safe name with a mark before its suffix, cut so that it is never too long.

    Args:
        stored: a safe name.
        by: what the mark is made from: the item's id, or the whole name.
        length: of the mark, in hexadecimal characters.
    """
    digest = hashlib.sha256(by.encode("utf-8", "surrogatepass")).hexdigest()[:length]
    stem, dot, suffix = stored.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX or "%" in suffix:
        stem, dot, suffix = stored, "", ""
    room = _LONGEST_NAME - len((dot + suffix).encode()) - len(digest) - 1
    return f"{_cut(stem, room)}~{digest}{dot}{suffix}"


def clash_key(stored: str) -> str:
    """Two stored paths with the same key are one and the same on some disk.

    Disks compare in upper case (NTFS, exFAT) or folded (APFS, ext4), composed or decomposed, and
    some do not look at characters that are never drawn (ext4 with ``casefold``).
    """
    if stored.isascii():
        return stored.lower()
    key, before = stored.translate(_NOT_LOOKED_AT), ""
    while key != before:  # one step can undo another: a folded text need not be composed any more
        before = key
        key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).upper().casefold())
    apart = unicodedata.normalize("NFKD", key)
    if _IOTA in apart:
        # as a mark (U+0345) it changes places with other marks, and in upper case it is a letter
        return "".join(c for c in apart if not unicodedata.combining(c))
    return apart


def below(parent: str, leaf: str, item_id: str) -> str:
    """The stored path of an item in a folder stored at ``parent``.

    Args:
        parent: a stored path, parts joined by ``/``.
        leaf: a safe name.
        item_id: gives the name of a folder of its own when the path would be too long.
    """
    path = f"{parent}/{leaf}"
    if len(path.encode()) <= _LONGEST_PATH:
        return path
    return f"{DEEP}/{hashlib.sha256(item_id.encode()).hexdigest()[:24]}/{leaf}"


class ExportFolder:
    """The folder that an export may write in, held open; nothing outside it can be reached.

    Every part of a stored path is opened from its parent's descriptor and never through a
    symbolic link, so neither a name nor a link that somebody put there leads out of it.
    It is one process's at a time; the kernel ends that when the process is killed.

    Args:
        root: the folder; made when it is not there.

    Raises:
        SnapshotError: ``export-running``: another process has it open.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.root = root
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._root)
            raise SnapshotError(
                "export-running",
                f"Another process is exporting into {root}.",
                "Wait until it is done, or end it; what it has is not lost.",
            ) from None
        self._folders: dict[str, _OpenFolder] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._close_idle(keep=0)
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sync(self) -> None:
        """Send everything written to the folder's file system to its disk.

        Raises:
            SnapshotError: ``export-disk``: the disk did not take it.
        """
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:
            os.sync()  # all file systems, and no word of what failed
        elif syncfs(self._root) != 0:
            why = os.strerror(ctypes.get_errno())
            raise SnapshotError(
                "export-disk",
                f"The disk under {self.root} did not take what was written: {why}.",
                "Look at that disk, then run the export again; it goes on where it stopped.",
            )

    @contextlib.contextmanager
    def place(self, stored: str) -> Iterator[Path]:
        """A path to write the file ``stored`` at; its folders are made.

        The path goes through the folder's open descriptor (``/proc/self/fd``), so it is
        good only inside the ``with``, and only for this process.

        Raises:
            SnapshotError: ``export-path-unsafe``: not a stored path, or a link on its way.
        """
        folder, leaf = _split(stored)
        with self._opened(folder, make=True) as descriptor:
            status = _status(leaf, descriptor)
            if status is not None and stat.S_ISLNK(status.st_mode):
                raise _unsafe(stored, "it is a symbolic link")
            yield Path(f"/proc/self/fd/{descriptor}/{leaf}")

    def open_file(self, stored: str) -> int:
        """A descriptor to read the file ``stored`` from.

        Raises:
            SnapshotError: ``export-path-unsafe``.
            OSError: it is not there or cannot be read.
        """
        folder, leaf = _split(stored)
        # O_NONBLOCK: a pipe in a file's place must not make a reader wait for ever
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._opened(folder, make=False) as descriptor:
            file = os.open(leaf, flags, dir_fd=descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise _unsafe(stored, "it is not a regular file")
        return file

    def size_of(self, stored: str) -> int | None:
        """Bytes of the regular file ``stored``; ``None`` when there is no such file."""
        folder, leaf = _split(stored)
        try:
            with self._opened(folder, make=False) as descriptor:
                status = _status(leaf, descriptor)
        except FileNotFoundError:
            return None
        return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None

    def move(self, stored: str, to: str) -> bool:
        """Put the file ``stored`` in another place, over what is there; False: it is not there.

        Raises:
            SnapshotError: ``export-path-unsafe``.
            OSError: the disk did not take it.
        """
        (folder, leaf), (folder_to, leaf_to) = _split(stored), _split(to)
        try:
            with self._opened(folder, make=False) as here:
                if _status(leaf, here) is None:
                    return False
                with self._opened(folder_to, make=True) as there:
                    os.rename(leaf, leaf_to, src_dir_fd=here, dst_dir_fd=there)
        except FileNotFoundError:
            return False
        return True

    def remove(self, stored: str) -> None:
        """Take the file ``stored`` away, if it is there.

        Raises:
            SnapshotError: ``export-path-unsafe``.
            OSError: the disk did not take it.
        """
        folder, leaf = _split(stored)
        with contextlib.suppress(FileNotFoundError), self._opened(folder, make=False) as here:
            os.unlink(leaf, dir_fd=here)

    def files_in(self, folder: str) -> list[str]:
        """The stored paths of what lies right in a stored folder; none when it is not there.

        Raises:
            SnapshotError: ``export-path-unsafe``.
        """
        try:
            with self._opened(folder, make=False) as here:
                return [f"{folder}/{leaf}" for leaf in sorted(os.listdir(here))]  # noqa: PTH208
        except FileNotFoundError:
            return []

    @contextlib.contextmanager
    def _opened(self, folder: str, *, make: bool) -> Iterator[int]:
        """A descriptor of a stored folder; the last few stay open, as files come together."""
        with self._lock:
            found = self._folders.pop(folder, None)
            if found is None:
                found = _OpenFolder(self._walk(folder.split("/"), make=make))
            self._folders[folder] = found
            found.users += 1
        try:
            yield found.descriptor
        finally:
            with self._lock:
                found.users -= 1
                self._close_idle()

    def _close_idle(self, keep: int = _OPEN_FOLDERS) -> None:
        spare = len(self._folders) - keep
        for name in [n for n, one in self._folders.items() if not one.users][: max(0, spare)]:
            os.close(self._folders.pop(name).descriptor)

    def _walk(self, parts: list[str], *, make: bool) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.dup(self._root)
        for part in parts:
            try:
                try:
                    inner = os.open(part, flags, dir_fd=descriptor)
                except FileNotFoundError:
                    if not make:
                        raise
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, mode=0o750, dir_fd=descriptor)
                    inner = os.open(part, flags, dir_fd=descriptor)
            except OSError as error:
                if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                    raise _unsafe("/".join(parts), f"{part} is a link or no folder") from error
                raise
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor


@dataclass
class _OpenFolder:
    """A folder's descriptor, and how many are using it."""

    descriptor: int
    users: int = 0


def _status(leaf: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(leaf, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _split(stored: str) -> tuple[str, str]:
    """Folder and leaf of a stored path; every stored file is in some folder."""
    folder, _, leaf = stored.rpartition("/")
    if not folder or "\0" in stored or set(stored.split("/")) & {"", ".", ".."}:
        raise _unsafe(stored, "a part of it is empty, a dot, two dots, or has a NUL")
    return folder, leaf


def _unsafe(stored: str, why: str) -> SnapshotError:
    return SnapshotError(
        "export-path-unsafe",
        f"The stored path {stored!r} is not safe to open: {why}.",
        "Find out who put it there, then export into an empty folder.",
    )


def _must_be_spelled(character: str) -> bool:
    if " " <= character <= "~":
        return character in _ILLEGAL
    category = unicodedata.category(character)
    # a space that looks like a space and is another: two names that look the same
    return category in _UNSEEN or category == "Zs"


def _spelled(text: str) -> str:
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in raw)


def _cut(text: str, room: int) -> str:
    """The first ``room`` bytes of UTF-8 of ``text``, without half a character or half a %XX."""
    short = text.encode()[:room].decode("utf-8", "ignore")
    return re.sub(r"%[0-9A-F]?$", "", short).rstrip(". ") or "%"
