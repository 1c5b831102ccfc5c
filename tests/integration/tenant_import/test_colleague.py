"""Somebody works in the target while we do: nothing of theirs is ever replaced (M5)."""

from __future__ import annotations

import sqlite3

import pytest

from sluis.graph import upload as upload_module
from sluis.tenant import import_drive as import_module
from sluis.tenant import watched_send
from sluis.tenant.import_policy import ImportPolicy

PIECE = 327_680
MINE = b"what the colleague wrote"


@pytest.fixture
def moved(move):
    """A file that is in the target already, and that changed at the source since."""
    move.source.control.add_file(move.from_drive, "Plan/a.txt", b"one" * 400)
    move.export()
    assert move.bring_over().outcome == "done"
    move.source.control.write(move.from_drive, "Plan/a.txt", b"two" * 500)
    move.export()
    return move


def _edit(move):
    move.target.control.write(move.to_drive, "Plan/a.txt", MINE)


def _edit_keeping_size(move):
    move.target.control.write(move.to_drive, "Plan/a.txt", b"eno" * 400)


def _delete_and_make_again(move):
    move.target.control.delete(move.to_drive, "Plan/a.txt")
    move.target.control.add_file(move.to_drive, "Plan/a.txt", MINE)


def _delete(move):
    move.target.control.delete(move.to_drive, "Plan/a.txt")


def _after_deciding(monkeypatch, happens):
    decide = import_module.decide

    def decided(*given, **more):
        made = decide(*given, **more)
        happens()
        return made

    monkeypatch.setattr(import_module, "decide", decided)


@pytest.mark.parametrize("deed", [_edit, _edit_keeping_size, _delete_and_make_again])
def test_M5_an_edit_between_listing_and_replacing_stays(moved, monkeypatch, deed):
    with monkeypatch.context() as patch:
        _after_deciding(patch, lambda: deed(moved))
        report = moved.bring_over()
    assert report.outcome == "incomplete"
    assert [one.code for one in report.reasons] == ["changed-in-target"]
    theirs = moved.bytes_there("Plan/a.txt")
    assert theirs not in (b"one" * 400, b"two" * 500)
    # and it is not replaced by whoever runs it again
    again = moved.bring_over()
    assert (again.outcome, len(again.conflicts)) == ("refused", 1)
    assert moved.bytes_there("Plan/a.txt") == theirs
    assert not moved.reconcile().sound


def test_M5_what_was_removed_meanwhile_is_not_made_again_behind_their_back(moved, monkeypatch):
    with monkeypatch.context() as patch:
        _after_deciding(patch, lambda: _delete(moved))
        report = moved.bring_over()
    assert [one.code for one in report.reasons] == ["changed-in-target"]
    assert "Plan/a.txt" not in moved.there()


@pytest.mark.parametrize("pieces", [1, 3])
def test_M5_an_edit_while_the_session_is_open_stays(moved, monkeypatch, pieces):
    """createUploadSession looks at the eTag when it begins; a large file takes hours."""
    monkeypatch.setattr(upload_module, "CHUNK", PIECE)
    moved.source.control.write(moved.from_drive, "Plan/a.txt", b"x" * (PIECE * pieces - 7))
    moved.export()
    begin = upload_module._Upload._begin

    async def begun(self):
        url = await begin(self)
        _edit(moved)
        return url

    with monkeypatch.context() as patch:
        patch.setattr(upload_module._Upload, "_begin", begun)
        report = moved.bring_over()
    assert [one.code for one in report.reasons] == ["changed-in-target"]
    assert moved.bytes_there("Plan/a.txt") == MINE
    assert moved.target.control.counters().get("sessions", 0) == 0


def test_M5_an_empty_file_is_replaced_only_where_nobody_worked(moved, monkeypatch):
    moved.source.control.write(moved.from_drive, "Plan/a.txt", b"")
    moved.export()
    with monkeypatch.context() as patch:
        _after_deciding(patch, lambda: _edit(moved))
        report = moved.bring_over()
    assert [one.code for one in report.reasons] == ["changed-in-target"]
    assert moved.bytes_there("Plan/a.txt") == MINE


