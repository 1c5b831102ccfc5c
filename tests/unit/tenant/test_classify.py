"""Every difference between listing and bytes gets its name, and doubt is never agreement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.classify import Delivered, Listed, agrees, classify, is_plausible
from sluis.tenant.file_forms import NOT_LOOKED, Form, Kind

LISTED = Listed(100, "hash-a", '"{X},1"')
SAME = Delivered(100, "hash-a", "sha-a")
OTHER = Delivered(103, "hash-b", "sha-b")
FLIPPED = Delivered(100, "hash-c", "sha-c")
EDITED = replace(LISTED, size=103, quickxor="hash-b", etag='"{X},2"')


WHOLE, DAMAGED = Form("whole"), Form("damaged")
EMPTY, PAGE, SEALED = Form("empty"), Form("page"), Form("sealed")
NOTHING = Delivered(0, "hash-0", "sha-0")
SHORT = Delivered(49, "hash-s", "sha-s")


@pytest.mark.parametrize(
    ("name", "now", "first", "second", "form", "check"),
    [
        ("a.txt", LISTED, SAME, None, NOT_LOOKED, "equal"),
        ("a.docx", LISTED, OTHER, OTHER, WHOLE, "rewritten by the service"),
        ("a.DOCX", LISTED, OTHER, OTHER, WHOLE, "rewritten by the service"),
        ("a.docx", LISTED, OTHER, OTHER, DAMAGED, "corrupt"),
        ("a.docx", LISTED, OTHER, OTHER, NOT_LOOKED, "not verified"),
        ("a.docx", LISTED, FLIPPED, FLIPPED, DAMAGED, "corrupt"),
        ("a.docx", LISTED, FLIPPED, FLIPPED, WHOLE, "rewritten by the service"),
        ("a.pdf", LISTED, OTHER, OTHER, WHOLE, "rewritten by the service"),
        ("a.heic", LISTED, OTHER, OTHER, WHOLE, "rewritten by the service"),
        # a stale hash and damage in the store look the same
        ("a.pdf", LISTED, FLIPPED, FLIPPED, WHOLE, "not verified"),
        ("a.heic", LISTED, FLIPPED, FLIPPED, WHOLE, "not verified"),
        ("a.txt", LISTED, FLIPPED, FLIPPED, NOT_LOOKED, "corrupt"),
        ("a.txt", LISTED, OTHER, None, NOT_LOOKED, "not verified"),
        # asked again, the service agrees
        ("a.txt", replace(EDITED, etag=LISTED.etag), OTHER, None, NOT_LOOKED, "stale metadata"),
        # the hash holds the length, so only the listed size can be wrong
        ("a.txt", LISTED, replace(SAME, size=90), None, NOT_LOOKED, "stale metadata"),
        # two downloads of one version
        ("a.txt", LISTED, OTHER, FLIPPED, NOT_LOOKED, "corrupt"),
        ("a.docx", LISTED, OTHER, FLIPPED, WHOLE, "corrupt"),
        ("a.txt", LISTED, OTHER, SAME, NOT_LOOKED, "equal"),
        # edited
        ("a.txt", EDITED, OTHER, None, NOT_LOOKED, "equal"),
        ("a.txt", EDITED, SAME, FLIPPED, NOT_LOOKED, "edited meanwhile"),
        ("a.docx", EDITED, OTHER, FLIPPED, WHOLE, "edited meanwhile"),
        # no hash in the listing
        ("a.txt", replace(LISTED, quickxor=None), SAME, None, NOT_LOOKED, "not verified"),
    ],
)
def test_each_kind_of_difference(
    name: str,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    form: Form,
    check: str,
) -> None:
    listed = replace(now) if now.quickxor is None else LISTED
    found, note = classify(name, listed, now, first, second, form)
    assert found == check
    assert (note is None) == (check == "equal")


BARE = replace(LISTED, quickxor=None)


@pytest.mark.parametrize(
    ("name", "now", "got", "form", "check"),
    [
        # what two downloads agree on is no proof of anything
        ("a.msg", LISTED, SHORT, NOT_LOOKED, "not verified"),
        ("a.msg", LISTED, OTHER, NOT_LOOKED, "not verified"),
        ("a", LISTED, OTHER, NOT_LOOKED, "not verified"),
        # no page can be told from a page
        ("a.html", LISTED, OTHER, NOT_LOOKED, "not verified"),
        ("a.aspx", LISTED, OTHER, NOT_LOOKED, "not verified"),
        # nothing at all, whatever it should have been
        ("a.jpg", LISTED, NOTHING, EMPTY, "corrupt"),
        ("a.docx", LISTED, NOTHING, EMPTY, "corrupt"),
        ("a.html", LISTED, NOTHING, EMPTY, "corrupt"),
        ("a.jpg", BARE, NOTHING, EMPTY, "corrupt"),
        ("a.jpg", replace(EDITED, size=7), NOTHING, EMPTY, "corrupt"),
        # the service says now that it is empty, and has no hash for that
        ("a.jpg", replace(BARE, size=0), NOTHING, EMPTY, "not verified"),
        # a page in place of a file
        ("a.pdf", LISTED, SHORT, PAGE, "corrupt"),
        ("a.pdf", BARE, SHORT, PAGE, "corrupt"),
        ("a.docx", EDITED, SHORT, PAGE, "corrupt"),
        # an Office file that was sealed is no ZIP, and nothing says that it is damaged
        ("a.docx", LISTED, OTHER, SEALED, "not verified"),
        ("a.docx", LISTED, FLIPPED, SEALED, "not verified"),
        # whole, and of a size that no rewriting explains
        ("a.docx", LISTED, SHORT, WHOLE, "not verified"),
        ("a.docx", LISTED, replace(SHORT, size=50), WHOLE, "rewritten by the service"),
        ("a.pdf", LISTED, replace(OTHER, size=200 + 65_536), WHOLE, "rewritten by the service"),
        ("a.pdf", LISTED, replace(OTHER, size=201 + 65_536), WHOLE, "not verified"),
        ("a.pdf", LISTED, OTHER, NOT_LOOKED, "not verified"),
        ("a.heic", LISTED, OTHER, NOT_LOOKED, "not verified"),
    ],
)
def test_M1_two_downloads_that_agree_prove_nothing(
    name: str, now: Listed, got: Delivered, form: Form, check: str
) -> None:
    found, note = classify(name, LISTED, now, got, got, form)
    assert (found, bool(note)) == (check, True)


def test_an_empty_file_needs_no_hash() -> None:
    empty = Listed(0, None, "x")
    assert classify("a", empty, empty, Delivered(0, "AAAA", "sha"), None, NOT_LOOKED)[0] == "equal"


_LISTED = st.builds(
    Listed, st.integers(0, 2), st.sampled_from(["x", "y", None]), st.sampled_from(["1", "2"])
)
_GOT = st.builds(
    Delivered, st.integers(0, 2), st.sampled_from(["x", "y"]), st.sampled_from(["s", "t"])
)


@given(
    st.sampled_from(["a.txt", "a.docx", "a.pdf"]),
    _LISTED, _LISTED, _GOT, st.none() | _GOT,
    st.sampled_from(["whole", "damaged", "empty", "page", "sealed", "unknown"]),
)  # fmt: skip
def test_equal_is_only_said_where_size_and_hash_agree(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    kind: Kind,
) -> None:
    check, note = classify(name, listed, now, first, second, Form(kind))
    kept = second or first
    if check == "equal":
        assert agrees(now, kept) or agrees(listed, kept)
    else:
        assert note
    if check == "rewritten by the service":
        assert second is not None
        assert second.sha256 == first.sha256
        assert kind == "whole"
        assert is_plausible(now.size, kept.size)
    if check == "stale metadata":
        assert now.quickxor == kept.quickxor
