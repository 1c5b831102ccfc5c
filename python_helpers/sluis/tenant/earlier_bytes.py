"""Bytes of an earlier pass beside newer ones: the better ones stay, whatever happens between.

What is fetched of a file that is had already goes to a place of its own first. It takes the
earlier bytes' place only when it is worth as much; otherwise these stay, and the file's line says
that its newer version could not be had right. A kill between leaves the one or the other: the
row of what arrives is written down before it is put there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from .classify import Delivered, Listed
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import HAD, Check

#: stored folder of what is fetched beside earlier bytes
NEWER = "newer"
#: columns of ``contents`` and what is written there
Row = Mapping[str, str | int | None]

_CORRUPT, _DOUBTED, _LIKELY, _GOOD = range(4)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Bytes that are on disk already.

    Args:
        sha256: of them, in hexadecimal.
        worth: how sure it is that they are right; more is better.
        listed: what the service said when they were fetched, or tried to be fetched anew.
        older: whether they are known not to be what the service spoke of then.
    """

    sha256: str
    worth: int
    listed: Listed
    older: bool = False


def worth_of(check: str | None, now: Listed, size: int | None) -> int:
    """How sure it is that bytes are right."""
    if check == "corrupt":
        return _CORRUPT
    if check in ("not verified", "edited meanwhile"):
        return _LIKELY if now.quickxor is None and now.sized and now.size == size else _DOUBTED
    return _GOOD


def earlier_bytes(state: DriveState, item_id: str) -> Earlier | None:
    """What is had of a file already; ``None`` when nothing is."""
    row = state.db.execute(
        "SELECT sha256, verdict, size, worth, older, listed_size, listed_quickxor, etag,"
        " listed_times"
        " FROM contents WHERE item_id = ? AND state = ? AND sha256 IS NOT NULL",
        (item_id, HAD),
    ).fetchone()
    if row is None:
        return None
    sha256, verdict, size, worth, older, *listed = row
    told = Listed(*listed)
    worth = worth_of(verdict, told, size) if worth is None else worth
    return Earlier(sha256, worth, told, bool(older))


def place_of_newer(item_id: str) -> str:
    """Where the newer bytes of an item are stored until they are judged."""
    return f"{NEWER}/{hashlib.sha256(item_id.encode()).hexdigest()[:32]}"


def is_older(earlier: Earlier, now: Listed, got: Delivered) -> bool:
    """Whether what came is what was had already, though the service says something else by now.

    A name or a right that changes moves the eTag alone, and a hash may be listed late; neither
    makes another version.
    """
    told = earlier.listed
    same = told.times == now.times and (_says_the_same(told, now) or told.etag == now.etag)
    return got.sha256 == earlier.sha256 and (earlier.older or not same)


def is_right_of(earlier: Earlier, now: Listed) -> bool:
    """Whether what was had is right, and of the version that the service speaks of now."""
    told = earlier.listed
    return (
        earlier.worth == _GOOD
        and not earlier.older
        # one that tells no date at all has none to compare
        and bool((told.times or "").strip())
        and told.times == now.times
    )


def takes_its_place(earlier: Earlier, now: Listed, got: Delivered, check: Check) -> bool:
    """Whether newer bytes are worth as much as the earlier ones."""
    worth = worth_of(check, now, got.size)
    if worth < _GOOD and is_older(earlier, now, got):
        return False  # the row must go on saying of which version they are
    told = earlier.listed
    same = (told.size, told.quickxor, told.etag) == (now.size, now.quickxor, now.etag)
    same = same and told.times in (None, now.times)
    if worth == earlier.worth and worth < _LIKELY and same:
        # of one and the same version nothing says that the second try was better
        return got.sha256 == earlier.sha256
    # a service that lists hashes late must not keep an edit back for ever
    return worth >= earlier.worth or (worth == _LIKELY and not same)


def keep_earlier(
    state: DriveState, item_id: str, earlier: Earlier, now: Listed, why: str, number: int
) -> None:
    """The earlier bytes stay; the line says why the newer ones are not there."""
    check: Check = "corrupt" if earlier.worth == _CORRUPT else "not verified"
    # of one and the same version they are not older; they may still be right, or as wrong
    older = earlier.older or not _is_of_one_version(earlier.listed, now)
    what = "Its newest version" if older else "It was to be fetched again, and"
    note = f"{what} could not be had right: {why} These bytes are of an earlier pass."
    state.db.execute(
        "UPDATE contents SET verdict = ?, note = ?, etag = ?, listed_size = ?,"
        " listed_quickxor = ?, listed_times = ?, worth = ?, older = ?, in_pass = ?"
        " WHERE item_id = ?",
        (
            check,
            note,
            now.etag,
            now.size,
            now.quickxor,
            now.times,
            earlier.worth,
            int(older),
            number,
            item_id,
        ),
    )


def _is_of_one_version(told: Listed, now: Listed) -> bool:
    """Whether what the service said then and says now is of one version of a file."""
    if told.etag is not None and told.etag == now.etag:
        return True
    return told.times == now.times and _says_the_same(told, now)


def _says_the_same(told: Listed, now: Listed) -> bool:
    """Whether hash and size are the same; that a size is no longer listed tells nothing."""
    return told.quickxor == now.quickxor and (told.size == now.size or not now.sized)


def write_row(state: DriveState, row: Row) -> None:
    """What was fetched of a file, in place of what was written down of it before."""
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    state.db.execute(
        f"INSERT OR REPLACE INTO contents ({columns}) VALUES ({marks})",  # noqa: S608
        tuple(row.values()),
    )


def arrive(state: DriveState, folder: ExportFolder, row: Row, stored: str) -> None:
    """Put newer bytes in their place, and their row with them."""
    item_id = str(row["item_id"])
    state.db.execute("INSERT OR REPLACE INTO arriving VALUES (?, ?)", (item_id, json.dumps(row)))
    _finish(state, folder, row, stored)


def finish_arrivals(state: DriveState, folder: ExportFolder) -> None:
    """End what a kill interrupted."""
    for text, stored in state.db.execute(
        'SELECT a."row", p.stored FROM arriving a JOIN places p ON p.item_id = a.item_id'
    ).fetchall():
        _finish(state, folder, json.loads(text), stored)


def clear_newer(folder: ExportFolder) -> None:
    """Take away what was fetched and did not take its place; the pass is over."""
    for stored in folder.files_in(NEWER):
        folder.remove(stored)


def _finish(state: DriveState, folder: ExportFolder, row: Row, stored: str) -> None:
    item_id = str(row["item_id"])
    # not there: it was moved before the kill
    folder.move(place_of_newer(item_id), stored)
    with state.transaction():
        write_row(state, row)
        state.db.execute("DELETE FROM arriving WHERE item_id = ?", (item_id,))
