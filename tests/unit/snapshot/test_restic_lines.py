"""What restic prints is typed: much of it was written by whoever can write to the repository."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.border.strict_json import WrongError
from sluis.snapshot.restic_lines import (
    Change,
    Difference,
    Head,
    Listed,
    Node,
    Status,
    Summary,
    Totals,
    read_line,
    read_snapshots,
)

ID = "a" * 64
TIME = "2026-11-28T21:55:26.988446782Z"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
known = st.sampled_from(
    ["message_type", "struct_type", "path", "type", "time", "id", "modifier", "snapshot_id",
     "total_size", "total_file_count", "percent_done"]
)  # fmt: skip
words = st.sampled_from(["status", "summary", "change", "statistics", "snapshot", "node"])


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (line(message_type="status", percent_done=0.5), Status(percent_done=0.5)),
        (line(message_type="status", percent_done="half"), None),
        (line(message_type="summary", snapshot_id=ID, files_new=1), Summary(ID)),
        (line(message_type="change", path="/a", modifier="-"), Change("/a", "-")),
        (line(message_type="statistics", added={}), Difference()),
        (line(struct_type="snapshot", time=TIME, paths=["/a"]), Head(TIME)),
        (line(struct_type="node", path="/a", type="file", uid=0), Node("/a", "file", uid=0)),
        (line(total_size=5, total_file_count=2, snapshots_count=1), Totals(5, 2)),
        (line(message_type="exit_error", code=1), None),
        (b"repository 5 opened\n", None),
        (b"{cut", None),
        (b'{"a": ' + b"1" * 5000 + b"}", None),
    ],
)
def test_lines_as_restic_prints_them(raw: bytes, read: Any) -> None:
    assert read_line(raw) == read


@pytest.mark.parametrize(
    "raw",
    [
        line(message_type="summary", snapshot_id="--password-command=id"),
        line(message_type="summary", snapshot_id="latest"),
        line(message_type="summary"),
        line(message_type="change", path=["x"], modifier="M"),
        line(message_type="change", path="x" * 70_000, modifier="M"),
        line(struct_type="node", path=5, type="file"),
        line(struct_type="node", path="/a"),
        line(struct_type="snapshot", time="0001-01-01T00:00:00Z"),
        line(total_size=-1, total_file_count=1),
        line(total_size=True, total_file_count=1),
    ],
)
def test_L1_a_line_of_another_shape_is_an_error_and_not_skipped(raw: bytes) -> None:
    with pytest.raises(WrongError):
        read_line(raw)


@given(st.dictionaries(known | st.text(), anything | words, max_size=8))
def test_L1_no_line_brings_us_down(given: dict[str, Any]) -> None:
    try:
        read_line(json.dumps(given).encode())
    except WrongError:
        pass


def test_snapshots_are_typed_and_the_strange_ones_counted() -> None:
    good = {"id": ID, "time": TIME, "hostname": "app1", "paths": ["/a"], "tags": None}
    older = {**good, "id": "b" * 64, "time": "2025-01-01T00:00:00Z", "paths": None}
    text = json.dumps([good, {**good, "id": "--x"}, 5, older, {**good, "time": "soon"}])
    found, strange = read_snapshots(text)
    assert found == [
        Listed("b" * 64, "2025-01-01T00:00:00Z", "app1", ()), Listed(ID, TIME, "app1", ("/a",)),
    ]  # fmt: skip
    assert strange == 3
    assert read_snapshots("") == read_snapshots("null") == ([], 0)


@pytest.mark.parametrize("text", ["{}", "5", "[", "[" * 100_000])
def test_what_is_no_list_of_snapshots_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_snapshots(text)
