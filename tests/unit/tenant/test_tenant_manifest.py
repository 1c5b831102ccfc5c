"""The manifest of a drive: what goes in comes out, and nothing altered is handed out."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import EvidenceError
from sluis.tenant.tenant_manifest import (
    About,
    Gap,
    ManifestLine,
    check_manifest,
    read_manifest,
    write_manifest,
)

ABOUT = About(
    {"id": "drive-1", "kind": "onedrive"},
    2,
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00Z",
    (Gap("recycle bin contents", "site-1", "Graph gives a listing only."),),
)
# names as the service and as a file system give them: any text, and foreign bytes
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.binary(min_size=1, max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
LINES = st.builds(
    ManifestLine,
    path=NAMES,
    type=st.sampled_from(["file", "folder", "package", "shortcut"]),
    item_id=st.text("0123456789ABCDEF", min_size=1, max_size=8),
    stored=st.none() | st.text("abc/", min_size=1, max_size=9),
    size=st.integers(0, 2**60),
    sha256=st.none() | st.just("ab" * 32),
    permissions=st.lists(st.fixed_dictionaries({"roles": st.just(["read"])}), max_size=2).map(
        tuple
    ),
    versions=st.lists(st.fixed_dictionaries({"id": st.text(max_size=3)}), max_size=2).map(tuple),
    fields=st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=2),
    state=st.sampled_from(["had", "could not be had"]),
    seen_in_pass=st.integers(1, 9),
)


@given(st.lists(LINES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(lines: list[ManifestLine]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sub" / "manifest.gz"
        digest = write_manifest(path, lines, ABOUT)
        assert list(read_manifest(path)) == lines
        assert check_manifest(path) == (ABOUT, len(lines))
        assert write_manifest(path, lines, ABOUT) == digest
        assert [p.name for p in path.parent.iterdir()] == ["manifest.gz"]


def _made(tmp_path: Path) -> Path:
    lines = [ManifestLine(path=f"a/{n}", type="file", item_id=str(n)) for n in range(5)]
    write_manifest(tmp_path / "m.gz", lines, ABOUT)
    return tmp_path / "m.gz"


@pytest.mark.parametrize("cut", [0, 1, 20, -1, -9])
def test_a_manifest_cut_short_hands_out_nothing(tmp_path: Path, cut: int) -> None:
    path = _made(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(EvidenceError) as error:
        read_manifest(path)
    assert error.value.code == "tenant-manifest-unreadable"


@pytest.mark.parametrize("line", range(7))
@pytest.mark.parametrize("how", ["removed", "altered", "doubled"])
def test_a_manifest_with_one_line_touched_hands_out_nothing(
    tmp_path: Path, line: int, how: str
) -> None:
    path = _made(tmp_path)
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    assert len(lines) == 7
    if how == "altered":
        lines[line] = lines[line].replace(b'"', b'" ', 1)
    else:
        lines[line : line + 1] = [] if how == "removed" else [lines[line]] * 2
    path.write_bytes(gzip.compress(b"".join(lines)))
    with pytest.raises(EvidenceError):
        read_manifest(path)


def _folded(tmp_path: Path, *lines: bytes) -> Path:
    """A manifest with these lines, whose first and last line are as they must be."""
    first = gzip.decompress(_made(tmp_path).read_bytes()).splitlines(keepends=True)[0]
    text = first + b"".join(line + b"\n" for line in lines)
    last = {"items": len(lines), "sha256": hashlib.sha256(text).hexdigest()}
    path = tmp_path / "folded.gz"
    path.write_bytes(gzip.compress(text + json.dumps(last).encode() + b"\n"))
    return path


PLAIN = {"path": "a", "type": "file", "item_id": "1"}


@pytest.mark.parametrize(
    "line",
    [
        [], 5, None, [["path", "a"]], {**PLAIN, "size": "5"}, {**PLAIN, "size": -1},
        {**PLAIN, "size": True}, {**PLAIN, "type": "device"}, {**PLAIN, "state": "perhaps"},
        {**PLAIN, "stored": ["x"]}, {**PLAIN, "sha256": 5}, {**PLAIN, "permissions": "all"},
        {**PLAIN, "versions": [5]}, {**PLAIN, "fields": []}, {**PLAIN, "more": 1},
        {"type": "file", "item_id": "1"}, {**PLAIN, "path": None}, {**PLAIN, "path_hex": "zz"},
    ],
)  # fmt: skip
def test_L21_a_line_that_makes_no_sense_hands_out_nothing(tmp_path: Path, line: object) -> None:
    good, bad = json.dumps(PLAIN).encode(), json.dumps(line).encode()
    assert check_manifest(_folded(tmp_path, good))[1] == 1
    with pytest.raises(EvidenceError) as error:
        read_manifest(_folded(tmp_path, good, bad))
    assert error.value.code == "tenant-manifest-unreadable"


# what comes before, what is said over and over and how often, what comes after
@pytest.mark.parametrize(
    ("head", "part", "times", "tail"),
    [
        pytest.param(b'{"path":"', b"a", 17 << 20, b'","type":"file","item_id":"1"}', id="long"),
        pytest.param(b'{"fields":{"a":', b"[", 100_000, b"]" * 100_000 + b"}}", id="deep"),
        pytest.param(b'{"fields":{"a":[', b"[],", 2_000_000, b"[]]}}", id="many"),
    ],
)
def test_L22_a_line_that_unfolds_to_too_much_is_refused(
    tmp_path: Path, head: bytes, part: bytes, times: int, tail: bytes
) -> None:
    path = _folded(tmp_path, head + part * times + tail)
    with pytest.raises(EvidenceError) as error:
        read_manifest(path)
    assert error.value.code == "tenant-manifest-unreadable"


def test_L22_a_small_file_that_unfolds_to_gigabytes_is_left_early(tmp_path: Path) -> None:
    path = _made(tmp_path)
    first = gzip.decompress(path.read_bytes()).splitlines(keepends=True)[0]
    line = json.dumps({**PLAIN, "path": "a" * 1_000_000}).encode() + b"\n"
    with gzip.open(path, "wb") as file:
        file.write(first)
        for _ in range(300):
            file.write(line)
    with pytest.raises(EvidenceError, match="unfolds to more"):
        read_manifest(path)


def test_a_missing_manifest_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        check_manifest(tmp_path / "nothing.gz")


def test_a_failed_writer_leaves_the_old_manifest_and_nothing_half(tmp_path: Path) -> None:
    path = _made(tmp_path)
    before = path.read_bytes()

    def breaks() -> list[ManifestLine]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_manifest(path, (line for _ in (1,) for line in breaks()), ABOUT)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.gz"]
