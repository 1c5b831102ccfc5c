"""The files of an import on their way: several at once, announced before they start.

One file that is not what was exported stops the whole import: whoever wrote there may have
written elsewhere. So does a target that is full. Any other file that fails is listed, and the
others go on, until so many fail in a row that nothing seems to work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..errors import SluisError
from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from ..graph.upload import Over, cancel_session
from .import_decisions import Job
from .import_report import Failure, ImportReport, Progress
from .import_state import ImportState, Row
from .refused_alone import raise_unless_alone
from .stored_names import ExportFolder
from .target_tree import Node, node_of
from .watched_send import Sent, TamperedError, send_file

#: files that are announced at once
_ANNOUNCED = 64
#: failures in a row after which nothing seems to work
_IN_A_ROW = 20


class FileSending:
    """Sends files.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        export: the export root.
        state: where it is kept how far each file is.
        report: where it is said.
        parents: ids of the target's folders, by path below the target's folder.
        workers: files under way at once.
        progress: told after each file.
    """

    def __init__(
        self,
        graph: Graph,
        drive_id: str,
        export: ExportFolder,
        state: ImportState,
        report: ImportReport,
        parents: dict[str, str],
        *,
        workers: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._graph = graph
        self._drive_id = drive_id
        self._export = export
        self._state = state
        self._report = report
        self._parents = parents
        self._workers = workers
        self._progress = progress or (lambda _: None)
        self._in_a_row = 0
        self._done = self._of = Progress(0, 0, 0, 0, "")
        #: why nothing new is started
        self.stopped: Failure | None = None

    async def send(self, jobs: Sequence[Job]) -> None:
        """Send the files of these jobs, each to the place that was decided for it."""
        sizes = sum(job.going.line.size for job in jobs if job.going.line)
        self._done = Progress(0, len(jobs), 0, sizes, "")
        await self._let_go(jobs)
        waiting = self._announced(jobs)

        async def work() -> None:
            for job, row in waiting:  # all workers take from the same row of jobs
                await self._one(job, row)
                if self.stopped:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._workers, len(jobs))):
                group.create_task(work())

    async def _let_go(self, jobs: Sequence[Job]) -> None:
        """End sessions that nobody goes on with; they hold their names (onedrive-api-docs#747)."""
        going_on = {job.session_url for job in jobs}
        begun = [row for row in self._state.rows() if row.session_url is not None]
        for row in begun:
            if row.session_url is not None and row.session_url not in going_on:
                await cancel_session(self._graph, row.session_url)
                self._state.session(row.source_id, None)

    def _announced(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Row]]:
        for start in range(0, len(jobs), _ANNOUNCED):
            part = [(job, _row(job)) for job in jobs[start : start + _ANNOUNCED]]
            if self.stopped:
                return
            self._state.announce(row for _, row in part)
            yield from part

    async def _one(self, job: Job, row: Row) -> None:
        line = job.going.line
        assert line is not None  # noqa: S101 - only files of the manifest are sent
        try:
            sent = await self._send(job, row)
        except TamperedError as error:
            self._stop(job, error)
            self._back(job, row)
        except SluisError as error:
            await self._failed(job, error)
        else:
            self._in_a_row = 0
            self._keep(row, sent, line.quickxor)
            self._report.count("replaced" if job.action == "replace" else "sent")
            if not sent.watched:
                self._report.count("sent unwatched")
            self._report.bytes_sent += line.size
            done = self._done
            self._done = replace(
                done, files=done.files + 1, bytes=done.bytes + line.size, path=job.going.path
            )
            self._progress(self._done)

    async def _send(self, job: Job, row: Row) -> Sent:
        line = job.going.line
        assert line is not None  # noqa: S101 - as above
        folder, _, name = job.target.rpartition("/")
        if line.stored is None or line.sha256 is None or folder not in self._parents:
            raise SluisError(
                "nowhere-to-send",
                f"The folder of {job.going.path!r} could not be made, so it was not sent.",
                "Look at what was said about the folder.",
            )
        return await send_file(
            self._graph,
            self._drive_id,
            self._parents[folder],
            name,
            export=self._export,
            stored=line.stored,
            path=job.going.path,
            size=line.size,
            sha256=line.sha256,
            modified=moment(line.modified),
            created=moment(line.created),
            conflict="replace" if job.action == "replace" else "fail",
            session_url=row.session_url,
            on_session=lambda url: self._state.session(row.source_id, url),
            over=_over(job, row),
        )

    def _keep(self, row: Row, sent: Sent, quickxor: str | None) -> None:
        node: Node = node_of(sent.item)
        self._state.keep(
            replace(
                row,
                step="sent",
                target_id=node.id,
                session_url=None,
                target_size=node.size,
                target_quickxor=node.quickxor,
                target_etag=node.etag,
                target_modified=node.modified,
                sent_quickxor=quickxor,
            )
        )

    def _back(self, job: Job, row: Row) -> None:
        """Nothing of this file is in the target; what was there before still is."""
        if job.action == "replace":
            self._state.session(row.source_id, None)
        else:
            self._state.forget(row.source_id)

    async def _failed(self, job: Job, error: SluisError) -> None:
        self._in_a_row += 1
        if await stops_all(self._graph, self._drive_id, error):
            self._stop(job, error)
        else:
            self._report.fail(Failure(job.going.path, error.code, error.what, error.remedy))
            if self._in_a_row >= _IN_A_ROW:
                self._stop(job, error)

    def _stop(self, job: Job, error: SluisError) -> None:
        failure = Failure(job.going.path, error.code, error.what, error.remedy)
        if failure not in self._report.reasons:
            self._report.fail(failure)
        self.stopped = self.stopped or failure


def _over(job: Job, row: Row) -> Over | None:
    """What a job replaces, as it was when it was decided.

    Raises:
        SluisError: ``no-etag``: nothing would keep somebody's work from being lost.
    """
    if job.action != "replace":
        return None
    if row.target_id is None or row.target_etag is None:
        raise SluisError(
            "no-etag",
            f"The target lists no eTag for {job.going.path!r}, so it was not replaced: somebody "
            "may work on it.",
            "Run again; if it stays, report it to Microsoft.",
        )
    return Over(row.target_id, row.target_etag)


async def stops_all(graph: Graph, drive_id: str, error: SluisError) -> bool:
    """Whether an error is no fault of one item and would meet the next one too.

    Args:
        graph: the connection to the target.
        drive_id: the target drive; it is asked where the error leaves that open.
        error: what happened.
    """
    if error.code == "quota":
        return True
    if not isinstance(error, GraphError):
        return False
    if error.status == 507:
        return True
    try:
        await raise_unless_alone(graph, f"/drives/{segment(drive_id)}", error)
    except GraphError:
        return True
    return False


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time of a manifest; None when there is none or it cannot be read."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _row(job: Job) -> Row:
    line = job.going.line
    assert line is not None  # noqa: S101 - as above
    return Row(
        source_id=job.going.source_id,
        path=job.going.path,
        target=job.target,
        step="sending",
        sha256=line.sha256,
        size=line.size,
        modified=line.modified,
        target_id=job.node.id if job.node else None,
        session_url=job.session_url,
        target_etag=job.node.etag if job.node else None,
    )
