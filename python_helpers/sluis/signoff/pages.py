"""Texts of a request on a terminal: a screen at a time, back and forth.

The technical details come last, and only when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sluis.scope.voice import Voice
from sluis.signoff.dialogue import Question
from sluis.signoff.request import ANNEX

#: what a client types to go back, and for the details: in Dutch and in English
_BACK, _DETAILS = ("t", "b"), ("d",)
#: lines of a screen that the page's number and the prompt take
_FOOT = 5
_FEWEST = 8


def into_pages(text: str, lines: int) -> list[str]:
    """Cut a text into pages, where it can be between two paragraphs.

    Args:
        text: whole lines.
        lines: of one page, at least one.
    """
    pages: list[list[str]] = [[]]
    for block in _with_headings(text.strip("\n").split("\n\n")):
        part = block.split("\n")
        gap = 1 if pages[-1] else 0
        if pages[-1] and len(pages[-1]) + gap + len(part) > lines:
            pages.append([])
            gap = 0
        pages[-1] += [""] * gap
        while len(part) > lines:
            pages[-1] = part[:lines]  # what is longer than a page begins one
            part = part[lines:]
            pages.append([])
        pages[-1] += part
    return ["\n".join(page) for page in pages]


def _with_headings(blocks: list[str]) -> Iterator[str]:
    """Join each heading to the paragraph below it: alone at a page's foot it heads nothing."""
    heading = ""
    for block in blocks:
        if "\n" not in block and block.isupper():
            heading += block + "\n\n"
            continue
        yield heading + block
        heading = ""
    if heading:
        yield heading.rstrip("\n")


def read_pages(
    texts: Mapping[str, bytes],
    voice: Voice,
    lines: int,
    tell: Callable[[str], None],
    ask: Callable[[Question], str],
) -> None:
    """Show every text, and wait for the reader after each page.

    Args:
        texts: by title, in order.
        voice: speaks the reader's language, with the sentences around a signature.
        lines: of the terminal.
        tell: shows a text.
        ask: shows what may be typed and returns it.
    """
    height = max(lines - _FOOT, _FEWEST)
    read = [
        page
        for title, text in texts.items()
        if title != ANNEX
        for page in into_pages(text.decode(), height)
    ]
    details = into_pages(texts[ANNEX].decode(), height) if ANNEX in texts else []
    _leaf(read, voice, tell, ask, "page.details" if details else "page.end", details)


def _leaf(
    pages: list[str],
    voice: Voice,
    tell: Callable[[str], None],
    ask: Callable[[Question], str],
    end: str,
    details: list[str] | None = None,
) -> None:
    at = 0
    while at < len(pages):
        tell("\n" + pages[at] + "\n")
        key = end if at + 1 == len(pages) else "page"
        place = voice.say("page.number", number=at + 1, count=len(pages))
        # like remarks: any words will do, and none
        typed = ask(Question("page", "remarks", place, voice.say(key))).strip().lower()
        if typed[:1] in _BACK:
            at = max(at - 1, 0)
        elif typed[:1] in _DETAILS and details:
            _leaf(details, voice, tell, ask, "page")
        else:
            at += 1
