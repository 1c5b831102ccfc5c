"""Read what was fetched back from the disk: only then is it believed.

The bytes were hashed as they came. Here they are read again, after everything was sent to
the disk and the copy in memory was given up as far as the kernel lets us, so that what is
compared is what a restore would find.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..graph.quickxor import QuickXor
from .classify import Delivered
from .state import DriveState
from .stored_names import ExportFolder

_PIECE = 1 << 20
#: an Office file whose parts add up to more than this is not looked into (a ZIP bomb)
_LARGEST_ZIP = 4 << 30
_BATCH = 256

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


def is_whole_zip(folder: ExportFolder, stored: str) -> bool | None:
    """Whether a stored file is a ZIP whose parts all have the right checksum.

    Returns:
        ``None`` when it would unpack to more than 4 GiB.
    """
    with os.fdopen(folder.open_file(stored), "rb") as reader:
        try:
            with zipfile.ZipFile(reader) as packed:
                if sum(part.file_size for part in packed.infolist()) > _LARGEST_ZIP:
                    return None
                return bool(packed.infolist()) and packed.testzip() is None
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error):
            return False


def read_back(
    state: DriveState,
    folder: ExportFolder,
    *,
    threads: int = 2,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Read every file that was fetched and not yet read back; forget those that differ.

    Args:
        state: of the drive.
        folder: the export root.
        threads: files read at once.
        progress: called with the number of files read so far.

    Returns:
        how many files were not what was fetched. Their rows are gone, so that they are
        fetched again; a note says so.

    Raises:
        SnapshotError: ``export-disk``: the disk did not take what was written.
    """
    folder.sync()
    current = state.current_pass()
    number = current.number if current else 0
    wrong = done = 0
    last = ""
    with ThreadPoolExecutor(threads, "sluis-read-back") as pool:
        while batch := state.db.execute(_NEXT, (last, _BATCH)).fetchall():
            last = batch[-1][0]
            digests = pool.map(lambda row: _digest(folder, row[1]), batch)
            with state.transaction():
                for (item, stored, sha256), (digest, looks) in zip(batch, digests, strict=True):
                    if digest == sha256:
                        state.db.execute(
                            "UPDATE contents SET reread = 1, looks = ? WHERE item_id = ?",
                            (looks, item),
                        )
                        continue
                    wrong += 1
                    how = "gone" if digest is None else "damaged"
                    state.db.execute("DELETE FROM contents WHERE item_id = ?", (item,))
                    state.note(
                        number, "read back", f"{stored} was {how} on disk and was fetched again."
                    )
            done += len(batch)
            if progress is not None:
                progress(done)
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


def _digest(folder: ExportFolder, stored: str) -> tuple[str | None, str | None]:
    """SHA-256 of a stored file as the disk gives it, and how the file looked before.

    Both are ``None`` when it cannot be read.
    """
    try:
        file = folder.open_file(stored)
    except OSError:
        return None, None
    looks = _looks(os.fstat(file))
    digest = hashlib.sha256()
    with os.fdopen(file, "rb", buffering=0) as reader:
        # what is in memory is given up, so that the disk has to answer
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        try:
            while piece := reader.read(_PIECE):
                digest.update(piece)
        except OSError:
            return None, None
    return digest.hexdigest(), looks
