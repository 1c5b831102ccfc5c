from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.tenant.ooxml import Canonical, Limits, canonical_ooxml_of, is_ooxml_name
from support.office_files import document, packed, promoted, relations, types, word


def _canonical(data: bytes, limits: Limits | None = None) -> Canonical:
    return canonical_ooxml_of(io.BytesIO(data), limits)


def _digest(members: dict[str, str | bytes]) -> str:
    found = _canonical(packed(members))
    assert found.why_not is None
    assert found.sha256 is not None
    return found.sha256


def test_what_sharepoint_writes_into_a_file_does_not_count() -> None:
    before = word()
    after = _canonical(packed(promoted(before), method=zipfile.ZIP_STORED, year=2026))
    assert after.sha256 == _digest(before)
    assert after.left_out == (
        "[trash]/0000.dat", "customXml/item1.xml",
        "customXml/itemProps1.xml", "docProps/core.xml", "docProps/custom.xml",
    )  # fmt: skip


def _altered(**parts: str | bytes | None) -> dict[str, str | bytes]:
    members = promoted(word())
    for name, data in parts.items():
        if data is None:
            del members[name]
        else:
            members[name] = data
    return members


_RELS = "word/_rels/document.xml.rels"
_CHANGES = {
    "text": {"word/document.xml": document("The file of the cliemt", "rId7")},
    "space in text": {"word/document.xml": document("The file  of the client", "rId7")},
    "attribute": {
        "word/document.xml": document(picture="rId7").replace('style="plain"', 'style="bold"')
    },
    "namespace": {"word/document.xml": document(picture="rId7").replace("wordprocessingml", "x")},
    "comment": {"word/document.xml": document(picture="rId7").replace("<w:p ", "<!-- x --><w:p ")},
    "other picture": {"word/document.xml": document(picture="rId3")},
    "picture's bytes": {"word/media/image1.png": b"PNG 1"},
    "picture gone": {"word/media/image1.png": None},
    "one part more": {"word/macros.bin": b"x"},
    "part in another type": {"[Content_Types].xml": types(**{"word/document.xml": "x/macro+xml"})},
    "relation leads outside": {
        _RELS: relations(
            ("rId3", "image", "media/image2.png"),
            ("rId7", "image", "media/image1.png"),
            external=("rId7",),
        )
    },
    "relation dropped": {_RELS: relations(("rId7", "image", "media/image1.png"))},
    "sources of its own": {"customXml/item2.xml": "<b:Sources xmlns:b='urn:bibliography'/>"},
}


@pytest.mark.parametrize("what", _CHANGES)
def test_every_change_of_the_document_itself_counts(what: str) -> None:
    assert _digest(_altered(**_CHANGES[what])) != _digest(word())  # type: ignore[arg-type]


def test_data_of_the_documents_own_counts_under_any_number() -> None:
    def with_sources(number: int, text: str) -> dict[str, str | bytes]:
        return {**word(), f"customXml/item{number}.xml": f"<Sources xmlns='urn:b'>{text}</Sources>"}

    assert _digest(with_sources(1, "x")) == _digest(with_sources(4, "x"))
    assert _digest(with_sources(1, "x")) != _digest(with_sources(1, "y"))


def test_moving_text_between_elements_counts() -> None:
    one = {**word(), "word/a.xml": "<a><b>xy</b><c></c></a>"}
    for other in ("<a><b>x</b><c>y</c></a>", "<a><b></b><c>xy</c></a>", "<a><b>xy<c></c></b></a>"):
        assert _digest({**one, "word/a.xml": other}) != _digest(one)
    assert _digest({**one, "word/a.xml": "<a><b>x&#121;</b><c/></a>"}) == _digest(one)


_XXE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
_LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'

# made when their test runs: every worker imports this file, and few run these tests
_HOSTILE: dict[str, Callable[[], bytes]] = {
    "unpacks to far more": lambda: packed({**word(), "word/bomb.xml": _blank(40_000_000)}),
    "document type declaration": lambda: packed({**word(), "word/a.xml": _XXE}),
    "document type": lambda: packed({**word(), "word/_rels/document.xml.rels": _LAUGHS}),
    "nested too deep": lambda: packed({**word(), "word/a.xml": b"<a>" * 3000}),
    "a text in it is too long": lambda: _noisy(b"<a>", b"</a>", 66),
    "a tag or comment in it is too long": lambda: _noisy(b"<a><!--", b"--></a>", 18),
    "declares too many prefixes": lambda: packed({**word(), "word/a.xml": _prefixes()}),
    "not well-formed": lambda: packed({**word(), "word/a.xml": b"<a>"}),
    "leads outside": lambda: packed({**word(), "../evil.xml": b"<a/>"}),
    "outside": lambda: packed({**word(), "/etc/evil.xml": b"<a/>"}),
    "same name": lambda: packed({**word(), "WORD/document.xml": document("another")}),
    "no archive": lambda: b"plain text that somebody called .docx",
    "is no archive": lambda: b"",
    "encrypted, or": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "list of content types": lambda: packed({"a.txt": "x"}),
    "Office does not use": lambda: packed(word(), method=zipfile.ZIP_LZMA),
}


