"""What a server may say that is not so: it comes to no yes, and to no file elsewhere."""

from __future__ import annotations

import hashlib
import os
import stat
import time

import pytest

from sluis.evidence.canonical import canonical
from sluis.tenant import sftp_fetch
from sluis.tenant.sftp_login import SftpLogin
from sluis.tenant.source_error import CutError, SourceError
from sluis.tenant.state import DriveState
from support.lying_sftp import (
    DENIED,
    EOF,
    PASSWORD,
    ROOT,
    SILENT,
    HangUpError,
    LyingServer,
    Node,
    folder,
)
from support.sftp_places import export, lines_of, outside, tree


def login(server, **changes):
    given = {
        "address": "127.0.0.1", "user": "reader", "port": server.port, "password": PASSWORD,
        "host_key": server.host_key(), "patience": 10.0,
    }  # fmt: skip
    return SftpLogin(**{**given, **changes})


def run(server, out, **policy):
    report = export(login(server), ROOT.decode(), out, **policy)
    return report, lines_of(report, out)


@pytest.mark.parametrize(
    "name", [b"../../etc/cron.d/x", b"/etc/passwd", b"a/b", b"", b"nul\0byte", b"..\0", b"a/../.."]
)
def test_a_name_that_no_item_can_have_is_reported_and_leads_nowhere(tmp_path, name):
    with LyingServer() as server:
        server.add(b"good", b"data")
        server.nodes[ROOT].names = lambda page: (
            EOF if page else [(name, Node(b"evil")), (b"good", server.nodes[ROOT + b"/good"])]
        )
        report, lines = run(server, tmp_path / "deep" / "out")
    assert set(lines) == {"good"} and lines["good"].state == "had"
    (gap,) = report.gaps
    assert (gap.what, gap.subject) == ("name", "/") and "no item can have that name" in gap.why
    assert set(server.opened) == {ROOT, ROOT + b"/good"}
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert outside(tmp_path / "deep" / "out") == []


@pytest.mark.parametrize("size", [0, 3, 9, 11, 5_000_000, 1 << 62])
def test_a_size_that_is_a_lie_is_not_had(tmp_path, size):
    with LyingServer() as server:
        server.add(b"liar", b"0123456789", size=size)
        server.add(b"honest", b"0123456789")
        _, lines = run(server, tmp_path)
    assert lines["honest"].state == "had"
    assert (lines["liar"].state, lines["liar"].stored) == ("could not be had", None)
    assert f"lists {size:,} bytes and gives" in lines["liar"].why
    assert set(tree(tmp_path / "content")) == {"honest"}


def test_a_file_that_grows_while_it_is_read_is_read_again(tmp_path):
    def grow(node, offset, count):
        if len(node.content) == 10:
            node.content, node.mtime = b"0123456789and more", node.mtime + 5

    with LyingServer() as server:
        server.add(b"log", b"0123456789", on_read=grow)
        _, lines = run(server, tmp_path)
    line = lines["log"]
    assert (line.state, line.check, line.size) == ("had", "equal", 18)
    assert (tmp_path / line.stored).read_bytes() == b"0123456789and more"
    assert line.etag == "18@1500000005000000000"


def test_a_file_that_never_stops_changing_is_called_edited_meanwhile(tmp_path):
    def shrink_and_grow(node, offset, count):
        node.mtime += 1
        node.content = b"x" * (5 + node.mtime % 7)

    with LyingServer() as server:
        server.add(b"busy.pst", b"0123456789", on_read=shrink_and_grow)
        _, lines = run(server, tmp_path)
    line = lines["busy.pst"]
    assert (line.state, line.check) == ("could not be had", None)
    assert "edited meanwhile: it was edited each of the 3 times" in line.why
    assert tree(tmp_path / "content") == {}


def test_other_bytes_at_every_reading_are_never_called_had(tmp_path):
    with LyingServer() as server:
        server.add(b"noise", b"0123456789", on_read=lambda *_: os.urandom(10))
        report, lines = run(server, tmp_path)
    assert lines["noise"].state == "could not be had"
    assert "corrupt: 3 times two readings of it gave different bytes" in lines["noise"].why
    assert report.files == 0


def test_one_flipped_byte_is_found_by_the_second_reading_and_mended(tmp_path):
    def flip_once(node, offset, count):
        node.on_read = None
        return b"0123456780"

    with LyingServer() as server:
        server.add(b"flipped", b"0123456789", on_read=flip_once)
        report, lines = run(server, tmp_path)
    assert (lines["flipped"].state, lines["flipped"].check) == ("had", "equal")
    assert (tmp_path / lines["flipped"].stored).read_bytes() == b"0123456789"
    assert any("was not the same when it was read again" in note for note in report.notes)


