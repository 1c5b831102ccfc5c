"""The listing of a source without ids, such as SFTP or a folder, in the same state as a drive's.

An item's id is its path, because such a source has nothing better: what was renamed is gone
under the old name and new under the new one. A folder that could not be listed this time
says nothing about what is in it, so that is not called gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from ..counted import counted, plural
from .found import Found, text_of
from .listed_items import as_stored
from .source import Source
from .state import DriveState
from .tenant_manifest import COULD_NOT, ItemType

#: id of the source's own folder, which is in no manifest
ROOT = "/"
_BATCH = 2000
_MOST_REASONS = 100
_TYPES: dict[str, ItemType] = {"folder": "folder", "link": "shortcut"}
_UPSERT = """
INSERT INTO items (item_id, parent_id, name, type, size, etag, modified, extra, seen_in_pass)
VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?)
ON CONFLICT (item_id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name,
    type = excluded.type, size = excluded.size, etag = excluded.etag,
    modified = excluded.modified, extra = excluded.extra, seen_in_pass = excluded.seen_in_pass,
    gone_in_pass = NULL, gone_how = NULL
"""

#: called with the items listed so far
OnListed = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a source adds up to, without a byte of it being read.

    Args:
        source: with the figures of what could be seen.
        could_not: how many folders and items could not be looked at; unless it is 0 the
            figures are a lower bound.
        why: one sentence for each of the first of them.
    """

    source: Source
    could_not: int
    why: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The figures as plain JSON data."""
        return asdict(self)


def record_listing(
    state: DriveState, number: int, items: Iterable[Found], on_listed: OnListed | None = None
) -> None:
    """Put a whole listing in the state, and mark what is not in it as gone.

    Args:
        state: with the pass ``number`` begun and not yet listed.
        number: of the pass.
        items: a folder before what is in it.
        on_listed: called now and then.
    """
    with state.transaction():
        # of a listing that was broken off nothing counts: an item may have gone since
        state.db.execute(
            "UPDATE items SET seen_in_pass = ? WHERE seen_in_pass = ?", (number - 1, number)
        )
        state.db.execute("DELETE FROM could_not WHERE in_pass = ?", (number,))
        state.db.execute(_UPSERT, (ROOT, None, "", "root", 0, None, None, None, number))
    listed = 0
    unlisted: list[str] = []
    flow = iter(items)
    while batch := list(islice(flow, _BATCH)):
        with state.transaction():
            for found in batch:
                _record(state, number, found)
                if found.why is not None and found.kind == "folder":
                    unlisted.append(item_id_of(found.path))
        listed += len(batch)
        if on_listed is not None:
            on_listed(listed)
    with state.transaction():
        for folder in unlisted:
            _keep_below(state, number, folder)
        state.db.execute(
            "UPDATE items SET gone_in_pass = ?, gone_how = 'not in the listing any more'"
            " WHERE gone_in_pass IS NULL AND seen_in_pass < ?",
            (number, number),
        )
        state.db.execute(
            "UPDATE passes SET listed = 1, full = 1, items = ? WHERE number = ?", (listed, number)
        )


def measure(source: Source, items: Iterable[Found]) -> Measured:
    """Add up a listing without keeping it.

    Args:
        source: what is listed; given back with the figures.
        items: every item of it.
    """
    files = folders = size = could_not = 0
    newest: int | None = None
    why: list[str] = []
    for found in items:
        # a device or a pipe is no loss: there is nothing in it
        if found.why is not None and found.kind != "special":
            could_not += 1
            if len(why) < _MOST_REASONS:
                why.append(f"{_printable(found.path)}: {found.why}")
        if found.kind == "folder":
            folders += 1
        elif found.kind == "file":
            files += 1
            size += found.size or 0
            if found.modified_ns is not None:
                newest = max(newest or 0, found.modified_ns)
    counted = replace(source, items=files, folders=folders, bytes=size, newest=spelled_time(newest))
    return Measured(counted, could_not, tuple(why))


def item_id_of(path: bytes) -> str:
    """The id of an item: its path, with ``%XX`` for bytes that are not UTF-8 and for ``%``."""
    text = path.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
    return _FOREIGN.sub(lambda m: f"%{ord(m[0]) - 0xDC00:02X}", text)


def path_of(item_id: str) -> bytes:
    """The path of an item, as the source spells it."""
    return re.sub(rb"%([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), item_id.encode())


def spelled_time(modified_ns: int | None) -> str | None:
    """ISO 8601 in UTC, with as many digits as the source gave; ``None`` for ``None``."""
    if modified_ns is None:
        return None
    seconds, rest = divmod(modified_ns, 1_000_000_000)
    try:
        text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        return None  # a year after 9999: what the source says is no time
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"


def found_of(item_id: str, size: int, tag: str | None) -> Found:
    """A file as the state has it."""
    listed, when, mark = ((tag or "") + "@@").split("@")[:3]
    return Found(
        path_of(item_id),
        "file",
        None if listed == "None" else size,
        None if when in {"", "None"} else int(when),
        mark=mark,
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOREIGN = re.compile("[\udc80-\udcff]")


def _record(state: DriveState, number: int, found: Found) -> None:
    if found.no_item:
        state.could_not(number, "name", item_id_of(found.path) or ROOT, found.why or "")
        return
    item_id = item_id_of(found.path)
    folder, _, name = found.path.rpartition(b"/")
    extra: dict[str, Any] = (
        {} if found.target is None else {"remoteItem": {"link": _printable(found.target)}}
    )
    if found.kind in {"special", "unknown"}:
        extra["kind"] = found.kind  # never to be opened: reading a pipe waits for ever
    _make_way(state, number, item_id, _TYPES.get(found.kind, "file"))
    state.db.execute(
        _UPSERT,
        (
            item_id,
            item_id_of(folder) if folder else ROOT,
            as_stored(text_of(name)),
            _TYPES.get(found.kind, "file"),
            found.size or 0,
            found.tag,
            spelled_time(found.modified_ns),
            json.dumps(extra) if extra else None,
            number,
        ),
    )
    if found.why is not None:
        state.db.execute(
            "INSERT OR REPLACE INTO contents (item_id, state, why, listed_size, in_pass)"
            " VALUES (?, ?, ?, ?, ?)",
            (item_id, COULD_NOT, found.why, found.size, number),
        )
    elif found.kind != "file":
        # what could not be had last time may be had now
        state.db.execute("DELETE FROM contents WHERE item_id = ?", (item_id,))


def _make_way(state: DriveState, number: int, item_id: str, kind: ItemType) -> None:
    """A file that is a folder now, or the other way round, gets a new place on disk."""
    if number == 1:
        return
    row = state.db.execute("SELECT type FROM items WHERE item_id = ?", (item_id,)).fetchone()
    if row is not None and row[0] != kind:
        # no id ends so, and the old place stays taken
        state.db.execute(
            "UPDATE OR IGNORE places SET item_id = ? WHERE item_id = ?",
            (f"{item_id}%was {row[0]} before pass {number}", item_id),
        )
        state.db.execute("DELETE FROM contents WHERE item_id = ?", (item_id,))


def _keep_below(state: DriveState, number: int, folder: str) -> None:
    """What was known of a folder that could not be listed now is not gone: it is not known."""
    below = folder + "/"
    row = state.db.execute(
        "UPDATE items SET seen_in_pass = ? WHERE item_id >= ? AND item_id < ?"
        " AND gone_in_pass IS NULL AND seen_in_pass < ?",
        (number, below, folder + "0", number),
    )
    state.could_not(
        number,
        "folder",
        folder,
        f"It could not be listed; of what an earlier pass saw in it "
        f"{counted(row.rowcount, 'item is', 'items are')} kept "
        f"and {plural(row.rowcount, 'was', 'were')} not looked at again.",
    )


def _printable(raw: bytes) -> str:
    text = text_of(raw)
    return _FOREIGN.sub(lambda m: f"%{ord(m[0]) - 0xDC00:02X}", text)
