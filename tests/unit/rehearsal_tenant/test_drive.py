"""A drive's books: sizes, names, the log, and a mirror that follows delta whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Call
from sluis.rehearsal.tenant.delta_calls import Token, turn_page
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.items import Generated, Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.permission_calls import list_permissions

#: what somebody does: a verb, and two numbers that pick on what
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["file", "folder", "write", "rename", "move", "delete"]),
        st.integers(0, 1_000),
        st.integers(0, 1_000),
    ),
    max_size=12,
)


def _drive() -> Drive:
    drive = Drive(1, "k", "Documents", "https://h.example/sites/a/D", "h,g,w", None, 0.0, 10**9)
    for number in range(3):
        folder = drive.add(drive.root, f"Folder {number}", "folder", now=1.0, quietly=True)
        for place in range(3):
            drive.add(folder, f"{place}.txt", "file", size=10 + place, now=1.0, quietly=True)
    return drive


def _do(drive: Drive, deed: tuple[str, int, int], now: float) -> None:
    verb, one, other = deed
    live = [item for item in drive.live() if item.parent is not None]
    folders = [drive.root, *(item for item in live if item.kind == "folder")]
    files = [item for item in live if item.kind == "file"]
    folder = folders[other % len(folders)]
    if verb in ("file", "folder"):
        # names are never used again: what that does to a mirror is a test of its own
        if verb == "file":
            drive.add(folder, f"new {now}", "file", size=one, now=now)
        else:
            drive.add(folder, f"new {now}", "folder", now=now)
        return
    if verb == "write":
        if files:
            drive.replace(files[one % len(files)], other, Generated(one), now, 0)
        return
    if not live:
        return
    item = live[one % len(live)]
    if verb == "delete":
        drive.delete(item, now)
        return
    parent = folder if verb == "move" else item.parent
    if parent is None or parent is item or item in parent.ancestors():
        return
    drive.move(item, parent, f"moved {now}", now, 0)


def _check_books(drive: Drive) -> None:
    live = list(drive.live())
    assert drive.used == sum(item.size for item in live if item.kind == "file")
    for item in live:
        for name, child in (item.children or {}).items():
            assert child.parent is item
            assert name == fold(child.name)
            assert not child.deleted
        if item.parent is not None:
            assert (item.parent.children or {})[fold(item.name)] is item


class _Mirror:
    """What a careful client knows: ids, names, parents; children go with a deleted parent."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[str, int | None, int]] = {}

    def take(self, entries: list[Item]) -> None:
        for item in entries:
            if item.deleted:
                self._drop(item.number)
            else:
                parent = item.parent.number if item.parent else None
                size = item.size if item.kind == "file" else 0
                self.known[item.number] = (item.name, parent, size)

    def _drop(self, number: int) -> None:
        self.known.pop(number, None)
        for child in [one for one, (_, parent, _) in self.known.items() if parent == number]:
            self._drop(child)

    def equals(self, drive: Drive) -> bool:
        other = _Mirror()
        other.take(list(drive.live()))
        return self.known == other.known


@settings(max_examples=80, deadline=None)
@given(st.lists(DEEDS, min_size=1, max_size=6), st.integers(1, 7))
def test_whatever_happens_during_and_between_rounds_the_mirror_ends_up_equal(
    turns: list[list[tuple[str, int, int]]], size: int
) -> None:
    drive, mirror, now = _drive(), _Mirror(), 2.0
    token = Token(True, 0, 0, 0)
    for deeds in turns:
        page = turn_page(drive, token, size, hidden=False)
        mirror.take(page.entries)
        assert len(page.entries) <= size
        token = page.following
        if token.began < 0:
            token = Token(False, token.place, len(drive.log), 0)
        for deed in deeds:
            now += 1
            _do(drive, deed, now)
        _check_books(drive)
    for _ in range(1_000):
        page = turn_page(drive, token, size, hidden=False)
        mirror.take(page.entries)
        token = page.following
        if page.complete:
            break
    assert page.complete
    assert mirror.equals(drive)


def test_a_folder_made_again_during_a_round_leaves_a_ghost_in_the_mirror() -> None:
    """The real service does this (docs-contrib#8794): only a listing afresh finds it out."""
    drive, mirror = _drive(), _Mirror()
    page = turn_page(drive, Token(True, 0, 0, 0), 5, hidden=False)
    mirror.take(page.entries)
    folder = drive.at("Folder 0")
    assert folder is not None
    drive.delete(folder, 2.0)
    drive.add(drive.root, "folder 0", "folder", now=3.0)
    page = turn_page(drive, page.following, 100, hidden=False)
    mirror.take(page.entries)
    assert page.complete
    assert folder.number in mirror.known
    assert not mirror.equals(drive)


def test_a_name_that_is_free_is_kept_and_a_taken_one_counts_on() -> None:
    drive = _drive()
    assert drive.free_name(drive.root, "new.txt") == "new.txt"
    folder = drive.root.children["FOLDER 0"] if drive.root.children else drive.root
    assert drive.free_name(folder, "0.TXT") == "0 1.TXT"
    drive.add(folder, "0 1.txt", "file", now=2.0)
    assert drive.free_name(folder, "0.txt") == "0 2.txt"
    assert drive.free_name(folder, ".hidden") == ".hidden"


def test_only_so_many_versions_are_kept() -> None:
    drive = _drive()
    item = drive.add(drive.root, "often.txt", "file", now=1.0)
    for number in range(600):
        drive.replace(item, number, Generated(number), 2.0 + number, 0)
    assert len(item.more.versions) == 500
    assert item.more.versions[-1].size == 598


def test_permissions_of_a_list_that_is_too_large_never_come() -> None:
    async def nothing() -> bytes:
        return b""

    call = Call("GET", "v1.0", (), {}, {}, nothing, lambda: None, "https://h.example")  # type: ignore[arg-type, return-value]
    drive = _drive()
    assert list_permissions(call, drive, drive.root).status == 200
    drive.items.extend([drive.root] * 100_001)
    with pytest.raises(ApiError) as caught:
        list_permissions(call, drive, drive.root)
    assert caught.value.status == 429