def test_M5_an_edit_after_a_kill_is_not_taken_for_a_replacement_that_failed(moved, monkeypatch):
    class Killed(BaseException):
        pass

    async def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(watched_send, "upload", killed)
        with pytest.raises(BaseException):  # noqa: B017  alone or in a group
            moved.bring_over()
    _edit(moved)
    report = moved.bring_over()
    assert (report.outcome, len(report.conflicts)) == ("refused", 1)
    assert moved.bytes_there("Plan/a.txt") == MINE


def test_M5_a_replacement_that_a_kill_stopped_is_made_though_dates_are_the_same(move, monkeypatch):
    """The date alone would say that it had arrived."""

    class Killed(BaseException):
        pass

    async def killed(*_, **__):
        raise Killed

    control, drive = move.source.control, move.from_drive
    control.add_file(drive, "a.txt", b"one")
    move.export()
    move.bring_over()
    move.manifest = _with_other_bytes(move, b"two!")
    with monkeypatch.context() as patch:
        patch.setattr(watched_send, "upload", killed)
        with pytest.raises(BaseException):  # noqa: B017
            move.bring_over()
    assert move.bring_over().outcome == "done"
    assert move.bytes_there("a.txt") == b"two!"


def _with_other_bytes(move, data):
    """The last manifest, as if the file had other bytes and the very same dates."""
    import dataclasses
    import hashlib

    from sluis.graph.quickxor import QuickXor
    from sluis.tenant.tenant_manifest import About, write_manifest

    (line,) = move.lines().values()
    (move.root / line.stored).write_bytes(data)
    changed = dataclasses.replace(
        line, size=len(data), sha256=hashlib.sha256(data).hexdigest(),
        quickxor=QuickXor(data).base64(),
    )  # fmt: skip
    path = move.folder / "other.gz"
    write_manifest(path, [changed], About({}))
    return path


def test_M5_what_moved_and_changed_at_the_source_is_moved_and_replaced(moved):
    moved.source.control.rename(moved.from_drive, "Plan/a.txt", "b.txt")
    moved.export()
    assert moved.bring_over().outcome == "done"
    assert moved.bytes_there("Plan/b.txt") == b"two" * 500
    assert "Plan/a.txt" not in moved.there()
    assert moved.reconcile().sound


@pytest.mark.parametrize("deed", [_edit, _delete_and_make_again])
def test_M5_what_moved_and_was_edited_meanwhile_is_left_alone(moved, monkeypatch, deed):
    moved.source.control.rename(moved.from_drive, "Plan/a.txt", "b.txt")
    moved.export()
    with monkeypatch.context() as patch:
        _after_deciding(patch, lambda: deed(moved))
        report = moved.bring_over()
    assert report.outcome == "incomplete"
    assert moved.bytes_there("Plan/a.txt") == MINE


def test_M5_what_is_set_aside_is_not_what_somebody_works_on(moved, monkeypatch):
    moved.source.control.delete(moved.from_drive, "Plan/a.txt")
    moved.export()
    policy = ImportPolicy(permissions=False, gone="set aside")
    with monkeypatch.context() as patch:
        _after_deciding(patch, lambda: _edit(moved))
        report = moved.bring_over(policy)
    assert [one.code for one in report.reasons] == ["changed-in-target"]
    assert moved.bytes_there("Plan/a.txt") == MINE


def test_M5_our_file_is_replaced_where_somebody_put_it(moved):
    """By its id: by its path a second one would be made."""
    moved.target.control.rename(moved.to_drive, "Plan/a.txt", "ours.txt")
    moved.bring_over()
    assert moved.bytes_there("Plan/ours.txt") == b"two" * 500
    assert "Plan/a.txt" not in moved.there()


def test_M5_a_state_of_an_earlier_version_goes_on(moved):
    with sqlite3.connect(moved.state) as db:
        db.execute("ALTER TABLE items DROP COLUMN target_etag")
    assert moved.bring_over().outcome == "done"
    assert moved.bytes_there("Plan/a.txt") == b"two" * 500
