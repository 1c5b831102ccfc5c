"""An answer of Graph takes little memory, whatever is in it (L22)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.graph.answer import _MOST_VALUES, json_or_none, parsed
from sluis.graph.calls import _LARGEST
from sluis.graph.errors import GraphError

MB = 1 << 20
_PARSE = """
import resource, sys
from sluis.graph.answer import parsed
from sluis.graph.errors import GraphError
data = bytearray(sys.stdin.buffer.read())
limit = int(open('/proc/self/statm').read().split()[0]) * 4096 + (280 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
try:
    print(len(parsed(data, 200, "GET", "https://x/y")))
except GraphError as error:
    print(error.code)
"""


def _filled(one: bytes, size: int = _LARGEST) -> bytes:
    return b'{"value":[' + (one + b",") * ((size - 20) // (len(one) + 1)) + b"0]}"


_CHAIN = b'{"a":' * 8 + b"0" + b"}" * 8
#: each of the size that is read at most, or with as many values
TAKEN: dict[str, Callable[[], bytes]] = {
    "a text of wide characters": lambda: '{"a":"😀'.encode() + b"x" * (_LARGEST - 99) + b'"}',
    "a text of commas": lambda: b'{"a":"' + b"," * (_LARGEST - 99) + b'"}',
    "a text of escapes": lambda: b'{"a":"' + b"\\n," * (_LARGEST // 4) + b'"}',
    "objects in objects": lambda: _filled(_CHAIN, _MOST_VALUES // 9 * (len(_CHAIN) + 1)),
    "names": lambda: (
        b"{" + b",".join(b'"%x":{}' % number for number in range(_MOST_VALUES // 2 - 9)) + b"}"
    ),
    "all at once": lambda: (
        '{"a":"😀'.encode() + b"x" * (12 * MB) + b'","b":'
        + _filled(_CHAIN, _MOST_VALUES // 9 * (len(_CHAIN) + 1)) + b"}"
    ),
}  # fmt: skip
REFUSED: dict[str, Callable[[], bytes]] = {
    "lists": lambda: _filled(b"[]"),
    "objects": lambda: _filled(b"{}"),
    "objects in objects": lambda: _filled(b'{"a":{}}'),
    "lists in lists": lambda: _filled(b'{"id":[[[]]]}'),
    "numbers": lambda: _filled(b"1.5"),
    "texts": lambda: _filled(b'"ab"'),
    "texts without commas": lambda: _filled(b'""' * 1000),
    "a quote that is none": lambda: b'{"a":' + b'\\"' * (_LARGEST // 2) + _filled(b"0", MB * 2),
    "a text without an end": lambda: _filled(b"0", MB * 2) + b'"' + b'\\"' * (_LARGEST // 4),
}


def _in_little_memory(data: bytes) -> str:
    assert len(data) < 2 * _LARGEST
    done = subprocess.run([sys.executable, "-c", _PARSE], input=data, capture_output=True)
    return done.stdout.decode().strip() or done.stderr.decode()[-300:]


@pytest.mark.parametrize("name", TAKEN)
def test_L22_what_is_taken_takes_little_memory(name: str) -> None:
    assert _in_little_memory(TAKEN[name]()).isdigit()


@pytest.mark.parametrize("name", REFUSED)
def test_L22_what_would_unfold_is_refused_before_it_does(name: str) -> None:
    assert _in_little_memory(REFUSED[name]()) == "page-malformed"


def test_L22_a_page_of_a_thousand_items_is_far_from_the_bounds() -> None:
    """One of the rehearsal tenant's, with all columns, has 1.2 MB and 41,000 values."""
    fields = {f"column {number}": "text, with [commas] {and more}" for number in range(200)}
    page = {"value": [{"id": str(number), "fields": fields} for number in range(1000)]}
    raw = json.dumps(page).encode()
    assert len(raw) < _LARGEST
    assert parsed(raw, 200, "GET", "https://x/y") == page


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999", "-1e999", "9" * 400])
def test_M11_a_number_that_is_not_finite_is_no_answer(number: str) -> None:
    raw = f'{{"value":[{{"id":"1","size":{number}}}]}}'.encode()
    with pytest.raises(GraphError, match="is no JSON object"):
        parsed(raw, 200, "GET", "https://x/y")


def test_M11_a_whole_number_beyond_64_bits_is_none_of_ours() -> None:
    raw = f"[{2**63 - 1}, {-(2**63)}, {2**63}, {10**30}, 7, -0, 1.5]".encode()
    found = json_or_none(raw)
    assert found == [2**63 - 1, -(2**63), float(2**63), 1e30, 7, 0, 1.5]
    assert [type(one) for one in found] == [int, int, float, float, int, int, float]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(_JSON)
def test_M11_any_json_is_read_as_it_is(value: object) -> None:
    assert json_or_none(json.dumps(value).encode()) == value
