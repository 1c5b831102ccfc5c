"""Whether a PDF or HTML file still says the same after SharePoint wrote into it.

Two narrow answers, and no others. A PDF whose bytes are all still there, with nothing behind
them but comments, shows what it showed. An HTML file from which SharePoint's own block of
document properties is taken away must be the same byte for byte. Anything else differs.
"""

from __future__ import annotations

import re
from typing import BinaryIO

#: bytes that SharePoint may have put behind a PDF
_LONGEST_TAIL = 4096
#: bytes of an HTML file that is still compared
_LARGEST_HTML = 64 << 20
_CHUNK = 1 << 20

_COMMENTS = re.compile(rb"(?:[\x00\t\n\f\r ]++|%[^\r\n]*+)*+")
#: words by which a reader finds its way from a PDF's end
_STRUCTURE = (b"startxref", b"%%EOF", b"trailer", b"obj", b"stream", b"xref")

#: what SharePoint puts into the head of a page for the library's columns: how it begins and ends
_BEGIN = re.compile(rb"<!--\[if gte mso 9\]><xml>\s*<mso:CustomDocumentProperties>")
_END = re.compile(rb"</mso:CustomDocumentProperties>\s*</xml><!\[endif\]-->(?:\r?\n)?")
_LAST = b"</mso:CustomDocumentProperties>"


def pdf_says_same(before: BinaryIO, after: BinaryIO) -> bool:
    """Whether ``after`` is ``before`` with nothing but comments behind it.

    Args:
        before: the exported file, open for reading.
        after: the target's file, open for reading.
    """
    if before.read(5) != b"%PDF-":
        return False
    end = _end_without_newlines(before)
    before.seek(0)
    after.seek(0)
    while end > 0:
        want = before.read(min(_CHUNK, end))
        if not want or after.read(len(want)) != want:
            return False
        end -= len(want)
    tail = after.read(_LONGEST_TAIL + 1)
    if len(tail) > _LONGEST_TAIL or tail[:1] not in (b"", b"\r", b"\n"):
        return False
    return _COMMENTS.fullmatch(tail) is not None and not any(one in tail for one in _STRUCTURE)


def html_says_same(before: BinaryIO, after: BinaryIO) -> bool:
    """Whether the two are equal when SharePoint's block of properties is taken out of both.

    Args:
        before: the exported file, open for reading.
        after: the target's file, open for reading.
    """
    pages = []
    for file in (before, after):
        file.seek(0)
        page = file.read(_LARGEST_HTML + 1)
        if len(page) > _LARGEST_HTML:
            return False
        pages.append(_without_properties(page))
    return pages[0] == pages[1]


def _without_properties(page: bytes) -> bytes:
    """A page without those blocks. No comment's end stands in one, as in what a browser reads."""
    # Step by step: one expression for all of it takes memory for each byte between the two.
    kept, at = [], 0
    for begin in _BEGIN.finditer(page):
        end = page.find(_LAST, begin.end(), max(page.find(b"--", begin.end()), begin.end()))
        found = _END.match(page, end) if end >= 0 else None
        if found:
            kept.append(page[at : begin.start()])
            at = found.end()
    return b"".join([*kept, page[at:]])


def _end_without_newlines(file: BinaryIO) -> int:
    end = file.seek(0, 2)
    while end > 0:
        file.seek(end - 1)
        if file.read(1) not in (b"\r", b"\n"):
            break
        end -= 1
    return end
