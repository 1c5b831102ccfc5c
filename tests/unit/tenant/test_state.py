"""The state of a drive: passes, the tree that comes out of pages, and what survives."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import SnapshotError
from sluis.tenant.listed_items import (
    apply_page,
    begin_anew,
    counted,
    map_folders,
    miscounted,
    settle,
    settle_below,
    store_items,
    strays,
)
from sluis.tenant.manifest_lines import manifest_lines
from sluis.tenant.state import DriveState
from support.listed import live_paths


def _item(name: str, parent: str | None, kind: str = "file", **more: Any) -> dict[str, Any]:
    facet: dict[str, Any] = {"childCount": more.pop("children")} if "children" in more else {}
    made = {"id": name, "name": more.pop("called", name), kind: facet, **more}
    if parent is None:
        return {**made, "root": {}}
    return {**made, "parentReference": {"id": parent}}


ROOT = _item("root", None, "folder")


@pytest.fixture
def state(tmp_path: Path) -> DriveState:
    made = DriveState(tmp_path / "state.sqlite", "drive-1")
    made.begin_pass("2026-01-01T00:00:00Z")
    return made


def _finish(state: DriveState) -> None:
    current = state.current_pass()
    assert current is not None
    settle(state, current)
    settle_below(state, current.number)


def test_a_page_and_its_link_are_kept_together_or_not_at_all(state: DriveState) -> None:
    apply_page(state, 1, [ROOT, _item("a", "root")], "link-1", complete=False)
    unstorable: Any = object()
    with pytest.raises(sqlite3.Error):
        apply_page(state, 1, [_item("b", "root")], unstorable, complete=False)
    current = state.current_pass()
    assert current is not None
    assert (current.link, current.pages, current.items) == ("link-1", 1, 2)
    assert live_paths(state) == ["a"]


@pytest.mark.parametrize("nameless", [{}, {"id": ""}, {"id": None}, {"id": 7}])
@pytest.mark.parametrize("deleted", [{}, {"deleted": {}}])
def test_M7_an_entry_that_says_not_which_item_it_is_is_a_gap(
    state: DriveState, nameless: dict[str, Any], deleted: dict[str, Any]
) -> None:
    page = [ROOT, _item("a", "root"), {"name": "whose?", **nameless, **deleted}]
    apply_page(state, 1, page, "end", complete=True)
    assert live_paths(state) == ["a"]
    (gap,) = state.gaps(1)
    assert (gap.what, gap.subject) == ("items", "an entry of the listing: whose?")


def test_the_last_of_two_entries_counts_and_the_other_is_counted(state: DriveState) -> None:
    apply_page(state, 1, [ROOT, _item("a", "root", called="old")], "1", complete=False)
    again = [_item("a", "root", called="new"), _item("a", "root", called="newest")]
    apply_page(state, 1, again, "2", complete=True)
    assert live_paths(state) == ["newest"]
    current = state.current_pass()
    assert current is not None
    assert current.again == 2


def test_a_renamed_folder_gives_its_descendants_another_path(state: DriveState) -> None:
    store_items(
        state, 1, [ROOT, _item("f", "root", "folder"), _item("g", "f", "folder"), _item("x", "g")]
    )
    assert live_paths(state) == ["f", "f/g", "f/g/x"]
    store_items(state, 1, [_item("f", "root", "folder", called="F2")])
    assert live_paths(state) == ["F2", "F2/g", "F2/g/x"]


def test_children_may_come_before_their_parents(state: DriveState) -> None:
    store_items(state, 1, [_item("x", "g"), _item("g", "f", "folder")])
    assert live_paths(state) == []
    store_items(state, 1, [_item("f", "root", "folder"), ROOT])
    assert live_paths(state) == ["f", "f/g", "f/g/x"]


def test_a_deleted_folder_takes_along_what_is_still_in_it(state: DriveState) -> None:
    pages = [
        ROOT,
        _item("f", "root", "folder"),
        _item("g", "f", "folder"),
        _item("x", "g"),
        _item("y", "g"),
    ]
    apply_page(state, 1, pages, "end", complete=True)
    state.finish_pass("2026-01-01T01:00:00Z")
    state.begin_pass("2026-01-02T00:00:00Z")
    # y was moved out first; the folder's deletion comes alone and without a name
    store_items(state, 2, [_item("y", "root"), {"id": "f", "deleted": {}, "folder": {}}])
    _finish(state)
    assert live_paths(state) == ["y"]


def test_M1_what_was_taken_for_rewritten_because_it_was_whole_is_doubted(tmp_path: Path) -> None:
    """By a state of an earlier release; what is compared now stays."""
    place = tmp_path / "old.sqlite"

    def verdicts(state: DriveState) -> list[tuple[str, str]]:
        return state.db.execute("SELECT item_id, verdict FROM contents ORDER BY 1").fetchall()

    with DriveState(place) as state:
        state.db.execute("DELETE FROM about WHERE key = 'rewritten is compared'")
        for item, verdict in (("a", "rewritten by the service"), ("b", "equal")):
            state.db.execute(
                "INSERT INTO contents (item_id, state, verdict, in_pass) VALUES (?, 'had', ?, 1)",
                (item, verdict),
            )
    with DriveState(place) as state:
        assert verdicts(state) == [("a", "not verified"), ("b", "equal")]
        state.db.execute("UPDATE contents SET verdict = 'rewritten by the service'")
    with DriveState(place) as state:
        assert {verdict for _, verdict in verdicts(state)} == {"rewritten by the service"}


def test_a_doubt_that_an_earlier_release_told_by_its_sentence_alone_is_named(
    tmp_path: Path,
) -> None:
    place = tmp_path / "old.sqlite"
    once = "The source lists no hash; size and time were the same before and after the reading."
    rows = {
        "a": ("not verified", once),
        "b": ("not verified", f"{once} A second reading failed: it is away."),
        "c": ("not verified", "It was edited each of the 3 times between two readings; the copy"),
        "d": ("not verified", "Something else."),
        "e": ("equal", once),
    }
    with DriveState(place) as state:
        state.db.execute("ALTER TABLE contents DROP COLUMN doubt")
        for item, (verdict, note) in rows.items():
            state.db.execute(
                "INSERT INTO contents (item_id, state, verdict, note, in_pass)"
                " VALUES (?, 'had', ?, ?, 1)",
                (item, verdict, note),
            )
    with DriveState(place) as state:
        named = dict(state.db.execute("SELECT item_id, doubt FROM contents").fetchall())
    assert named == {"a": "read once", "b": "read once", "c": "edited", "d": None, "e": None}


def test_a_full_listing_sweeps_what_it_did_not_name(state: DriveState) -> None:
    apply_page(state, 1, [ROOT, _item("a", "root"), _item("b", "root")], "end", complete=True)
    state.finish_pass("2026-01-01T01:00:00Z")
    second = state.begin_pass("2026-01-02T00:00:00Z")
    assert (second.number, second.link, second.full) == (2, "end", False)
    begin_anew(state, 2, None, "apply-differences")
    apply_page(state, 2, [ROOT, _item("b", "root")], "end-2", complete=True)
    _finish(state)
    assert live_paths(state) == ["b"]
    row = state.db.execute("SELECT gone_how, gone_in_pass FROM items WHERE item_id='a'").fetchone()
    assert row == ("not returned in a full listing", 2)


def test_parents_that_go_in_circles_are_strays_and_not_a_hang(state: DriveState) -> None:
    store_items(
        state, 1, [ROOT, _item("a", "b", "folder"), _item("b", "a", "folder"), _item("x", "a")]
    )
    assert live_paths(state) == []
    assert [item for item, _parent in strays(state)] == ["a", "b", "x"]
    state.give_places()  # must end


def test_folders_that_count_otherwise_are_found(state: DriveState) -> None:
    store_items(
        state, 1,
        [{**ROOT, "folder": {"childCount": 1}}, _item("f", "root", "folder", children=3),
         _item("x", "f")],
    )  # fmt: skip
    map_folders(state)
    assert miscounted(state) == [("f", "f", 3, 1)]


def test_counts(state: DriveState) -> None:
    hashed = {"hashes": {"quickXorHash": "A"}}
    when = {"fileSystemInfo": {"lastModifiedDateTime": "2026-01-01T00:00:00Z"}}
    store_items(
        state, 1,
        [ROOT, _item("a", "root", size=5, **when), {**_item("b", "root", size=7), "file": hashed},
         _item("n", "root", "package"), {**_item("s", "root"), "remoteItem": {"id": "z"}}],
    )  # fmt: skip
    found = counted(state)
    assert (found.files, found.packages, found.shortcuts, found.bytes) == (2, 1, 1, 12)
    assert (found.newest, found.unhashed) == ("2026-01-01T00:00:00Z", 1)


def test_a_file_that_was_never_fetched_has_a_line_that_says_so(state: DriveState) -> None:
    store_items(state, 1, [ROOT, _item("a", "root", size=5)])
    (line,) = manifest_lines(state)
    assert line.state == "could not be had"
    assert line.why


def test_a_state_belongs_to_one_source(state: DriveState, tmp_path: Path) -> None:
    state.close()
    with pytest.raises(SnapshotError) as error:
        DriveState(tmp_path / "state.sqlite", "drive-2")
    assert error.value.code == "state-of-another-source"
    with DriveState(tmp_path / "state.sqlite", "drive-1"):
        pass
    assert (tmp_path / "state.sqlite").stat().st_mode & 0o077 == 0


def test_a_state_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(SnapshotError) as error:
        DriveState(tmp_path / "state.sqlite")
    assert error.value.code == "state-unreadable"


_TREE = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=24)


@given(_TREE)
@settings(max_examples=30, deadline=None)
def test_whatever_order_pages_tell_a_tree_in_the_paths_are_those_of_a_plain_model(
    told: list[tuple[int, int, bool]],
) -> None:
    import tempfile

    with (
        tempfile.TemporaryDirectory() as folder,
        DriveState(Path(folder) / "state.sqlite") as state,
    ):
        state.begin_pass("2026-01-01T00:00:00Z")
        model: dict[str, str | None] = {}
        store_items(state, 1, [ROOT])
        for item, parent, gone in told:
            if gone:
                store_items(state, 1, [{"id": f"i{item}", "deleted": {}}])
                model.pop(f"i{item}", None)
            else:
                above = f"i{parent}" if parent else "root"
                store_items(state, 1, [_item(f"i{item}", above, "folder")])
                model[f"i{item}"] = above

        def path(item: str | None, seen: tuple[str, ...] = ()) -> str | None:
            if item == "root":
                return ""
            if item is None or item not in model or item in seen:
                return None
            above = path(model[item], (*seen, item))
            return None if above is None else f"{above}/{item}".strip("/")

        expected = sorted(p for p in (path(item) for item in model) if p)
        assert live_paths(state) == expected


_NONSENSE = [7, "text", True, [], {}, None, 1.5, -1, 1 << 70]
_FIELDS = (
    "name", "size", "file", "folder", "parentReference", "fileSystemInfo", "eTag", "shared",
    "createdBy", "lastModifiedBy", "createdDateTime", "lastModifiedDateTime", "pendingOperations",
    "bundle", "remoteItem", "malware", "package", "description",
)  # fmt: skip


@pytest.mark.parametrize("field", _FIELDS)
def test_M11_no_field_of_an_entry_stops_a_listing(state: DriveState, field: str) -> None:
    for at, value in enumerate(_NONSENSE):
        item = {"id": f"x{at}", "name": f"x{at}", "parentReference": {"id": "root"}, "file": {}}
        apply_page(state, 1, [ROOT, {**item, field: value}], "link", complete=False)
        for inner in ("hashes", "id", "childCount", "lastModifiedDateTime", "user"):
            entry = {**item, "id": f"y{at}{inner}", field: {inner: value}}
            apply_page(state, 1, [entry], "link", complete=False)


@pytest.mark.parametrize("name", ["a\ud83d.txt", "a\udcff.txt"])
def test_what_could_not_be_had_is_kept_whatever_its_name_is(state: DriveState, name: str) -> None:
    state.could_not(1, "permissions of an item", f"{name} (i1)", f"refused: {name}")
    (gap,) = state.gaps(1)
    assert f"{gap.subject}{gap.why}".isascii()
    state.note(1, "loop", name)
    assert state.notes(1)[0][1].isascii()
