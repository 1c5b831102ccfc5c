"""Imports that are killed, tampered with, refused, or in bad weather."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import random
import signal
from contextlib import asynccontextmanager

import pytest

from sluis.graph import upload as upload_module
from sluis.graph.connect import Graph
from sluis.rehearsal.tenant.weather import CALM, STORM, Weather
from sluis.tenant import watched_send
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.import_state import ImportState

_PIECE = 327_680


def _fill(move, files):
    for path, data in files.items():
        move.source.control.add_file(move.from_drive, path, data)
    move.export()
    return files


def _whole(move, files):
    there = {path for path, item in move.there().items() if "file" in item}
    assert there == set(files)
    for path, data in files.items():
        assert move.bytes_there(path) == data, path


#: how a process ends that met the name of a file held by a session that nobody has
_HELD = 10


def _killed_at(move, number, after):
    """One import in a process of its own that kills itself at its nth call to the service.

    Returns whether it is to be started again: it was killed, or a session whose answer a kill
    took away holds the name of a file until it expires (onedrive-api-docs#747). If not, the
    import had fewer calls than that.
    """
    child = os.fork()
    if child == 0:
        _die_at(number, after)
        try:
            report = move.bring_over(workers=1)
            held = {one.code for one in report.reasons} == {"name-held"}
            os._exit(0 if report.outcome == "done" else _HELD if held else 9)
        finally:
            os._exit(8)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    if os.WEXITSTATUS(status) == _HELD:
        move.target.control.advance_clock(2 * 86_400)
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _die_at(number, after):
    calls = 0
    call, bare = Graph.call, Graph.bare

    def count(now):
        nonlocal calls
        calls += not now
        if calls == number and now == after:
            os.kill(os.getpid(), signal.SIGKILL)

    async def counted(self, *given, **more):
        count(False)
        answer = await call(self, *given, **more)
        count(True)
        return answer

    @asynccontextmanager
    async def counted_bare(self, *given, **more):
        count(False)
        async with bare(self, *given, **more) as answer:
            count(True)  # the service has done it, and we have not read that it did
            yield answer

    Graph.call, Graph.bare = counted, counted_bare


def test_killed_at_every_call_it_goes_on_and_sends_nothing_twice(move, monkeypatch):
    monkeypatch.setattr(upload_module, "CHUNK", _PIECE)
    large = random.Random(5).randbytes(4 * _PIECE + 17)
    files = _fill(move, {"a/large.bin": large, "a/b/small.txt": b"small", "empty": b""})
    before = move.target.control.counters()["requests"].get("chunk", 0)
    # the first three calls look at the target; what comes next differs from life to life
    moments = itertools.cycle([(4, True), (5, False), (6, True), (5, True), (7, False), (1, True)])
    kills = 0
    while _killed_at(move, *next(moments)):
        kills += 1
        assert kills < 60
    assert kills >= 8
    _whole(move, files)
    assert move.target.control.counters()["requests"]["chunk"] - before == 5 + 1
    with ImportState(move.state) as state:
        assert {row.step for row in state.rows()} == {"sent", "made"}
        assert not [row for row in state.rows() if row.session_url]
    assert move.reconcile().sound


def _tamper(move, path, data):
    stored = move.root / move.lines()[path].stored
    about = stored.stat()
    stored.chmod(0o600)
    stored.write_bytes(data)
    os.utime(stored, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("size", [5, _PIECE + 5])
def test_one_file_tampered_with_on_the_way_is_caught_and_stops(move, monkeypatch, size):
    monkeypatch.setattr(upload_module, "CHUNK", _PIECE)
    data = random.Random(size).randbytes(size)
    files = _fill(move, {"good.txt": b"good", "victim.bin": data})
    changed = bytearray(data)
    changed[-1] ^= 1
    _tamper(move, "victim.bin", changed)
    report = move.bring_over(workers=1)
    assert report.outcome == "stopped"
    assert [(one.path, one.code) for one in report.reasons] == [("victim.bin", "export-tampered")]
    assert hashlib.sha256(changed).hexdigest() in report.reasons[0].what
    assert "victim.bin" not in move.there()
    # put right, it goes on
    _tamper(move, "victim.bin", data)
    assert move.bring_over().outcome == "done"
    _whole(move, files)


def test_a_file_tampered_with_while_it_is_sent_is_caught_before_its_last_piece(move, monkeypatch):
    monkeypatch.setattr(upload_module, "CHUNK", _PIECE)
    data = random.Random(3).randbytes(3 * _PIECE + 5)
    files = _fill(move, {"victim.bin": data})
    changed = data[: 2 * _PIECE] + bytes(_PIECE) + data[3 * _PIECE :]
    bare, pieces = Graph.bare, []

    @asynccontextmanager
    async def meanwhile(self, method, *given, **more):
        async with bare(self, method, *given, **more) as answer:
            pieces.append(method)
            if pieces == ["PUT"]:
                _tamper(move, "victim.bin", changed)
            yield answer

    monkeypatch.setattr(Graph, "bare", meanwhile)
    report = move.bring_over()
    assert [one.code for one in report.reasons] == ["export-tampered"]
    # three pieces went, the last did not, and the session was ended
    assert pieces == ["PUT", "PUT", "PUT", "DELETE"]
    assert not move.there()
    monkeypatch.undo()
    _tamper(move, "victim.bin", data)
    assert move.bring_over().outcome == "done"
    _whole(move, files)


def test_what_was_sent_before_a_kill_counts_only_if_it_is_still_on_disk(move, monkeypatch):
    monkeypatch.setattr(upload_module, "CHUNK", _PIECE)
    data = random.Random(4).randbytes(3 * _PIECE + 5)
    files = _fill(move, {"victim.bin": data})
    assert _killed_at(move, 6, after=True)
    _tamper(move, "victim.bin", bytes(_PIECE) + data[_PIECE:])
    report = move.bring_over()
    assert [one.code for one in report.reasons] == ["export-tampered"]
    assert not move.there()
    _tamper(move, "victim.bin", data)
    report = move.bring_over()
    assert report.outcome == "done"
    _whole(move, files)


def test_a_file_that_went_past_our_eyes_is_not_called_sent(move, monkeypatch):
    _fill(move, {"one.txt": b"1"})
    upload = watched_send.upload

    async def past(watch, *given, **more):
        return await upload(watch._graph, *given, **more)

    monkeypatch.setattr(watched_send, "upload", past)
    report = move.bring_over()
    assert (report.outcome, [one.code for one in report.reasons]) == ("incomplete", ["sent-unseen"])
    assert "sent" not in report.counts


@pytest.mark.parametrize("how", ["gone", "shorter", "link"])
def test_an_exported_file_that_is_not_there_as_it_was_stops(move, how):
    _fill(move, {"victim.txt": b"the client's words"})
    stored = move.root / move.lines()["victim.txt"].stored
    stored.unlink()
    if how == "shorter":
        stored.write_bytes(b"the client")
    elif how == "link":
        stored.symlink_to("/etc/hostname")
    report = move.bring_over()
    assert report.outcome == "stopped"
    assert [one.code for one in report.reasons] == ["export-tampered"]
    assert not move.there()


def test_a_full_target_is_found_before_anything_is_written(move):
    _fill(move, {"a/x.bin": bytes(5_000), "y.bin": bytes(5_000)})
    move.target.control.set_quota(move.to_drive, 9_999)
    report = move.bring_over()
    assert (report.outcome, [one.code for one in report.reasons]) == ("refused", ["quota"])
    assert report.quota.verdict == "not enough"
    assert not move.there()
    move.target.control.set_quota(move.to_drive, 20_000)
    assert move.bring_over(ImportPolicy(permissions=False, reserve=10_001)).outcome == "refused"
    assert not move.there()
    assert move.bring_over(ImportPolicy(permissions=False, reserve=10_000)).outcome == "done"


def test_a_target_that_fills_up_meanwhile_stops_the_import_which_then_goes_on(move):
    files = _fill(move, {f"{n}.bin": bytes([n]) * 5_000 for n in range(4)})

    def somebody_else(done):
        if done.files == 2:
            move.target.control.set_quota(move.to_drive, 12_000)

    report = move.bring_over(workers=1, progress=somebody_else)
    assert (report.outcome, [one.code for one in report.reasons]) == ("stopped", ["quota"])
    assert report.counts["sent"] == 2
    move.target.control.set_quota(move.to_drive, 50_000)
    again = move.bring_over()
    assert (again.outcome, again.counts["sent"]) == ("done", 2)
    _whole(move, files)


def test_in_a_storm_everything_arrives_once_and_is_told_apart(move):
    files = {f"f{n % 4}/{n}.txt": f"{n}".encode() * 50 for n in range(24)}
    _fill(move, files)
    storm = dataclasses.replace(
        STORM, rewrite=(), renamed_between_pages=0.0, recreated_between_pages=0.0, loops=0.2
    )
    move.target.control.set_weather(storm)
    report = move.bring_over()
    assert report.outcome == "done", report.as_data()
    _whole(move, files)
    assert move.reconcile().sound
    assert move.bring_over().counts["done before"] == 24


def test_a_gateway_that_times_out_does_not_stop_the_making_of_folders(move):
    files = _fill(move, {f"folder {n}/a.txt": b"x" for n in range(8)})
    weather = Weather(gateway_timeout=0.4, most_per_key=3)
    move.target.control.set_weather(weather)
    report = move.bring_over()
    assert report.outcome == "done", report.reasons
    move.target.control.set_weather(CALM)
    _whole(move, files)