def test_without_a_second_reading_nothing_is_called_equal(tmp_path):
    with LyingServer() as server:
        server.add(b"file", b"0123456789")
        _, lines = run(server, tmp_path, read_twice=False)
    assert (lines["file"].state, lines["file"].check) == ("had", "not verified")
    assert "lists no hash" in lines["file"].check_note
    assert lines["file"].doubt == "read once"


def test_a_link_that_a_listing_calls_a_file_is_not_followed(tmp_path):
    with LyingServer() as server:
        link = server.add(b"link", mode=stat.S_IFLNK | 0o777, target=b"/etc/shadow\xff")
        link.listed_as = Node(b"x" * 100)
        loop = server.add(b"loop", mode=stat.S_IFLNK | 0o777, target=b"..")
        loop.listed_as = folder()
        _, lines = run(server, tmp_path)
    assert (lines["link"].type, lines["link"].target) == ("shortcut", {"link": "/etc/shadow%FF"})
    assert (lines["loop"].type, lines["loop"].target) == ("shortcut", {"link": ".."})
    assert set(server.opened) == {ROOT}


def test_special_files_and_items_without_a_type_are_never_opened(tmp_path):
    with LyingServer() as server:
        for name, kind in ((b"pipe", stat.S_IFIFO), (b"disk", stat.S_IFBLK), (b"s", stat.S_IFSOCK)):
            server.add(name, mode=kind | 0o644)
        server.add(b"what", mode=None)
        _, lines = run(server, tmp_path)
        again, _ = run(server, tmp_path)
    assert {line.state for line in lines.values()} == {"could not be had"}
    assert "does not say what it is" in lines["what"].why
    assert set(server.opened) == {ROOT} and again.seen_in_pass == 2


def test_a_folder_inside_itself_ends(tmp_path):
    class Endless(dict):
        def get(self, path, default=None):
            return folder(names=lambda page: EOF if page else [(b"d", folder())])

        def __getitem__(self, path):
            return self.get(path)

    with LyingServer() as server:
        server.nodes = Endless()
        report, lines = run(server, tmp_path)
    assert len(lines) == 513
    assert [line.path.count("/") for line in lines.values() if line.state != "had"] == [512]
    assert "512 folders deep" in report.could_not_named[0]["why"]


@pytest.mark.parametrize("names", [[], [(b"same", Node(b"x"))]])
def test_a_listing_that_never_ends_is_ended_and_said(tmp_path, names):
    with LyingServer() as server:
        server.add(b"same", b"x")
        server.add_folder(b"endless", names=lambda page: names)
        _, lines = run(server, tmp_path)
    assert lines["endless"].state == "could not be had"
    assert "does not end" in lines["endless"].why
    assert lines["same"].state == "had"


def test_what_may_not_be_read_is_named_with_its_reason(tmp_path):
    with LyingServer() as server:
        server.add_folder(b"closed", on_open=lambda _: DENIED)
        server.add(b"secret", b"x", on_open=lambda _: DENIED)
        server.add(b"odd", b"x", on_open=lambda _: 77)
        server.add(b"half", b"x" * 100, on_read=lambda *_: 4)
        report, lines = run(server, tmp_path)
    assert "the account may not read it" in lines["closed"].why
    assert "the account may not read it" in lines["secret"].why
    assert "status 77: as I please" in lines["odd"].why and "\x1b" not in lines["odd"].why
    assert "could not be read to its end" in lines["half"].why
    assert report.could_not == 4


def test_what_a_closed_folder_held_before_is_not_called_gone(tmp_path):
    with LyingServer() as server:
        closed = server.add_folder(b"map")
        server.add(b"map/kept", b"x")
        server.add(b"gone", b"y")
        run(server, tmp_path)
        closed.on_open = lambda _: DENIED
        del server.nodes[ROOT + b"/gone"]
        report, lines = run(server, tmp_path)
    assert report.changes == {"no longer had": 1, "vanished": 1}
    assert (lines["map"].state, lines["map/kept"].state) == ("could not be had", "had")
    assert [gap.what for gap in report.gaps] == ["folder"]
    assert "not looked at again" in report.gaps[0].why


def test_short_answers_are_completed_at_their_offsets(tmp_path):
    content = os.urandom(300_000)
    with LyingServer(most_read=999) as server:
        server.add(b"slow", content)
        _, lines = run(server, tmp_path)
    assert lines["slow"].sha256 == hashlib.sha256(content).hexdigest()


