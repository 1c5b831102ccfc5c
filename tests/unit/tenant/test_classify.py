"""Every difference between listing and bytes gets its name, and doubt is never agreement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.classify import Delivered, Listed, agrees, classify

LISTED = Listed(100, "hash-a", '"{X},1"')
SAME = Delivered(100, "hash-a", "sha-a")
OTHER = Delivered(103, "hash-b", "sha-b")
FLIPPED = Delivered(100, "hash-c", "sha-c")
EDITED = replace(LISTED, size=103, quickxor="hash-b", etag='"{X},2"')


@pytest.mark.parametrize(
    ("name", "now", "first", "second", "opens", "check"),
    [
        ("a.txt", LISTED, SAME, None, None, "equal"),
        ("a.docx", LISTED, OTHER, OTHER, True, "rewritten by the service"),
        ("a.DOCX", LISTED, OTHER, OTHER, True, "rewritten by the service"),
        ("a.docx", LISTED, OTHER, OTHER, False, "corrupt"),
        ("a.docx", LISTED, OTHER, OTHER, None, "not verified"),
        ("a.docx", LISTED, FLIPPED, FLIPPED, False, "corrupt"),
        ("a.pdf", LISTED, OTHER, OTHER, None, "rewritten by the service"),
        ("a.heic", LISTED, OTHER, OTHER, None, "rewritten by the service"),
        # a stale hash and damage in the store look the same
        ("a.pdf", LISTED, FLIPPED, FLIPPED, None, "not verified"),
        ("a.txt", LISTED, FLIPPED, FLIPPED, None, "corrupt"),
        ("a.txt", LISTED, OTHER, OTHER, None, "stale metadata"),
        ("a.txt", LISTED, OTHER, None, None, "corrupt"),
        # asked again, the service agrees
        ("a.txt", replace(EDITED, etag=LISTED.etag), OTHER, None, None, "stale metadata"),
        # the hash holds the length, so only the listed size can be wrong
        ("a.txt", LISTED, replace(SAME, size=90), None, None, "stale metadata"),
        # two downloads of one version
        ("a.txt", LISTED, OTHER, FLIPPED, None, "corrupt"),
        ("a.docx", LISTED, OTHER, FLIPPED, True, "corrupt"),
        ("a.txt", LISTED, OTHER, SAME, None, "equal"),
        # edited
        ("a.txt", EDITED, OTHER, None, None, "equal"),
        ("a.txt", EDITED, SAME, FLIPPED, None, "edited meanwhile"),
        ("a.docx", EDITED, OTHER, FLIPPED, True, "edited meanwhile"),
        # no hash in the listing
        ("a.txt", replace(LISTED, quickxor=None), SAME, None, None, "not verified"),
    ],
)
def test_each_kind_of_difference(
    name: str,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    opens: bool | None,
    check: str,
) -> None:
    listed = replace(now) if now.quickxor is None else LISTED
    found, note = classify(name, listed, now, first, second, opens)
    assert found == check
    assert (note is None) == (check == "equal")


def test_an_empty_file_needs_no_hash() -> None:
    empty = Listed(0, None, "x")
    assert classify("a", empty, empty, Delivered(0, "AAAA", "sha"), None, None)[0] == "equal"


_LISTED = st.builds(
    Listed, st.integers(0, 2), st.sampled_from(["x", "y", None]), st.sampled_from(["1", "2"])
)
_GOT = st.builds(
    Delivered, st.integers(0, 2), st.sampled_from(["x", "y"]), st.sampled_from(["s", "t"])
)


@given(
    st.sampled_from(["a.txt", "a.docx", "a.pdf"]),
    _LISTED, _LISTED, _GOT, st.none() | _GOT, st.sampled_from([None, True, False]),
)  # fmt: skip
def test_equal_is_only_said_where_size_and_hash_agree(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    opens: bool | None,
) -> None:
    check, note = classify(name, listed, now, first, second, opens)
    kept = second or first
    if check == "equal":
        assert agrees(now, kept) or agrees(listed, kept)
    else:
        assert note
    if check == "rewritten by the service":
        assert second is not None
        assert second.sha256 == first.sha256
