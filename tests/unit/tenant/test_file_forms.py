"""What is said of a file's inside: only what was looked at, and never more than it shows."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from sluis.graph.rewritten import OFFICE
from sluis.tenant.file_forms import form_of
from support.office_files import document, packed, relations, types, word

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>503</body></html>"
PDF = b"%PDF-1.7\n" + b"1 0 obj\n" * 400 + b"startxref\n9\n%%EOF\n"


def kind(data: bytes, name: str) -> str:
    return form_of(io.BytesIO(data), name).kind


def without(*names: str, **more: str | bytes) -> bytes:
    parts: dict[str, Any] = word()
    return packed({key: value for key, value in parts.items() if key not in names} | more)


def box(kind: bytes, data: bytes = b"") -> bytes:
    return (8 + len(data)).to_bytes(4) + kind + data


def heic(*more: bytes) -> bytes:
    return b"".join([box(b"ftyp", b"heic\0\0\0\0mif1"), box(b"meta", b"\0" * 30), *more])


@pytest.mark.parametrize("name", ["a.docx", "a.jpg", "a.html", "a", "a.pdf", "a.heic"])
def test_M1_nothing_is_nothing(name: str) -> None:
    assert kind(b"", name) == "empty"


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        PAGE.upper(),
        b"\xef\xbb\xbf  \r\n" + PAGE,
        b"<!-- a proxy -->\n" + PAGE,
        b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        b"<html>x",
        b"<head><meta charset=utf-8>",
        b"<script>location='x'</script>",
        b"\xff\xfe" + PAGE.decode().encode("utf-16-le"),
        b"\xfe\xff" + PAGE.decode().encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("name", ["a.docx", "a.jpg", "a.msg", "a", "a.pdf", "a.heic", "html"])
def test_M1_a_page_in_place_of_a_file_is_seen(page: bytes, name: str) -> None:
    assert kind(page, name if name != "html" else "html.txt") == "page"


def test_what_is_a_page_by_its_name_is_not_one_in_its_place() -> None:
    for name in ("a.html", "A.HTM", "a.aspx", "a.mht"):
        assert kind(PAGE, name) == "unknown"
    assert kind(b"<htmlish> is a word", "a.txt") == "unknown"
    assert kind(b"about <html>", "a.txt") == "unknown"


def test_a_document_with_what_it_needs_is_whole() -> None:
    assert kind(packed(word()), "a.docx") == "whole"
    for suffix in OFFICE:
        expected = "whole" if suffix[:2] == "do" else "unknown"
        assert kind(packed(word()), f"a.{suffix}") == expected, suffix


def _flipped(data: bytes) -> bytes:
    at = data.index(b"word/document.xml") + 40
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (packed({"a": b"x"}), "unknown"),
        (packed({"a": b"x" * 5_000}, method=zipfile.ZIP_STORED), "unknown"),
        (without("[Content_Types].xml"), "unknown"),
        (without("_rels/.rels"), "unknown"),
        (without("word/document.xml"), "unknown"),
        (without(**{"word/document.xml": b""}), "unknown"),
        (without(**{"word/document.xml": document()[:60]}), "unknown"),
        (without(**{"word/document.xml": b"<a/>"}), "unknown"),
        (without(**{"[Content_Types].xml": b""}), "unknown"),
        (without(**{"_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml"))}),
         "unknown"),
        (without(**{"_rels/.rels": relations()}), "unknown"),
        (packed({}), "damaged"),
        (packed(word())[:-1], "damaged"),
        (packed(word())[:500], "damaged"),
        (b"x" * 5_000, "damaged"),
        (OLE, "sealed"),
    ],
)  # fmt: skip
def test_M1_a_whole_zip_is_not_yet_a_document(data: bytes, expected: str) -> None:
    assert kind(data, "a.docx") == expected


def test_M1_a_damaged_part_is_seen() -> None:
    assert kind(_flipped(packed(word())), "a.docx") == "damaged"


def test_M1_the_main_part_may_have_another_name() -> None:
    parts: dict[str, Any] = word()
    parts["word/document2.xml"] = parts.pop("word/document.xml")
    parts["_rels/.rels"] = relations(("r1", "officeDocument", "/word/document2.xml"))
    parts["[Content_Types].xml"] = types()
    assert kind(packed(parts), "a.docx") == "whole"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PDF, "whole"),
        (PDF + b"%more\n" * 50, "whole"),
        (PDF[:-8], "unknown"),
        (PDF[5:], "unknown"),
        (b"\n" + PDF, "unknown"),
        (PDF + b"\0" * 2_000, "unknown"),
        (b"%PDF-1.7", "unknown"),
    ],
)
def test_M1_a_pdf_begins_and_ends_as_one(data: bytes, expected: str) -> None:
    assert kind(data, "a.pdf") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (heic(box(b"mdat", b"x" * 900)), "whole"),
        (heic((1).to_bytes(4) + b"mdat" + (916).to_bytes(8) + b"x" * 900), "whole"),
        (heic(box(b"mdat", b"x" * 900))[:-1], "unknown"),
        (heic(box(b"mdat", b"x" * 900)) + b"\0", "unknown"),
        (heic(box(b"mdat", b"x" * 900)) + b"\0" * 16, "unknown"),
        (
            heic(bytes(4) + b"mdat" + b"x" * 900),
            "unknown",
        ),  # it says "to the end", whatever that is
        (box(b"ftyp", b"heic\0\0\0\0"), "unknown"),
        (box(b"ftyp", b"isom\0\0\0\0") + box(b"meta"), "unknown"),
        (box(b"meta") + box(b"ftyp", b"heic\0\0\0\0"), "unknown"),
        (heic(box(b"mdat", b"x" * 900))[:100], "unknown"),
        (b"x" * 900, "unknown"),
    ],
)
def test_M1_the_boxes_of_a_heic_reach_to_its_very_end(data: bytes, expected: str) -> None:
    assert kind(data, "a.HEIC") == expected


@pytest.mark.parametrize("lacking", ["word/media/image1.png", "word/media/image2.png"])
def test_M1_a_document_without_a_part_that_it_names_is_not_whole(lacking: str) -> None:
    assert kind(without(lacking), "a.docx") == "unknown"


@pytest.mark.parametrize(
    "target", ["/word/media/image1.png", "MEDIA/image1.png", "media/image%31.png", "NULL", "#a"]
)
def test_M1_every_way_to_name_a_part_is_understood(target: str) -> None:
    listed = relations(("rId1", "image", target), ("rId2", "hyperlink", "gone"), external=("rId2",))
    assert kind(packed(word() | {"word/_rels/document.xml.rels": listed}), "a.docx") == "whole"


def _pdf(middle: bytes = b"", *, as_object: bool = False) -> bytes:
    """A PDF of two sections, as a program saves one that it has added to."""
    old = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    first = len(old)
    old += b"xref\n0 1\n0000000000 65535 f \ntrailer\n<<>>\nstartxref\n%d\n%%%%EOF\n" % first
    last = len(old)
    told = b"<</Prev %d>>" % first
    added = b"xref\n0 0\ntrailer\n" + told + b"\n"
    if as_object:
        added = (
            b"7 0 obj\n" + told + b"stream\n/Prev 3 \nendstream\nendobj\n8 0 obj</Prev 12 0 R>\n"
        )
    return old[:20] + middle + old[20:] + added + b"startxref\n%d\n%%%%EOF\n" % last


@pytest.mark.parametrize("as_object", [False, True])
def test_M1_a_pdf_with_something_else_in_its_middle_is_not_whole(as_object: bool) -> None:
    assert kind(_pdf(as_object=as_object), "a.pdf") == "whole"
    assert kind(_pdf(as_object=as_object) + b"%more\n", "a.pdf") == "whole"
    assert kind(_pdf(b"x" * 3000, as_object=as_object), "a.pdf") == "unknown"
    cut = _pdf(as_object=as_object).replace(b"/Type/Catalog", b"")
    assert kind(cut, "a.pdf") == "unknown"
