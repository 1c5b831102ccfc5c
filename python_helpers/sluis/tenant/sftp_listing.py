"""Every item below a folder of an SFTP server, many folders at a time.

Names come as bytes and may be anything; a server may also lie. A name that no item can have
is reported and not followed, symbolic links are recorded and never followed, and a listing
that does not end is ended here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import sftp_wire as wire
from .found import Found, ItemKind
from .sftp_session import Errand, SftpSession
from .sftp_wire import Attributes, Kind, Status
from .source_error import ProtocolError, SourceError

#: folders that are listed side by side on one connection
_AT_ONCE = 24
#: questions about single items that one folder has under way
_BATCH = 256
#: more than any file system nests; a server that mounts a folder inside itself has no end
_DEEPEST = 512
#: bytes; Linux and Windows stop at 4,096 and 32,767 characters
_LONGEST_PATH = 32 << 10
_SELF = frozenset({b".", b".."})
#: names in one folder, before we believe that its server makes them up
_MOST_NAMES = 20_000_000


def walk(session: SftpSession, root: bytes) -> Iterator[Found]:
    """Every item below ``root``, a folder before what is in it; the root is not among them.

    Args:
        session: nothing else may be under way on it until this ends.
        root: as the server spells it.

    Raises:
        SourceError: ``source-missing``, ``source-not-a-folder``, ``source-unreadable``.
        CutError: the connection was lost.
        ProtocolError: the server talks nonsense.
    """
    check_root(session, root)
    folders = _ToDo(session, root)
    folders.add(Found(b"", "folder"))
    for folder, items in session.run(folders, _AT_ONCE):
        if folder.path:
            yield folder
        elif folder.why is not None:
            raise _unreadable(root, folder.why)
        for item in items:
            if item.kind == "folder" and item.why is None:
                folders.add(item)
            else:
                yield item


def check_root(session: SftpSession, root: bytes) -> None:
    """Ask for the root itself; it may be a link, because a person named it.

    Raises:
        SourceError: ``source-missing``, ``source-not-a-folder``, ``source-unreadable``.
    """
    answer = session.one(wire.of_path(Kind.STAT, root))
    if answer.status == Status.NO_SUCH_FILE:
        raise SourceError(
            "source-missing",
            f"The server has no folder {_shown(root)}.",
            "Find out where the data went, or correct the source's location in the scope.",
        )
    if answer.kind != Kind.ATTRS:
        raise _unreadable(root, answer.words())
    if answer.attributes().kind != "folder":
        raise SourceError(
            "source-not-a-folder",
            f"{_shown(root)} on the server is not a folder.",
            "Correct the source's location in the scope.",
        )


def _unreadable(root: bytes, why: str) -> SourceError:
    return SourceError(
        "source-unreadable",
        f"The folder {_shown(root)} on the server cannot be read: {why}.",
        "Ask the old supplier to let this account read it.",
    )


class _ToDo:
    """Folders that were found and not yet listed, the newest first: that keeps them few.

    It may be empty now and have more later, when a running errand found some.
    """

    def __init__(self, session: SftpSession, root: bytes) -> None:
        self._session = session
        self._root = root.rstrip(b"/") or b"/"
        self._folders: list[Found] = []

    def add(self, folder: Found) -> None:
        self._folders.append(folder)

    def __iter__(self) -> _ToDo:
        return self

    def __next__(self) -> Errand[tuple[Found, list[Found]]]:
        if not self._folders:
            raise StopIteration
        return _list_folder(self._session, self._root, self._folders.pop())


def _list_folder(
    session: SftpSession, root: bytes, folder: Found
) -> Errand[tuple[Found, list[Found]]]:
    """List one folder; what it is given back with says whether that went well."""
    (opened,) = yield [wire.of_path(Kind.OPENDIR, under(root, folder.path))]
    if opened.kind != Kind.HANDLE:
        return replace(folder, why=f"its content cannot be listed: {opened.words()}"), []
    handle = opened.handle()
    names: dict[bytes, Attributes] = {}
    why: str | None = None
    ended = False
    while not ended and why is None:
        # two at a time: most folders are one answer and the end
        for answer in (yield [wire.read_folder(handle), wire.read_folder(handle)]):
            if answer.kind == Kind.NAME and not ended:
                before = len(names)
                for name, attributes in answer.names():
                    names.setdefault(name, attributes)
                if len(names) == before or len(names) > _MOST_NAMES:
                    why = "its listing repeats itself and does not end"
            elif answer.status == Status.EOF:
                ended = True
            elif not ended:
                why = f"its listing breaks off: {answer.words()}"
    yield [wire.close(handle)]
    items = [
        _item(folder.path, name, attributes)
        for name, attributes in names.items()
        if name not in _SELF  # every honest server lists these two
    ]
    asked: list[Found] = []
    for at in range(0, len(items), _BATCH):
        asked += yield from _ask_more(session, root, items[at : at + _BATCH])
    return (folder if why is None else replace(folder, why=why)), asked


def _ask_more(session: SftpSession, root: bytes, items: list[Found]) -> Errand[list[Found]]:
    """Ask what a listing does not say: what the item is itself, and where a link points."""
    open_ = [
        place
        for place, item in enumerate(items)
        if item.why is None and (not session.plain_listing or item.kind == "unknown")
    ]
    if open_:
        answers = yield [wire.of_path(Kind.LSTAT, under(root, items[i].path)) for i in open_]
        for place, answer in zip(open_, answers, strict=True):
            items[place] = _looked_at(items[place], answer)
    links = [place for place, item in enumerate(items) if item.kind == "link"]
    if links:
        answers = yield [wire.of_path(Kind.READLINK, under(root, items[i].path)) for i in links]
        for place, answer in zip(links, answers, strict=True):
            items[place] = _linked(items[place], answer)
    return items


def _item(folder: bytes, name: bytes, attributes: Attributes) -> Found:
    if not name or b"/" in name or b"\0" in name:
        # its path would lead elsewhere, so it gets none and is asked nothing
        why = f"the server lists {_shown(name[:200])}, and no item can have that name"
        return Found(folder, "unknown", why=why, no_item=True)
    return found(folder + b"/" + name if folder else name, attributes)


def found(path: bytes, attributes: Attributes) -> Found:
    """What a server's attributes say of an item."""
    kind, when = attributes.kind, attributes.modified
    return Found(
        path,
        kind,
        attributes.size if kind == "file" else 0,
        None if when is None else when * 1_000_000_000,
        why=_why_not(path, kind),
    )


def _why_not(path: bytes, kind: ItemKind) -> str | None:
    if len(path) > _LONGEST_PATH:
        return "its path is longer than any system allows"
    if kind == "folder" and path.count(b"/") >= _DEEPEST:
        return f"it lies more than {_DEEPEST} folders deep"
    if kind == "special":
        return "it is a device, a pipe or a socket, not a file"
    return None


def _looked_at(item: Found, answer: wire.Answer) -> Found:
    if answer.kind != Kind.ATTRS:
        return replace(item, why=answer.words())
    again = found(item.path, answer.attributes())
    if again.kind == "unknown":
        return replace(again, why="the server does not say what it is")
    return again


def _linked(item: Found, answer: wire.Answer) -> Found:
    if answer.kind != Kind.NAME:
        return replace(item, why=f"where the link points is not known: {answer.words()}")
    names = answer.names()
    if len(names) != 1:
        raise ProtocolError("it names no target or several for one link")
    return replace(item, target=names[0][0])


def under(root: bytes, path: bytes) -> bytes:
    """The server's full path of an item."""
    if not path:
        return root
    return root.rstrip(b"/") + b"/" + path


def _shown(path: bytes) -> str:
    return ascii(path.decode("utf-8", "surrogateescape"))
