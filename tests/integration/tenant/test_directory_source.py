"""A directory is exported as a server is: same manifest, same doubts, nothing written to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.rehearsal.old_supplier import fill_drive
from sluis.runbook.doubted_files import doubts_in
from sluis.scope.moving import FromFolder
from sluis.tenant.directory_source import DirectoryPolicy, export_directory, measure_directory
from sluis.tenant.source import Source
from sluis.tenant.source_error import SourceError
from support.sftp_places import Clock, assert_faithful, lines_of, outside, tree

H_DRIVE = Source("directory", "h-drive-user01", "H-drive of user01@rehearsal.example")


@pytest.fixture
def drive(tmp_path):
    fill_drive(tmp_path / "H", 60, 4000, seed=7)
    return tmp_path / "H"


def run(drive, out, progress=None, **policy):
    report = export_directory(drive, H_DRIVE, out, DirectoryPolicy(**policy), Clock(), progress)
    return report, lines_of(report, out)


def test_case_B1_an_h_drive_is_had_whole_and_nothing_is_written_to_it(drive, tmp_path):
    def traces():
        files = {p: p.lstat() for p in drive.rglob("*") if p.is_file() and not p.is_symlink()}
        return {p: (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns) for p, s in files.items()}

    before = traces()
    report, _ = run(drive, tmp_path / "out")
    assert traces() == before
    assert_faithful(report, drive, tmp_path / "out", tick=1)
    assert outside(tmp_path / "out") == []
    measured = measure_directory(drive, H_DRIVE)
    assert measured.source.items == report.source["items"] == report.files == 60
    assert measured.source.bytes == report.source["bytes"]
    assert measured.source.newest == report.source["newest"]


def test_case_B6_what_changed_and_what_vanished_between_two_passes_is_reported(drive, tmp_path):
    out = tmp_path / "out"
    (drive / "Oud" / "a.txt").write_bytes(b"first")
    (drive / "Oud" / "b.txt").write_bytes(b"goes")
    first, _ = run(drive, out)
    status = (drive / "Oud" / "a.txt").stat()
    (drive / "Oud" / "a.txt").write_bytes(b"third")
    # size and time are as they were; only the inode's own time tells
    os.utime(drive / "Oud" / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    (drive / "Oud" / "b.txt").unlink()
    (drive / "Oud" / "c.txt").write_bytes(b"comes")
    second, lines = run(drive, out)
    assert (first.fetched_files, second.seen_in_pass) == (62, 2)
    assert second.changes == {
        "changed": 1, "details changed": 1, "new": 1, "vanished": 1,
    }  # fmt: skip
    assert (out / lines["Oud/a.txt"].stored).read_bytes() == b"third"


def test_only_what_changed_is_read_again_in_the_next_pass(drive, tmp_path):
    clock = Clock()

    def one_pass(**policy):
        given = DirectoryPolicy(**policy)
        return export_directory(drive, H_DRIVE, tmp_path / "out", given, clock)

    one_pass()
    assert one_pass().fetched_files == 0
    assert one_pass(read_everything=True).fetched_files == 60


def test_a_file_that_is_a_folder_now_and_a_folder_that_is_a_file(drive, tmp_path):
    (drive / "swap").write_bytes(b"file")
    (drive / "paws").mkdir()
    (drive / "paws" / "in").write_bytes(b"in")
    run(drive, tmp_path / "out")
    (drive / "swap").unlink()
    (drive / "swap").mkdir()
    (drive / "swap" / "in").write_bytes(b"in")
    (drive / "paws" / "in").unlink()
    (drive / "paws").rmdir()
    (drive / "paws").write_bytes(b"file")
    report, _ = run(drive, tmp_path / "out")
    assert_faithful(report, drive, tmp_path / "out", tick=1)


def test_a_link_put_in_a_folders_place_meanwhile_is_not_followed(drive, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret").write_bytes(b"not theirs")
    (drive / "map").mkdir()
    (drive / "map" / "secret").write_bytes(b"not theirs")
    for path in (tmp_path / "private" / "secret", drive / "map" / "secret"):
        os.utime(path, (1, 1))

    def swap(what, *_):
        if what == "fetching" and not (drive / "map").is_symlink():
            (drive / "map" / "secret").unlink()
            (drive / "map").rmdir()
            (drive / "map").symlink_to(tmp_path / "private")

    _, lines = run(drive, tmp_path / "out", swap)
    assert lines["map/secret"].state == "could not be had"
    assert "secret" not in {name.rpartition("/")[2] for name in tree(tmp_path / "out" / "content")}


def test_a_pipe_put_in_a_files_place_meanwhile_is_not_waited_for(drive, tmp_path):
    victim = drive / "Algemeen" / "victim"
    victim.write_bytes(b"x")

    def swap(what, *_):
        if what == "fetching" and victim.is_file():
            victim.unlink()
            os.mkfifo(victim)

    _, lines = run(drive, tmp_path / "out", swap)
    assert "became another kind of item" in lines["Algemeen/victim"].why


def test_a_share_that_is_not_mounted_is_no_empty_source(tmp_path):
    (tmp_path / "share").mkdir()
    for act in (
        lambda: measure_directory(tmp_path / "share", H_DRIVE, mounted=True),
        lambda: run(tmp_path / "share", tmp_path / "out", mounted=True),
    ):
        with pytest.raises(SourceError) as told:
            act()
        assert told.value.code == "source-not-mounted"
    assert not (tmp_path / "out").exists()
    mount = next(p for p in map(Path, ("/dev/shm", "/dev/mqueue", "/run")) if p.is_mount())
    assert measure_directory(mount, H_DRIVE, mounted=True).source.items >= 0


def test_an_export_into_its_own_source_and_a_missing_source_are_refused(drive, tmp_path):
    with pytest.raises(SourceError) as told:
        run(drive, drive / "out")
    assert told.value.code == "export-inside-source"
    with pytest.raises(SnapshotError) as told:
        run(tmp_path / "nowhere", tmp_path / "out")
    assert told.value.code == "source-missing"


def test_two_sources_never_share_a_state(drive, tmp_path):
    run(drive, tmp_path / "out")
    with pytest.raises(SnapshotError) as told:
        export_directory(
            drive,
            Source("directory", "other", "Other"),
            tmp_path / "out",
            DirectoryPolicy(),
            Clock(),
        )
    assert told.value.code == "state-of-another-source"


def test_a_disk_that_damages_what_was_fetched_is_found(drive, tmp_path):
    """The bytes are changed behind our back, between writing and reading back."""
    harmed = []

    def damage(what, *_):
        there = [p for p in (tmp_path / "out").rglob("traject 9999*") if p.suffix == ".docx"]
        if what == "fetching" and there and not harmed:
            harmed.append(there[0])
            with there[0].open("r+b") as file:
                file.write(b"damaged!")

    (drive / "Oud" / "traject 9999.docx").write_bytes(b"x" * 100)
    report, _ = run(drive, tmp_path / "out", damage)
    assert_faithful(report, drive, tmp_path / "out", tick=1)
    assert harmed and any("was damaged on disk" in note for note in report.notes)


@pytest.mark.parametrize(
    ("last", "check"),
    [(False, "edited meanwhile"), (True, "not verified")],
    ids=["work", "stopped"],
)
def test_a_file_that_is_written_between_readings_is_doubted_once_writing_has_stopped(
    tmp_path, last, check
):
    """Through its memory a program writes without a new time, so a reading can be torn."""
    source = tmp_path / "H"
    source.mkdir()
    (source / "mail.db").write_bytes(b"round 0")
    (source / "calm.txt").write_bytes(b"calm")
    rounds = iter(range(1, 100))

    def write(what, files, size):
        if (what, files) == ("reading again", 0):
            (source / "mail.db").write_bytes(f"round {next(rounds)}".encode())

    _, lines = run(source, tmp_path / "out", write, read_everything=last)
    assert (lines["mail.db"].state, lines["mail.db"].check) == ("had", check)
    assert "partly what it was before an edit" in lines["mail.db"].check_note
    assert lines["calm.txt"].check == "equal"
    folder = FromFolder(by="folder", folder=str(source))
    doubted = [one.path for one in doubts_in(lines.values(), folder).doubted]
    assert doubted == (["mail.db"] if last else [])


class Killed(BaseException):
    """The process ends here."""


def test_a_last_pass_counts_nothing_that_was_read_before_the_freeze(tmp_path):
    """A pass was begun while people worked, and broken off; it is not the last one by resuming."""
    source = tmp_path / "H"
    source.mkdir()
    edited, gone = source / "edited.txt", source / "gone.txt"
    edited.write_bytes(b"before")
    gone.write_bytes(b"before")

    def kill(what, files, size):
        if what == "reading again":
            raise Killed

    for freeze in (None, "2026-01-01T18:00:00+00:00"):
        with pytest.raises(Killed):
            run(source, tmp_path / "out", kill, read_everything=bool(freeze), only_since=freeze)
    was = edited.stat()
    edited.write_bytes(b"behind")
    os.utime(edited, ns=(was.st_atime_ns, was.st_mtime_ns))
    gone.unlink()
    (source / "new.txt").write_bytes(b"new")
    # the freeze was lifted, people worked, and there is another one
    last = {"read_everything": True, "only_since": "2026-01-02T18:00:00+00:00"}
    with pytest.raises(Killed):
        run(source, tmp_path / "out", kill, **last)
    report, lines = run(source, tmp_path / "out", **last)
    assert report.seen_in_pass == 1
    assert sorted(lines) == ["edited.txt", "new.txt"]
    assert (tmp_path / "out" / lines["edited.txt"].stored).read_bytes() == b"behind"
    # what was broken off after this freeze is gone on with, and when it was begun is told
    assert report.begun is not None
    again, _ = run(source, tmp_path / "out", **last)
    assert (again.seen_in_pass, again.begun) == (2, None)