def test_a_server_that_never_gives_the_first_bytes_fills_no_memory(tmp_path):
    """All others come at once, of a file as long as it likes."""
    with LyingServer() as server:
        server.add(
            b"endless", size=1 << 40,
            on_read=lambda _node, offset, count: bytes(count) if offset else SILENT,
        )  # fmt: skip
        server.add(b"small", b"data")
        report = export(
            login(server, patience=3.0), ROOT.decode(), tmp_path, pauses=(0.0,) * 6
        )  # fmt: skip
        asked = sum(count for name, _, count in server.reads if name.endswith(b"endless"))
    lines = lines_of(report, tmp_path)
    assert asked <= 4 * (4 << 20)
    assert "connection was lost each of the 4 times" in lines["endless"].why
    assert lines["small"].state == "had"


def test_a_server_that_gives_a_byte_now_and_then_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sftp_fetch, "_WINDOW", 0.5)

    def drip(*_):
        time.sleep(0.01)
        return b"x"

    with LyingServer() as server:
        server.add(b"slow", size=2_000_000, on_read=drip)
        server.add(b"small", b"data")
        _, lines = run(server, tmp_path, pauses=(0.0,) * 6)
    assert "connection was lost each of the 4 times" in lines["slow"].why
    assert lines["small"].state == "had"


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_more_bytes_than_asked_for_are_refused(tmp_path, size):
    with LyingServer() as server:
        server.add(b"big", b"x" * size, on_read=lambda node, offset, count: b"y" * (count + 1))
        with pytest.raises(SourceError) as told:
            run(server, tmp_path)
    assert told.value.code == "sftp-protocol"
    assert tree(tmp_path / "content") in ({}, {"big.part": b""})


@pytest.mark.parametrize(
    "garbage",
    [b"\0\0\0\1\2", b"\0\0\0\5\2\0\0\0\2", b"\xff\xff\xff\xff\2\0\0\0\3", b"HTTP/1.1 400"],
)
def test_a_greeting_that_is_none_is_refused(tmp_path, garbage):
    with LyingServer(garbage=garbage) as server, pytest.raises(SourceError) as told:
        run(server, tmp_path)
    assert told.value.code == "sftp-protocol"


def test_a_cut_connection_goes_on_from_the_pieces_it_has(tmp_path):
    content = os.urandom(40 << 20)
    with LyingServer(drop_after=30 << 20) as server:
        server.add(b"large", content)
        report, lines = run(server, tmp_path, read_twice=False)
    offsets = [offset for _, offset, _ in server.reads]
    again = offsets[next(i for i in range(1, len(offsets)) if offsets[i] < offsets[i - 1]) :]
    assert server.opened[ROOT + b"/large"] == 2
    assert min(again) >= 8 << 20 and min(again) % (8 << 20) == 0
    assert lines["large"].sha256 == hashlib.sha256(content).hexdigest()
    assert report.fetched_bytes == len(content) - min(again)


def test_a_piece_that_was_damaged_on_disk_is_fetched_again(tmp_path):
    content = os.urandom(40 << 20)
    with LyingServer(drop_after=30 << 20) as server:
        server.add(b"large", content)
        with pytest.raises(CutError):
            export(login(server), ROOT.decode(), tmp_path, connections=1, pauses=())
        part = tmp_path / "content" / "large.part"
        with part.open("r+b") as file:
            file.seek((8 << 20) + 5)
            file.write(b"damaged")
        before = len(server.reads)
        _, lines = run(server, tmp_path, read_twice=False)
    assert min(offset for _, offset, _ in server.reads[before:]) == 8 << 20
    assert lines["large"].sha256 == hashlib.sha256(content).hexdigest()


def test_pieces_of_an_older_file_are_not_used_for_a_newer_one(tmp_path):
    old, new = os.urandom(40 << 20), os.urandom(40 << 20)
    with LyingServer(drop_after=30 << 20) as server:
        node = server.add(b"large", old)
        with pytest.raises(CutError):
            export(login(server), ROOT.decode(), tmp_path, connections=1, pauses=())
        node.content, node.mtime = new, node.mtime + 60
        _, lines = run(server, tmp_path, read_twice=False)
    assert lines["large"].sha256 == hashlib.sha256(new).hexdigest()


