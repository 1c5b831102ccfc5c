"""Read and hash files: here as long as that is quickest, by threads when it means waiting."""

from __future__ import annotations

import hashlib
import os
import queue
import resource
import stat
import threading
from typing import Callable, Dict, List, Optional, Tuple, Type

from .entry import Entry, Manifest, Problem
from .signature import Signature, is_settled, signature_of
from .walk import Seen, problem_of, text_of

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
_HEAD = 512
_LARGE = 256 << 10
#: each so many batches we look again whether reading means waiting
_LOOK_AGAIN = 32
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)

#: items and bytes seen so far
Progress = Callable[[int, int], None]
#: path and first bytes (at most 512) of a file that has any
OnHead = Callable[[str, bytes], None]


class Crew:
    """Threads that read files, for as long as reading means waiting.

    While the files come out of memory one thread is quickest: more of them only take
    turns. As soon as most files have to be waited for, for a disk or a network, the
    following batches are read several at a time. Large files are always shared out.
    """

    def __init__(self, reader: Reader, count: int) -> None:
        self._reader = reader
        self._work: "queue.Queue[Optional[List[Seen]]]" = queue.Queue(maxsize=256)
        self._waits = False
        self._batches = 0
        self._threads = [
            threading.Thread(target=reader.serve, args=(self._work,), daemon=True)
            for _ in range(count)
        ]

    def __enter__(self) -> Crew:  # noqa: PYI034  Self needs Python 3.11
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], *_: object
    ) -> None:
        for _thread in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        if error is None and self._reader.broken:
            raise self._reader.broken[0]

    def take(self, batch: List[Seen]) -> None:
        """Read a batch here, or hand it to the threads."""
        large = [seen for seen in batch if seen.size >= _LARGE]
        for seen in large:
            self._work.put([seen])
        if large:
            batch = [seen for seen in batch if seen.size < _LARGE]
        self._batches += 1
        if self._waits and self._batches % _LOOK_AGAIN:
            self._work.put(batch)
            return
        waits = _waits()
        self._reader.read(batch)
        # Time tells nothing: a busy machine takes it from us without any waiting.
        self._waits = 2 * (_waits() - waits) > len(batch)


def _waits() -> int:
    """How often this thread has waited for something so far; 0 where nobody counts that."""
    counted = getattr(resource, "RUSAGE_THREAD", None)
    return resource.getrusage(counted).ru_nvcsw if counted is not None else 0


class Reader:
    """What the threads share. Each path is written by one thread only."""

    def __init__(
        self,
        root: bytes,
        since: Optional[Manifest],
        on_progress: Optional[Progress],
        on_head: Optional[OnHead],
    ) -> None:
        self._root = root.rstrip(b"/") + b"/"
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

    def serve(self, work: "queue.Queue[Optional[List[Seen]]]") -> None:
        """Read batches until ``None`` comes; what goes wrong is kept in ``broken``."""
        while True:
            batch = work.get()
            if batch is None:
                return
            if self.broken:
                continue
            try:
                self.read(batch)
            except BaseException as error:
                self.broken.append(error)

    def read(self, batch: List[Seen]) -> None:
        """Read one batch."""
        size = sum(self._read(seen) for seen in batch)
        if self._on_progress is not None:
            with self._lock:
                self._items += len(batch)
                self._bytes += size
                self._on_progress(self._items, self._bytes)

    def _read(self, seen: Seen) -> int:
        path, status = text_of(seen.path), seen.status
        kind = _TYPES.get(stat.S_IFMT(status.st_mode), "socket")
        digest: Optional[str] = None
        target: Optional[str] = None
        if kind == "file":
            digest, status = self._digest(seen.path, path, status)
        elif kind == "link":
            try:
                target = text_of(os.readlink(self._root + seen.path))
            except OSError as error:
                self.problems.append(problem_of(seen.path, error))
        size = status.st_size if kind == "file" else 0
        twin = self._twin(path, status) if kind == "file" and status.st_nlink > 1 else None
        self.entries[path] = Entry(
            path, kind, size, digest, status.st_mtime_ns, status.st_mode & 0o7777, target, twin
        )
        self.signatures[path] = signature_of(status)
        return size

    def _digest(
        self, raw: bytes, path: str, status: os.stat_result
    ) -> Tuple[Optional[str], os.stat_result]:
        known = self._known(path, status)
        if known is not None:
            return known, status
        try:
            handle = os.open(self._root + raw, _OPEN)
        except OSError as error:
            self.problems.append(problem_of(raw, error))
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
            self.problems.append(problem_of(raw, error))
            return None, status
        finally:
            os.close(handle)

    def _known(self, path: str, status: os.stat_result) -> Optional[str]:
        if self._since is None or self._since.signatures.get(path) != signature_of(status):
            return None
        if not is_settled(status, self._since.started_ns):
            return None
        earlier = self._since.entries.get(path)
        return earlier.sha256 if earlier is not None else None

    def _twin(self, path: str, status: os.stat_result) -> Optional[str]:
        with self._lock:
            first = self._names.setdefault((status.st_dev, status.st_ino), path)
        return first if first != path else None
