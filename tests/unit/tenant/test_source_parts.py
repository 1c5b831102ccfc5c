"""The small parts of a source without ids: ids from paths, times, pieces on disk, requests."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.graph import part_file
from sluis.graph.quickxor import QuickXor
from sluis.tenant.found import Found
from sluis.tenant.local_copy import LocalCopy, store_whole
from sluis.tenant.source import Source
from sluis.tenant.source_listing import (
    found_of,
    item_id_of,
    measure,
    path_of,
    record_listing,
    spelled_time,
)
from sluis.tenant.source_request import read_source_request
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import ExportFolder

NAMES = st.binary(min_size=1, max_size=12).filter(lambda b: b"\0" not in b)


@given(NAMES)
def test_an_id_leads_back_to_its_path_and_can_always_be_kept(path):
    item_id = item_id_of(path)
    item_id.encode("utf-8")
    assert path_of(item_id) == path


@given(NAMES, NAMES)
def test_two_paths_never_have_one_id(one, other):
    assert (item_id_of(one) == item_id_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_561_852_800_500_000_000, "2019-06-30T00:00:00.5Z"),
        (-1_000_000_000, "1969-12-31T23:59:59Z"),
        ((1 << 63) * 1_000_000_000, None),
        (None, None),
    ],
)
def test_times_are_spelled_in_utc_and_no_time_is_made_up(ns, text):
    assert spelled_time(ns) == text


@given(
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    st.one_of(st.none(), st.integers(-(2**63), 2**63)),
    st.sampled_from(["", "123"]),
)
def test_a_file_comes_out_of_the_state_as_it_went_in(size, when, mark):
    found = Found(b"a%\xff", "file", size, when, mark=mark)
    assert found_of(item_id_of(found.path), size or 0, found.tag) == found


def test_figures_are_a_lower_bound_when_something_could_not_be_looked_at():
    measured = measure(
        Source("sftp", "s", "S"),
        [
            Found(b"a", "folder"), Found(b"a/b", "file", 5, 10**9), Found(b"a/c", "file", 7, 3),
            Found(b"l", "link"), Found(b"p", "special", why="a pipe"),
            Found(b"x\x1b", "folder", why="closed"),
        ],
    )  # fmt: skip
    source = measured.source
    assert (source.items, source.folders, source.bytes) == (2, 2, 12)
    assert source.newest == "1970-01-01T00:00:01Z"
    assert measured.could_not == 1 and measured.why[0].endswith("closed")


def test_a_listing_that_was_broken_off_does_not_hide_what_went_away(tmp_path):
    with DriveState(tmp_path / "s.sqlite", "x") as state:
        state.begin_pass("2026-01-01T00:00:00Z")

        def broken():
            yield Found(b"a", "file", 1, 1)
            yield from (Found(b"n%d" % n, "file", 1, 1) for n in range(3000))
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            record_listing(state, 1, broken())
        record_listing(state, 1, [Found(b"b", "file", 1, 1)])
        live = state.db.execute(
            "SELECT item_id FROM items WHERE gone_in_pass IS NULL AND type <> 'root'"
        ).fetchall()
    assert live == [("b",)]


@settings(max_examples=60)
@given(
    data=st.binary(max_size=400),
    cuts=st.lists(st.integers(1, 90), max_size=12),
    lost=st.integers(0, 400),
    harm=st.one_of(st.none(), st.integers(0, 399)),
)
def test_going_on_gives_the_same_file_whatever_was_written_and_damaged(data, cuts, lost, harm):
    with tempfile.TemporaryDirectory() as made, ExportFolder(Path(made)) as folder:
        part_file.CHUNK, before = 64, part_file.CHUNK
        try:
            pieces = []
            with LocalCopy(folder, "content/f", (), pieces.append) as copy:
                for cut in cuts:
                    copy.write(memoryview(data[copy.size : copy.size + cut]))
            part = Path(made, "content", "f.part")
            raw = bytearray(part.read_bytes()[: max(0, part.stat().st_size - lost)])
            if harm is not None and harm < len(raw):
                raw[harm] ^= 1
            part.write_bytes(raw)
            with LocalCopy(folder, "content/f", pieces) as copy:
                sound = copy.size
                assert sound % 64 == 0 and bytes(raw[:sound]) == data[:sound]
                copy.write(memoryview(data[sound:]))
                done = copy.finish(1_000)
        finally:
            part_file.CHUNK = before
        assert Path(made, "content", "f").read_bytes() == data
        assert done.sha256 == hashlib.sha256(data).hexdigest()
        assert done.quickxor == base64.b64encode(QuickXor(data).digest()).decode()


def test_a_copy_never_goes_through_a_link_that_lies_in_its_way(tmp_path):
    (tmp_path / "out" / "content").mkdir(parents=True)
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "out" / "content" / "f.part").symlink_to(tmp_path / "precious")
    with ExportFolder(tmp_path / "out") as folder:
        for act in (
            lambda: store_whole(folder, "content/f", [memoryview(b"x")], None),
            lambda: LocalCopy(folder, "content/f"),
        ):
            with pytest.raises(OSError, match="symbolic links"):
                act()
    assert (tmp_path / "precious").read_bytes() == b"precious"


SECRET = "correct-horse-battery-7"


def good():
    return {
        "sources": [{"kind": "sftp", "id": "i", "name": "I", "server": "old", "location": "/I"}],
        "servers": {"old": {"address": "a", "user": "u", "host_key": "x", "password": SECRET}},
        "folder": "/tmp/x",
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.update(extra=1),
        lambda r: r.pop("folder"),
        lambda r: r["servers"]["old"].update(port="22; rm"),
        lambda r: r["servers"]["old"].update(port=0),
        lambda r: r["servers"]["old"].update(hostkey_checking=False),
        lambda r: r["servers"]["old"].update(patience=SECRET),
        lambda r: r["servers"]["old"].pop("user"),
        lambda r: r["sources"][0].update(server="other"),
        lambda r: r["sources"][0].pop("server"),
        lambda r: r["sources"][0].update(kind="directory"),
        lambda r: r["sources"][0].update(kind="sharepoint"),
        lambda r: r["sources"][0].update(location="relative"),
        lambda r: r["sources"][0].update(mounted="no"),
        lambda r: r["sources"].append(dict(r["sources"][0])),
        lambda r: r.update(policy={"read_twice": "no"}),
        lambda r: r.update(policy={"connections": 65}),
        lambda r: r.update(policy={"verify": False}),
        lambda r: r.update(servers=[SECRET]),
        lambda r: r.update(ends={"i": "2019-06-30"}),
        lambda r: r.update(ends={"i": SECRET}),
    ],
)
def test_a_request_that_is_not_understood_is_refused_and_shows_no_secret(change):
    request = good()
    change(request)
    with pytest.raises(InputError) as told:
        read_source_request(request)
    assert told.value.code == "source-request"
    assert SECRET not in str(told.value) + repr(told.value)


def test_secrets_come_from_files_and_are_in_no_representation(tmp_path):
    request = good()
    (tmp_path / "password").write_text(SECRET + "\n")
    request["servers"]["old"] |= {"password_file": str(tmp_path / "password"), "password": None}
    checked = read_source_request(request)
    assert checked.reads[0].login.password == SECRET
    assert SECRET not in repr(checked)
    (tmp_path / "password").unlink()
    with pytest.raises(InputError) as told:
        read_source_request(request)
    assert told.value.code == "source-secret-file"
