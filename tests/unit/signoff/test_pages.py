"""A text on a terminal: a screen at a time, back and forth, the details when asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.scope.model import Language
from sluis.scope.voice import Voice
from sluis.signoff.dialogue import Question
from sluis.signoff.pages import into_pages, read_pages
from sluis.signoff.request import ANNEX
from sluis.signoff.texts import SENTENCES

LINES = 13  # eight of them for the text


def read(texts: dict[str, str], typed: Sequence[str], language: Language = "en") -> list[str]:
    """What was shown, with the foot of each page."""
    shown: list[str] = []
    answers = iter(typed)

    def ask(question: Question) -> str:
        shown.append(f"[{question.text}] {question.hint}")
        return next(answers)

    data = {title: text.encode() for title, text in texts.items()}
    read_pages(data, Voice(language, SENTENCES), LINES, shown.append, ask)
    assert list(answers) == []
    return shown


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 12))
def test_no_line_is_lost_and_no_page_is_too_long(blocks: list[int], lines: int) -> None:
    numbered = enumerate(blocks)
    text = "\n\n".join("\n".join(f"{n}.{line}" for line in range(count)) for n, count in numbered)
    pages = into_pages(text + "\n", lines)
    assert all(len(page.split("\n")) <= lines for page in pages)
    told = [line for page in pages for line in page.split("\n") if line]
    assert told == [line for line in text.split("\n") if line]


def test_a_paragraph_stays_whole_where_it_fits() -> None:
    text = "a\nb\nc\n\nd\ne\nf\n"
    assert into_pages(text, 5) == ["a\nb\nc", "d\ne\nf"]


@pytest.mark.parametrize(
    ("language", "back", "place"), [("nl", "t", "Bladzijde 2 van 3"), ("en", "b", "Page 2 of 3")]
)
def test_back_and_forth_with_a_count(language: Language, back: str, place: str) -> None:
    texts = {"plan": "one\n" * 8, "scope": "two\n" * 8 + "\nthree\n"}
    shown = read(texts, ["", back, "", "", ""], language)
    told = [text.strip()[:3] for text in shown[::2]]
    assert told == ["one", "two", "one", "two", "thr"]
    assert place in shown[3]


def test_the_details_are_read_only_when_somebody_asks() -> None:
    texts = {"plan": "one\n", ANNEX: "ssh://root@h1\n"}
    assert not any("ssh://" in text for text in read(texts, [""]))
    shown = read(texts, ["d", "", ""])
    assert ["ssh://" in text for text in shown] == [False, False, True, False, False, False]
    assert "d for the technical details" in shown[1]
    assert "d for the technical details" not in shown[3]


def test_a_heading_goes_to_the_page_of_what_it_heads() -> None:
    text = "a\nb\n\nHOW WE DO IT\n\nc\nd\n\nTHE\n\nEND\n"
    assert into_pages(text, 5) == ["a\nb", "HOW WE DO IT\n\nc\nd", "THE\n\nEND"]


@pytest.mark.parametrize(
    ("text", "lines", "pages"),
    [
        ("a\n\nb\n", 3, ["a\n\nb"]),  # exactly as long as the page
        ("a\n\nb\n", 2, ["a", "b"]),
        ("a\nb\nc\nd\ne\n", 2, ["a\nb", "c\nd", "e"]),
        ("a\n\nb\nc\nd\ne\n", 3, ["a", "b\nc\nd", "e"]),
        ("a\nb\nc\nd\n\ne\n", 3, ["a\nb\nc", "d\n\ne"]),  # the rest of one, and the next
        ("\n  indented\n", 3, ["  indented"]),
        ("SO IT IS\nand on\n\nb\n", 3, ["SO IT IS\nand on", "b"]),  # two lines: no heading
        ("SO IT IS\nAND ON\n\nb\nc\n", 3, ["SO IT IS\nAND ON", "b\nc"]),
        ("Xa\n\nMAX\n", 3, ["Xa\n\nMAX"]),
        ("a\n\nALONE \n", 3, ["a\n\nALONE "]),
        ("", 3, [""]),
    ],
    ids=[
        "whole",
        "two",
        "long",
        "long after short",
        "rest",
        "indented",
        "no heading",
        "no heading in capitals",
        "last of capitals",
        "last",
        "none",
    ],
)
def test_where_a_page_ends(text: str, lines: int, pages: list[str]) -> None:
    assert into_pages(text, lines) == pages


def test_what_is_typed_is_read_by_its_first_letter_and_never_goes_before_the_first_page() -> None:
    texts = {"plan": "one\n" * 8, "scope": "two\n" * 8 + "\nthree\n" * 2}
    shown = read(texts, ["b", "Back", " ", "what?", "back", "", ""])
    assert [text.strip()[:3] for text in shown[::2]] == [
        "one",
        "one",
        "one",
        "two",
        "thr",
        "two",
        "thr",
    ]
    assert [text[0] + text[-1] for text in shown[::2]] == ["\n\n"] * 7
    assert "XX" not in "".join(shown)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_foot_says_what_may_be_typed_there(language: Language) -> None:
    voice = Voice(language, SENTENCES)
    texts = {"plan": "one\n" * 8, "scope": "two\n"}
    feet = [text.partition("] ")[2] for text in read(texts, ["", ""], language)[1::2]]
    assert feet == [voice.say("page"), voice.say("page.end")]
    # in the details there are no details of the details
    with_details = read({**texts, ANNEX: "ssh://\n"}, ["", "details", "d", ""], language)
    feet = [text.partition("] ")[2] for text in with_details[1::2]]
    assert feet == [voice.say(key) for key in ("page", "page.details", "page", "page.details")]


def test_a_page_is_asked_for_as_remarks_are() -> None:
    asked: list[Question] = []

    def ask(question: Question) -> str:
        asked.append(question)
        return ""

    read_pages({"plan": b"one\n"}, Voice("en", SENTENCES), LINES, lambda _: None, ask)
    assert [(one.id, one.kind) for one in asked] == [("page", "remarks")]
