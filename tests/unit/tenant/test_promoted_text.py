from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.promoted_text import html_says_same, pdf_says_same

_PDF = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\r\n"
_PAGE = b"<html><head><title>x</title></head><body>x</body></html>"
_BLOCK = (
    b"<!--[if gte mso 9]><xml><mso:CustomDocumentProperties><mso:ContentTypeId>0x0101"
    b"</mso:ContentTypeId></mso:CustomDocumentProperties></xml><![endif]-->"
)


def _pdf(before, after):
    return pdf_says_same(io.BytesIO(before), io.BytesIO(after))


def _html(before, after):
    return html_says_same(io.BytesIO(before), io.BytesIO(after))


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n%0a1b\r\n", b"\n%a\n%b\n\n", b"\n%a"])
def test_comments_behind_a_pdf_change_nothing(tail):
    assert _pdf(_PDF, _PDF.rstrip() + tail)


@pytest.mark.parametrize(
    "tail",
    [
        b"\n2 0 obj\nendobj\n", b"\nstartxref\n5\n%%EOF\n", b"\n% startxref 5\n", b"%glued", b" x",
        b"\n%%EOF", b"\n%" + b"a" * 5000, b"\ntrailer",
    ],
)  # fmt: skip
def test_anything_else_behind_a_pdf_is_a_difference(tail):
    assert not _pdf(_PDF, _PDF.rstrip() + tail)


def test_a_changed_or_shortened_pdf_differs():
    assert not _pdf(_PDF, _PDF.replace(b"1 0 obj", b"1 1 obj"))
    assert not _pdf(_PDF, _PDF[:-12])
    assert not _pdf(b"no pdf", b"no pdf\n%x\n")
    assert not _pdf(_PDF, b"")


def test_sharepoints_block_of_properties_does_not_count_and_all_else_does():
    put_in = _PAGE.replace(b"</head>", _BLOCK + b"</head>")
    assert _html(_PAGE, put_in)
    assert _html(put_in, put_in.replace(b"0x0101", b"0x0102"))
    assert not _html(_PAGE, put_in.replace(b"<body>x", b"<body>y"))
    assert not _html(_PAGE, _PAGE.replace(b"</head>", b"<!-- x --></head>"))
    hidden = _BLOCK.replace(b"0x0101", b"--><script>x</script><!--")
    assert not _html(_PAGE, _PAGE.replace(b"</head>", hidden + b"</head>"))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_bytes_that_are_all_there_are_the_same(one, other):
    before, after = b"%PDF-" + one, b"%PDF-" + other
    if _pdf(before, after):
        assert after.startswith(before.rstrip(b"\r\n"))
    assert _html(one, other) == (one == other)
