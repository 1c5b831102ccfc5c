"""A manifest from a host that means harm: refused while it is read, in little memory."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import EvidenceError
from sluis.manifest import Entry, Manifest, dumps, loads

HEADER = {"manifest": 1, "items": 1, "problems": 0, "excluded": [], "left_out": 0}
LINE = {"path": "a", "type": "file", "size": 1, "sha256": "0" * 64, "mtime_ns": 0, "mode": "0644"}


def _packed(*lines: object) -> bytes:
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


_MB = 1 << 20
_BEGIN = b'{"manifest":1,"items":%d,"problems":%d,"excluded":[],"left_out":0}\n'
_ITEM = b'{"path":"%s","type":"dir","size":0,"sha256":null,"mtime_ns":0,"mode":"0755"}\n'
_PROBLEM = b'{"path":"a","problem":"vanished","detail":""}\n'


def _bomb(begin: bytes, again: bytes) -> bytes:
    """A file that unfolds to 160 MB; gzip files may be put one after the other."""
    part = again * (_MB // len(again))
    return gzip.compress(begin) + gzip.compress(part) * (160 * _MB // len(part))


def _numbered(count: int, name: bytes) -> bytes:
    lines = (_ITEM % (name + b"%d" % number) for number in range(count))
    return gzip.compress(_BEGIN % (count, 0) + b"".join(lines))


BOMBS = {
    "one endless line": lambda: _bomb(b'{"manifest":1,"items":1,"x":"', b"a"),
    "an endless second line": lambda: _bomb(_BEGIN % (1, 0) + b'{"path":"', b"a"),
    "one item again and again": lambda: _bomb(_BEGIN % (4_000_000, 0), _ITEM % b"a"),
    "one problem again and again": lambda: _bomb(_BEGIN % (0, 9_000_000), _PROBLEM),
    "nothing but line ends": lambda: _bomb(_BEGIN % (1, 0), b"\n"),
    "deep": lambda: _bomb(_BEGIN % (1, 0), b"["),
    "lists in a name": lambda: _bomb(_BEGIN % (1, 0) + b'{"path":[', b"[],"),
    "long names": lambda: _numbered(50_000, b"a" * 4000),
}
_LOAD = """
import resource, sys
from sluis.manifest import loads
from sluis.errors import EvidenceError
data = sys.stdin.buffer.read()
limit = int(open('/proc/self/statm').read().split()[0]) * 4096 + (150 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    print(loads(data).items)
except EvidenceError as error:
    print(error.code)
"""


def _in_150_mb(data: bytes) -> str:
    assert len(data) < 600_000
    done = subprocess.run([sys.executable, "-c", _LOAD], input=data, capture_output=True)
    return done.stdout.decode().strip() or done.stderr.decode()[-300:]


@pytest.mark.parametrize("name", BOMBS)
def test_L22_a_small_manifest_that_unfolds_is_refused_in_little_memory(name):
    assert _in_150_mb(BOMBS[name]()) == "manifest-unreadable"


def test_L22_as_many_items_as_so_few_bytes_can_hold_take_little_memory():
    assert _in_150_mb(_numbered(150_000, b"")) == "150000"


def test_a_manifest_of_numbered_empty_items_is_read():
    """What compresses best among real manifests is well within the bounds."""
    entries = {
        name: Entry(name, "dir", 0, None, 1_700_000_000_000_000_000, 0o755)
        for name in (f"a/long/common/beginning/of/every/name/folder-{i:06d}" for i in range(30_000))
    }
    manifest = Manifest(entries)
    assert loads(dumps(manifest)) == manifest


BAD = [
    {"path": "/etc"}, {"path": "../a"}, {"path": "a/../b"}, {"path": "a//b"}, {"path": ""},
    {"path": "a/"}, {"path": "a\0"}, {"path": 1}, {"path": ["a"]}, {"path": "\ud800"},
    {"type": "socketx"}, {"type": ["file"]}, {"size": -1}, {"size": True}, {"size": 1.5},
    {"size": 10**30}, {"sha256": "--password-command=id"}, {"sha256": "A" * 64}, {"sha256": 5},
    {"mtime_ns": None}, {"mtime_ns": 10**40}, {"mode": "9999"}, {"mode": 420}, {"mode": "0644\n"},
    {"target": 5}, {"twin_of": ["a"]}, {"path_hex": "zz", "path": None},
    {"problem": "gone", "detail": "x"}, {"problem": "vanished", "detail": 5},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD, ids=repr)
def test_L22_an_item_that_cannot_be_is_refused(change):
    assert loads(_packed(HEADER, LINE)).items == 1
    with pytest.raises(EvidenceError) as told:
        loads(_packed(HEADER, {**LINE, **change}))
    assert told.value.code == "manifest-unreadable"


@pytest.mark.parametrize("name", sorted(HEADER))
@pytest.mark.parametrize("value", [None, "x", -1, True, [1], {}, 10**30])
def test_a_header_that_cannot_be_is_refused(name, value):
    with pytest.raises(EvidenceError):
        loads(_packed({**HEADER, name: value}, LINE))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(LINE)), JSON)
def test_L22_any_value_in_a_line_is_read_or_refused(name, value):
    try:
        read = loads(_packed(HEADER, {**LINE, name: value}))
    except EvidenceError as error:
        assert error.code == "manifest-unreadable"
        return
    assert loads(dumps(read)) == read


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data):
    for given_bytes in (data, gzip.compress(data)):
        with pytest.raises(EvidenceError):
            loads(given_bytes)
