"""Sending a file: a simple PUT where that is enough, otherwise a session that survives cuts.

The service's rules (``driveitem-createuploadsession.md``): chunks in order, multiples of 320 KiB,
under 60 MiB; 202 with ``nextExpectedRanges``, which may be incomplete and is no plan; 416 for
bytes it already has; 404 means begin again; a name clash shows as 409 on the last chunk; 507 when
it does not fit. A session takes no empty file (onedrive-api-docs#53). Dates go into the session,
because a PATCH afterwards costs another call and can make a version.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import InputError
from . import upload_errors
from .calls import CUT
from .errors import ConnectionCutError, GraphError, ThrottledError, answer_error
from .links import segment
from .source_file import SourceFile

if TYPE_CHECKING:
    from .calls import Graph

Conflict = Literal["fail", "replace", "rename"]

#: bytes up to which a file without dates goes in one PUT; the service takes 250 MB there, but a
#: PUT that breaks off begins again from nothing
SIMPLE = 4 << 20
#: bytes per chunk: 32 × 320 KiB; 5 to 10 MiB is advised
CHUNK = 32 * 327_680
_RESTARTS = 3


async def upload(
    graph: Graph,
    drive_id: str,
    parent_id: str,
    name: str,
    source: Path,
    *,
    modified: datetime | None,
    created: datetime | None,
    conflict: Conflict,
    session_url: str | None = None,
    on_session: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Put a file into a folder.

    A file with dates goes through a session even when it is small: 2 units instead of 4, and no
    second version. What the service made of it is in the answer; it may have rewritten the
    content (rclone#9767), which is the caller's to judge.

    Args:
        graph: the connection.
        drive_id: the target drive.
        parent_id: the folder's id.
        name: the file's name there; already fit for the target.
        source: the file to send; it must not change meanwhile.
        modified: last modification, with a time zone.
        created: creation, with a time zone.
        conflict: what to do when the name is taken.
        session_url: a session that an earlier run began; a secret. When it is over, the file is
            looked for before it is sent again.
        on_session: told of each session's URL before anything is sent; keep it as a secret.

    Returns:
        The driveItem as the service gave it.

    Raises:
        GraphError: ``name-taken``, ``quota``, ``source-changed``, ``source-unreadable``,
            ``upload-outcome-unknown``, or what the service said.
        InputError: ``date-without-zone``.
    """
    job = _Upload(graph, drive_id, parent_id, name, source, modified, created, conflict)
    job.on_session = on_session or (lambda _: None)
    try:
        return await job.run(session_url)
    finally:
        job.close()


class _SessionOverError(Exception):
    """The session is gone: done, cancelled or forgotten."""


