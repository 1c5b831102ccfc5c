"""A scope file has one meaning, or it is refused with the line that has two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.scope import strict_yaml
from sluis.scope.load import ScopeError, load_scope
from sluis.scope.strict_yaml import MAX_BYTES, FormError, read_tree
from support.scopes import scope_dict, to_yaml, write_scope


@pytest.fixture(params=[yaml.SafeLoader, yaml.CSafeLoader], autouse=True, scope="module")
def loader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both parsers of PyYAML: which one a machine has must not change the meaning."""
    before = strict_yaml._LOADER
    strict_yaml._LOADER = request.param
    yield
    strict_yaml._LOADER = before


def refused(text: str | bytes) -> FormError:
    with pytest.raises(FormError) as caught:
        read_tree(text if isinstance(text, bytes) else text.encode())
    assert caught.value.what
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: &x 1\nb: 2\n", "anchor", 1),
        ("a: 1\nb: *x\n", "anchor", 2),
        ("a: 1\nb: &y [1]\n", "anchor", 2),
        ("a:\n  <<: {b: 1}\n", "merge-key", 2),
        ("a: 1\nb: !!str 2\n", "tag", 2),
        ("a: !!python/object/apply:os.system ['true']\n", "tag", 1),
        ("a: !vault x\n", "tag", 1),
        ("--- !!map\na: 1\n", "tag", 1),
        ("a: 1\n---\nb: 2\n", "several-documents", 2),
        ("%YAML 1.1\n---\na: 1\n", "directive", 1),
        ("%TAG ! tag:example,2000:\n---\na: 1\n", "directive", 1),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3),
        ('a: 1\n"a": 3\n', "duplicate-key", 2),
        ("a: {b: 1, b: 2}\n", "duplicate-key", 1),
        ("1: a\n", "bad-key", 1),
        ("a: 1\non: a\n", "bad-key", 2),
        ("? [a]\n: b\n", "bad-key", 1),
        ("2026-01-01: a\n", "bad-key", 1),
        ("a:\n\tb: 1\n", "tab", 2),
        ("a: 1 \t# note\n", "tab", 1),
        ("a: 1\nb: x\x00y\n", "hostile-character", 2),
        ("a: 1\nb: x\x1b[2Jy\n", "hostile-character", 2),
        ("a: 1\nb: x\ry\n", "hostile-character", 2),
        ("a: 1\nb: x\x85y\n", "hostile-character", 2),
        ("a: 1\n# \u202e\n", "hostile-character", 2),
        ("a: pay\u200bpal\n", "hostile-character", 1),
        ("a: x\u2066y\n", "hostile-character", 1),
        ("a: x\u2028b: y\n", "hostile-character", 1),
        ("\ufeffa: 1\n", "hostile-character", 1),
        ("a: x\u00ady\n", "hostile-character", 1),
        ("a: x\u3164y\n", "hostile-character", 1),
        ("a: /srv/a\u00a0b\n", "hostile-character", 1),
        ("a: x\U000e0041y\n", "hostile-character", 1),
        ("a: e\u0301\u0301\u0301\u0301\n", "hostile-character", 1),
        (b"a: 1\nb: \xff\n", "not-utf8", 2),
        ("a: é\n".encode("latin-1"), "not-utf8", 1),
        ("a: 1\n".encode("utf-16"), "not-utf8", 1),
        ("a: [1\n", "not-yaml", 2),
        ("a: 'x\n", "not-yaml", 2),
        ("a: b: c\n", "not-yaml", 1),
        ("a: 1\n b: 2\n", "not-yaml", 2),
        ("a: @x\n", "not-yaml", 1),
        ("", "empty-file", 1),
        ("# only words\n", "empty-file", 1),
        ("a:\n", "empty-value", 1),
        ("a: ~\n", "empty-value", 1),
        ("a: null\n", "empty-value", 1),
        ("a: 1\nb: 2026-02-30\n", "no-such-day", 2),
        ("[" * 30 + "]" * 30, "too-deep", 1),
        ("a: " + "{a: " * 30 + "1" + "}" * 30, "too-deep", 1),
    ],
)
def test_a_trick_is_refused_with_its_line(text: str | bytes, code: str, line: int) -> None:
    error = refused(text)
    assert (error.code, error.line) == (code, line)


@pytest.mark.parametrize(
    "word",
    [
        "no", "No", "NO", "yes", "Yes", "on", "ON", "off", "y", "n", "Y", "N", "True", "TRUE",
        "False", "012", "0o17", "0x1F", "0b11", "1_000", "1,000", "12:30:45", "190:20:30", "1e3",
        "1.5", "+1", ".inf", "-.INF", ".nan", "NaN", "2026-01-01 10:00:00",
        "2026-01-01T10:00:00Z", "=", "1.2.3", "12345678901234567890",
    ],
)  # fmt: skip
def test_a_word_that_reads_differently_elsewhere_is_refused(word: str) -> None:
    error = refused(f"a: text\nb: {word}\n")
    assert (error.code, error.line) == ("two-meanings", 2)
    assert word in error.what
    # in quotes it is the text it looks like
    assert read_tree(f"b: '{word}'\n".encode()).value == {"b": word}


