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
        ("a.docx", LISTED, OTHER, OTHER, WHOLE, "not verified"),
        ("a.docx", LISTED, OTHER, OTHER, DAMAGED, "corrupt"),
        ("a.docx", LISTED, OTHER, OTHER, NOT_LOOKED, "not verified"),
        ("a.docx", LISTED, FLIPPED, FLIPPED, DAMAGED, "corrupt"),
        ("a.docx", LISTED, FLIPPED, FLIPPED, WHOLE, "not verified"),
        ("a.pdf", LISTED, OTHER, OTHER, WHOLE, "not verified"),
        ("a.heic", LISTED, OTHER, OTHER, WHOLE, "not verified"),
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
        # of what was said before, and not of what is said now
        ("a.txt", EDITED, SAME, SAME, NOT_LOOKED, "not verified"),
        ("a.docx", EDITED, SAME, SAME, WHOLE, "not verified"),
        ("a.docx", replace(EDITED, etag=LISTED.etag), SAME, SAME, WHOLE, "not verified"),
        ("a.docx", replace(EDITED, etag=LISTED.etag), SAME, SAME, DAMAGED, "corrupt"),
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
        # even one that is exactly as long; without a hash nobody can say so
        ("a.pdf", LISTED, FLIPPED, PAGE, "corrupt"),
        ("a.pdf", BARE, FLIPPED, PAGE, "not verified"),
        # an Office file that was sealed is no ZIP, and nothing says that it is damaged
        ("a.docx", LISTED, OTHER, SEALED, "not verified"),
        ("a.docx", LISTED, FLIPPED, SEALED, "not verified"),
        # whole, as another one is
        ("a.docx", LISTED, SHORT, WHOLE, "not verified"),
        ("a.docx", LISTED, replace(SHORT, size=50), WHOLE, "not verified"),
        ("a.pdf", LISTED, replace(OTHER, size=200 + 65_536), WHOLE, "not verified"),
        ("a.pdf", LISTED, OTHER, NOT_LOOKED, "not verified"),
        ("a.heic", LISTED, OTHER, NOT_LOOKED, "not verified"),
    ],
)
def test_M1_two_downloads_that_agree_prove_nothing(
    name: str, now: Listed, got: Delivered, form: Form, check: str
) -> None:
    found, note = classify(name, LISTED, now, got, got, form)
    assert (found, bool(note)) == (check, True)


@pytest.mark.parametrize(
    ("name", "got", "form", "check"),
    [
        ("a.docx", OTHER, WHOLE, "rewritten by the service"),
        ("a.docx", FLIPPED, WHOLE, "rewritten by the service"),
        ("a.docx", replace(SHORT, size=50), WHOLE, "rewritten by the service"),
        ("a.pdf", replace(OTHER, size=99), WHOLE, "rewritten by the service"),
        ("a.pdf", replace(OTHER, size=200 + 65_536), WHOLE, "rewritten by the service"),
        ("a.pdf", replace(OTHER, size=201 + 65_536), WHOLE, "not verified"),
        ("a.docx", SHORT, WHOLE, "not verified"),
        ("a.docx", OTHER, DAMAGED, "corrupt"),
        ("a.docx", NOTHING, EMPTY, "corrupt"),
        ("a.html", OTHER, NOT_LOOKED, "rewritten by the service"),
    ],
)
def test_M1_what_a_right_copy_of_it_says_is_still_the_file(
    name: str, got: Delivered, form: Form, check: str
) -> None:
    assert classify(name, LISTED, LISTED, got, got, form, same=True)[0] == check


def test_an_empty_file_needs_no_hash() -> None:
    empty = Listed(0, None, "x")
    assert classify("a", empty, empty, Delivered(0, "AAAA", "sha"), None, NOT_LOOKED)[0] == "equal"


def test_half_of_an_odd_number_of_bytes_is_half_enough() -> None:
    assert is_plausible(101, 50)
    assert not is_plausible(102, 50)


