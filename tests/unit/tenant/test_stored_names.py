"""Hostile names: stored safely, told apart, and never outside the export root."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
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
def test_no_two_items_of_a_folder_share_a_place_on_any_disk(names: list[str]) -> None:
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
        assert len({clash_key(place) for place in places}) == len(names)
        for place in places:
            assert place.split("/")[0] in {"content", "deep"}
            assert all(_is_safe(part) for part in place.split("/")), ascii(place)
            assert len(place.encode()) <= 1300
        before = list(places)
        state.give_places()
        assert [state.place_of(f"i{number}") for number in range(len(names))] == before


def test_case_and_unicode_twins_get_places_of_their_own(tmp_path: Path) -> None:
    with DriveState(tmp_path / "s.sqlite") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        twins = ["A.txt", "a.txt", "caf\u00e9", "cafe\u0301", "ﬁn", "fin"]
        root = {"id": "r", "name": "root", "root": {}}
        files = [
            {"id": f"i{at}", "name": name, "parentReference": {"id": "r"}, "file": {}}
            for at, name in enumerate(twins)
        ]
        store_items(state, 1, [root, *files])
        state.give_places()
        places = [state.place_of(f"i{at}") or "" for at in range(len(twins))]
        assert places[0] == "content/A.txt"
        assert places[1].startswith("content/a~")
        assert places[1].endswith(".txt")
        assert len({unicodedata.normalize("NFC", p).casefold() for p in places}) == len(twins)


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
