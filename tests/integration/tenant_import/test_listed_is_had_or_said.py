"""Listed = had + said why not: in export, import and comparison, pass after pass, in any weather.

Two rehearsal tenants, people who work in both, and whatever the weather is. Nothing may vanish
without a line, and nothing may be called right that is not.
"""

from __future__ import annotations

import dataclasses
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sluis.errors import SluisError
from sluis.rehearsal.tenant.control import ControlError
from sluis.rehearsal.tenant.weather import CALM, Weather
from sluis.tenant.import_policy import LEAVE_OUT, ImportPolicy
from sluis.tenant.import_state import ImportState
from sluis.tenant.tenant_manifest import HAD

pytestmark = pytest.mark.slow

RIGHT = ("equal", "stale metadata", "rewritten by the service")
SIGNED = ImportPolicy(permissions=False, leave_out=frozenset(LEAVE_OUT), gone="set aside")
NAMES = ["a.txt", "b.docx", "c.pdf", "d*e.bin", "CON", "é.txt", "x" * 120 + ".html"]
FOLDERS = ["", "Plan", "Plan/Deep", "Café"]
PATHS = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES]
#: traits of the weather, and how often each is met when it is on
SHARES = {
    "empty_pages": 0.3, "duplicates": 0.3, "loops": 0.3, "cut_bodies": 0.3, "truncated_bodies": 0.3,
    "whole_for_range": 0.3, "stale_size": 0.5, "stale_hash": 0.5, "renamed_between_pages": 0.3,
    "recreated_between_pages": 0.3, "deleted_between_pages": 0.3, "short_content": 0.5,
    "html_content": 0.4, "late_hashes": 0.5, "dropped_dates": 0.5, "redirects": 0.3,
    "locked": 0.2, "unavailable": 0.1, "gateway_timeout": 0.1, "bandwidth_exceeded": 0.1,
    "revoked_between_pages": 0.3, "permissions_denied": 0.4, "called_deleted": 0.3,
}  # fmt: skip
#: traits that are no share, and what they can be; mostly they are off
OTHERS = {
    "rewrite": [(), ("office", "pdf", "html")],
    "no_quota": ["", "", "empty", "zeros"],
    "loops_last": [False, False, True],
    "quota_bytes": [None, None, None, 4_000],
    "bin_ends": [None, 0.0],
    "rights_end": [None] * 9 + [0.0],
    "consent_ends": [None] * 9 + [0.0],
}
#: how long and how often, and not what
MEASURES = {"retry_after", "retry_after_share", "most_per_key"}
#: where things go; a scope may be written with accents apart
PLACES = ["", "Nieuw", unicodedata.normalize("NFD", "Société/Été")]

_DEED = st.tuples(
    st.sampled_from(["add", "write", "rename", "move", "delete", "recreate", "folder"]),
    st.sampled_from(PATHS),
    st.integers(0, 3),
)


@st.composite
def weathers(draw: st.DrawFn) -> Weather:
    """Some of the traits at once."""
    traits = draw(st.frozensets(st.sampled_from(sorted(SHARES)), min_size=3, max_size=9))
    others = {name: draw(st.sampled_from(values)) for name, values in OTHERS.items()}
    return dataclasses.replace(
        CALM, retry_after=0.02, **others, **{name: SHARES[name] for name in traits}
    )


def test_M8_no_trait_of_the_weather_is_left_out():
    """One that the rehearsal gets later has to be met here too."""
    met = {*SHARES, *OTHERS}
    assert met | MEASURES == {one.name for one in dataclasses.fields(Weather)}
    assert not met & MEASURES


_PASS = st.fixed_dictionaries(
    {
        "at the source": st.lists(_DEED, max_size=5),
        "in the target": st.lists(_DEED, max_size=2),
        "weather of the source": weathers(),
        "weather of the target": weathers(),
    }
)


def _do(control, drive, deed, path, number):
    """What somebody does; not everything can be done."""
    folder = path.rpartition("/")[0]
    deeds = {
        "add": lambda: control.add_file(drive, path, f"{path} {number}".encode() * (number * 999)),
        "write": lambda: control.write(drive, path, f"written {number}".encode() * 50),
        "rename": lambda: control.rename(drive, path, f"renamed {number}.txt"),
        "move": lambda: control.move(drive, path, folder or FOLDERS[1]),
        "delete": lambda: control.delete(drive, path),
        "recreate": lambda: control.recreate_folder(drive, folder or FOLDERS[1]),
        "folder": lambda: control.add_folder(drive, f"{folder}/Empty {number}".lstrip("/")),
    }
    try:
        deeds[deed]()
    except ControlError:
        pass  # it is not there, or there already


