"""Walk a folder and hash every file in it, several at a time."""

from __future__ import annotations

import hashlib
import os
import queue
import stat
import threading
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import SnapshotError
from .entry import Entry, Manifest, Problem, Signature, state_of
from .exclude import matcher

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "char",
}
_CHUNK = 1 << 20
_BATCH = 64
#: A file touched this shortly before we looked may change again without a new
#: ctime, because file systems keep times in ticks (FAT: 2 s). It is read again.
_TICK_NS = 2_000_000_000
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)

_HEAD = 512

#: items and bytes seen so far
Progress = Callable[[int, int], None]
#: path and first bytes (at most 512) of a file that has any
OnHead = Callable[[str, bytes], None]


def build_manifest(
    root: str,
    exclude: Sequence[str] = (),
    since: Optional[Manifest] = None,
    threads: Optional[int] = None,
    on_progress: Optional[Progress] = None,
    on_head: Optional[OnHead] = None,
) -> Manifest:
    """Read every item under ``root``. Symbolic links are recorded, never followed.

    Args:
        root: an existing folder.
        exclude: patterns, see ``sluis.manifest.exclude``.
        since: an earlier manifest of this folder made by this process. A file whose
            size, mtime, ctime and inode are the same as then keeps its digest.
        threads: how many files are read at once; the number of processors, at most 4.
        on_progress: called now and then from any thread.
        on_head: called from any thread with each file that is read, so that nobody has
            to open fifty thousand files once more to see of what kind they are.

    Returns:
        The manifest. What could not be read is in ``problems``, not raised: the
        caller decides, and an entry without a digest never compares equal.

    Raises:
        SnapshotError: ``source-missing``, ``source-not-a-folder`` or ``source-unreadable``.
        InputError: ``bad-exclude``.
    """
    walk = _Walk(root, exclude)
    started = time.time_ns()
    reader = _Reader(walk.root, since, on_progress, on_head)
    work: "queue.Queue[Optional[List[_Seen]]]" = queue.Queue(maxsize=256)
    count = threads or min(4, os.cpu_count() or 1)
    crew = [threading.Thread(target=reader.serve, args=(work,), daemon=True) for _ in range(count)]
    for member in crew:
        member.start()
    batch: List[_Seen] = []
    try:
        for seen in walk:
            batch.append(seen)
            if len(batch) == _BATCH:
                work.put(batch)
                batch = []
        work.put(batch)
    finally:
        for _ in crew:
            work.put(None)
        for member in crew:
            member.join()
    if reader.broken:
        raise reader.broken[0]
    entries = _in_order(reader.entries)
    problems = tuple(sorted(walk.problems + reader.problems))
    return Manifest(
        entries, problems, tuple(exclude), walk.left_out, reader.signatures, started_ns=started
    )


def observe_state(root: str, exclude: Sequence[str] = (), ignore: Tuple[str, ...] = ()) -> str:
    """``Manifest.state`` without reading a byte of any file: sizes and times only."""
    found: Dict[str, Signature] = {}
    for seen in _Walk(root, exclude):
        found[_text(seen.path)] = _signature(seen.status)
    return state_of(found, ignore)


class _Seen(NamedTuple):
    path: bytes
    status: os.stat_result


class _Walk:
    """Every item below a folder. Bytes all the way: names need not be text."""

    def __init__(self, root: str, exclude: Sequence[str]) -> None:
        self.root = os.fsencode(root)
        self.problems: List[Problem] = []
        self.left_out = 0
        self._excluded = matcher(exclude)
        try:
            if not stat.S_ISDIR(os.stat(self.root).st_mode):
                raise SnapshotError(
                    "source-not-a-folder",
                    f"{root} is not a folder.",
                    "Correct the asset's location in the scope.",
                )
            os.scandir(self.root).close()
        except FileNotFoundError:
            raise SnapshotError(
                "source-missing",
                f"{root} does not exist on this machine.",
                "Find out where the data went, or correct the asset's location in the scope.",
            ) from None
        except OSError as error:
            raise SnapshotError(
                "source-unreadable",
                f"{root} cannot be read: {error.strerror}.",
                "Run with an account that may read the asset.",
            ) from None

    def __iter__(self) -> Iterator[_Seen]:
        folders = [b""]
        while folders:
            folder = folders.pop()
            try:
                listing = os.scandir(os.path.join(self.root, folder))
            except OSError as error:
                self.problems.append(_problem(folder, error))
                continue
            with listing:
                for item in listing:
                    path = folder + b"/" + item.name if folder else item.name
                    if self._excluded(_text(path)):
                        self.left_out += 1
                        continue
                    try:
                        status = item.stat(follow_symlinks=False)
                    except OSError as error:
                        self.problems.append(_problem(path, error))
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(path)
                    yield _Seen(path, status)


