"""What happened between two passes: which items vanished, moved, changed or came (B6). Pure.

Two manifests are compared, so the answer can be had again from the evidence alone, years
later. Who did it and when is said as far as it is known: delta tells neither for a
deletion; a recycle bin's entry tells the time and sometimes the person.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from ..counted import counted
from .recycle_bin import BinEntry, by_name
from .tenant_manifest import HAD, ManifestLine

What = Literal[
    "vanished",
    "moved",  # or renamed
    "moved along",  # because a folder above it was moved or renamed
    "changed",
    "new",
    "rights changed",
    "details changed",
    "no longer had",
    "had at last",
]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one item.

    Args:
        what: see ``What``.
        item_id: the service's id.
        type: of the item.
        path_before, path_after: in the two manifests.
        size_before, size_after: bytes.
        when: ISO 8601, as exactly as is known; ``None`` when only the two passes bound it.
        who: as far as is known.
        known: one sentence: from where we know it, or why we do not.
        kept: stored path of the bytes that the earlier pass had; they stay on disk.
    """

    what: What
    item_id: str
    type: str
    path_before: str | None
    path_after: str | None
    size_before: int | None
    size_after: int | None
    when: str | None
    who: str | None
    known: str
    kept: str | None = None

    def as_data(self) -> dict[str, Any]:
        """The change as plain JSON data."""
        return asdict(self)


class _Item(NamedTuple):
    """What is kept of a line while two manifests are compared."""

    path: str
    type: str
    size: int
    content: str | None
    had: bool
    stored: str | None
    rights: str
    details: str
    modified: str | None
    modified_by: str | None


def compare_passes(
    before: Iterable[ManifestLine],
    after: Iterable[ManifestLine],
    *,
    deleted: Sequence[BinEntry] = (),
    gone_how: Mapping[str, str] | None = None,
    between: tuple[str | None, str | None] = (None, None),
    began: str | None = None,
) -> Iterator[Change]:
    """Every change between two passes, vanished items first, each in the order of the paths.

    Args:
        before, after: the manifests of two passes over one source; read once, as a stream.
        deleted: entries of the recycle bin after the second pass.
        gone_how: item id to how the listing told that it is gone.
        between: when the first pass ended and the second ended, ISO 8601.
        began: when the first pass began, ISO 8601. What it listed was there then, so nothing that
            was deleted earlier is one of its items.
    """
    span = f"between {between[0] or 'the first pass'} and {between[1] or 'the second'}"
    in_bin = by_name(entry for entry in deleted if not _earlier(entry.deleted, began))
    both = _Both(before, after)
    for one, was in both.vanished():
        yield _vanished(one, was, in_bin, both, (gone_how or {}).get(one), span)
    for one, earlier, now in both.different():
        if earlier is None:
            yield _change("new", one, None, now, now.modified, now.modified_by, _EDITOR)
        else:
            yield from _compared(one, earlier, now, both, span)


