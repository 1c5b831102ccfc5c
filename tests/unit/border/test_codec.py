"""Whatever arrives is either a valid message or one error."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.border import codec, formats
from sluis.border.codec import WrongError, shape_of
from sluis.border.marked import Annotated
from sluis.border.shapes import Most, Whole
from sluis.border.strict_json import parse
from sluis.border.verb import Failure, Verb
from sluis.errors import BorderError


@dataclass(frozen=True)
class Part:
    name: formats.ExactName
    level: Literal["V0", "V1"]
    seconds: formats.Seconds = 0.0


@dataclass(frozen=True)
class Nothing:
    kind: Literal["nothing"] = "nothing"


@dataclass(frozen=True)
class Something:
    count: Annotated[int, Whole(-5, 5)]
    kind: Literal["something"] = "something"


@dataclass(frozen=True)
class Sample:
    id: formats.Sha256
    at: formats.Time
    done: bool
    path: formats.RelativePath
    place: formats.AbsolutePath
    said: formats.Words
    parts: Annotated[tuple[Part, ...], Most(3)]
    named: Annotated[Mapping[formats.Slug, formats.Count], Most(2)]
    either: Nothing | Something
    data: Annotated[bytes, formats.Blob(20)]
    older: formats.Sha256 | None = None

    def __post_init__(self):
        if self.older == self.id:
            raise ValueError("has the same older id")


VERB = Verb("sample", Nothing, Nothing, Sample, most_bytes=8000, most_values=200)
GOOD = Sample(
    id="a" * 64, at="2026-12-01T19:15:00.123456+00:00", done=True, path="a/b", place="/var/x",
    said="well", parts=(Part("p", "V1", 1.5),), named={"a-b": 3}, either=Something(4),
    data=b"\x00\xff",
)  # fmt: skip


def _whole():
    return json.loads(VERB.pack_answer(GOOD))


def _read(whole):
    return VERB.read_answer(json.dumps(whole).encode(), host="db1")


def test_a_message_comes_back_as_it_was():
    assert _read(_whole()) == GOOD
    assert VERB.pack_answer(GOOD) == VERB.pack_answer(dataclasses.replace(GOOD))


HUGE = 10**30
BAD = {
    "id": [
        "--password-command=sh -c 'id'", "A" * 64, "a" * 63, "a" * 64 + "\n", None, 5, ["a"], "",
    ],
    "at": ["now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "9999-01-01T00:00:00Z", 5,
           "2026-01-01T00:00:00+99:00", "٢026-01-01T00:00:00Z", None],
    "done": [1, 0, "true", None, [], {}],
    "path": ["/etc/passwd", "../x", "a/../../x", "-rf", "--x", "", "a\nb", "a\x00b", "x" * 5000],
    "place": ["etc", "/a/../b", "/a\x1b[2J", "", "-/x", None],
    "said": [None, 5, {}, ["x"]],
    "parts": [None, {}, "x", [None], [{}], [{"name": "p", "level": "V9"}], [{"name": "p"}] * 4,
              [{"name": "\ud800", "level": "V0"}], [{"name": "p", "level": ["V0"]}],
              [{"name": "p", "level": "V0", "seconds": -1}],
              [{"name": "p", "level": "V0", "seconds": True}],
              [{"name": "p", "level": "V0", "seconds": HUGE}]],
    "named": [None, [], {"A b": 1}, {"a": -1}, {"a": 1.0}, {"a": True}, {"a": HUGE},
              {"a": 1, "b": 1, "c": 1}],
    "either": [None, {}, {"kind": "other"}, {"kind": ["nothing"]}, {"kind": "something"}, "nothing",
               {"kind": "something", "count": 6}, {"kind": "nothing", "count": 1}],
    "data": [None, "é", "=", "AAA", base64.b64encode(b"x" * 21).decode(), 7],
    "older": ["x", False, "a" * 64],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_L1_a_field_without_its_shape_is_a_bad_answer_that_names_it(field, value):
    whole = _whole()
    whole["body"][field] = value
    with pytest.raises(BorderError) as told:
        _read(whole)
    assert told.value.code == "bad-answer"
    assert "sample on db1" in told.value.what
    if (field, value) != ("older", "a" * 64):  # that is about the two together
        assert f" {field}" in told.value.what
    assert len(told.value.what) < 500


@pytest.mark.parametrize("field", sorted(set(BAD) - {"older"}))
def test_a_missing_field_is_named(field):
    whole = _whole()
    del whole["body"][field]
    with pytest.raises(BorderError, match=rf"{field} is missing"):
        _read(whole)


def test_an_unknown_field_is_named_and_cannot_paint_the_screen():
    whole = _whole()
    whole["body"]["\x1b[2Jnew"] = 1
    with pytest.raises(BorderError) as told:
        _read(whole)
    assert "\\u{001B}[2Jnew is unknown" in told.value.what


@pytest.mark.parametrize(
    "change",
    [{"sluis": 2}, {"sluis": True}, {"sluis": None}, {"verb": "other"}, {"part": "request"},
     {"more": 1}, {"body": None}, {"body": []}],
)  # fmt: skip
def test_another_version_verb_or_part_is_not_taken(change):
    with pytest.raises(BorderError) as told:
        _read({**_whole(), **change})
    assert told.value.code == "bad-answer"


DEEP = b"[" * 100_000
TEXTS = [
    b"", b"\xff\xfe", b"nul", b"{}", b"[]", b"NaN", DEEP, DEEP + b"]" * 100_000, b"1" * 3000,
    b"9" * 7_999, b"-" * 50, b'{"a":1,"a":2}', b'{"sluis":Infinity}', b"1e999", b'"' + b"x" * 5000,
    b"0." + b"1" * 3000, b'"\\ud800"', b'{"sluis":1e400}', b"[[],[]" + b",[]" * 100 + b"]",
]  # fmt: skip


@pytest.mark.parametrize("data", TEXTS, ids=lambda data: repr(data[:12]))
def test_what_is_no_message_is_a_bad_answer(data):
    with pytest.raises(BorderError) as told:
        VERB.read_answer(data, host="db1")
    assert told.value.code == "bad-answer"
    assert "sample on db1" in told.value.what


@pytest.mark.parametrize("data", [DEEP, DEEP + b"]" * 100_000, b'{"a":' * 90_000])
def test_depth_is_an_error_where_size_is_not(data):
    with pytest.raises(WrongError):
        parse(data, most_bytes=10**7, most_values=10**7)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"Infinity", b"-Infinity", b"NaN"])
def test_L1_a_number_that_is_not_finite_is_none(number):
    for data in (number, b"[" + number + b"]", b'{"a":' + number + b"}"):
        with pytest.raises(WrongError, match="not finite"):
            parse(data, most_bytes=100, most_values=10)


def test_a_number_with_many_digits_takes_no_time():
    with pytest.raises(WrongError, match="too many digits"):
        parse(b"7" * 10**7, most_bytes=10**8, most_values=10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_message_or_one_error(value):
    with pytest.raises(WrongError):
        codec.load(Sample, value)


@given(st.binary(max_size=300))
def test_any_bytes_are_one_error(data):
    with pytest.raises(BorderError):
        VERB.read_answer(data, host="db1")


def _places(value, path=()):
    yield path
    named = value.items() if isinstance(value, dict) else ()
    for name, item in enumerate(value) if isinstance(value, list) else named:
        yield from _places(item, (*path, name))


PLACES = sorted((path for path in _places(_whole()) if path), key=repr)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), JSON)
def test_L1_any_value_in_any_place_is_in_range_or_one_error(place, value):
    whole = _whole()
    target = whole
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    try:
        read = _read(whole)
    except BorderError as error:
        assert error.code == "bad-answer"
        return
    assert isinstance(read, Sample)
    # what was taken can be sent on, and reads the same
    assert VERB.read_answer(VERB.pack_answer(read), host="x") == read


def test_what_we_send_is_checked_as_well():
    bad = dataclasses.replace(GOOD, id="--option")
    with pytest.raises(BorderError, match="id is not 64"):
        VERB.pack_answer(bad)
    with pytest.raises(BorderError) as told:
        VERB.pack_request(GOOD, host="db1")
    assert told.value.code == "bad-request"


def test_a_failure_is_a_message_too():
    failure = Failure("SnapshotError", "store-full", "It is \x1b[1mfull.", "Make room.\u202e")
    read = VERB.read_failure(VERB.pack_failure(failure), host="db1")
    assert read.what == "It is \\u{001B}[1mfull."
    assert "\u202e" not in read.remedy


@pytest.mark.parametrize(
    "kind", [str, int, bytes, list, tuple[formats.Slug, ...], dict[str, bool], type(None)]
)
def test_a_field_without_bounds_is_no_message(kind):
    with pytest.raises(TypeError):
        shape_of(kind)
