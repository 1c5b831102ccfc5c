"""Export a directory: on a managed host, or a share of the old supplier that is mounted here.

Same manifest, same second reading, same words as for a server (``sftp_source``). A file
system tells more than SFTP does: the time of the inode, which no program can set back, is
compared as well. Nothing is written, not even the time of the last access where we may
leave that alone.
"""

from __future__ import annotations

import os
import queue
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..manifest.walk import Seen, Walk
from .found import Found, ItemKind
from .local_copy import LocalCopy, OnlyRead, Piece
from .source import Source
from .source_error import SourceError
from .source_file import TRIES, Batch, Judgement, Outcome, PieceDone, Wanted
from .source_listing import Measured, measure
from .source_pass import SourceReport, export_source
from .source_work import Progress
from .stored_names import ExportFolder

_READ = 1 << 20
#: files handed to each reader and not yet written down
_AHEAD = 16
_KINDS: dict[int, ItemKind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: O_NONBLOCK: a pipe that was put in a file's place must not make us wait for ever
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class DirectoryPolicy:
    """How a directory is read.

    Args:
        readers: files read at once.
        mounted: it must be a mount point: a share that is not there looks like an empty folder.
        read_everything: read also what has the same size and times as in an earlier pass, and
            doubt what two readings do not agree on: it is the last pass, nobody writes.
        only_since: what that pass must have begun after: see ``DriveState.begin_pass``.
        read_twice: read every fetched file once more and compare.
    """

    readers: int = 4
    mounted: bool = False
    read_everything: bool = False
    read_twice: bool = True
    only_since: str | None = None


def measure_directory(root: Path, source: Source, *, mounted: bool = False) -> Measured:
    """Count a directory: files, folders, bytes and the newest time. Reads no file.

    Raises:
        SourceError: ``source-not-mounted``.
        SnapshotError: ``source-missing``, ``source-not-a-folder``, ``source-unreadable``.
    """
    _must_be_mounted(root, mounted)
    return measure(source, _walk(root))


def export_directory(
    root: Path,
    source: Source,
    folder: Path,
    policy: DirectoryPolicy,
    now: Callable[[], str],
    progress: Progress | None = None,
) -> SourceReport:
    """Make, or finish, one pass over a directory.

    Args:
        root: the directory.
        source: what it is; its id must be the same in every pass.
        folder: for content, state and manifest; not inside ``root``.
        policy: how it is read.
        now: the time, as ISO 8601 in UTC.
        progress: called now and then.

    Raises:
        SourceError: ``source-not-mounted``, ``export-inside-source``.
        SnapshotError: ``source-missing``, ``source-not-a-folder``, ``source-unreadable``, or
            our own disk.
    """
    _must_be_mounted(root, policy.mounted)
    if folder.absolute().resolve().is_relative_to(root.resolve()):
        raise SourceError(
            "export-inside-source",
            f"The export would lie inside the source {root} and so be exported itself.",
            "Choose a folder outside it.",
        )

    def fetch(place: ExportFolder, wanted: Iterator[Wanted]) -> Iterator[Batch]:
        return _fetch_files(root, place, wanted, policy.readers)

    return export_source(
        source,
        lambda: _walk(root),
        fetch,
        folder,
        now,
        read_everything=policy.read_everything,
        only_since=policy.only_since,
        read_twice=policy.read_twice,
        progress=progress,
    )


def _must_be_mounted(root: Path, mounted: bool) -> None:
    if mounted and not root.is_mount():
        raise SourceError(
            "source-not-mounted",
            f"{root} is not a mount point, so the share is not there.",
            "Mount the share of the old supplier, then run it again.",
        )


def _walk(root: Path) -> Iterator[Found]:
    """Every item below ``root``; what could not be looked at comes at the end, with why."""
    walk = Walk(str(root), ())
    for seen in _to_its_end(walk, root):
        found = _found(seen.path, seen.status)
        if found.kind != "link":
            yield found
            continue
        try:
            target = os.readlink(os.path.join(walk.root, seen.path))  # noqa: PTH115, PTH118
            yield _found(seen.path, seen.status, target)
        except OSError as error:
            yield Found(seen.path, "link", 0, why=f"where it points is not known: {_words(error)}")
    for problem in walk.problems:
        path = os.fsencode(problem.path)
        try:
            status = os.lstat(os.path.join(walk.root, path))  # noqa: PTH118
        except OSError:
            continue  # it went away while the listing was made, so it is in none
        why = f"it cannot be looked at: {problem.detail}"
        yield Found(path, _kind(status), 0, status.st_mtime_ns, why=why)


def _to_its_end(walk: Walk, root: Path) -> Iterator[Seen]:
    try:
        yield from walk
    except OSError as error:
        raise SourceError(
            "source-unreadable",
            f"The listing of {root} broke off: {_words(error)}.",
            "Look at the disk or the share it is on, then run it again.",
        ) from error


def _found(path: bytes, status: os.stat_result, target: bytes | None = None) -> Found:
    kind = _kind(status)
    why = "it is a device, a pipe or a socket, not a file" if kind == "special" else None
    size = status.st_size if kind == "file" else 0
    mark = f"{status.st_ctime_ns}" if kind == "file" else ""
    return Found(path, kind, size, status.st_mtime_ns, target, why, mark=mark)


def _kind(status: os.stat_result) -> ItemKind:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "special")


