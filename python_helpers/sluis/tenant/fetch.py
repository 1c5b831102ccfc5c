"""Fetch what the listing names: many at once, two hashes each, nothing twice.

A file counts as fetched when its row is in the state; parts of a larger one are kept as
chunks on the way. A process killed between writing a file and its row finds it whole on
disk and believes it only after reading it against the chunks or the listed hash.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import SnapshotError
from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.download import Chunk, download
from ..graph.errors import GraphError
from ..graph.part_file import ReadBack
from .asked_again import take_anew
from .classify import Delivered, Listed, agrees, classify, has_hash
from .earlier_bytes import (
    Earlier,
    arrive,
    earlier_bytes,
    finish_arrivals,
    is_older,
    is_right_of,
    keep_earlier,
    place_of_newer,
    takes_its_place,
    worth_of,
    write_row,
)
from .file_forms import NOT_LOOKED, look_into, suffix_of
from .listed_items import figures_of
from .many_at_once import many_at_once
from .other_hashes import has_to_be_read_for, hashes_in, other_hashes
from .reading_back import Alongside, hash_file
from .refused_alone import raise_unless_alone
from .same_document import says_same
from .source import Source
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import COULD_NOT, HAD, Check
from .wanted import Wanted, wanted_files

#: an edited file is fetched anew so often before its newest state is taken as it comes
_MOST_TRIES = 3
#: so many files in a row that fail without an answer mean that the service is away
_MOST_IN_A_ROW = 25
#: refusals of ours: content came, and it was not to be taken
_ANSWERED = frozenset({"content-too-long", "content-unstable"})
#: parts of a OneNote notebook: lasting 503 were seen for large and small ones (Corso)
_NOTEBOOK = frozenset({"one", "onetoc2"})
#: called with the files and bytes fetched so far
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one run of ``fetch_files`` did.

    Args:
        files, bytes: fetched.
        could_not: files refused.
        damaged: files that were not what was fetched when they were read back meanwhile; they
            are to be fetched again.
        begun: how far large files were read back already, for ``read_back``.
    """

    files: int
    bytes: int
    could_not: int
    damaged: int = 0
    begun: Mapping[str, ReadBack] = field(default_factory=dict)