def test_a_file_that_fells_the_server_does_not_keep_the_others(tmp_path):
    def fall_over(node):
        raise HangUpError

    with LyingServer() as server:
        server.add(b"poison", b"x", on_open=fall_over)
        for number in range(60):
            server.add(b"f%02d" % number, b"data %d" % number)
        _, lines = run(server, tmp_path, pauses=(0.0,) * 5)
    assert "connection was lost each of the 4 times" in lines.pop("poison").why
    assert {line.state for line in lines.values()} == {"had"} and len(lines) == 60


def test_L22_answers_that_wait_for_others_are_bounded(tmp_path):
    """A small file is asked for whole, and what came of it waits for the rest."""
    with LyingServer() as server:
        server.add(b"small", b"x" * (1 << 20), trailing=b"y" * (3 << 20))
        with pytest.raises(SourceError, match="too much of what it answers waits") as told:
            export(login(server), ROOT.decode(), tmp_path, connections=1)
        assert told.value.code == "sftp-protocol"


def test_a_server_that_lets_fewer_in_is_read_over_fewer(tmp_path):
    with LyingServer(most_links=1) as server:
        for number in range(30):
            server.add(b"f%02d" % number, b"data")
        # the listing's connection may still be ending when the readers come
        report, _ = run(server, tmp_path, connections=3, pauses=(0.1,) * 20)
    assert report.files == 30


def test_a_server_that_is_away_is_an_error_and_no_empty_source(tmp_path):
    with LyingServer() as server:
        server.add(b"a", b"x")
        gone = login(server)
    with pytest.raises(CutError) as told:
        export(gone, ROOT.decode(), tmp_path)
    assert told.value.code == "source-unreachable"
    assert not (tmp_path / "passes").exists()


def test_a_missing_root_and_a_root_that_is_a_file_are_told_apart(tmp_path):
    with LyingServer() as server:
        server.add(b"file", b"x")
        for root, code in (("/nothing", "source-missing"), ("/drive/file", "source-not-a-folder")):
            with pytest.raises(SourceError) as told:
                export(login(server), root, tmp_path / code)
            assert told.value.code == code


def test_the_secret_is_shown_only_to_the_server_that_we_know(tmp_path):
    with LyingServer() as server, LyingServer() as other:
        wrong = login(server, host_key=other.host_key())
        with pytest.raises(SourceError) as told:
            export(wrong, ROOT.decode(), tmp_path)
        assert told.value.code == "host-key-wrong" and server.logins == []
        with pytest.raises(SourceError) as told:
            export(login(server, password="wrong-" + PASSWORD), ROOT.decode(), tmp_path)
        assert told.value.code == "source-login-refused"
        assert PASSWORD not in str(told.value) + repr(told.value) + repr(wrong)
        assert PASSWORD not in repr(told.value.__cause__) + repr(told.value.__context__)


def test_no_secret_reaches_a_log_at_any_level(tmp_path, caplog):
    caplog.set_level(0)
    with LyingServer() as server:
        server.add(b"file", b"x")
        run(server, tmp_path)
    assert caplog.records, "paramiko was to log, so that this test can fail"
    assert PASSWORD not in caplog.text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()


def test_killed_between_the_manifest_and_its_end_the_same_manifest_is_made_again(
    tmp_path, monkeypatch
):
    with LyingServer() as server:
        server.add(b"file", b"x")
        with monkeypatch.context() as broken:
            broken.setattr(DriveState, "finish_pass", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                run(server, tmp_path)
        manifest = tmp_path / "passes" / "0001" / "manifest.gz"
        before = manifest.read_bytes()
        report, _ = run(server, tmp_path)
    assert (report.seen_in_pass, report.fetched_files) == (1, 0)
    assert manifest.read_bytes() == before


def test_whatever_the_names_are_a_report_can_be_signed(tmp_path):
    """What is signed is UTF-8 (RFC 8785), and names need not be."""

    def other_once(node, offset, count):
        node.on_read = None
        return b"y"

    with LyingServer() as server:
        server.add(b"den\xeded\n", b"x", on_open=lambda _: DENIED)
        server.add(b"flip\xff", b"x", on_read=other_once)
        server.add_folder(b"map\xfe", on_open=lambda _: DENIED)
        server.add_folder(b"odd", names=lambda page: EOF if page else [(b"a/\xff", Node())])
        report, lines = run(server, tmp_path)
    assert report.could_not == 2 and report.notes and report.gaps
    canonical(report.as_data())
    assert {one["path"] for one in report.could_not_named} == {"den\\xeded\\x0a", "map\\xfe"}
    assert "den\udceded\n" in lines
