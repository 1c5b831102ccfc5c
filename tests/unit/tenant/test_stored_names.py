"""Hostile names: stored safely, told apart, and never outside the export root."""

from __future__ import annotations

import functools
import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluis.errors import SnapshotError
from sluis.tenant.listed_items import store_items
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import (
    ExportFolder,
    below,
    clash_key,
    marked,
    safe_name,
)

HOSTILE = [
    "", ".", "..", "...", "/", "../../etc/passwd", "a/b", "a\\b", "\0", "a\nb", "\x1b[2J", "\x7f",
    "CON", "con.txt", "Aux", "NUL .txt", "COM0", "com9.log", "LPT¹", "CONIN$", "trailing.",
    "trailing ", " leading", "x.part", "x.PART", ".new-1234", "%", "%2E", "50% off.docx",
    "rtl\u202etxt.exe", "zero\u200bwidth", "nbsp\u00a0here", "\u2028", "e\u0301", "\u00e9",
    "\ud800", "\udc80", "a" * 255, "é" * 255, "😀" * 200, "x" * 190 + ".docx", ":", "a:b",
    "*?<>|\"",
    "~$lock", "desktop.ini", "_vti_", "a" * 400, "." * 300, " ." * 50,
]  # fmt: skip


def _form(name: str) -> Callable[[str], str]:
    return lambda text: unicodedata.normalize(name, text)


