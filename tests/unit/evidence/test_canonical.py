"""One value, one spelling."""

from __future__ import annotations

import json
import math

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, parse_canonical, spelled_at

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    data = canonical(value)
    assert parse_canonical(data) == value
    assert canonical(parse_canonical(data)) == data
    assert data == rfc8785.dumps(value)


@settings(deadline=None)
@given(VALUES)
def test_a_part_is_spelled_as_it_stands_in_the_whole(value: object) -> None:
    whole = canonical({"a": value, "b": [1e-7, "\U0001f512"]})
    assert spelled_at(parse_canonical(whole)["a"], whole, 5) == canonical(value)


@settings(deadline=None)
@given(VALUES, st.integers(0, 10_000), st.sampled_from([" ", "\n", "\ufeff", "0", "+", "\\u0041"]))
def test_any_other_spelling_is_refused(value: object, place: int, extra: str) -> None:
    text = canonical([value]).decode()
    at = place % (len(text) + 1)
    other = (text[:at] + extra + text[at:]).encode()
    try:
        read = parse_canonical(other)
    except EvidenceError as error:
        assert error.code in ("not-json", "not-canonical")
    else:
        assert rfc8785.dumps(read) == other


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a": 1}',
        "1.0",
        "1e2",
        "-0",
        "-0.0",
        "9007199254740993",
        "1" * 5000,
        "0.1e1",
        '"\\u0041"',
        '"\\/"',
        '"\\ud800"',
        '{"\uffee":2,"\U0001f512":1}',
        "[1,2]\n",
    ],
)
def test_json_in_another_spelling_is_not_canonical(text: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_canonical(text.encode("utf-8", "surrogatepass"))
    assert caught.value.code == "not-canonical"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"NaN", b"Infinity", b"1e400", b"\xff", b"\xef\xbb\xbf1", b"[" * 100_000]
)
def test_what_is_no_json_is_named_so(data: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_canonical(data)
    assert caught.value.code == "not-json"


def test_keys_are_sorted_as_utf_16() -> None:
    # U+1F512 is D83D DD12 in UTF-16 and so comes before U+FFEE, which by code point it does not
    assert canonical({"\uffee": 2, "\U0001f512": 1}) == '{"\U0001f512":1,"\uffee":2}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        1e16,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(EvidenceError) as caught:
        canonical({"value": value})
    assert caught.value.code == "cannot-record"


def test_endless_nesting_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(EvidenceError):
        canonical(value)


def test_tagged_subclasses_count_as_what_they_are() -> None:
    class Tagged(str):
        """As Ansible tags its values."""

    class TaggedDict(dict):  # type: ignore[type-arg]
        """Likewise."""

    assert canonical(TaggedDict({Tagged("a"): Tagged("b")})) == b'{"a":"b"}'


def test_numbers_are_spelled_as_ecmascript_does() -> None:
    # RFC 8785, appendix B
    for value, text in (
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (1.0, "1"),
        (-0.0, "0"),
        (4.5, "4.5"),
    ):
        assert canonical(value) == text.encode()
        assert json.loads(text) == value
