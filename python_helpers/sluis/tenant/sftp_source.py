"""Export a folder of the old supplier's SFTP server, the I-drive and H-drives of case B.

The server is read over several connections, each with many questions under way. Nothing on
it is written, and nothing it says is believed without being held against something else: the
host key against what is known, every size against what arrives, every file's size and time
before against those after.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .found import Found
from .sftp_listing import walk
from .sftp_login import SftpLogin
from .sftp_readers import PAUSES, fetch_files
from .sftp_session import SftpSession
from .source import Source
from .source_file import Batch, Wanted
from .source_listing import Measured, measure
from .source_pass import SourceReport, export_source
from .source_work import Progress
from .stored_names import ExportFolder


@dataclass(frozen=True)
class SftpPolicy:
    """How a server is read.

    Args:
        connections: at once; a server that lets fewer in is read over fewer.
        read_everything: read also what has the same size and time as in an earlier pass, and
            doubt what two readings do not agree on: it is the last pass, nobody writes.
        only_since: what that pass must have begun after: see ``DriveState.begin_pass``.
        read_twice: read every fetched file once more and compare. SFTP lists no hash, so
            without it each file is "not verified".
        pauses: seconds to wait before a lost connection is opened again, time after time.
    """

    connections: int = 2
    read_everything: bool = False
    read_twice: bool = True
    only_since: str | None = None
    pauses: Sequence[float] = PAUSES


def measure_sftp(login: SftpLogin, root: str, source: Source) -> Measured:
    """Count a folder of a server: files, folders, bytes and the newest time. Reads no file.

    Args:
        login: how to get in.
        root: the folder, as the server spells it.
        source: what it is called.

    Raises:
        SourceError: the server is not the one we know, says no, or has no such folder.
        CutError: the connection was lost.
    """
    with _open(login) as session:
        return measure(source, walk(session, os.fsencode(root)))


def export_sftp(
    login: SftpLogin,
    root: str,
    source: Source,
    folder: Path,
    policy: SftpPolicy,
    now: Callable[[], str],
    progress: Progress | None = None,
) -> SourceReport:
    """Make, or finish, one pass over a folder of a server.

    Args:
        login: how to get in.
        root: the folder, as the server spells it.
        source: what it is; its id must be the same in every pass.
        folder: for content, state and manifest.
        policy: how it is read.
        now: the time, as ISO 8601 in UTC.
        progress: called now and then.

    Raises:
        SourceError: the server is not the one we know, says no, or has no such folder.
        CutError: the connection was lost and could not be had again; run it again to go on.
        SnapshotError: our own disk.
    """
    where = os.fsencode(root)

    def listing() -> Iterator[Found]:
        with _open(login) as session:
            yield from walk(session, where)

    def fetch(place: ExportFolder, wanted: Iterator[Wanted]) -> Iterator[Batch]:
        return fetch_files(login, where, place, wanted, policy.connections, policy.pauses)

    return export_source(
        source,
        listing,
        fetch,
        folder,
        now,
        read_everything=policy.read_everything,
        only_since=policy.only_since,
        read_twice=policy.read_twice,
        pauses=policy.pauses,
        progress=progress,
    )


@contextlib.contextmanager
def _open(login: SftpLogin) -> Iterator[SftpSession]:
    session = SftpSession.open(login)
    try:
        yield session
    finally:
        session.close()