async def fetch_files(
    graph: Graph,
    source: Source,
    state: DriveState,
    folder: ExportFolder,
    *,
    workers: int = 16,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch every file of the current pass that is not had as it is listed.

    Args:
        source: a drive.
        state: with a finished listing, and places given.
        folder: the export root.
        workers: files under way at once.
        progress: called after each file.

    Raises:
        ThrottledError: the service kept asking to wait; what was fetched stays.
        GraphError: the service is away.
        SnapshotError: ``disk-full``, ``export-path-unsafe``.
    """
    finish_arrivals(state, folder)
    fetching = _Fetching(graph, source, state, folder, progress)
    try:
        await many_at_once(wanted_files(graph, source, state), fetching.one, workers)
    finally:
        await fetching.alongside.end()
    return Fetched(
        fetching.files,
        fetching.bytes,
        fetching.could_not,
        fetching.alongside.wrong,
        fetching.alongside.begun,
    )


class _Fetching:
    """What the workers share."""

    def __init__(
        self,
        graph: Graph,
        source: Source,
        state: DriveState,
        folder: ExportFolder,
        progress: Progress | None,
    ) -> None:
        self._graph, self._source, self._state = graph, source, state
        self._folder, self._progress = folder, progress
        current = state.current_pass()
        self._pass = current.number if current else 0
        rows = state.db.execute("SELECT DISTINCT item_id FROM chunks")
        self._with_chunks = {item_id for (item_id,) in rows}
        #: items that got no answer, one after the other, and what was written of them before
        self._in_a_row: list[tuple[str, dict[str, Any] | None]] = []
        self.files = self.bytes = self.could_not = 0
        self.alongside = Alongside(state, folder)

    async def one(self, wanted: Wanted) -> None:
        """Fetch one file, or write down why it could not be had."""
        try:
            await self._fetch(wanted)
            self._in_a_row.clear()
        except GraphError as error:
            if error.code == "cannot-write":
                raise _disk(error, wanted) from error
            await raise_unless_alone(self._graph, self._source.drive_place(), error)
            await self._refused(wanted, error)
        if self._progress is not None:
            self._progress(self.files, self.bytes)

    async def _fetch(self, wanted: Wanted) -> None:
        earlier = earlier_bytes(self._state, wanted.item_id)
        place = wanted.stored if earlier is None else place_of_newer(wanted.item_id)
        if await self._adopt(wanted, place, earlier):
            return
        listed, first = wanted.listed, await self._download(wanted, wanted.listed, place)
        now, second, form = listed, None, NOT_LOOKED
        if listed.quickxor is None or listed.pending or not agrees(listed, first):
            now, first, second = await self._look_again(wanted, first, place)
            form = await self._thread(look_into, self._folder, place, wanted.name)
        kept = second or first
        older = not (agrees(now, kept) or has_hash(now, kept)) and (
            agrees(listed, kept) or (earlier is not None and is_older(earlier, now, kept))
        )
        same = False
        if earlier is not None and second is not None and not older and is_right_of(earlier, now):
            same = await self._thread(says_same, self._folder, wanted.stored, place, wanted.name)
        check, note = classify(
            wanted.name, listed, now, first, second, form, older=older, same=same
        )
        self._had(wanted, now, kept, check, note, earlier, older=older)

    async def _look_again(
        self, wanted: Wanted, first: Delivered, place: str
    ) -> tuple[Listed, Delivered, Delivered | None]:
        """Ask what the service says now, and download once more unless that explains it."""
        known, tries = wanted.listed, 1
        while True:
            now = await self._ask(wanted)
            first = await self._hashed(now, first, place)
            if agrees(now, first) or (now.etag == known.etag and now.quickxor is None):
                return now, first, None
            if now.etag == known.etag and has_hash(now, first):
                return now, first, None
            second = await self._download(wanted, now, place)
            if now.etag == known.etag or agrees(now, second) or tries == _MOST_TRIES:
                # of an edited file the newest is kept; its older bytes say nothing
                return now, first if now.etag == known.etag else second, second
            known, first, tries = now, second, tries + 1

    async def _ask(self, wanted: Wanted) -> Listed:
        place = self._source.item_place(wanted.item_id)
        item = item_of(await self._graph.get(place), place, wanted.item_id)
        await take_anew(self._graph, self._source, self._state, self._pass, item)
        return Listed(*figures_of(item))

    async def _download(self, wanted: Wanted, listed: Listed, place: str) -> Delivered:
        have = self._chunks(wanted.item_id, listed.etag)
        url = wanted.url if listed is wanted.listed else None

        def keep(chunk: Chunk) -> None:
            if chunk.size == listed.size:
                return  # a file of one chunk is whole with it, and then has a row of its own
            if chunk.offset == 0:  # from the beginning: what was told before is no more
                self._forget_chunks(wanted.item_id)
            self._with_chunks.add(wanted.item_id)
            self._state.db.execute(
                "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?)",
                (wanted.item_id, listed.etag, chunk.offset, chunk.size, chunk.sha256),
            )

        with self._folder.place(place) as target:
            got = await download(
                self._graph,
                self._source.drive_id,
                wanted.item_id,
                target,
                size=listed.size,
                url=url,
                have=have,
                on_chunk=keep,
            )
        self.alongside.begun.pop(wanted.item_id, None)
        if got.read_back is not None:
            self.alongside.begun[wanted.item_id] = got.read_back
        return await self._hashed(listed, Delivered(got.size, got.quickxor, got.sha256), place)

    async def _hashed(self, listed: Listed, got: Delivered, place: str) -> Delivered:
        """The same, with the hashes that the service lists and that are not made on the way."""
        if got.others or not has_to_be_read_for(hashes_in(listed.quickxor)):
            return got
        return replace(got, others=await self._thread(other_hashes, self._folder, place))

    def _chunks(self, item_id: str, etag: str | None) -> list[Chunk]:
        """Chunks of this version that are on disk; those of another one are forgotten."""
        if item_id not in self._with_chunks:
            return []
        self._state.db.execute(
            "DELETE FROM chunks WHERE item_id = ? AND etag IS NOT ?", (item_id, etag)
        )
        rows = self._state.db.execute(
            "SELECT start, size, sha256 FROM chunks WHERE item_id = ? ORDER BY start", (item_id,)
        )
        return [Chunk(*row) for row in rows]

    def _forget_chunks(self, item_id: str) -> None:
        if item_id in self._with_chunks:
            self._with_chunks.discard(item_id)
            self._state.db.execute("DELETE FROM chunks WHERE item_id = ?", (item_id,))

    async def _adopt(self, wanted: Wanted, place: str, earlier: Earlier | None) -> bool:
        """Take a file that a killed run left whole, if its bytes are the listed ones."""
        listed = wanted.listed
        if listed.quickxor is None or listed.pending or self._folder.size_of(place) != listed.size:
            return False
        found = await self._thread(hash_file, self._folder, place)
        if found is None:
            return False
        found = await self._hashed(listed, found, place)
        if not agrees(listed, found):
            return False
        self._had(wanted, listed, found, "equal", None, earlier, fetched=False)
        return True

    def _had(
        self,
        wanted: Wanted,
        now: Listed,
        got: Delivered,
        check: Check,
        note: str | None,
        earlier: Earlier | None,
        *,
        fetched: bool = True,
        older: bool = False,
    ) -> None:
        row: dict[str, str | int | None] = {
            "item_id": wanted.item_id, "state": HAD, "size": got.size, "sha256": got.sha256,
            "quickxor": got.quickxor, "etag": now.etag, "listed_size": now.size,
            "listed_quickxor": now.quickxor, "listed_times": now.times, "verdict": check,
            "note": note, "worth": worth_of(check, now, got.size), "older": int(older),
            "in_pass": self._pass,
        }  # fmt: skip
        # the row first: killed before the chunks are forgotten, they are only left over
        if earlier is not None and not takes_its_place(earlier, now, got, check):
            why = note or "it was not what was listed."
            keep_earlier(self._state, wanted.item_id, earlier, now, why, self._pass)
            self._folder.remove(place_of_newer(wanted.item_id))
            self.alongside.begun.pop(wanted.item_id, None)
        else:
            if earlier is None:
                write_row(self._state, row)
            else:
                arrive(self._state, self._folder, row, wanted.stored)
            self.alongside.had(wanted.item_id, wanted.stored, got.sha256, got.size)
        self._forget_chunks(wanted.item_id)
        if fetched:
            self.files += 1
            self.bytes += got.size

    async def _refused(self, wanted: Wanted, error: GraphError) -> None:
        item = wanted.item_id
        if error.code in _ANSWERED or (error.status is not None and error.status < 500):
            self._in_a_row.clear()
        elif suffix_of(wanted.name) not in _NOTEBOOK:  # those may get 503 for ever, all of them
            self._in_a_row.append((item, self._row(item)))
            if len(self._in_a_row) >= _MOST_IN_A_ROW:
                # it is the service that is away, so none of these was refused
                for one, before in self._in_a_row:
                    self._state.db.execute("DELETE FROM contents WHERE item_id = ?", (one,))
                    if before is not None:
                        write_row(self._state, before)
                raise error
        self.could_not += 1
        why = await self._why(wanted, error)
        listed, earlier = wanted.listed, earlier_bytes(self._state, item)
        if earlier is not None:
            keep_earlier(self._state, item, earlier, listed, why, self._pass)
            return
        row = {
            "item_id": item, "state": COULD_NOT, "why": why, "etag": listed.etag,
            "listed_size": listed.size, "listed_quickxor": listed.quickxor,
            "listed_times": listed.times, "in_pass": self._pass,
        }  # fmt: skip
        write_row(self._state, row)

    def _row(self, item: str) -> dict[str, Any] | None:
        """What is written down of a file's bytes."""
        found = self._state.db.execute("SELECT * FROM contents WHERE item_id = ?", (item,))
        row = found.fetchone()
        if row is None:
            return None
        return {told[0]: value for told, value in zip(found.description, row, strict=True)}

    async def _why(self, wanted: Wanted, error: GraphError) -> str:
        """One sentence for the manifest: what the service said, and what that means."""
        if "malwareDetected" in error.codes:
            return f"The service found malware in it and does not hand it out. {error.what}"
        if any("irm" in code.lower() for code in error.codes):
            return f"It is encrypted by rights management, which failed. {error.what}"
        if error.status == 404:
            try:
                await self._graph.get(self._source.item_place(wanted.item_id))
            except GraphError as again:
                if again.status == 404:
                    return f"It was deleted after it was listed, or is hidden. {error.what}"
            return f"Its access is restricted to its owner (docs-contrib#442). {error.what}"
        if suffix_of(wanted.name) in _NOTEBOOK:
            return f"It is part of a OneNote notebook, which may never be handed out. {error.what}"
        return error.what

    async def _thread(self, function: Callable[..., Any], *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._graph.threads, function, *args)


def _disk(error: GraphError, wanted: Wanted) -> SnapshotError:
    cause = error.__cause__
    full = isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}
    said = cause.strerror if isinstance(cause, OSError) and cause.strerror else error.what
    return SnapshotError(
        "disk-full" if full else "export-disk",
        f"Item {wanted.item_id} could not be written to the export's disk: {said}.",
        ("Make room" if full else "Look at that disk")
        + " and run the export again; it goes on where it stopped.",
    )
