from __future__ import annotations

import gzip
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import EvidenceError
from sluis.manifest import Entry, Manifest, Problem, dumps, loads, shown

#: any name a Linux folder can hold: bytes but / and NUL
_raw_names = st.binary(min_size=1, max_size=12).filter(
    lambda raw: b"/" not in raw and b"\0" not in raw and raw not in (b".", b"..")
)
names = _raw_names.map(lambda raw: raw.decode("utf-8", "surrogateescape"))
digests = st.text(string.hexdigits[:16], min_size=64, max_size=64)
entries = st.builds(
    Entry,
    path=names,
    type=st.sampled_from(["file", "dir", "link", "fifo"]),
    size=st.integers(0, 2**63 - 1),
    sha256=st.none() | digests,
    mtime_ns=st.integers(-(2**62), 2**62),
    mode=st.integers(0, 0o7777),
    target=st.none() | names,
    twin_of=st.none() | names,
)
manifests = st.builds(
    Manifest,
    entries=st.lists(entries, max_size=6).map(lambda items: {e.path: e for e in items}),
    problems=st.lists(
        st.builds(Problem, names, st.sampled_from(["unreadable", "vanished"]), st.text(max_size=9)),
        max_size=2,
    ).map(tuple),
    excluded=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    left_out=st.integers(0, 10**6),
)


@given(manifests)
def test_what_is_written_reads_back_the_same(manifest: Manifest) -> None:
    packed = dumps(manifest)
    assert loads(packed) == manifest
    assert dumps(loads(packed)) == packed


@given(manifests, st.data())
def test_a_manifest_that_was_cut_short_is_never_read(
    manifest: Manifest, data: st.DataObject
) -> None:
    packed = dumps(manifest)
    with pytest.raises(EvidenceError) as raised:
        loads(packed[: data.draw(st.integers(0, len(packed) - 1))])
    assert raised.value.code == "manifest-unreadable"


def test_a_manifest_with_a_line_less_is_noticed() -> None:
    manifest = Manifest({n: Entry(n, "file", 1, "0" * 64, 0, 0o644) for n in ("a", "b")})
    lines = gzip.decompress(dumps(manifest)).splitlines(keepends=True)
    with pytest.raises(EvidenceError):
        loads(gzip.compress(b"".join(lines[:-1])))


def test_public_tools_can_read_it() -> None:
    manifest = Manifest({"bad\udcff": Entry("bad\udcff", "file", 1, "0" * 64, 0, 0o644)})
    header, line = gzip.decompress(dumps(manifest)).splitlines()
    assert json.loads(header)["items"] == 1
    assert json.loads(line)["path_hex"] == b"bad\xff".hex()


@given(names)
def test_a_shown_path_can_be_printed_and_told_apart(name: str) -> None:
    text = shown(name)
    assert text.isprintable()
    assert text.encode("utf-8").decode("utf-8") == text


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_two_paths_are_never_shown_alike(pair: list[str]) -> None:
    assert shown(pair[0]) != shown(pair[1])
