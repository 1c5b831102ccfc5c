"""What happened between two passes, and what is known of who and when (B6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluis.tenant.changes import Change, compare_passes, count
from sluis.tenant.recycle_bin import BinEntry
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine

SPAN = ("2026-06-29T10:00:00Z", "2026-06-30T10:00:00Z")


def _line(item_id: str, path: str, **more: object) -> ManifestLine:
    usual = {"size": 10, "sha256": "a" * 64, "stored": f"content/{path}", "type": "file"}
    return ManifestLine(path=path, item_id=item_id, **{**usual, **more})  # type: ignore[arg-type]


def _folder(item_id: str, path: str) -> ManifestLine:
    return ManifestLine(path=path, type="folder", item_id=item_id)


BEFORE = [
    _folder("f", "Letters"),
    _line("1", "Letters/a.docx"),
    _line("2", "Letters/b.docx"),
    _line("3", "c.txt"),
]


def _changes(after: list[ManifestLine], **more: object) -> list[Change]:
    return list(compare_passes(BEFORE, after, between=SPAN, **more))  # type: ignore[arg-type]


def test_nothing_happened() -> None:
    assert _changes(BEFORE) == []


def test_case_B6_a_vanished_file_is_reported_with_what_the_bin_knows() -> None:
    entry = BinEntry(
        "bin-1", "b.docx", 10, "2026-06-30T09:30:00Z", "sites/team/Shared Documents/Letters",
        "user01@rehearsal.example",
    )  # fmt: skip
    elsewhere = replace(entry, id="bin-2", deleted_from="sites/team/Other", deleted_by=None)
    (gone,) = _changes(
        [line for line in BEFORE if line.item_id != "2"],
        deleted=[entry, elsewhere],
        gone_how={"2": "deleted"},
    )
    assert gone.what == "vanished"
    assert gone.path_before == "Letters/b.docx"
    assert gone.when == "2026-06-30T09:30:00Z"
    assert gone.who == "user01@rehearsal.example"
    assert "recycle bin" in gone.known
    # its bytes were had in the pass before, and where they lie is said
    assert gone.kept == "content/Letters/b.docx"


def test_case_B6_a_file_that_went_with_its_folder_is_found_through_the_folder() -> None:
    entry = BinEntry("bin-1", "Letters", 20, "2026-06-30T09:30:00Z", "sites/team/Docs", None, "x")
    found = _changes([BEFORE[3]], deleted=[entry])
    assert {change.path_before for change in found} == {
        "Letters",
        "Letters/a.docx",
        "Letters/b.docx",
    }
    assert {change.when for change in found} == {"2026-06-30T09:30:00Z"}
    # who changed the folder last is not who deleted it
    assert {change.who for change in found} == {None}
    assert all("does not say who" in change.known for change in found)


def test_case_B6_what_is_not_known_is_said_to_be_unknown() -> None:
    (gone,) = _changes(BEFORE[:-1])
    assert (gone.when, gone.who) == (None, None)
    assert "is not known" in gone.known
    assert SPAN[0] in gone.known
    assert SPAN[1] in gone.known


def test_two_entries_that_fit_name_nobody() -> None:
    entry = BinEntry("1", "c.txt", 10, "2026-06-30T09:30:00Z", None, "user01@rehearsal.example")
    (gone,) = _changes(BEFORE[:-1], deleted=[entry, replace(entry, id="2")])
    assert gone.who is None
    assert "which is not known" in gone.known


def test_a_renamed_folder_takes_its_files_along() -> None:
    after = [
        _folder("f", "Old letters"),
        _line("1", "Old letters/a.docx"),
        _line("2", "Old letters/b.docx"),
        BEFORE[3],
    ]
    found = _changes(after)
    assert count(found) == {"moved": 1, "moved along": 2}
    assert {change.item_id for change in found if change.what == "moved along"} == {"1", "2"}


def test_a_file_moved_to_another_folder_is_moved_by_itself() -> None:
    after = [*BEFORE[:2], replace(BEFORE[2], path="b.docx", modified_by="x"), BEFORE[3]]
    (moved,) = _changes(after)
    assert (moved.what, moved.path_before, moved.path_after) == (
        "moved",
        "Letters/b.docx",
        "b.docx",
    )


def test_changed_new_rights_and_details() -> None:
    after = [
        BEFORE[0],
        replace(BEFORE[1], sha256="b" * 64, modified="2026-06-30T01:00:00Z", modified_by="me"),
        replace(BEFORE[2], permissions=({"roles": ["write"]},)),
        replace(BEFORE[3], fields={"Status": "final"}),
        _line("9", "new.txt"),
    ]
    found = {change.item_id: change for change in _changes(after)}
    assert {one: change.what for one, change in found.items()} == {
        "1": "changed",
        "2": "rights changed",
        "3": "details changed",
        "9": "new",
    }
    assert (found["1"].who, found["1"].when) == ("me", "2026-06-30T01:00:00Z")
    assert found["2"].who is None


def test_a_file_that_could_be_had_and_now_cannot() -> None:
    lost = replace(
        BEFORE[3], state=COULD_NOT, sha256=None, stored=None, why="The service found malware."
    )
    (change,) = _changes([*BEFORE[:3], lost])
    assert change.what == "no longer had"
    assert change.kept == "content/c.txt"
    (back,) = compare_passes([lost], [BEFORE[3]])
    assert back.what == "had at last"


def test_an_item_made_anew_under_the_same_path_is_told_apart() -> None:
    found = _changes([*BEFORE[:3], _line("33", "c.txt")])
    assert count(found) == {"new": 1, "vanished": 1}
    assert "Another item has its path now." in found[0].known


_BIN = BinEntry(
    "bin-1", "b.docx", 10, "2026-06-30T09:30:00Z", "sites/team/Shared Documents/Letters",
    "user01@rehearsal.example",
)  # fmt: skip
_OTHERS = {
    "another size": replace(_BIN, size=11),
    "no size": replace(_BIN, size=0),
    "another name": replace(_BIN, name="b2.docx"),
    "another folder": replace(_BIN, deleted_from="sites/team/Shared Documents/Other"),
    "a folder whose name ends the same": replace(
        _BIN, deleted_from="sites/team/Shared Documents/Old Letters"
    ),
    "the drive itself": replace(_BIN, deleted_from="sites/team/Shared Documents"),
    "before the first pass": replace(_BIN, deleted="2026-06-29T07:59:59Z"),
    "before the second in which it began": replace(_BIN, deleted="2026-06-29T08:00:00.9Z"),
    "before it, elsewhere on earth": replace(_BIN, deleted="2026-06-29T12:59:59+05:00"),
}


def _lost(entry: BinEntry, *more: ManifestLine, lost: str = "2") -> Change:
    """What is said of an item that vanished, with one entry in the bin."""
    before = [*BEFORE, *more]
    after = [line for line in before if line.item_id != lost]
    (gone,) = compare_passes(
        before, after, deleted=[entry], between=SPAN, began="2026-06-29T08:00:01.7Z"
    )
    return gone


@pytest.mark.parametrize("entry", _OTHERS.values(), ids=_OTHERS)
def test_T39_an_entry_of_something_else_names_nobody(entry: BinEntry) -> None:
    gone = _lost(entry)
    assert (gone.when, gone.who) == (None, None)
    assert "Not in the recycle bin" in gone.known


@pytest.mark.parametrize(
    "entry",
    [
        _BIN,
        replace(_BIN, name="B.DOCX", deleted_from="/sites/team/Shared Documents/letters/"),
        replace(_BIN, deleted_from=None),
        replace(_BIN, deleted_from="Letters"),
        replace(_BIN, deleted="2026-06-29T08:00:01Z"),
    ],
)
def test_T39_the_entry_of_the_item_itself_names_who_deleted_it(entry: BinEntry) -> None:
    gone = _lost(entry)
    assert (gone.when, gone.who) == (entry.deleted, "user01@rehearsal.example")


def test_T39_of_two_entries_only_the_one_that_fits_counts() -> None:
    wrong = [replace(entry, id=why, deleted_by="x") for why, entry in _OTHERS.items()]
    (gone,) = compare_passes(
        BEFORE, [line for line in BEFORE if line.item_id != "2"],
        deleted=[*wrong, _BIN], between=SPAN, began="2026-06-29T08:00:01.7Z",
    )  # fmt: skip
    assert gone.who == "user01@rehearsal.example"


@pytest.mark.parametrize("there", ["before", "after", "both"])
def test_T39_what_lay_in_a_deeper_folder_of_the_same_name_is_another_item(there: str) -> None:
    """The bin tells paths that begin with the drive's own, which is not known here."""
    deeper = (_folder("o", "Other"), _folder("ol", "Other/Letters"))
    entry = replace(_BIN, deleted_from="sites/team/Shared Documents/Other/Letters")
    before = BEFORE if there == "after" else [*BEFORE, *deeper]
    after = [line for line in BEFORE if line.item_id != "2"]
    after += deeper if there != "before" else ()
    found = compare_passes(before, after, deleted=[entry])
    assert {change.path_before: change.who for change in found}["Letters/b.docx"] is None
    # and what lay in the drive itself did not lie in one of its folders
    assert _lost(replace(_BIN, name="c.txt"), lost="3").who is None
    top = replace(_BIN, name="c.txt", deleted_from="sites/team/Shared Documents")
    assert _lost(top, lost="3").who == "user01@rehearsal.example"


def test_T39_a_folder_that_is_still_there_was_not_deleted_with_the_one_above_it() -> None:
    before = [_folder("a", "A"), _folder("b", "A/B"), _line("x", "A/B/x.txt")]
    after = [_folder("b", "Elsewhere")]
    entry = BinEntry("1", "A", 0, "2026-06-30T09:30:00Z", "sites/team/Docs", "deleter")
    found = {
        change.path_before: change for change in compare_passes(before, after, deleted=[entry])
    }
    assert found["A"].who == "deleter"
    assert found["A/B/x.txt"].who is None
    # where it went with the folders above it, they tell
    found = {change.path_before: change for change in compare_passes(before, [], deleted=[entry])}
    assert {path: change.who for path, change in found.items()} == {
        "A": "deleter", "A/B": "deleter", "A/B/x.txt": "deleter",
    }  # fmt: skip


def test_T39_times_that_cannot_be_compared_exclude_nothing() -> None:
    for when in (None, "soon", "2026-06-29T07:00:00"):
        assert _lost(replace(_BIN, deleted=when)).who == "user01@rehearsal.example"