@settings(
    max_examples=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.lists(_DEED, min_size=4, max_size=10),
    st.lists(_PASS, min_size=1, max_size=3),
    st.sampled_from(PLACES),
)
def test_M8_listed_is_had_or_said_in_any_weather(tenants, begin, passes, place):
    for tenant, drive in _both(tenants):
        tenant.control.set_weather(CALM)
        for item in tenant.control.items(drive):
            if "/" not in item["path"]:
                tenant.control.delete(drive, item["id"])
    with tempfile.TemporaryDirectory() as folder:
        move = dataclasses.replace(tenants, folder=Path(folder))
        for _deed, path, number in begin:
            _do(move.source.control, move.from_drive, "add", path, number)
        for one in passes:
            _one_pass(move, one, place)


def _both(move):
    return ((move.source, move.from_drive), (move.target, move.to_drive))


def _one_pass(move, one, place):
    for deed in one["at the source"]:
        _do(move.source.control, move.from_drive, *deed)
    before = {item["id"] for item in move.source.control.items(move.from_drive)}
    move.source.control.set_weather(one["weather of the source"])
    try:
        report = move.export()
    except SluisError as error:
        event(f"no pass: {error.code}")
        return  # it says so, and nothing is called a pass
    finally:
        move.source.control.set_weather(CALM)
    _held_against_the_source(move, before, report)
    for deed in one["in the target"]:
        _do(move.target.control, move.to_drive, *deed)
    move.target.control.set_weather(one["weather of the target"])
    try:
        done = move.bring_over(SIGNED, place)
        _held_against_the_manifest(move, done)
        result = move.reconcile(SIGNED, place)
    except SluisError as error:
        event(f"not brought over: {error.code}")
        return
    finally:
        move.target.control.set_weather(CALM)
    event(f"import {done.outcome}, {'sound' if result.sound else 'not sound'}")
    _held_against_the_target(move, done, result, f"{place}/" if place else "")


def _held_against_the_source(move, before, report):
    """Whatever was there all the time is in the manifest, with the right bytes or a reason."""
    lines = move.lines_by_id()
    now = {item["id"]: item for item in move.source.control.items(move.from_drive)}
    gaps = " ".join(gap.subject for gap in move.report.gaps)
    for item in before & set(now):
        assert item in lines or item in gaps, now[item]["path"]
    for item, line in lines.items():
        if line.type != "file":
            continue
        assert line.state == HAD or line.why, line
        assert line.state != HAD or line.check == "equal" or line.check_note, line
        if line.state == HAD and line.check in RIGHT and item in now:
            stored = (move.root / line.stored).read_bytes()
            assert stored == move.source.control.bytes_of(move.from_drive, item), line


def _held_against_the_manifest(move, done):
    """Each line is in the target, stays behind by a signed rule, or has a reason."""
    if done.outcome in ("refused", "stopped"):
        assert done.reasons
        return
    with ImportState(move.state) as state:
        arrived = Counter(row.path for row in state.rows() if row.target_id and row.step != "aside")
    left = Counter(one.path for one in done.left_out)
    failed = {one.path for one in done.reasons}
    for path, count in Counter(line.path for line in move.every_line()).items():
        said = left[path] + (path in failed)
        assert arrived[path] + said >= count, (path, done.outcome, done.reasons)
    assert (done.outcome == "done") == (not done.reasons)


def _held_against_the_target(move, done, result, above):
    """Each line of the manifest has one here, and so has each item of the target."""
    left = Counter(one.path for one in result.left_out)
    compared = Counter(
        line.path for line in result.lines
        if line.category not in ("extra", "removed at the source")
    )  # fmt: skip
    assert compared + left == Counter(line.path for line in move.every_line())
    there = [path for path in move.there() if path.startswith(above)]
    named = {f"{above}{line.target}" for line in result.lines if line.category != "missing"}
    unnamed = [path for path in there if path not in named]
    assert len(unnamed) <= result.there_before, unnamed
    if not result.sound:
        assert any(line.why for line in result.lines) or result.rights_missing
        return
    if done.outcome not in ("refused", "stopped"):
        by_path = {line.path: line for line in move.every_line()}
        for line in result.lines:
            if line.type == "file" and line.category == "equal":
                stored = (move.root / by_path[line.path].stored).read_bytes()
                assert move.bytes_there(f"{above}{line.target}") == stored, line
