"""Sending a file: a simple PUT where that is enough, otherwise a session that survives cuts.

The service's rules (``driveitem-createuploadsession.md``): chunks in order, multiples of 320 KiB,
under 60 MiB; 202 with ``nextExpectedRanges``, which may be incomplete and is no plan; 416 for
bytes it already has; 404 means begin again; a name clash shows as 409 on the last chunk; 507 when
it does not fit. A session takes no empty file (onedrive-api-docs#53). Dates go into the session,
because a PATCH afterwards costs another call and can make a version.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import InputError
from . import upload_errors
from .answer import item_of, json_or_none, malformed
from .calls import CUT, whole
from .errors import ConnectionCutError, GraphError, ThrottledError, answer_error
from .links import segment
from .retry import THROTTLES
from .rewritten import is_rewritten_name
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
#: where a range begins
_START = re.compile("[0-9]{1,18}")
#: answers after which a session is not gone on with, and those that may be a plain no
_OVER = frozenset({401, 403, 404, 410})
_NOT_FOR_US = frozenset({401, 403})


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
    over: Over | None = None,
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
        over: the file that is replaced, as it was seen: ``conflict`` is then ``replace``. One that
            is not as it was seen stays as it is.

    Returns:
        The driveItem as the service gave it.

    Raises:
        GraphError: ``name-taken``, ``name-held``, ``changed-in-target``, ``quota``,
            ``source-changed``, ``source-unreadable``, ``upload-outcome-unknown``, or what the
            service said.
        InputError: ``date-without-zone``.
    """
    job = _Upload(graph, drive_id, parent_id, name, source, modified, created, conflict, over)
    job.on_session = on_session or (lambda _: None)
    try:
        return await job.run(session_url)
    finally:
        job.close()


async def cancel_session(graph: Graph, url: str) -> None:
    """End an upload session that nobody goes on with: it may hold the name of its file.

    If that fails it ends by itself, without a file.

    Args:
        graph: the connection.
        url: the session's URL; a secret.
    """
    with contextlib.suppress(*CUT, GraphError):
        async with graph.bare("DELETE", url):
            pass


@dataclass(frozen=True, slots=True)
class Over:
    """A file in the target: its id, and its eTag when it was seen last."""

    item_id: str
    etag: str