class _Upload:
    """One upload under way."""

    def __init__(
        self,
        graph: Graph,
        drive_id: str,
        parent_id: str,
        name: str,
        source: Path,
        modified: datetime | None,
        created: datetime | None,
        conflict: Conflict,
    ) -> None:
        self.graph = graph
        self.drive = f"/drives/{segment(drive_id)}"
        self.place = f"{self.drive}/items/{segment(parent_id)}:/{segment(name)}:"
        self.name = name
        self.conflict = conflict
        self.on_session: Callable[[str], None] = lambda _: None
        self.dates = {
            key: _text(value)
            for key, value in (
                ("createdDateTime", created),
                ("lastModifiedDateTime", modified),
            )
            if value is not None
        }
        self.file = SourceFile(source, graph.threads)
        self.size = self.file.size

    def close(self) -> None:
        self.file.close()

    async def run(self, session_url: str | None) -> dict[str, Any]:
        if self.size == 0 or (not self.dates and self.size <= SIMPLE and session_url is None):
            return await self._simple()
        at: int | None = None
        url = session_url
        for _ in range(_RESTARTS + 1):
            resumed = url is not None
            try:
                if url is None:
                    url, at = await self._begin(), 0
                return await self._send(url, at)
            except _SessionOverError:
                # its end may have been success: sending again could make a second file
                if (resumed or self._all_sent) and (found := await self._already_there()):
                    return found
                if self._all_sent and self.conflict == "rename":
                    raise upload_errors.unknown(self.place) from None
                url, at, self._all_sent = None, None, False
        raise GraphError(
            "upload-session-lost",
            f"The service forgot {_RESTARTS + 1} upload sessions for {self.place} in a row.",
            "Try again later.",
            status=404,
        )

    _all_sent = False

    async def _simple(self) -> dict[str, Any]:
        data = await self.file.read(0, self.size)
        self.file.check()
        self.graph.pacer.carried(len(data))
        try:
            answer = await self.graph.call(
                "PUT",
                f"{self.place}/content",
                params={"@microsoft.graph.conflictBehavior": self.conflict},
                data=data,
                headers={"Content-Type": "application/octet-stream"},
                repeatable=self.conflict == "replace",
            )
        except GraphError as error:
            if error.status == 409:
                raise upload_errors.taken(self.place, error) from None
            if isinstance(error, ConnectionCutError) and error.code == "answer-lost":
                if self.conflict == "fail" and (found := await self._already_there()):
                    return found
                raise upload_errors.unknown(self.place) from None
            raise
        item = answer.body
        if self.dates and isinstance(item.get("id"), str):
            place = f"{self.drive}/items/{segment(item['id'])}"
            item = await self.graph.patch(place, {"fileSystemInfo": self.dates})
        return item

    async def _begin(self) -> str:
        wish: dict[str, Any] = {
            "@microsoft.graph.conflictBehavior": self.conflict,
            "name": self.name,
            "fileSize": self.size,
        }
        if self.dates:
            wish["fileSystemInfo"] = self.dates
        try:
            body = await self.graph.post(
                f"{self.place}/createUploadSession", {"item": wish}, repeatable=True
            )
        except GraphError as error:
            if error.status == 409:
                raise upload_errors.taken(self.place, error) from None
            raise
        url = body.get("uploadUrl")
        if not isinstance(url, str):
            raise GraphError(
                "no-upload-link",
                f"Graph made an upload session for {self.place} but gave no URL for it.",
                "Try again; if it stays, report it to Microsoft.",
            )
        self.on_session(url)
        return url

    async def _send(self, url: str, at: int | None) -> dict[str, Any]:
        """Send what the session lacks; ``at`` is None when the session must be asked first."""
        patience = self.graph.patience
        failures = throttles = 0
        furthest = -1
        while True:
            try:
                if at is None:
                    at = await self._status(url)
                if at > furthest:
                    furthest, failures = at, 0
                item = await self._chunk(url, at)
                if isinstance(item, dict):
                    return item
                at = item
                continue
            except CUT as error:
                failed: GraphError = upload_errors.cut(self.place, error)
            except GraphError as error:
                failed = error
                if error.status == 429:
                    throttles += 1
                    if throttles >= patience.throttles:
                        raise ThrottledError(
                            error.code, error.what, error.remedy, status=429, codes=error.codes
                        ) from None
                    continue
                if error.status not in (416, 500, 502, 503, 504):
                    if error.status in (409, 412) or error.code == "source-changed":
                        await self._cancel(url)
                    if error.status in (409, 412):
                        raise upload_errors.taken(self.place, error) from None
                    raise
            at = None  # what arrived of it, only the session knows
            failures += 1
            if failures >= patience.tries:
                raise failed
            await self.graph.clock.sleep(patience.pause(failures, self.graph.chance))

    async def _chunk(self, url: str, at: int) -> dict[str, Any] | int:
        """Send one chunk; the driveItem when it was the last, else where to go on."""
        data = await self.file.read(at, min(CHUNK, self.size - at))
        end = at + len(data)
        self.file.check()
        last = end == self.size
        self._all_sent |= last
        headers = {
            "Content-Range": f"bytes {at}-{end - 1}/{self.size}",
            "Content-Type": "application/octet-stream",
        }
        status, body = await self._ask("PUT", url, headers, data)
        if status in (200, 201) and isinstance(body, dict) and "id" in body:
            return body
        if status in (200, 201, 202) and isinstance(body, dict):
            # only where the first missing byte is counts; the list may be incomplete
            return self._expected(body, end)
        raise self._refused(status, body, "PUT to the upload session of")

    async def _status(self, url: str) -> int:
        status, body = await self._ask("GET", url, {}, None)
        if status == 200 and isinstance(body, dict):
            return self._expected(body, None)
        raise self._refused(status, body, "GET the upload session of")

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], data: bytes | None
    ) -> tuple[int, Any]:
        self.graph.pacer.carried(len(data or b""))
        async with self.graph.bare(method, url, headers=headers, data=data) as answer:
            raw = await answer.read()
            if answer.status in (401, 403, 404, 410):
                raise _SessionOverError
            try:
                return answer.status, json.loads(raw) if raw else {}
            except ValueError:
                return answer.status, None

    def _expected(self, body: dict[str, Any], assumed: int | None) -> int:
        starts = [
            int(start)
            for start, dash, _ in (
                str(one).partition("-") for one in body.get("nextExpectedRanges") or ()
            )
            if dash and start.isdecimal()
        ]
        if not starts:
            if assumed is not None and assumed < self.size:
                return assumed
            raise _SessionOverError  # everything arrived, and it says nothing of an item
        first = min(starts)
        if first >= self.size:
            raise _SessionOverError
        return first

    def _refused(self, status: int, body: Any, method: str) -> GraphError:
        return answer_error(status, body, self.place, method=method)

    async def _cancel(self, url: str) -> None:
        try:
            async with self.graph.bare("DELETE", url):
                pass
        except (*CUT, GraphError):
            pass  # it ends by itself; what matters is the refusal that led here

    async def _already_there(self) -> dict[str, Any] | None:
        """Our file, if a session whose answer was lost has put it there.

        None when sending it again does no harm.
        """
        try:
            item = await self.graph.get(self.place.removesuffix(":"))
        except GraphError as error:
            if error.status == 404:
                return None
            raise
        facet = item.get("file")
        hashes = (facet.get("hashes") if isinstance(facet, dict) else None) or {}
        dates = item.get("fileSystemInfo") or {}
        same_dates = bool(self.dates) and all(
            _instant(dates.get(key)) == _instant(value) for key, value in self.dates.items()
        )
        if facet is not None and same_dates:
            return item  # the service may have rewritten the content, so the hash need not match
        same_size = item.get("size") == self.size
        if same_size and hashes.get("quickXorHash") == await self.file.quickxor():
            return item
        if self.conflict == "replace":
            return None
        # something is there: ours rewritten, or somebody else's
        raise upload_errors.unknown(self.place)


def _text(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InputError(
            "date-without-zone",
            f"{moment.isoformat()} has no time zone, so it is no moment.",
            "Give dates with their time zone.",
        )
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(text: Any) -> datetime | None:
    """The moment, to the second: the service keeps no fractions of files' dates."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(microsecond=0)
    except (TypeError, ValueError):
        return None
