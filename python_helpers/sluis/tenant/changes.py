"""What happened between two passes: which items vanished, moved, changed or came (B6). Pure.

Two manifests are compared, so the answer can be had again from the evidence alone, years
later. Who did it and when is said as far as it is known: delta tells neither for a
deletion; a recycle bin's entry tells the time and sometimes the person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class _Item:
    """What is kept of a line while two manifests are compared."""

    path: str
    type: str
    size: int
    content: str | None
    had: bool
    stored: str | None
    rights: int
    details: int
    modified: str | None
    modified_by: str | None


def compare_passes(
    before: Iterable[ManifestLine],
    after: Iterable[ManifestLine],
    *,
    deleted: Sequence[BinEntry] = (),
    gone_how: Mapping[str, str] | None = None,
    between: tuple[str | None, str | None] = (None, None),
) -> Iterator[Change]:
    """Every change between two passes, vanished items first, then in the order of ``after``.

    Args:
        before, after: the manifests of two passes over one source.
        deleted: entries of the recycle bin after the second pass.
        gone_how: item id to how the listing told that it is gone.
        between: when the first pass ended and the second ended, ISO 8601.
    """
    earlier = {line.item_id: _item(line) for line in before}
    later = {line.item_id: _item(line) for line in after}
    in_bin = by_name(deleted)
    by_path = {item.path: one for one, item in earlier.items()}
    span = f"between {between[0] or 'the first pass'} and {between[1] or 'the second'}"
    taken = {item.path for item in later.values()}
    lost = {item.path: item for one, item in earlier.items() if one not in later}
    for one, item in earlier.items():
        if one not in later:
            how = (gone_how or {}).get(one)
            yield _vanished(one, item, in_bin, lost, how, span, taken)
    for one, now in later.items():
        was = earlier.get(one)
        if was is None:
            yield _change("new", one, None, now, now.modified, now.modified_by, _EDITOR)
            continue
        yield from _compared(one, was, now, earlier, later, by_path, span)


def count(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes there are of each kind, without those of none."""
    return dict(sorted(Counter(change.what for change in changes).items()))


_EDITOR = "The item says who changed it last, and when."


def _compared(
    one: str,
    was: _Item,
    now: _Item,
    earlier: Mapping[str, _Item],
    later: Mapping[str, _Item],
    by_path: Mapping[str, str],
    span: str,
) -> Iterator[Change]:
    if was.path != now.path:
        along = _along(was, now, later, by_path)
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


def _along(was: _Item, now: _Item, later: Mapping[str, _Item], by_path: Mapping[str, str]) -> bool:
    """Whether the item stayed in its folder, and that folder has another path now."""
    above, _, name = was.path.rpartition("/")
    above_now, _, name_now = now.path.rpartition("/")
    if name != name_now or not above:
        return False
    folder = later.get(by_path.get(above, ""))
    return folder is not None and folder.path == above_now


def _vanished(
    one: str,
    item: _Item,
    in_bin: Mapping[str, list[BinEntry]],
    lost: Mapping[str, _Item],
    how: str | None,
    span: str,
    taken: set[str],
) -> Change:
    told = f"The listing says: {how}." if how else "The listing has it no more."
    entries, path = _entries(item, in_bin), item.path
    while not entries and "/" in path:
        # a folder goes into the bin as one entry, with all that is in it
        path = path.rpartition("/")[0]
        above = lost.get(path)
        entries = _entries(above, in_bin) if above is not None else []
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
        known = f"{told} {len(entries)} entries of the recycle bin fit it; which is not known."
    else:
        known = f"{told} Not in the recycle bin; who and when is not known, but it was {span}."
    if item.path in taken:
        known += " Another item has its path now."
    return _change("vanished", one, item, None, when, by, known, item.stored)


def _entries(item: _Item, in_bin: Mapping[str, list[BinEntry]]) -> list[BinEntry]:
    """Entries of the bin that may be this item: same name, folder and, for a file, size."""
    above, _, name = item.path.rpartition("/")
    return [
        entry
        for entry in in_bin.get(name.casefold(), [])
        if (item.type != "file" or entry.size == item.size) and _was_in(entry, above)
    ]


def _was_in(entry: BinEntry, folder: str) -> bool:
    """Whether an entry was deleted from that folder; the drive's own part is not compared."""
    if not entry.deleted_from or not folder:
        return True
    return f"/{entry.deleted_from.strip('/')}".casefold().endswith(f"/{folder}".casefold())


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


def _item(line: ManifestLine) -> _Item:
    had = line.state == HAD
    return _Item(
        line.path,
        line.type,
        line.size,
        line.sha256 if had else None,
        had,
        line.stored,
        hash(repr(line.permissions)),
        hash(repr((sorted(line.fields.items()), line.created, line.modified, line.target))),
        line.modified,
        line.modified_by,
    )