def _least() -> int:
    """Bytes of a chunk that a session keeps at least, or the chunk brought it no further."""
    return max(1, CHUNK // 1024)


class _SessionOverError(Exception):
    """The session is gone: done, cancelled or forgotten; or we may not go on with it.

    Args:
        refusal: what the service said, if it said anything.
    """

    def __init__(self, refusal: GraphError | None = None) -> None:
        super().__init__()
        self.refusal = refusal


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
        over: Over | None,
    ) -> None:
        self.graph = graph
        self.drive = f"/drives/{segment(drive_id)}"
        self.place = f"{self.drive}/items/{segment(parent_id)}:/{segment(name)}:"
        self.over = over
        if over is not None:
            # by its id: by a path it could be another file by now, or a second one
            self.place = f"{self.drive}/items/{segment(over.item_id)}"
        self.match = {"If-Match": over.etag} if over is not None else {}
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
        refusal: GraphError | None = None
        for _ in range(_RESTARTS + 1):
            resumed = url is not None
            try:
                if url is None:
                    url, at = await self._begin(), 0
                return await self._send(url, at)
            except _SessionOverError as over:
                refusal = over.refusal
                # its end may have been success: sending again could make a second file
                if (resumed or self._all_sent) and (found := await self._already_there()):
                    return found
                if self._all_sent and self.conflict == "rename":
                    raise upload_errors.unknown(self.place) from None
                if url is not None and refusal is not None and refusal.status in _NOT_FOR_US:
                    await self._cancel(url)  # it may still hold the name (onedrive-api-docs#747)
                    if not resumed and not self._taken:
                        raise refusal from None  # nothing of it was ever taken: no session is over
                url, at, self._all_sent, self._taken = None, None, False, False
        if refusal is not None and refusal.status in _NOT_FOR_US:
            raise refusal
        raise GraphError(
            "upload-session-lost",
            f"The service forgot {_RESTARTS + 1} upload sessions for {self.place} in a row.",
            "Try again later.",
            status=404,
        )

    _all_sent = False
    #: whether the session at hand took anything
    _taken = False

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
                headers={"Content-Type": "application/octet-stream", **self.match},
                repeatable=self.conflict == "replace",
            )
        except GraphError as error:
            if self.over is not None and error.status in (404, 412):
                # a first try whose answer was lost may have changed it
                if error.status == 412 and (found := await self._already_there()):
                    return found
                raise upload_errors.changed_there(self.place, error) from None
            if error.status == 409:
                raise upload_errors.taken(self.place, error) from None
            if isinstance(error, ConnectionCutError) and error.code == "answer-lost":
                if self.conflict == "fail" and (found := await self._already_there()):
                    return found
                raise upload_errors.unknown(self.place) from None
            raise
        item = item_of(answer.body, self.place)
        if self.dates and isinstance(item.get("id"), str):
            place = f"{self.drive}/items/{segment(item['id'])}"
            item = await self.graph.patch(place, {"fileSystemInfo": self.dates})
        return item

    async def _begin(self) -> str:
        # no fileSize: only OneDrive Personal knows it (driveItemUploadableProperties)
        wish: dict[str, Any] = {"@microsoft.graph.conflictBehavior": self.conflict}
        if self.over is None:
            wish["name"] = self.name
        if self.dates:
            wish["fileSystemInfo"] = self.dates
        try:
            body = await self.graph.post(
                f"{self.place}/createUploadSession",
                {"item": wish},
                repeatable=True,
                headers=self.match,
            )
        except GraphError as error:
            if self.over is not None and error.status in (404, 412):
                raise upload_errors.changed_there(self.place, error) from None
            if error.status == 409:
                raise await self._taken_or_held(error) from None
            raise
        url = body.get("uploadUrl")
        if not isinstance(url, str):
            raise malformed(f"POST {self.place}/createUploadSession", "has no URL of a session")
        self.on_session(url)
        return url

    async def _send(self, url: str, at: int | None) -> dict[str, Any]:
        """Send what the session lacks; ``at`` is None when the session must be asked first."""
        patience = self.graph.patience
        failures = throttles = 0
        furthest = -1
        failed: GraphError
        while True:
            try:
                if at is None:
                    at = await self._status(url)
                if at >= furthest + _least():
                    furthest, failures = at, 0
                item = await self._chunk(url, at)
                if isinstance(item, dict):
                    return item
                if item >= at + _least():
                    at = item
                    continue
                failed = malformed(
                    f"PUT to the upload session of {self.place}", "takes nothing of what was sent"
                )
            except CUT as error:
                failed = upload_errors.cut(self.place, error)
            except GraphError as error:
                failed = error
                if error.status in THROTTLES:
                    throttles += 1
                    if throttles >= patience.throttles:
                        raise ThrottledError(
                            error.code,
                            error.what,
                            error.remedy,
                            status=error.status,
                            codes=error.codes,
                        ) from None
                    continue
                if error.status not in (416, 500, 502, 503, 504):
                    if error.status in (409, 412) or error.code in ("source-changed", "quota"):
                        await self._cancel(url)  # it would go on holding the name
                    if self.over is not None and error.status == 412:
                        raise upload_errors.changed_there(self.place, error) from None
                    if error.status in (409, 412):
                        raise await self._taken_or_held(error) from None
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
        if last and self.over is not None:
            await self._still_as_seen(self.over)
        self._all_sent |= last
        headers = {
            "Content-Range": f"bytes {at}-{end - 1}/{self.size}",
            "Content-Type": "application/octet-stream",
        }
        status, body = await self._ask("PUT", url, headers, data)
        if status in (200, 201) and isinstance(body, dict) and isinstance(body.get("id"), str):
            return body
        self._taken |= status in (200, 201, 202)
        if status in (200, 201, 202) and isinstance(body, dict):
            # only where the first missing byte is counts; the list may be incomplete
            return self._expected(body, end)
        if status < 300:
            raise malformed(f"PUT to the upload session of {self.place}", "is no JSON object")
        raise self._refused(status, body, "PUT to the upload session of")

    async def _still_as_seen(self, over: Over) -> None:
        """The session was made for a file that somebody may have worked on since."""
        try:
            item = await self.graph.get(self.place)
        except GraphError as error:
            if error.status != 404:
                raise
            raise upload_errors.changed_there(self.place, error) from None
        if item.get("eTag") != over.etag:
            raise upload_errors.changed_there(self.place)

    async def _status(self, url: str) -> int:
        status, body = await self._ask("GET", url, {}, None)
        if status == 200 and isinstance(body, dict):
            return self._expected(body, None)
        if status < 300:
            raise malformed(f"GET the upload session of {self.place}", "is no JSON object")
        raise self._refused(status, body, "GET the upload session of")

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], data: bytes | None
    ) -> tuple[int, Any]:
        self.graph.pacer.carried(len(data or b""))
        async with self.graph.bare(method, url, headers=headers, data=data) as answer:
            raw = await whole(answer, f"{method} the upload session of {self.place}")
            status = answer.status
        body = json_or_none(raw) if raw else {}
        if status in _OVER:
            raise _SessionOverError(self._refused(status, body, f"{method} the upload session of"))
        return status, body

    def _expected(self, body: dict[str, Any], assumed: int | None) -> int:
        told = body.get("nextExpectedRanges")
        told = told if isinstance(told, list) else []
        ranges = [one.partition("-") for one in told if isinstance(one, str)]
        starts = [int(start) for start, dash, _ in ranges if dash and _START.fullmatch(start)]
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
        await cancel_session(self.graph, url)

    async def _taken_or_held(self, error: GraphError) -> GraphError:
        """The name is said to be taken: by what is there, or by nothing that anybody can see."""
        try:
            await self.graph.get(self.place.removesuffix(":"))
        except GraphError as other:
            if other.status == 404:
                return upload_errors.held(self.place, error)
        return upload_errors.taken(self.place, error)

    async def _has(self, hashes: dict[str, Any]) -> bool:
        """Whether each hash that is listed is that of the file; none needs to be."""
        quickxor = hashes.get("quickXorHash")
        if quickxor and quickxor != await self.file.quickxor():
            return False
        for kind in ("sha256", "sha1"):
            told = hashes.get(f"{kind}Hash")
            if isinstance(told, str) and told and told.lower() != await self.file.digest(kind):
                return False
        return True

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
        if self.over is not None and item.get("eTag") == self.over.etag:
            return None  # nothing happened to it
        facet = item.get("file")
        told = facet.get("hashes") if isinstance(facet, dict) else None
        hashes = told if isinstance(told, dict) else {}
        told = item.get("fileSystemInfo")
        dates = told if isinstance(told, dict) else {}
        same_dates = bool(self.dates) and all(
            _instant(dates.get(key)) == _instant(value) for key, value in self.dates.items()
        )
        same_size = item.get("size") == self.size
        if facet is not None and same_dates and (self.over is None or is_rewritten_name(self.name)):
            return item  # the service may have rewritten the content, so the hash need not match
        # hashes can come late
        late = facet is not None and same_dates and not hashes.get("quickXorHash")
        if same_size and (late or hashes.get("quickXorHash")) and await self._has(hashes):
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