def _blank(size: int) -> bytes:
    return b"<a>" + b" " * size + b"</a>"


def _noisy(before: bytes, after: bytes, size: int) -> bytes:
    """A file with one run of so many MiB of letters."""
    return packed(
        {**word(), "word/a.xml": before + b"xy" * (size << 19) + after}, method=zipfile.ZIP_STORED
    )


def _prefixes() -> bytes:
    names = [b"p%d" % number for number in range(1_001)]
    opened = b"".join(b'<a xmlns:%s="urn:x">' % name for name in names)
    return opened + b"</a>" * len(names)


@pytest.mark.parametrize("why", _HOSTILE)
def test_a_hostile_file_gets_a_reason_and_no_digest(why: str) -> None:
    found = _canonical(_HOSTILE[why]())
    assert found.sha256 is None
    assert why in str(found.why_not)


_MANY: dict[str, Callable[[], dict[str, str | bytes]]] = {
    "pictures": lambda: {f"word/media/image{n}.png": b"\0" * 200_000 for n in range(3, 23)},
    "parts": lambda: {f"word/part{n}.xml": _blank(200_000) for n in range(20)},
    "data of its own": lambda: {f"customXml/item{n}.xml": _blank(200_000) for n in range(20)},
    "data that is not XML": lambda: {f"customXml/item{n}.xml": b"\0" * 200_000 for n in range(20)},
    "relationships": lambda: {
        name: data
        for n in range(20)
        for name, data in (
            (f"word/part{n}.xml", "<a/>"),
            (f"word/_rels/part{n}.xml.rels", relations() + " " * 200_000),
        )
    },
}


@pytest.mark.parametrize("what", _MANY)
def test_T41_a_bomb_in_many_members_is_noticed_although_each_is_small(what: str) -> None:
    """Each member is far below every limit; together they are 4 MB in an archive of a few KB."""
    many = _MANY[what]()
    why = "it unpacks to far more than it should"
    assert _canonical(packed({**word(), **many})) == Canonical(None, why)
    # the same in an archive that is not packed, against the limit for all members
    stored = packed({**word(), **many}, method=zipfile.ZIP_STORED)
    assert _canonical(stored, Limits(total=3_000_000)) == Canonical(None, why)
    assert _canonical(stored).sha256 is not None


def test_T41_all_that_is_read_counts_and_nothing_counts_twice() -> None:
    members = word()
    data = packed(members)
    whole = sum(len(text) for text in members.values())
    assert _canonical(data, Limits(total=whole)).sha256 == _digest(members)
    assert _canonical(data, Limits(total=whole - 1)).sha256 is None


def test_T41_a_list_of_relationships_has_a_limit_of_its_own() -> None:
    members = {**word(), _RELS: str(word()[_RELS]) + " " * 5_000}
    assert _canonical(packed(members)).sha256 is not None
    assert _canonical(packed(members), Limits(small=5_000)).sha256 is None


def test_two_members_of_one_name_get_a_reason() -> None:
    out = io.BytesIO(packed(word()))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", document("the other text"))
    assert _canonical(out.getvalue()).why_not == "two members have the same name"


def test_an_encrypted_member_gets_a_reason() -> None:
    data = bytearray(packed(word()))
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    assert _canonical(bytes(data)).why_not == "it is encrypted"


def test_a_directory_too_large_to_be_read_gets_a_reason() -> None:
    many = {**word(), **{f"word/{n:04d}.png": b"" for n in range(200)}}
    assert "members" in str(_canonical(packed(many), Limits(entries=100)).why_not)
    assert "directory" in str(_canonical(packed(many), Limits(directory=2_000)).why_not)
    hidden = packed(word())
    end = hidden.rfind(b"PK\5\6")
    locator = b"PK\6\7" + bytes(16)
    assert "4 GiB" in str(_canonical(hidden[:end] + locator + hidden[end:]).why_not)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_file_never_raises_and_never_says_equal_wrongly(data: st.DataObject) -> None:
    good = packed(word(), method=zipfile.ZIP_STORED)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    cut = bytes(bad[: data.draw(st.integers(at + 1, len(good)))])
    found = _canonical(cut)
    if found.sha256 == _canonical(good).sha256:
        # only the archive's own bookkeeping can have changed: every part still reads the same
        with zipfile.ZipFile(io.BytesIO(cut)) as archive:
            assert {one: archive.read(one) for one in archive.namelist()} == {
                name: text if isinstance(text, bytes) else text.encode()
                for name, text in word().items()
            }


def test_office_names_are_known_by_their_suffix() -> None:
    assert is_ooxml_name("A.DOCX")
    assert not any(is_ooxml_name(name) for name in ("a.doc", "docx", "a.pdf", "a.docx.txt"))
