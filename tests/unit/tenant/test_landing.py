from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.landing import Arrived, Expected, Landing, Told, judge_landing
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine

_MADE = datetime(2019, 6, 1, 12, tzinfo=UTC)
_END = datetime(2019, 6, 30, 12, tzinfo=UTC)
_OWNER = "user01@rehearsal.example"
_LANDING = Landing("drive", "From the H-drive", "id", "", _OWNER, _END, _MADE)
_WANTED = Expected({"Photos/a.jpg": 10, "b.txt": 3}, 2, 13)


def _judge(files, expected=_WANTED, now=_MADE, **more):
    return judge_landing(_LANDING, expected, Arrived(files), now, **more)


def test_case_B4_it_is_said_what_has_arrived_and_what_has_not():
    report = _judge({"photos/A.JPG": 10, "other.txt": 1})
    assert (report.state, report.missing, report.unexpected) == ("arriving", ("b.txt",), 1)
    assert not report.late
    assert "1 of 2 are not there" in report.words
    assert _judge({}).state == "nothing has arrived"
    assert _judge({"Photos/a.jpg": 10, "b.txt": 3}).state == "everything has arrived"


def test_case_B4_half_a_file_has_not_arrived():
    report = _judge({"Photos/a.jpg": 4, "b.txt": 3})
    assert (report.state, report.other_size) == ("arriving", ("Photos/a.jpg",))


def test_case_B4_a_file_in_another_folder_is_named_but_does_not_count():
    report = _judge({"H/Photos/a.jpg": 10, "b.txt": 3})
    assert report.state == "arriving"
    assert report.elsewhere == {"Photos/a.jpg": "H/Photos/a.jpg"}


def test_case_B4_too_late_is_said_loudly():
    report = _judge({"b.txt": 3}, now=_END + timedelta(hours=1))
    assert report.late
    assert report.left == -3600
    assert "has passed" in report.words
    assert not _judge({"Photos/a.jpg": 10, "b.txt": 3}, now=_END + timedelta(days=3)).late


def test_case_B4_counts_that_fit_are_no_proof():
    known = Expected(None, 2, 13)
    assert _judge({"x": 10, "y": 3}, known).state == "not verified"
    assert _judge({"x": 10}, known).state == "arriving"
    assert _judge({"x": 10}, Expected()).state == "not verified"
    assert _judge({"x": 10}, Expected(), now=_END + timedelta(days=1)).late


def test_case_B4_the_owner_is_told_at_the_start_before_the_end_and_when_it_is_too_late():
    def due(now, *told):
        return _judge({}, now=now, told=[Told(_OWNER, when, "…") for when in told]).reminder

    assert due(_MADE)
    assert not due(_MADE + timedelta(days=5), _MADE)
    assert due(_END - timedelta(days=14), _MADE)
    assert not due(_END - timedelta(days=13), _MADE, _END - timedelta(days=14))
    assert due(_END - timedelta(hours=20), _END - timedelta(days=2))
    assert due(_END + timedelta(minutes=1), _END - timedelta(hours=1))
    assert not due(_END + timedelta(hours=3), _END + timedelta(minutes=1))
    assert due(_END + timedelta(days=2), _END + timedelta(minutes=1))
    # somebody else was told; the owner was not
    assert _judge({}, told=[Told("user02@rehearsal.example", _MADE, "…")]).reminder
    everything = {"Photos/a.jpg": 10, "b.txt": 3}
    assert not _judge(everything, now=_END + timedelta(days=2)).reminder


def test_what_the_source_itself_could_not_give_is_not_expected():
    lines = [
        ManifestLine(path="a", type="file", item_id="1", size=4),
        ManifestLine(path="b", type="file", item_id="2", size=4, state=COULD_NOT, why="x"),
        ManifestLine(path="c", type="folder", item_id="3"),
    ]
    assert Expected.from_manifest(lines) == Expected({"a": 4}, 1, 4)


_FILES = st.dictionaries(st.sampled_from(["a", "b", "c/d", "c/e", "F"]), st.integers(0, 3))


@given(_FILES, _FILES, st.integers(-50, 50))
def test_everything_has_arrived_only_when_every_path_and_size_is_there(wanted, there, days):
    expected = Expected(wanted, len(wanted), sum(wanted.values()))
    report = _judge(there, expected, now=_END + timedelta(days=days))
    whole = all(there.get(path) == size for path, size in wanted.items())
    if wanted:
        assert (report.state == "everything has arrived") == whole
    assert report.late == (days > 0 and report.state != "everything has arrived")


@pytest.mark.parametrize("state", ["late", "early"])
def test_the_report_is_plain_data(state):
    now = _END + timedelta(days=1 if state == "late" else -1)
    data = _judge({"\udcff\ud800": 3}, now=now, files_before=4).as_data()
    assert data["new_files"] == -3
    assert data["late"] is (state == "late")