UNSIZED = replace(LISTED, size=0, sized=False)
CRC = replace(SAME, others=frozenset({"crc32:c"}))


@pytest.mark.parametrize(
    ("hash_", "got", "agreed"),
    [
        pytest.param("hash-a", SAME, True, id="its-hash-goes-over-the-length"),
        pytest.param("sha256:sha-a", SAME, True, id="another-kind-that-does"),
        pytest.param("hash-a", FLIPPED, False, id="another-hash"),
        pytest.param("hash-a sha256:sha-a", SAME, True, id="two-that-are-its-own"),
        pytest.param("hash-a sha256:sha-b", SAME, False, id="only-one-of-two"),
        pytest.param("hash-a sha1:s", SAME, False, id="one-that-nobody-made"),
        pytest.param("hash-a ", SAME, False, id="nothing-behind-it"),
        pytest.param("crc32:c", CRC, False, id="thirty-two-bits-say-too-little"),
        pytest.param(None, SAME, False, id="no-hash"),
        pytest.param(None, NOTHING, False, id="no-hash-of-nothing"),
    ],
)
def test_where_no_size_is_listed_only_a_hash_over_the_length_speaks_for_both(
    hash_: str | None, got: Delivered, agreed: bool
) -> None:
    assert agrees(replace(UNSIZED, quickxor=hash_), got) == agreed


def test_a_checksum_that_agrees_does_not_excuse_another_length() -> None:
    listed, got = replace(LISTED, quickxor="crc32:c"), replace(CRC, size=90)
    assert classify("a.txt", listed, listed, got, None, NOT_LOOKED)[0] == "not verified"


@pytest.mark.parametrize(
    ("got", "form", "check"),
    [
        pytest.param(SAME, NOT_LOOKED, "edited meanwhile", id="equal-to-what-will-not-stay"),
        pytest.param(replace(OTHER, sha256="known"), WHOLE, "edited meanwhile", id="rewritten"),
        pytest.param(FLIPPED, NOT_LOOKED, "corrupt", id="corrupt-all-the-same"),
        pytest.param(OTHER, NOT_LOOKED, "not verified", id="not-verified-all-the-same"),
    ],
)
def test_what_the_service_is_still_writing_is_fetched_again(
    got: Delivered, form: Form, check: str
) -> None:
    now = replace(LISTED, pending=True)
    name = "a.docx" if form is WHOLE else "a.txt"
    found, note = classify(name, LISTED, now, got, got, form, same=got.sha256 == "known")
    assert found == check
    assert ("still being written" in str(note)) == (check == "edited meanwhile")


@pytest.mark.parametrize(
    ("name", "listed", "now", "got", "form", "said"),
    [
        pytest.param(
            "a.txt", BARE, BARE, SAME, NOT_LOOKED,
            "The service lists no hash of it; only the size agrees.", id="only-the-size",
        ),
        pytest.param(
            "a.txt", replace(BARE, sized=False, size=0), replace(BARE, size=0), NOTHING, EMPTY,
            "The service lists no hash of it; only the size agrees.", id="only-that-it-is-empty",
        ),
        pytest.param(
            "a.txt", BARE, BARE, OTHER, NOT_LOOKED,
            "100 bytes listed, 103 delivered. The service lists no hash of it.", id="neither",
        ),
        pytest.param(
            "a.txt", BARE, replace(BARE, size=0), NOTHING, EMPTY,
            "100 bytes listed, 0 delivered. The service lists no hash of it.",
            id="empty-by-now",
        ),
        pytest.param(
            "a.txt", replace(UNSIZED, quickxor=None), replace(UNSIZED, quickxor=None), OTHER,
            NOT_LOOKED,
            "The service does not say how large it is; 103 bytes were delivered."
            " It lists no hash of it either.", id="nothing-at-all",
        ),
        pytest.param(
            "a.docx", LISTED, LISTED, OTHER, DAMAGED, "100 bytes listed, 103 delivered.",
            id="nothing-to-add",
        ),
        pytest.param(
            "a.docx", LISTED, LISTED, OTHER, Form("damaged", "It has no end."),
            "100 bytes listed, 103 delivered. It has no end.", id="what-was-seen-in-it",
        ),
        pytest.param(
            "a.pdf", LISTED, LISTED, FLIPPED, WHOLE,
            "The listed hash is not that of the bytes; a hash that is out of date and damage in"
            " the service's store look the same here.", id="two-causes",
        ),
    ],
)  # fmt: skip
def test_what_could_not_be_settled_is_said_with_what_was_seen(
    name: str, listed: Listed, now: Listed, got: Delivered, form: Form, said: str
) -> None:
    """Somebody decides by these words whether the file is fetched again or left behind."""
    assert classify(name, listed, now, got, got, form)[1] == said


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
    st.booleans(),
)  # fmt: skip
def test_equal_is_only_said_where_size_and_hash_agree(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    kind: Kind,
    same: bool,
) -> None:
    check, note = classify(name, listed, now, first, second, Form(kind), same=same)
    kept = second or first
    if check == "equal":
        assert agrees(now, kept)
    else:
        assert note
    if check == "rewritten by the service":
        assert second is not None
        assert second.sha256 == first.sha256
        assert same
        assert kind not in ("damaged", "empty", "page")
        assert is_plausible(now.size, kept.size)
    if check == "stale metadata":
        assert now.quickxor == kept.quickxor