class _Reader:
    """What the threads share. Each path is written by one thread only."""

    def __init__(
        self,
        root: bytes,
        since: Optional[Manifest],
        on_progress: Optional[Progress],
        on_head: Optional[OnHead],
    ) -> None:
        self.root = root
        self.entries: Dict[str, Entry] = {}
        self.signatures: Dict[str, Signature] = {}
        self.problems: List[Problem] = []
        self.broken: List[BaseException] = []
        self._since = since
        self._on_progress = on_progress
        self._on_head = on_head
        self._names: Dict[Tuple[int, int], str] = {}
        self._lock = threading.Lock()
        self._items = 0
        self._bytes = 0

    def serve(self, work: "queue.Queue[Optional[List[_Seen]]]") -> None:
        while True:
            batch = work.get()
            if batch is None:
                return
            if self.broken:
                continue
            try:
                size = sum(self._read(seen) for seen in batch)
            except BaseException as error:
                self.broken.append(error)
                continue
            if self._on_progress is not None:
                with self._lock:
                    self._items += len(batch)
                    self._bytes += size
                    self._on_progress(self._items, self._bytes)

    def _read(self, seen: _Seen) -> int:
        path, status = _text(seen.path), seen.status
        kind = _TYPES.get(stat.S_IFMT(status.st_mode), "socket")
        digest: Optional[str] = None
        target: Optional[str] = None
        if kind == "file":
            digest, status = self._digest(seen.path, path, status)
        elif kind == "link":
            try:
                target = _text(os.readlink(os.path.join(self.root, seen.path)))
            except OSError as error:
                self.problems.append(_problem(seen.path, error))
        size = status.st_size if kind == "file" else 0
        twin = self._twin(path, status) if kind == "file" and status.st_nlink > 1 else None
        self.entries[path] = Entry(
            path, kind, size, digest, status.st_mtime_ns, status.st_mode & 0o7777, target, twin
        )
        self.signatures[path] = _signature(status)
        return size

    def _digest(
        self, raw: bytes, path: str, status: os.stat_result
    ) -> Tuple[Optional[str], os.stat_result]:
        known = self._known(path, status)
        if known is not None:
            return known, status
        try:
            handle = os.open(os.path.join(self.root, raw), _OPEN)
        except OSError as error:
            self.problems.append(_problem(raw, error))
            return None, status
        try:
            # The signature is that of before the first byte is read: a change while
            # reading then shows in the next walk.
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                self.problems.append(Problem(path, "vanished", "became another kind of item"))
                return None, status
            digest = hashlib.sha256()
            length = 0
            while True:
                piece = os.read(handle, _CHUNK)
                digest.update(piece)
                if length == 0 and piece and self._on_head is not None:
                    self._on_head(path, piece[:_HEAD])
                length += len(piece)
                if len(piece) < _CHUNK and (not piece or length >= status.st_size):
                    break
            return digest.hexdigest(), status
        except OSError as error:
            self.problems.append(_problem(raw, error))
            return None, status
        finally:
            os.close(handle)

    def _known(self, path: str, status: os.stat_result) -> Optional[str]:
        if self._since is None or self._since.signatures.get(path) != _signature(status):
            return None
        if status.st_ctime_ns > self._since.started_ns - _TICK_NS:
            return None
        earlier = self._since.entries.get(path)
        return earlier.sha256 if earlier is not None else None

    def _twin(self, path: str, status: os.stat_result) -> Optional[str]:
        with self._lock:
            first = self._names.setdefault((status.st_dev, status.st_ino), path)
        return first if first != path else None


def _in_order(entries: Dict[str, Entry]) -> Dict[str, Entry]:
    """By path, and the first of several hard links is the one that sorts first."""
    paths = sorted(entries, key=lambda path: path.encode("utf-8", "surrogateescape"))
    first: Dict[str, str] = {}
    out: Dict[str, Entry] = {}
    groups = {e.twin_of for e in entries.values() if e.twin_of is not None}
    for path in paths:
        entry = entries[path]
        group = entry.twin_of or (path if path in groups else None)
        if group is not None:
            leader = first.setdefault(group, path)
            entry = entry._replace(twin_of=None if leader == path else leader)
        out[path] = entry
    return out


def _signature(status: os.stat_result) -> Signature:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _problem(path: bytes, error: OSError) -> Problem:
    code = "vanished" if isinstance(error, FileNotFoundError) else "unreadable"
    return Problem(_text(path), code, error.strerror or type(error).__name__)