def _simple_upper(text: str) -> str:
    """Character by character, and only where that gives one character."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _undrawn(text: str) -> str:
    return "".join(c for c in text if c not in UNDRAWN)


#: never drawn (Unicode: Default_Ignorable_Code_Point), and not spelled as %XX by their category
UNDRAWN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u3164\uffa0\ufe00\ufe0f\U000e0100\U000e01ef"
#: What a disk takes a name for: with the same result, two names are one file. Written down from
#: what file systems do, and not from what the product does.
DISKS: dict[str, Callable[[str], str]] = {
    "Linux": lambda text: text,
    "NTFS, exFAT": _simple_upper,
    "HFS+": lambda text: _form("NFD")(text).lower(),
    "APFS": lambda text: _form("NFD")(_form("NFD")(text).casefold()),
    "ext4 with casefold": lambda text: _form("NFD")(_form("NFD")(_undrawn(text)).casefold()),
    "ZFS, formD": lambda text: _form("NFD")(_form("NFD")(text).upper()),
    "ZFS, formKC": lambda text: _form("NFKC")(text).casefold(),
    "SMB": lambda text: _form("NFC")(text.upper()),
}
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=300))


def _is_safe(name: str) -> bool:
    raw = name.encode()  # is UTF-8, or this fails
    return (
        0 < len(raw) <= 200
        and name not in {".", ".."}
        and not set(name) & set('/\\:*?"<>|')
        and not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in name)
        and not name.endswith((".", " ", ".part"))
        and not name.startswith((" ", ".new-"))
        and name.split(".")[0].rstrip(" ").upper() not in {"CON", "PRN", "AUX", "NUL", "COM1"}
    )


@given(NAMES)
@example("..")
@example("CON")
@example("\ud800")
@settings(max_examples=200, deadline=None)
def test_every_name_becomes_a_safe_one(name: str) -> None:
    assert _is_safe(safe_name(name)), ascii(safe_name(name))
    assert _is_safe(marked(safe_name(name), "item-1"))
    assert _is_safe(marked(safe_name(name), "item-1", 64))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=150, deadline=None)
def test_a_short_name_can_be_read_back(name: str) -> None:
    stored = safe_name(name)
    if stored == "%":
        assert name == ""
    elif "~" not in stored:
        raw = re.sub(
            rb"%([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), os.fsencode(stored)
        )
        assert raw.decode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize(
    "name", ["Report 2024.docx", "a.b.c", "Über uns.pdf", "😀.txt", "~$x.docx"]
)
def test_an_ordinary_name_stays_what_it_is(name: str) -> None:
    assert safe_name(name) == name


@given(st.lists(NAMES, min_size=1, max_size=25))
@settings(max_examples=30, deadline=None)
def test_W2_no_two_items_of_a_folder_share_a_place_on_any_disk(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, DriveState(Path(folder) / "s.sqlite") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        items = [{"id": "root", "name": "root", "root": {}, "folder": {}}]
        for number, name in enumerate(names):
            # every third one is a folder, and the next ones are in it
            parent = "root" if number < 3 else f"i{number // 3 * 3 - 3}"
            kind = "folder" if number % 3 == 0 else "file"
            items.append(
                {"id": f"i{number}", "name": name, "parentReference": {"id": parent}, kind: {}}
            )
        store_items(state, 1, items)
        state.give_places()
        places = [state.place_of(f"i{number}") or "" for number in range(len(names))]
        assert all(places)
        for disk, taken_for in DISKS.items():
            assert len({taken_for(place) for place in places}) == len(names), disk
        for place in places:
            assert place.split("/")[0] in {"content", "deep"}
            assert all(_is_safe(part) for part in place.split("/")), ascii(place)
            assert len(place.encode()) <= 1300
        before = list(places)
        state.give_places()
        assert [state.place_of(f"i{number}") for number in range(len(names))] == before


#: pairs of names that are one on some disk
TWINS = [
    ("A.txt", "a.txt"), ("caf\u00e9", "cafe\u0301"), ("\ufb01n", "fin"), ("\u212b", "\u00c5"),
    # folding takes the first apart, and what is left is composed otherwise than the second
    ("\u0390", "\u03aa\u0301"), ("\u0390", "\u1fd3"), ("\u03b0", "\u03ab\u0301"),
    ("\u1fb3", "\u03b1\u0345"), ("\u1f80", "\u1f88"), ("stra\u00dfe", "STRASSE"),
    ("\u0131.txt", "I.txt"), ("\u0130", "i\u0307"), ("\u017f", "S"), ("\u212a", "k"),
    ("\u03c3", "\u03c2"), ("a\ufe0f.txt", "a.txt"), ("\U0001f600\ufe0f", "\U0001f600"),
    ("a\u034fb", "ab"), ("q\u0307\u0323", "q\u0323\u0307"), ("\uac00", "\u1100\u1161"),
]  # fmt: skip


def _places(folder: Path, names: list[str]) -> list[str]:
    with DriveState(folder / "s.sqlite") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        root = {"id": "r", "name": "root", "root": {}}
        files = [
            {"id": f"i{at}", "name": name, "parentReference": {"id": "r"}, "file": {}}
            for at, name in enumerate(names)
        ]
        store_items(state, 1, [root, *files])
        state.give_places()
        return [state.place_of(f"i{at}") or "" for at in range(len(names))]


@pytest.mark.parametrize("pair", [*TWINS, *(pair[::-1] for pair in TWINS)], ids=ascii)
def test_T40_names_that_are_one_on_some_disk_get_places_of_their_own(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    assert any(taken(pair[0]) == taken(pair[1]) for taken in DISKS.values())
    places = _places(tmp_path, list(pair))
    for disk, taken_for in DISKS.items():
        assert len({taken_for(place) for place in places}) == 2, disk


@functools.cache
def _changing() -> set[str]:
    """Every character that some change makes another text, and these texts."""
    found = set()
    for code in range(128, sys.maxunicode + 1):
        one = chr(code)
        apart = unicodedata.normalize("NFKD", one)
        if one == one.upper() == one.lower() == apart:
            continue
        composed, canonical = (unicodedata.normalize(form, one) for form in ("NFC", "NFD"))
        found |= {one, apart, composed, canonical, one.upper(), one.lower(), canonical.upper()}
    return found


@pytest.mark.parametrize("disk", DISKS)
def test_T40_no_letter_of_unicode_is_taken_for_another_unnoticed(disk: str) -> None:
    groups: dict[str, set[str]] = {}
    for one in _changing():
        groups.setdefault(DISKS[disk](one), set()).add(one)
    for same in groups.values():
        if len(same) > 1:
            assert len({clash_key(one) for one in same}) == 1, [ascii(one) for one in same]


_MARKS = "\u0300\u0301\u0307\u0308\u0323\u0345\u0314"
_LETTERS = (
    "aAiI\u0131\u0130\u03b1\u0391\u03b9\u03aa\u0390\u03b0\u03c3\u03c2\u00df\u1e9e\ufb03\u01c5\u0149"
)


@example("\u0345\u0300")
@example("\u1fb2\u0345")
@given(st.lists(st.sampled_from(_LETTERS + _MARKS + UNDRAWN), min_size=1, max_size=6).map("".join))
def test_T40_no_sequence_of_letters_and_marks_is_taken_for_another_unnoticed(text: str) -> None:
    others = {
        change(text)
        for change in (str.upper, str.lower, str.casefold, str.title, _undrawn,
                       *map(_form, ("NFC", "NFD", "NFKC", "NFKD")))
    }  # fmt: skip
    for disk, taken_for in DISKS.items():
        for other in others:
            if taken_for(other) == taken_for(text):
                assert clash_key(other) == clash_key(text), (disk, ascii(text), ascii(other))


def test_T40_names_that_are_two_everywhere_need_no_mark(tmp_path: Path) -> None:
    names = ["a.txt", "\u00e4.txt", "b.txt", "\u4e2d.txt", "\u03b1.txt", "a.docx"]
    assert _places(tmp_path, names) == [f"content/{name}" for name in names]


def test_case_and_unicode_twins_get_a_mark_before_their_suffix(tmp_path: Path) -> None:
    first, second = _places(tmp_path, ["A.txt", "a.txt"])
    assert first == "content/A.txt"
    assert second.startswith("content/a~")
    assert second.endswith(".txt")


def test_a_path_that_is_too_long_goes_elsewhere() -> None:
    place = "content"
    for level in range(40):
        place = below(place, f"folder number {level:03d} with a long name", f"id-{level}")
        assert len(place.encode()) <= 1000
    assert place.startswith("deep/")
    assert below("content", "a", "x") == "content/a"


class TestExportFolder:
    def test_files_go_where_they_belong(self, tmp_path: Path) -> None:
        with ExportFolder(tmp_path / "root") as root:
            with root.place("content/a/b.txt") as target:
                target.write_bytes(b"hello")
            assert (tmp_path / "root/content/a/b.txt").read_bytes() == b"hello"
            assert root.size_of("content/a/b.txt") == 5
            assert root.size_of("content/a/none") is None

    @pytest.mark.parametrize(
        "stored",
        ["../x", "content/../../x", "/etc/x", "content//x", "", ".", "content/./x", "a\0b"],
    )
    def test_what_is_no_stored_path_is_refused(self, tmp_path: Path, stored: str) -> None:
        with (
            ExportFolder(tmp_path / "root") as root,
            pytest.raises(SnapshotError) as error,
            root.place(stored),
        ):
            pass
        assert error.value.code == "export-path-unsafe"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["root"]

    @pytest.mark.parametrize("where", ["content", "content/a", "content/a/b.txt"])
    def test_a_link_on_the_way_is_not_followed(self, tmp_path: Path, where: str) -> None:
        outside = tmp_path / "outside"
        (outside / "a").mkdir(parents=True)
        link = tmp_path / "root" / where
        link.parent.mkdir(parents=True)
        target = outside / "victim" if where.endswith(".txt") else outside
        link.symlink_to(target)
        with (
            ExportFolder(tmp_path / "root") as root,
            pytest.raises(SnapshotError) as error,
            root.place("content/a/b.txt") as place,
        ):
            place.write_bytes(b"out")
        assert error.value.code == "export-path-unsafe"
        assert [p.name for p in outside.rglob("*")] == ["a"]

    def test_a_pipe_in_a_files_place_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "content").mkdir()
        os.mkfifo(tmp_path / "content" / "x")
        with ExportFolder(tmp_path) as root:
            assert root.size_of("content/x") is None

    def test_two_exports_at_once_are_refused(self, tmp_path: Path) -> None:
        with ExportFolder(tmp_path), pytest.raises(SnapshotError) as error:
            ExportFolder(tmp_path)
        assert error.value.code == "export-running"
        with ExportFolder(tmp_path):
            pass

    @given(NAMES)
    @settings(max_examples=40, deadline=None)
    def test_nothing_is_ever_written_outside(self, name: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "root"
            with ExportFolder(root) as export, export.place(f"content/{safe_name(name)}") as place:
                place.write_bytes(b"x")
            assert [p.name for p in Path(folder).iterdir()] == ["root"]
            assert len(list((root / "content").iterdir())) == 1