OFTEN = "What was put into it last may be missing."
WHOSE = "nothing else tells which it is."
LONG = Delivered(103, "hash-b", "sha-b")
FAR = Delivered(400_000, "hash-f", "sha-f")


@pytest.mark.parametrize(
    ("name", "form", "kept", "end"),
    [
        ("a.pdf", Form("whole", "It is whole."), SHORT, OFTEN),
        ("a.pdf", Form("whole", "It is whole."), LONG, WHOSE),
        ("a.docx", Form("whole", "It is whole."), SHORT, "It is whole."),
        ("a.docx", Form("whole", "It is whole."), LONG, WHOSE),
        ("a.docx", Form("whole", "It is whole."), FAR, "It is whole."),
        ("a.docx", Form("unknown", "Nobody looked."), LONG, "Nobody looked."),
        ("a.txt", Form("unknown", "Nobody looked."), SHORT, "Nobody looked."),
    ],
)
def test_what_cannot_be_explained_says_what_is_known_of_it(
    name: str, form: Form, kept: Delivered, end: str
) -> None:
    check, note = classify(name, LISTED, LISTED, kept, kept, form)
    assert check == "not verified"
    assert note is not None
    assert note.endswith(end)


def test_nothing_is_no_rewritten_file_however_much_it_says_the_same() -> None:
    empty = replace(LISTED, size=0)
    for same in (True, False):
        found, _ = classify("a.txt", empty, empty, NOTHING, NOTHING, EMPTY, same=same)
        assert found == "corrupt"


def test_what_is_known_as_an_earlier_version_is_called_that() -> None:
    other = replace(LISTED, size=400, quickxor="hash-n")
    _, note = classify("a.docx", other, other, OTHER, OTHER, WHOLE, older=True)
    assert note is not None
    assert "What came is an earlier version of it" in note
    later = replace(other, etag='"{X},9"')
    assert classify("a.docx", other, later, OTHER, OTHER, WHOLE, older=True)[0] == "not verified"
    assert classify("a.docx", other, later, OTHER, OTHER, WHOLE)[0] == "edited meanwhile"


@pytest.mark.parametrize("form", [PAGE, EMPTY, NOT_LOOKED], ids=["page", "empty", "not looked"])
def test_what_is_empty_by_now_is_only_known_by_its_size(form: Form) -> None:
    now = replace(LISTED, size=0, quickxor=None)
    check, note = classify("a.txt", LISTED, now, NOTHING, None, form)
    assert check == "not verified"
    assert note == "100 bytes listed, 0 delivered. The service lists no hash of it."