def _fetch_files(
    root: Path, place: ExportFolder, wanted: Iterator[Wanted], readers: int
) -> Iterator[Batch]:
    results: queue.SimpleQueue[Outcome | PieceDone | BaseException] = queue.SimpleQueue()
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def read(one: Wanted) -> None:
        try:
            results.put(_fetch(top, place, one, results.put))
        except BaseException as error:
            results.put(error)

    out, more = 0, True
    try:
        with ThreadPoolExecutor(readers, "sluis-directory") as pool:
            try:
                while True:
                    while more and out < readers * _AHEAD:
                        fresh = next(wanted, None)
                        if fresh is None:
                            more = False
                        else:
                            pool.submit(read, fresh)
                            out += 1
                    if not out:
                        return
                    result = results.get()
                    if isinstance(result, BaseException):
                        raise result
                    out -= isinstance(result, Outcome)
                    yield (result,)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    finally:
        os.close(top)


def _fetch(
    top: int, place: ExportFolder, wanted: Wanted, tell: Callable[[PieceDone], object]
) -> Outcome:
    """Read one file; again when it changed meanwhile."""
    judged, read = Judgement(wanted.found), 0

    def told(piece: Piece) -> None:
        tell(PieceDone(wanted.item_id, judged.before, piece))

    with (
        LocalCopy(place, wanted.stored, wanted.pieces, told) if wanted.keep else OnlyRead()
    ) as copy:
        for attempt in range(TRIES):
            if attempt:
                copy.begin_again()
            begun = copy.size
            why, after = _read(top, judged.before, copy)
            read += copy.size - begun
            if why is not None or after is None:
                copy.discard()
                return Outcome(wanted, judged.before, read=read, why=why)
            if judged.is_whole(after, copy.size):
                done = copy.finish(after.modified_ns)
                return Outcome(wanted, after, done, read, "not verified")
            if after.kind != "file":
                break
        copy.discard()
    return Outcome(wanted, judged.before, None, read, judged.check, judged.why)


def _read(top: int, before: Found, copy: LocalCopy | OnlyRead) -> tuple[str | None, Found | None]:
    """One reading: why it could not be read, or what the item is after it."""
    try:
        with _opened(top, before.path) as (folder, leaf, file):
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None, Found(before.path, "unknown")
            at, end = copy.size, (before.size or 0) + 1
            while at < end:
                data = os.pread(file, min(_READ, end - at), at)
                if not data:
                    break
                try:
                    copy.write(memoryview(data))
                except OSError as error:
                    raise _OwnDiskError(error) from error
                at += len(data)
            # by name: whoever put another file in its place changed it too
            return None, _found(before.path, os.stat(leaf, dir_fd=folder, follow_symlinks=False))
    except OSError as error:
        return _words(error), None
    except _OwnDiskError as error:
        raise error.cause from None


class _OwnDiskError(Exception):
    """Our own disk refused, not the source."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def _opened(top: int, path: bytes) -> Iterator[tuple[int, bytes, int]]:
    """A file of the source with its folder, reached without following any link."""
    *folders, leaf = path.split(b"/")
    folder = os.dup(top)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        try:
            file = os.open(leaf, _FILE | os.O_NOATIME, dir_fd=folder)
        except PermissionError:
            # only the owner may read without leaving a trace of when
            file = os.open(leaf, _FILE, dir_fd=folder)
        try:
            yield folder, leaf, file
        finally:
            os.close(file)
    finally:
        os.close(folder)


def _words(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not there any more"
    if isinstance(error, PermissionError):
        return "the account may not read it"
    return error.strerror or type(error).__name__
