"""Read what was fetched back from the disk: only then is it believed.

The bytes were hashed as they came. Here they are read again, after everything was sent to
the disk, past the copy in memory (where a file system has no such way, that copy is given up
as far as the kernel lets us), so that what is compared is what a restore would find. It is
done while other files are still being fetched, and ended when all are.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from ..graph import disk
from ..graph.part_file import ReadBack
from ..graph.quickxor import QuickXor
from .classify import Delivered
from .state import DriveState
from .stored_names import ExportFolder

_PIECE = 1 << 20
_BATCH = 256
#: files, and bytes, that are read back at once while others are being fetched
_MANY = 512
_MUCH = 256 << 20

#: an item, where it is stored, and the SHA-256 of what was fetched
_Row = tuple[str, str, str]
#: SHA-256 of a file as the disk gives it, and how the file looked before
_Seen = tuple[str | None, str | None]

_NEXT = """
SELECT c.item_id, p.stored, c.sha256 FROM contents c JOIN places p ON p.item_id = c.item_id
WHERE c.item_id > ? AND c.reread = 0 AND c.state = 'had' ORDER BY c.item_id LIMIT ?
"""

_SEEN = """
SELECT c.item_id, p.stored, c.looks FROM contents c JOIN places p ON p.item_id = c.item_id
WHERE c.item_id > ? AND c.reread = 1 AND c.state = 'had' ORDER BY c.item_id LIMIT ?
"""


def hash_file(folder: ExportFolder, stored: str) -> Delivered | None:
    """Both hashes of a stored file; ``None`` when it is not there."""
    try:
        file = folder.open_file(stored)
    except FileNotFoundError:
        return None
    sha256, quickxor, size = hashlib.sha256(), QuickXor(), 0
    with os.fdopen(file, "rb", buffering=0) as reader:
        while piece := reader.read(_PIECE):
            sha256.update(piece)
            quickxor.update(piece)
            size += len(piece)
    return Delivered(size, quickxor.base64(), sha256.hexdigest())


class Alongside:
    """Reads back what was fetched while more is being fetched.

    Args:
        state: of the drive; used in the event loop's thread only.
        folder: the export root.
        threads: files read at once.
    """

    def __init__(self, state: DriveState, folder: ExportFolder, threads: int = 2) -> None:
        self._state, self._folder = state, folder
        self._pool = ThreadPoolExecutor(threads, "sluis-read-back")
        self._waiting: list[_Row] = []
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        #: how far large files were read back while they came, by item
        self.begun: dict[str, ReadBack] = {}
        #: files that were not what was fetched; as ``read_back`` returns
        self.wrong = 0

    def had(self, item: str, stored: str, sha256: str, size: int) -> None:
        """A file was fetched and has its row.

        Raises:
            SnapshotError: ``export-disk``.
        """
        if item in self.begun:
            return  # the end of it is left to ``read_back``: it may still be in the disk's memory
        self._waiting.append((item, stored, sha256))
        self._bytes += size
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None
        if self._task is None and (len(self._waiting) >= _MANY or self._bytes >= _MUCH):
            rows, self._waiting, self._bytes = self._waiting, [], 0
            self._task = asyncio.get_running_loop().create_task(self._read(rows))

    async def end(self) -> None:
        """Wait for what is under way; the rest is for ``read_back``."""
        try:
            if self._task is not None:
                await self._task
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    async def _read(self, rows: list[_Row]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._folder.sync)
        for at in range(0, len(rows), _BATCH):
            part = rows[at : at + _BATCH]
            reading = [
                loop.run_in_executor(self._pool, _digest, self._folder, stored)
                for _item, stored, _sha256 in part
            ]
            self.wrong += _settle(self._state, part, await asyncio.gather(*reading))


def read_back(
    state: DriveState,
    folder: ExportFolder,
    *,
    begun: Mapping[str, ReadBack] | None = None,
    threads: int = 2,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Read every file that was fetched and not yet read back; forget those that differ.

    Args:
        state: of the drive.
        folder: the export root.
        begun: how far files were read back while they came; these are read on from there.
        threads: files read at once.
        progress: called with the number of files read so far.

    Returns:
        how many files were not what was fetched. Their rows are gone, so that they are
        fetched again; a note says so.

    Raises:
        SnapshotError: ``export-disk``: the disk did not take what was written.
    """
    folder.sync()
    wrong = done = 0
    last = ""
    known = begun or {}
    with ThreadPoolExecutor(threads, "sluis-read-back") as pool:
        while batch := state.db.execute(_NEXT, (last, _BATCH)).fetchall():
            last = batch[-1][0]
            seen = pool.map(lambda row: _digest(folder, row[1], known.get(row[0])), batch)
            wrong += _settle(state, batch, list(seen))
            done += len(batch)
            if progress is not None:
                progress(done)
    return wrong


def _settle(state: DriveState, rows: list[_Row], seen: list[_Seen]) -> int:
    """Write down what was read back; how many files were not what was fetched."""
    current = state.current_pass()
    number = current.number if current else 0
    wrong = 0
    with state.transaction():
        for (item, stored, sha256), (digest, looks) in zip(rows, seen, strict=True):
            if digest == sha256:
                state.db.execute(
                    "UPDATE contents SET reread = 1, looks = ? WHERE item_id = ? AND sha256 = ?",
                    (looks, item, sha256),
                )
                continue
            wrong += 1
            how = "gone" if digest is None else "damaged"
            state.db.execute("DELETE FROM contents WHERE item_id = ?", (item,))
            state.note(number, "read back", f"{stored} was {how} on disk and was fetched again.")
    return wrong


def look_again(state: DriveState, folder: ExportFolder) -> int:
    """Have files that were touched since they were read back read once more.

    Between two passes somebody else may have written there. Size, times and inode tell;
    ctime is set by the kernel, so putting a file's times back does not hide it.

    Returns:
        how many files will be read again.
    """
    touched, last = 0, ""
    while batch := state.db.execute(_SEEN, (last, _BATCH)).fetchall():
        last = batch[-1][0]
        changed = [(item,) for item, stored, looks in batch if _looks_now(folder, stored) != looks]
        with state.transaction():
            state.db.executemany("UPDATE contents SET reread = 0 WHERE item_id = ?", changed)
        touched += len(changed)
    return touched


def _looks_now(folder: ExportFolder, stored: str) -> str | None:
    try:
        file = folder.open_file(stored)
    except OSError:
        return None
    try:
        return _looks(os.fstat(file))
    finally:
        os.close(file)


def _looks(status: os.stat_result) -> str:
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _digest(folder: ExportFolder, stored: str, begun: ReadBack | None = None) -> _Seen:
    """Both are ``None`` when the file cannot be read."""
    try:
        file = folder.open_file(stored)
    except OSError:
        return None, None
    try:
        looks = _looks(os.fstat(file))
        digest, start = hashlib.sha256(), 0
        if not disk.go_past_cache(file):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        elif begun is not None:
            digest, start = begun.sha256.copy(), begun.size
        disk.read_run(file, start, None, digest.update)
    except OSError:
        return None, None
    finally:
        os.close(file)
    return digest.hexdigest(), looks