def test_case_A12_norway_is_a_country_and_not_a_no(tmp_path: Path) -> None:
    path = write_scope(tmp_path, {"assets.0.allowed_locations.0.country": "NO"})
    assert load_scope(path).document.assets[0].allowed_locations[0].country == "NO"
    path.write_text(path.read_text().replace('country: "NO"', "country: NO"))
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert caught.value.code == "two-meanings"
    assert '"NO" in quotes' in str(caught.value)


def test_what_is_left_is_read_as_it_is_written() -> None:
    text = """\
---
word: two words
quoted: "a: b # c"
folded: >-
  one
  two
number: 53
negative: -1
yes_or_no: true
day: 2026-10-30
words: [a, 'no', 7]
group: {deep: 'x'}
time: at 10:30 or so
"""
    tree = read_tree(text.encode())
    assert tree.value == {
        "word": "two words", "quoted": "a: b # c", "folded": "one two", "number": 53,
        "negative": -1, "yes_or_no": True, "day": date(2026, 10, 30), "words": ("a", "no", 7),
        "group": {"deep": "x"}, "time": "at 10:30 or so",
    }  # fmt: skip
    assert tree.marks[("number",)] == (7, 1)
    assert tree.marks[("words", 1)] == (11, 12)
    assert tree.marks[("group", "deep")] == (12, 9)


def test_lines_may_end_as_windows_ends_them() -> None:
    assert read_tree(b"a: 1\r\nb: 'x'\r\n").value == {"a": 1, "b": "x"}


def test_a_huge_file_is_refused_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scope.yml"
    path.write_bytes(b"a: 1\n" + b"#" * MAX_BYTES)
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert caught.value.code == "file-too-large"
    assert refused(b"x" * (MAX_BYTES + 1)).code == "file-too-large"
    monkeypatch.setattr(strict_yaml, "MAX_VALUES", 1000)
    assert refused("[" + "1," * 1000 + "]").code == "too-many-values"


def test_only_a_plain_file_is_a_scope(tmp_path: Path) -> None:
    real = write_scope(tmp_path / "elsewhere")
    link = tmp_path / "scope.yml"
    link.symlink_to(real)
    fifo = tmp_path / "fifo.yml"
    os.mkfifo(fifo)
    for path, code in (
        (link, "symlink"),
        (fifo, "not-a-file"),
        (tmp_path, "not-a-file"),
        (tmp_path / "nothing.yml", "scope-missing"),
        (tmp_path / "a\x00b", "not-a-file"),
    ):
        with pytest.raises(ScopeError) as caught:
            load_scope(path)
        assert caught.value.code == code


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_read_otherwise_than_yaml(text: str) -> None:
    """Where both read it, we and PyYAML agree; where we balk, we say where and why."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        ours = read_tree(data).value
    except FormError as error:
        assert error.what
        assert error.remedy
        return
    theirs = yaml.safe_load(text.replace("\r\n", "\n"))
    assert _lists(ours) == theirs


@given(
    st.recursive(
        st.text(max_size=10) | st.integers(-(10**15), 10**15) | st.booleans() | st.dates(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_a_yaml_writer_writes_is_read_back_or_refused(value: object) -> None:
    written = yaml.safe_dump({"a": value}, allow_unicode=True)
    try:
        ours = read_tree(written.encode()).value
    except FormError:
        return
    assert _lists(ours) == {"a": value}


@given(st.text(alphabet="a1: -\n'\"|>[]{},#&*!?%@~x=.0", max_size=24))
@settings(max_examples=800, deadline=None)
def test_both_parsers_read_the_same(text: str) -> None:
    found: list[object] = []
    for kind in (yaml.SafeLoader, yaml.CSafeLoader):
        before, strict_yaml._LOADER = strict_yaml._LOADER, kind
        try:
            tree = read_tree(text.encode())
            found.append((tree.value, tree.marks))
        except FormError:
            # one may refuse what the other reads ("|#"); what both read they read alike
            pass
        finally:
            strict_yaml._LOADER = before
    assert found[:1] == found[1:] or len(found) < 2


@given(st.binary(max_size=80))
def test_any_bytes_end_in_a_value_or_a_refusal(data: bytes) -> None:
    try:
        read_tree(data)
    except FormError as error:
        assert error.code


def test_the_error_names_the_file_and_survives_being_raised_in_a_context(tmp_path: Path) -> None:
    path = tmp_path / "scope.yml"
    path.write_text(to_yaml(scope_dict()).replace("version: 1", "version: 1\nversion: 2"))
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert caught.value.code == "duplicate-key"
    assert "line 4" in str(caught.value)
    assert str(path) in str(caught.value)


def _lists(value: object) -> object:
    if isinstance(value, tuple):
        return [_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return value