def count(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes there are of each kind, without those of none."""
    return dict(sorted(Counter(change.what for change in changes).items()))


_EDITOR = "The item says who changed it last, and when."


def _compared(
    one: str,
    was: _Item,
    now: _Item,
    both: _Both,
    span: str,
) -> Iterator[Change]:
    if was.path != now.path:
        along = _along(was, now, both)
        yield _change(
            "moved along" if along else "moved",
            one, was, now,
            None if along else now.modified,
            None if along else now.modified_by,
            f"A folder above it was moved or renamed {span}."
            if along
            else "The item says who changed it last, and when; that may be a later change.",
        )  # fmt: skip
    if was.had and not now.had:
        yield _change("no longer had", one, was, now, None, None, f"Found {span}.", was.stored)
    elif now.had and not was.had:
        yield _change("had at last", one, was, now, None, None, f"Found {span}.")
    elif was.content != now.content:
        yield _change("changed", one, was, now, now.modified, now.modified_by, _EDITOR)
    elif was.details != now.details:
        yield _change("details changed", one, was, now, now.modified, now.modified_by, _EDITOR)
    if was.rights != now.rights:
        why = f"Graph does not say who changed rights; it was {span}."
        yield _change("rights changed", one, was, now, None, None, why)


def _along(was: _Item, now: _Item, both: _Both) -> bool:
    """Whether the item stayed in its folder, and that folder has another path now."""
    above, _, name = was.path.rpartition("/")
    above_now, _, name_now = now.path.rpartition("/")
    return name == name_now and bool(above) and both.path_now(above) == above_now


def _vanished(
    one: str,
    item: _Item,
    in_bin: Mapping[str, list[BinEntry]],
    both: _Both,
    how: str | None,
    span: str,
) -> Change:
    told = f"The listing says: {how}." if how else "The listing has it no more."
    entries, path = _entries(item, in_bin, both), item.path
    while not entries and "/" in path:
        # a folder goes into the bin as one entry, with all that is in it
        path = path.rpartition("/")[0]
        if both.path_now(path) is not None:
            break  # it is still there, wherever, so nothing above it took the item along
        above = both.lost(path)
        entries = _entries(above, in_bin, both) if above is not None else []
    when = by = None
    if len(entries) == 1:
        (entry,) = entries
        place = entry.deleted_from or "a folder that is not said"
        inside = "" if path == item.path else ", which it was in"
        known = f"{told} In the recycle bin: {entry.name}{inside}, deleted from {place}."
        when, by = entry.deleted, entry.deleted_by
        if by is None:
            known += " The bin does not say who deleted it."
    elif entries:
        known = (
            f"{told} {counted(len(entries), 'entry', 'entries')} of the recycle bin fit "
            "it; which is not known."
        )
    else:
        known = f"{told} Not in the recycle bin; who and when is not known, but it was {span}."
    if both.is_taken(item.path):
        known += " Another item has its path now."
    return _change("vanished", one, item, None, when, by, known, item.stored)


def _entries(item: _Item, in_bin: Mapping[str, list[BinEntry]], both: _Both) -> list[BinEntry]:
    """Entries of the bin that may be this item: same name, folder and, for a file, size."""
    above, _, name = item.path.rpartition("/")
    return [
        entry
        for entry in in_bin.get(name.casefold(), [])
        if (item.type != "file" or entry.size == item.size) and _was_in(entry, above, both)
    ]


def _was_in(entry: BinEntry, folder: str, both: _Both) -> bool:
    """Whether an entry may have been deleted from that folder.

    The entry's path begins with the drive's own, which is not known here. So it may be in any
    folder that its path ends with; the longest of these that a manifest names is the one.
    """
    if not entry.deleted_from:
        return True
    parts = entry.deleted_from.strip("/").split("/")
    own = folder.split("/") if folder else []
    if [part.casefold() for part in parts[len(parts) - len(own) :]] != [
        part.casefold() for part in own
    ]:
        return False
    longer = ("/".join(parts[at:]) for at in range(len(parts) - len(own)))
    return not any(both.knows(path) for path in longer)


def _earlier(one: str | None, other: str | None) -> bool:
    """Whether a moment is known to lie in an earlier second than another."""
    try:
        second = datetime.fromisoformat(other or "").replace(microsecond=0)
        return datetime.fromisoformat(one or "") < second
    except (TypeError, ValueError):  # not known, or one of them has no time zone
        return False


def _change(
    what: What,
    one: str,
    was: _Item | None,
    now: _Item | None,
    when: str | None,
    who: str | None,
    known: str,
    kept: str | None = None,
) -> Change:
    either = now or was
    return Change(
        what, one, either.type if either else "",
        was.path if was else None, now.path if now else None,
        was.size if was else None, now.size if now else None,
        when, who, known, kept,
    )  # fmt: skip


class _Both:
    """Two manifests side by side, in a database that is only on disk as far as it is large."""

    def __init__(self, before: Iterable[ManifestLine], after: Iterable[ManifestLine]) -> None:
        self._db = sqlite3.connect("")
        for table, lines in (("before", before), ("after", after)):
            self._db.execute(f"CREATE TABLE {table} (id BLOB PRIMARY KEY, path BLOB, item TEXT)")
            self._db.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)",  # noqa: S608  our own names
                ((_raw(line.item_id), _raw(line.path), json.dumps(_item(line))) for line in lines),
            )
            self._db.execute(f"CREATE INDEX {table}_by_path ON {table} (path)")

    def vanished(self) -> Iterator[tuple[str, _Item]]:
        """Items of the first manifest that the second has not, by path."""
        for one, item in self._db.execute(
            "SELECT id, item FROM before WHERE id NOT IN (SELECT id FROM after) ORDER BY path"
        ):
            yield _text(one), _Item(*json.loads(item))

    def different(self) -> Iterator[tuple[str, _Item | None, _Item]]:
        """Items of the second manifest that the first has otherwise or not at all, by path."""
        for one, was, now in self._db.execute(
            "SELECT a.id, b.item, a.item FROM after a LEFT JOIN before b ON b.id = a.id"
            " WHERE b.item IS NOT a.item ORDER BY a.path"
        ):
            yield _text(one), _Item(*json.loads(was)) if was else None, _Item(*json.loads(now))

    def lost(self, path: str) -> _Item | None:
        """The vanished item that had this path."""
        row = self._db.execute(
            "SELECT item FROM before WHERE path = ? AND id NOT IN (SELECT id FROM after)",
            (_raw(path),),
        ).fetchone()
        return _Item(*json.loads(row[0])) if row else None

    def knows(self, path: str) -> bool:
        """Whether one of the manifests has something under this path."""
        row = self._db.execute(
            "SELECT 1 FROM before WHERE path = ?1 UNION ALL SELECT 1 FROM after WHERE path = ?1",
            (_raw(path),),
        ).fetchone()
        return row is not None

    def path_now(self, path: str) -> str | None:
        """The path in the second manifest of what had this path in the first."""
        row = self._db.execute(
            "SELECT a.path FROM before b JOIN after a ON a.id = b.id WHERE b.path = ?",
            (_raw(path),),
        ).fetchone()
        return _text(row[0]) if row else None

    def is_taken(self, path: str) -> bool:
        """Whether the second manifest has something under this path."""
        row = self._db.execute("SELECT 1 FROM after WHERE path = ?", (_raw(path),)).fetchone()
        return row is not None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _item(line: ManifestLine) -> _Item:
    had = line.state == HAD
    return _Item(
        line.path,
        line.type,
        line.size,
        line.sha256 if had else None,
        had,
        line.stored,
        json.dumps(line.permissions, sort_keys=True),
        json.dumps([line.fields, line.created, line.modified, line.target], sort_keys=True),
        line.modified,
        line.modified_by,
    )
