"""Read a file from an SFTP server, and notice when it was not the same file all along.

What is compared before and after each reading is size and time: this version of SFTP knows
no hash and no finer time than a second. Small files are asked for whole and many at once,
large ones as a stream with many reads under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import sftp_wire as wire
from .found import Found
from .local_copy import LocalCopy, OnlyRead, Piece, store_whole
from .sftp_listing import found, under
from .sftp_session import Errand, SftpSession
from .sftp_wire import Kind, Status
from .source_error import CutError, ProtocolError
from .source_file import TRIES, Judgement, Outcome, Wanted
from .stored_names import ExportFolder

#: files up to this many bytes are asked for whole
SMALL = 1 << 20
#: Bytes asked for and not yet here: enough for 80 MB/s over a line of 50 ms, on each
#: connection. With three times as much the same bytes cost a third more processor time
#: here, because they fall out of its caches before they are hashed (measured).
_UNDER_WAY = 4 << 20
#: pieces that wait for bytes before them; each has a memory of its own, however small it is
_MOST_WAITING = 4096
#: seconds of waiting after which bytes have to have come at such a rate at least
_WINDOW = 300.0
_LEAST = 1024


@dataclass(frozen=True, slots=True)
class Whole:
    """A small file in memory; or, without ``data``, one that has to be read as a stream."""

    wanted: Wanted
    found: Found
    data: tuple[memoryview, ...] | None = None
    why: str | None = None


def ask_small(session: SftpSession, root: bytes, wanted: Wanted) -> Errand[Whole]:
    """Ask for a whole file: open it; then, all at once, its bytes, what it is now, its end.

    The draft promises that a read of a normal file is only short at the file's end, so a
    read for one byte more than there should be also proves that there is no more. Whatever
    does not go as promised is left to the careful way, ``fetch_stream``.
    """
    path = under(root, wanted.found.path)
    (opened,) = yield [wire.open_file(path)]
    if opened.kind != Kind.HANDLE:
        return Whole(wanted, wanted.found, why=opened.words())
    handle = opened.handle()
    spans = _spans(0, wanted.size + 1, session.read_size)
    answers = yield [
        *(wire.read(handle, offset, count) for offset, count in spans),
        wire.of_path(Kind.LSTAT, path),
        wire.close(handle),
    ]
    data: list[memoryview] = []
    for (_, count), answer in zip(spans, answers, strict=False):
        if answer.kind == Kind.DATA:
            data.append(answer.data())
            if len(data[-1]) > count:
                raise ProtocolError("it gives more bytes than were asked for")
        elif answer.status != Status.EOF:
            return Whole(wanted, wanted.found)
    after = _after(wanted.found, answers[-2])
    full = all(len(piece) == count for piece, (_, count) in zip(data[:-1], spans, strict=False))
    if after != wanted.found or not full or sum(map(len, data)) != wanted.size:
        return Whole(wanted, wanted.found)
    return Whole(wanted, wanted.found, tuple(data))


def keep_small(folder: ExportFolder, whole: Whole) -> Outcome | None:
    """Put a small file on disk; ``None`` when it has to be read the careful way."""
    wanted, item = whole.wanted, whole.found
    if whole.why is not None:
        return Outcome(wanted, item, why=whole.why)
    if whole.data is None:
        return None
    if wanted.keep:
        copied = store_whole(folder, wanted.stored, whole.data, item.modified_ns)
    else:
        with OnlyRead() as read:
            for piece in whole.data:
                read.write(piece)
            copied = read.finish(None)
    return Outcome(wanted, item, copied, copied.size, "not verified")


def fetch_stream(
    session: SftpSession,
    root: bytes,
    folder: ExportFolder,
    wanted: Wanted,
    on_piece: Callable[[Piece, Found], None],
) -> Outcome:
    """Read a file of any size to disk; again when it changed meanwhile.

    Args:
        session: nothing else may be under way on it.
        root: of the source.
        folder: the export's folder.
        wanted: the file; its pieces are read back and gone on from.
        on_piece: called with each piece that is on disk, and the item that it is of.

    Raises:
        CutError: the connection was lost; what was reported by ``on_piece`` can be gone on from.
        ProtocolError: the server talks nonsense.
        OSError: our own disk refuses.
    """
    path = under(root, wanted.found.path)
    judged, read = Judgement(wanted.found), 0

    def told(piece: Piece) -> None:
        on_piece(piece, judged.before)

    with (
        LocalCopy(folder, wanted.stored, wanted.pieces, told) if wanted.keep else OnlyRead()
    ) as copy:
        for attempt in range(TRIES):
            if attempt:
                copy.begin_again()
            opened = session.one(wire.open_file(path))
            if opened.kind != Kind.HANDLE:
                copy.discard()
                return Outcome(wanted, judged.before, why=opened.words())
            handle = opened.handle()
            broken: str | None = None
            for piece in stream(session, handle, copy.size, (judged.before.size or 0) + 1):
                if isinstance(piece, str):
                    broken = piece
                else:
                    copy.write(piece)
                    read += len(piece)
            after = _after(judged.before, session.one(wire.of_path(Kind.LSTAT, path)))
            session.one(wire.close(handle))
            if broken is not None:
                copy.discard()
                why = f"it could not be read to its end: {broken}"
                return Outcome(wanted, judged.before, read=read, why=why)
            if judged.is_whole(after, copy.size):
                return Outcome(wanted, after, copy.finish(after.modified_ns), read, "not verified")
            if after.kind != "file":
                break
        copy.discard()
    return Outcome(wanted, judged.before, None, read, judged.check, judged.why)


def stream(session: SftpSession, handle: bytes, begin: int, end: int) -> Iterator[memoryview | str]:
    """The bytes from ``begin`` to ``end`` or the file's end, in order; words when it fails.

    Many reads are under way; an answer is placed by the offset that was asked for, never by
    the order in which answers come. What came and waits for bytes before it counts as under way,
    so that a server that never gives the first ones does not fill the memory.

    Raises:
        CutError: the next bytes did not come for a long time, or in very small pieces.
    """
    asked: dict[int, tuple[int, int]] = {}
    here: dict[int, memoryview] = {}
    ask = given = begin
    failed: str | None = None
    pace = _Pace(begin)
    while True:
        while ask < end and ask - given < _UNDER_WAY and failed is None:
            count = min(session.read_size, end - ask)
            asked[session.send(wire.read(handle, ask, count))] = (ask, count)
            ask += count
        if not asked:
            break
        session.flush()
        for answer in session.receive():
            offset, count = asked.pop(answer.number, (-1, 0))
            if offset < 0:
                raise ProtocolError("it answered what nobody asked")
            if answer.kind == Kind.DATA:
                data = answer.data()
                if not 0 < len(data) <= count:
                    raise ProtocolError("it gives no bytes, or more than were asked for")
                # what waits is copied: a few bytes would hold all that came with them
                here[offset] = data if offset == given else memoryview(bytes(data))
                if len(data) < count:
                    rest = (offset + len(data), count - len(data))
                    asked[session.send(wire.read(handle, *rest))] = rest
            elif answer.status == Status.EOF:
                end = min(end, offset)
            else:
                failed = answer.words()
            while given in here:
                data = here.pop(given)
                given += len(data)
                yield data
        if len(here) > _MOST_WAITING or pace.is_slow(given):
            raise CutError(
                "source-cut",
                "The SFTP server gives a file too slowly, or not from its beginning.",
                "Run it again: what was had stays had.",
            )
    if failed is not None:
        yield failed


class _Pace:
    """Whether bytes come, in the long run; our own disk's time counts, a piece takes it little."""

    def __init__(self, given: int) -> None:
        self._began, self._given = time.monotonic(), given

    def is_slow(self, given: int) -> bool:
        """Whether too few came since it began, or since it was asked well."""
        seconds = time.monotonic() - self._began
        if seconds < _WINDOW:
            return False
        slow = given - self._given < _LEAST * seconds
        self._began, self._given = time.monotonic(), given
        return slow


def _after(before: Found, answer: wire.Answer) -> Found:
    """The item as it is after its bytes were read; ``unknown`` when it is gone."""
    if answer.kind != Kind.ATTRS:
        return Found(before.path, "unknown", why=answer.words())
    return found(before.path, answer.attributes())


def _spans(begin: int, end: int, count: int) -> list[tuple[int, int]]:
    """Offsets and lengths of the reads from ``begin`` to ``end``."""
    return [(at, min(count, end - at)) for at in range(begin, end, count)]
