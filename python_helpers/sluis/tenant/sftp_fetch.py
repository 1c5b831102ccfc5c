"""Read a file from an SFTP server, and notice when it was not the same file all along.

What is compared before and after each reading is size and time: this version of SFTP knows
no hash and no finer time than a second. Small files are asked for whole and many at once,
large ones as a stream with many reads under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import sftp_wire as wire
from .found import Found
from .local_copy import Copied, LocalCopy, Piece, store_whole
from .sftp_listing import found, under
from .sftp_session import Errand, SftpSession
from .sftp_wire import Kind, Status
from .source_error import ProtocolError
from .stored_names import ExportFolder
from .tenant_manifest import Check

#: files up to this many bytes are asked for whole
SMALL = 1 << 20
#: how often a file that changes while it is read is read
TRIES = 3
NO_HASH = "The server lists no hash; size and time were the same before and after the reading."
#: bytes asked for and not yet here
_UNDER_WAY = 12 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch.

    Args:
        item_id: in the state.
        found: the item as listed.
        stored: where its copy goes, below the export's folder.
        pieces: what is on disk of it, from an earlier try, when it was the same file then.
        cuts: how often the connection was lost while it was read, with nothing had of it.
    """

    item_id: str
    found: Found
    stored: str
    pieces: tuple[Piece, ...] = ()
    cuts: int = 0

    @property
    def size(self) -> int:
        """Bytes, as listed."""
        return self.found.size or 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file.

    Args:
        wanted: which file.
        found: the item as it was when its bytes were read; as last seen when they were not.
        size, sha256, quickxor: of the copy; ``None`` when there is none.
        check: what can be said of the copy; ``None`` when nothing was ever there to check.
        why: one sentence when it could not be had.
        note: one sentence about ``check``.
    """

    wanted: Wanted
    found: Found
    size: int = 0
    sha256: str | None = None
    quickxor: str | None = None
    check: Check | None = None
    why: str | None = None
    note: str | None = None


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
    if whole.why is not None:
        return Outcome(whole.wanted, whole.found, why=whole.why)
    if whole.data is None:
        return None
    copied = store_whole(folder, whole.wanted.stored, whole.data, whole.found.modified_ns)
    return had(whole.wanted, whole.found, copied)


def had(wanted: Wanted, item: Found, copied: Copied) -> Outcome:
    """The outcome of a file whose copy is whole."""
    return Outcome(
        wanted, item, copied.size, copied.sha256, copied.quickxor, "not verified", note=NO_HASH
    )


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
    before = wanted.found

    def keep(piece: Piece) -> None:
        on_piece(piece, before)

    with LocalCopy(folder, wanted.stored, wanted.pieces, keep) as copy:
        why = ""
        check: Check | None = None
        for attempt in range(TRIES):
            if attempt:
                copy.begin_again()
            opened = session.one(wire.open_file(path))
            if opened.kind != Kind.HANDLE:
                copy.discard()
                return Outcome(wanted, before, why=opened.words())
            handle = opened.handle()
            size = before.size or 0
            broken: str | None = None
            for piece in _stream(session, handle, copy.size, size + 1):
                if isinstance(piece, str):
                    broken = piece
                else:
                    copy.write(piece)
            after = _after(before, session.one(wire.of_path(Kind.LSTAT, path)))
            session.one(wire.close(handle))
            if broken is not None:
                why, check = f"it could not be read to its end: {broken}", None
            elif after == before and copy.size == size:
                return had(wanted, before, copy.finish(before.modified_ns))
            elif after == before:
                # one byte more than listed is asked for, so "more" is not counted to its end
                amount = f"more than {size}" if copy.size > size else str(copy.size)
                why, check = f"the server lists {size} bytes and gives {amount}", None
            elif after.kind != "file":
                why, check = "it went away or became another kind of item meanwhile", None
                before = after
                break
            else:
                why = f"it was edited each of the {TRIES} times that it was read"
                check = "edited meanwhile"
                before = after
        copy.discard()
    return Outcome(wanted, before, check=check, why=why)


def _stream(
    session: SftpSession, handle: bytes, begin: int, end: int
) -> Iterator[memoryview | str]:
    """The bytes from ``begin`` to ``end`` or the file's end, in order; words when it fails.

    Many reads are under way; an answer is placed by the offset that was asked for, never by
    the order in which answers come.
    """
    asked: dict[int, tuple[int, int]] = {}
    here: dict[int, memoryview] = {}
    ask, given, way = begin, begin, 0
    failed: str | None = None
    while True:
        while ask < end and way < _UNDER_WAY and failed is None:
            count = min(session.read_size, end - ask)
            asked[session.send(wire.read(handle, ask, count))] = (ask, count)
            ask, way = ask + count, way + count
        if not asked:
            break
        session.flush()
        for answer in session.receive():
            offset, count = asked.pop(answer.number, (-1, 0))
            if offset < 0:
                raise ProtocolError("it answered what nobody asked")
            way -= count
            if answer.kind == Kind.DATA:
                data = answer.data()
                if not 0 < len(data) <= count:
                    raise ProtocolError("it gives no bytes, or more than were asked for")
                here[offset] = data
                if len(data) < count:
                    rest = (offset + len(data), count - len(data))
                    asked[session.send(wire.read(handle, *rest))] = rest
                    way += rest[1]
            elif answer.status == Status.EOF:
                end = min(end, offset)
            else:
                failed = answer.words()
        while given in here:
            data = here.pop(given)
            given += len(data)
            yield data
    if failed is not None:
        yield failed


def _after(before: Found, answer: wire.Answer) -> Found:
    """The item as it is after its bytes were read; ``unknown`` when it is gone."""
    if answer.kind != Kind.ATTRS:
        return Found(before.path, "unknown", why=answer.words())
    return found(before.path, answer.attributes())


def _spans(begin: int, end: int, count: int) -> list[tuple[int, int]]:
    """Offsets and lengths of the reads from ``begin`` to ``end``."""
    return [(at, min(count, end - at)) for at in range(begin, end, count)]
