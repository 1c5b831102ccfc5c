"""One file sent, the very bytes held against the manifest while they leave.

What was exported and proven lies on a disk for days before it is imported. So nothing is
taken on trust: the SHA-256 of what is handed to the network has to be the manifest's before
the last piece goes. The last piece is what makes an upload session a file; without it the
service keeps nothing, so a file that was tampered with never comes to be in the target.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

import aiohttp

from ..counted import counted
from ..errors import EvidenceError, SnapshotError
from ..graph.connect import Answer, Graph
from ..graph.upload import Over, cancel_session, upload
from .stored_names import ExportFolder

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Sent:
    """A file that is in the target.

    Args:
        item: the driveItem as the service gave it.
        watched: whether every byte passed us on its way. Not so when an earlier run had sent
            some or all of it before it was killed; then reconciliation has to look.
    """

    item: Mapping[str, Any] = field(repr=False)
    watched: bool


class TamperedError(EvidenceError):
    """An exported file is not what the manifest says."""


async def send_file(
    graph: Graph,
    drive_id: str,
    parent_id: str,
    name: str,
    *,
    export: ExportFolder,
    stored: str,
    path: str,
    size: int,
    sha256: str,
    modified: datetime | None,
    created: datetime | None,
    conflict: Literal["fail", "replace"],
    session_url: str | None = None,
    on_session: Callable[[str], None] | None = None,
    over: Over | None = None,
) -> Sent:
    """Send one file.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        parent_id: the folder's id.
        name: the file's name in the target.
        export: the export root.
        stored: the exported file's path below it.
        path: its original path, for messages.
        size: bytes, as the manifest says.
        sha256: hexadecimal, as the manifest says.
        modified: date to be kept, with a time zone.
        created: date to be kept, with a time zone.
        conflict: ``replace`` only for a file of ours.
        session_url: an upload session to go on with; a secret.
        on_session: told of each session's URL.
        over: the file of ours that is replaced, as it was seen.

    Raises:
        TamperedError: ``export-tampered``: nothing was left in the target.
        EvidenceError: ``sent-unseen``: it is there, and its bytes did not pass us.
        GraphError: as ``upload``.
    """
    sessions: list[str] = [session_url] if session_url else []

    def told(url: str) -> None:
        sessions.append(url)
        if on_session:
            on_session(url)

    try:
        descriptor = export.open_file(stored)
    except (OSError, SnapshotError) as error:
        raise _unreadable(path, error) from error
    watch = _Watch(graph, descriptor, path, size, sha256)
    try:
        watch.check_size()
        with export.place(stored) as source:
            item = await upload(
                cast("Graph", watch),
                drive_id,
                parent_id,
                name,
                source,
                modified=modified,
                created=created,
                conflict=conflict,
                session_url=session_url,
                on_session=told,
                over=over,
            )
        if not watch.complete and session_url is None:
            raise _unseen(path)
        return Sent(item, watch.complete and not watch.began_later)
    except TamperedError:
        for url in sessions[-1:]:
            await cancel_session(graph, url)
        raise
    finally:
        watch.close()


class _Watch:
    """Stands between an upload and the connection, and sees each piece before it goes."""

    def __init__(self, graph: Graph, descriptor: int, path: str, size: int, sha256: str) -> None:
        self._graph = graph
        self._descriptor = descriptor
        self._path = path
        self._size = size
        self._sha256 = sha256
        self._seen = {0: hashlib.sha256()}
        self.complete = False
        self.began_later = False

    def check_size(self) -> None:
        found = os.fstat(self._descriptor).st_size
        if found != self._size:
            raise _tampered(
                self._path, f"it has {counted(found, 'byte')} instead of {self._size:,}"
            )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def close(self) -> None:
        os.close(self._descriptor)

    async def call(
        self, method: str, path: str, *, data: bytes | None = None, **options: Any
    ) -> Answer:
        if data is not None:
            await self._look(data, 0, len(data))
        return await self._graph.call(method, path, data=data, **options)

    @asynccontextmanager
    async def bare(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        units: int = 0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if data is not None:
            piece = _RANGE.fullmatch((headers or {}).get("Content-Range", ""))
            if piece is None:
                raise _tampered(self._path, "a piece of it was to be sent without its place")
            await self._look(data, int(piece[1]), int(piece[3]))
        async with self._graph.bare(method, url, headers=headers, data=data, units=units) as answer:
            yield answer

    async def _look(self, data: bytes, start: int, total: int) -> None:
        end = start + len(data)
        if total != self._size or end > total:
            raise _tampered(
                self._path,
                f"{counted(total, 'byte was', 'bytes were')} to be sent instead of {self._size:,}",
            )
        if start not in self._seen:
            # an earlier run sent what comes before, or the service has part of a piece
            self.began_later |= not self.complete and len(self._seen) == 1
            await self._in_thread(self._hash_to, start)
        await self._in_thread(self._hash_piece, data, start, end)
        if end == self._size:
            self._judge(end)

    def _hash_piece(self, data: bytes, start: int, end: int) -> None:
        running = self._seen[start].copy()
        running.update(data)
        self._seen[end] = running
        if len(self._seen) > 8:  # only the newest few can be asked for again
            for place in sorted(self._seen)[1:-4]:
                del self._seen[place]

    def _hash_to(self, end: int) -> None:
        start = max(place for place in self._seen if place <= end)
        running = self._seen[start].copy()
        while start < end:
            part = os.pread(self._descriptor, min(_BLOCK, end - start), start)
            if not part:
                raise _tampered(self._path, f"it ends at byte {start}")
            running.update(part)
            start += len(part)
        self._seen[end] = running

    def _judge(self, end: int) -> None:
        found = self._seen[end].hexdigest()
        if found != self._sha256:
            raise _tampered(self._path, f"its SHA-256 is {found} instead of {self._sha256}")
        self.complete = True

    async def _in_thread(self, work: Callable[..., None], *given: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._graph.threads, work, *given)


def _tampered(path: str, what: str) -> TamperedError:
    return TamperedError(
        "export-tampered",
        f"The exported file of {path!r} is not what was exported and proven: {what}. "
        "It was not put in the target.",
        "Find out who wrote there; fetch the file again, and look at the rest of the export.",
    )


def _unseen(path: str) -> EvidenceError:
    return EvidenceError(
        "sent-unseen",
        f"The file {path!r} was sent without its bytes being held against the manifest.",
        "This is a fault of Sluis; report it. Reconciliation compares what arrived.",
    )


def _unreadable(path: str, error: OSError | SnapshotError) -> TamperedError:
    why = error.strerror if isinstance(error, OSError) else error.what
    return TamperedError(
        "export-tampered",
        f"The exported file of {path!r} cannot be read ({why}).",
        "Put the export back from its snapshot.",
    )
