"""Texts from elsewhere, as they are kept and shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.border.characters import clean_text, hostile


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("plain words, 3 items", "plain words, 3 items"),
        ("één bestand, € 3", "één bestand, € 3"),
        ("\x1b[31mred\x1b[0m", "\\u{001B}[31mred\\u{001B}[0m"),
        ("\x9b2J", "\\u{009B}2J"),
        ("a\u202egnp.exe", "a\\u{202E}gnp.exe"),
        ("zero\u200bwidth", "zero\\u{200B}width"),
        ("\ud800", "\\u{D800}"),
        ("one\ntwo\r\n\tthree", "one two   three"),
        ("1\u00a0000\u2028x", "1 000 x"),
        ("\U000e0041tag", "\\u{E0041}tag"),
        ("\u3164", "\\u{3164}"),
        ("", ""),
    ],
)
def test_L25_what_a_reader_would_not_see_is_spelled_out(said, kept):
    assert clean_text(said) == kept


def test_a_long_text_is_cut_and_says_so():
    assert clean_text("x" * 50, 10) == "x" * 9 + "…"
    assert clean_text("\x1b" * 10, 10) == "\\u{001B}\\…"


@given(st.text(st.characters(), max_size=60), st.integers(1, 40))
def test_L25_no_text_gets_through_with_a_hostile_character(said, most):
    kept = clean_text(said, most)
    assert len(kept) <= most
    assert hostile(kept, allowed="") is None
    kept.encode("utf-8")
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in kept)
    assert clean_text(kept, most) == kept
