"""What an Office file shows is compared wherever it lies; only the service's own is left out."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest

from sluis.tenant.ooxml import Canonical, canonical_ooxml_of
from support.office_files import packed, relations, types, word

_ITEM = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_COLUMNS = "http://schemas.microsoft.com/office/2006/metadata/properties"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELS = "word/_rels/document.xml.rels"
_CORE_STORE = "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}"


def _canonical(members: dict[str, str | bytes]) -> Canonical:
    return canonical_ooxml_of(io.BytesIO(packed(members)))


def _main(member: str, target: str, dose: str) -> dict[str, str | bytes]:
    """A document whose main part lies elsewhere."""
    return {
        "[Content_Types].xml": types(**{member: "x/main+xml"}),
        "_rels/.rels": relations(("rId1", "officeDocument", target)),
        member: f'<w:document xmlns:w="{_W}"><w:t>{dose}</w:t></w:document>',
    }


def _beside(member: str, kind: str, target: str, dose: str) -> dict[str, str | bytes]:
    """A document that leads to a part elsewhere, by a relationship of such a type."""
    return {
        **word(), member: f"<x>{dose}</x>",
        _RELS: relations(
            ("rId1", "image", "media/image1.png"), ("rId2", "image", "media/image2.png"),
            ("rId3", kind, target),
        ),
    }  # fmt: skip


def _text(xml: str) -> str:
    return f'<w:document xmlns:w="{_W}"><w:body>{xml}</w:body></w:document>'


def _bound(store: str, *, gives: str = "{AA-11}", dose: str) -> dict[str, str | bytes]:
    """Text that is bound to the columns of the library."""
    binding = f'<w:dataBinding w:xpath="/p/dose" w:storeItemID="{store}"/>'
    return {
        **word(), "word/document.xml": _text(binding),
        "customXml/item1.xml": f'<p:properties xmlns:p="{_COLUMNS}"><d>{dose}</d></p:properties>',
        "customXml/itemProps1.xml": f'<d:datastoreItem d:itemID="{gives}" xmlns:d="{_ITEM}"/>',
        "customXml/_rels/item1.xml.rels": relations(("rId1", "customXmlProps", "itemProps1.xml")),
    }  # fmt: skip


def _field(xml: str, part: str, properties: str) -> dict[str, str | bytes]:
    return {**word(), "word/document.xml": _text(xml), f"docProps/{part}.xml": properties}


def _custom(dose: str, name: str = "Dose") -> str:
    return f'<P><property name="{name}" pid="2"><v>{dose}</v></property></P>'


def _told(name: str) -> Callable[[str], str]:
    """A list of built-in properties with one of this name."""
    return lambda dose: f"<p><{name}>{dose}</{name}></p>"


def _title(dose: str) -> str:
    return f"<c:core xmlns:c='urn:c'><c:title>{dose}</c:title></c:core>"


_SPELLED = {
    "plain": ("docProps/document.xml", "docProps/document.xml"),
    "absolute": ("docProps/document.xml", "/docProps/document.xml"),
    "roundabout": ("docProps/document.xml", "word/../docProps/./document.xml"),
    "percent": ("docProps/document.xml", "docProps/d%6Fcument.xml"),
    "percent-in-both": ("docProps/d%6fcument.xml", "docProps/d%6Fcument.xml"),
    "case": ("docProps/document.xml", "DOCPROPS/Document.XML"),
    "backslash": ("docProps/document.xml", "docProps\\document.xml"),
    "fragment": ("docProps/document.xml", "docProps/document.xml#here"),
    "name-of-a-property": ("docProps/core.xml", "/docProps/co%72e.xml"),
    "nested": ("customXml/a/document.xml", "customXml/a/document.xml"),
    "name-of-data": ("customXml/item1.xml", "customXml\\item1.xml"),
    "name-of-its-id": ("customXml/itemProps1.xml", "customXml/itemProps1.xml"),
    "name-of-its-id-spelled": ("customXml/itemProps1.xml", "customXml/item%50rops1.xml"),
    "trash": ("[trash]/0000.dat", "%5Btrash%5D/0000.dat"),
}


@pytest.mark.parametrize("how", _SPELLED)
def test_a_main_part_is_compared_wherever_it_lies(how: str) -> None:
    five, more = (_canonical(_main(*_SPELLED[how], dose)) for dose in ("5 mg", "500 mg"))
    assert five.sha256 is not None
    assert five.sha256 != more.sha256
    assert five.left_out == ()
    assert five == _canonical(_main(*_SPELLED[how], "5 mg"))


@pytest.mark.parametrize(
    ("member", "kind", "target"),
    [
        pytest.param("docProps/chunk.html", "aFChunk", "../docProps/chunk.html", id="chunk"),
        pytest.param("docProps/thumbnail.png", "image", "/docProps/thumbnail.png", id="picture"),
        pytest.param("customXml/a/b.xml", "header", "../customXml/a/b.xml", id="header"),
        pytest.param("customXml/itemProps3.xml", "footer", "..\\customXml\\itemProps3.xml",
                     id="footer"),
        pytest.param("docProps/app.xml", "customXml", "../docProps/app.xml", id="wrong-folder"),
        pytest.param("[trash]/0001.dat", "image", "../[trash]/0001.dat", id="trash"),
    ],
)  # fmt: skip
def test_what_the_document_leads_to_is_compared_wherever_it_lies(
    member: str, kind: str, target: str
) -> None:
    five, more = (_canonical(_beside(member, kind, target, dose)) for dose in ("5", "500"))
    assert five.sha256 is not None
    assert five.sha256 != more.sha256


def test_it_is_followed_further() -> None:
    def led(dose: str) -> dict[str, str | bytes]:
        return {
            **_beside("docProps/core.xml", "header", "../docProps/core.xml", "x"),
            "docProps/_rels/core.xml.rels": relations(("a", "image", "app.xml")),
            "docProps/app.xml": f"<x>{dose}</x>",
        }

    assert _canonical(led("5")).sha256 not in (None, _canonical(led("500")).sha256)


@pytest.mark.parametrize("kind", ["customXml", "aFChunk"])
def test_what_the_text_asks_for_by_its_id_is_compared(kind: str) -> None:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def asked(dose: str, number: str = "1") -> dict[str, str | bytes]:
        data = f'<p:properties xmlns:p="{_COLUMNS}">{dose}</p:properties>'
        return {
            **word(), f"customXml/item{number}.xml": data,
            "word/document.xml": f'<w:d xmlns:w="{_W}" xmlns:r="{office}"><w:a r:id="q"/></w:d>',
            _RELS: relations(("q", kind, f"../customXml/item{number}.xml")),
        }  # fmt: skip

    assert _canonical(asked("5")).sha256 not in (None, _canonical(asked("500")).sha256)


@pytest.mark.parametrize(
    ("why", "members"),
    [
        ("more than one main part", {
            "_rels/.rels": relations(
                ("a", "officeDocument", "word/document.xml"),
                ("b", "officeDocument", "docProps/document.xml"),
            ),
            "docProps/document.xml": "<x/>",
        }),
        ("not where its relationships say", {
            "_rels/.rels": relations(("a", "officeDocument", "docProps/%2564ocument.xml")),
            "docProps/document.xml": "<x/>",
        }),
        ("not where its relationships say", {"_rels/.rels": relations()}),
        ("two of its relationships have the same id", {
            _RELS: relations(("a", "image", "x.png"), ("a", "image", "y.png")),
        }),
    ],
    ids=["two-main-parts", "no-such-part", "none", "one-id-for-two"],
)  # fmt: skip
def test_what_may_be_opened_otherwise_gets_a_reason(
    why: str, members: dict[str, str | bytes]
) -> None:
    found = _canonical({**word(), **members})
    assert found.sha256 is None
    assert why in str(found.why_not)


def _instruction(*words: str) -> str:
    return "".join(f"<w:instrText>{word}</w:instrText>" for word in words)


_NESTED = (
    '<w:fldChar w:fldCharType="begin"/>' + _instruction("DOCPROPERTY ")
    + '<w:fldChar w:fldCharType="begin"/>' + _instruction("QUOTE Do") + _instruction(" MERGE se")
    + '<w:fldChar w:fldCharType="end"/><w:fldChar w:fldCharType="end"/>'
)  # fmt: skip
_SHOWS = {
    "columns": lambda dose: _bound("{aa-11}", dose=dose),
    "columns-by-no-id": lambda dose: _bound("", dose=dose),
    "columns-by-an-id-that-nothing-has": lambda dose: _bound("{BB-22}", dose=dose),
    "title-in-a-control": lambda dose: {
        **_bound(_CORE_STORE, dose="x"), "docProps/core.xml": _title(dose),
    },
    "title-in-a-field": lambda dose: _field(_instruction("TI", "TLE "), "core", _title(dose)),
    "property": lambda dose: _field(
        _instruction(" DOCPROP", "ERTY  Do", "se "), "custom", _custom(dose)
    ),
    "property-in-short": lambda dose: _field(
        '<w:fldSimple w:instr=" docproperty Dose "/>', "custom", _custom(dose)
    ),
    "property-in-another-part": lambda dose: _field(
        _instruction("DOCPROPERTY Dose"), "app", _custom(dose)
    ),
    "property-with-quotes-in-its-name": lambda dose: _field(
        _instruction(r'DOCPROPERTY "A\"B\\C"'), "custom", _custom(dose, "A&quot;B\\C")
    ),
    "property-in-other-letters": lambda dose: _field(
        _instruction("DOCPROPERTY Na\u0308me"), "custom", _custom(dose, "N\u00c4ME")
    ),
    "property-from-a-bookmark": lambda dose: _field(
        _instruction("DOCPROPERTY Dose"), "custom",
        _custom("x").replace("name=", f"linkTarget='{dose}' name="),
    ),
    "property-in-text-that-instructs": lambda dose: _field(
        '<w:fldChar w:fldCharType="begin"/><w:t>DOCPROPERTY Dose</w:t>'
        '<w:fldChar w:fldCharType="end"/>', "custom", _custom(dose),
    ),
    "property-in-a-field-that-was-deleted": lambda dose: _field(
        "<w:delInstrText>DOCPROPERTY Dose</w:delInstrText>", "custom", _custom(dose)
    ),
    "property-behind-a-million-letters": lambda dose: _field(
        _instruction(*(f"word {number}" for number in range(1 << 17)), "DOCPROPERTY Dose"),
        "custom", _custom(dose),
    ),
    "title-by-an-id-that-nothing-has": lambda dose: {
        **_bound("{BB-22}", dose="x"), "docProps/core.xml": _title(dose),
    },
    "title-in-a-formula-of-Visio": lambda dose: _field(
        "<Cell N='Value' F='UPPER(TITLE())'/>", "core", _title(dose)
    ),
    "title-in-a-document-that-is-put-in": lambda dose: {
        **_beside("word/chunk.docx", "aFChunk", "chunk.docx", "x"),
        "docProps/core.xml": _title(dose),
    },
    "property-by-a-name-that-is-made": lambda dose: _field(_NESTED, "custom", _custom(dose)),
}  # fmt: skip


#: each field of Word that shows something of the file's own lists, and where that stands
_FIELDS = {
    "AUTHOR": "creator", "COMMENTS": "description", "CREATEDATE": "created",
    "EDITTIME": "TotalTime", "KEYWORDS": "keywords", "NUMCHARS": "Characters",
    "NUMPAGES": "Pages", "NUMWORDS": "Words", "PRINTDATE": "lastPrinted", "SUBJECT": "subject",
    "TEMPLATE": "Template", "TITLE": "title", "INFO Manager": "Manager",
    "DOCPROPERTY Security": "DocSecurity", "DOCPROPERTY NameofApplication": "Application",
    "DOCPROPERTY Lines": "Lines", "DOCPROPERTY Version": "version",
}  # fmt: skip


@pytest.mark.parametrize("word_", _FIELDS)
def test_each_field_that_shows_a_property_has_it_compared(word_: str) -> None:
    told = _told(_FIELDS[word_])
    five, more = (
        _canonical(_field(_instruction(f" {word_} "), "app", told(dose))) for dose in ("5", "6")
    )
    assert five.sha256 is not None
    assert five.sha256 != more.sha256


_BY_EACH_SAVE = {"LASTSAVEDBY": "lastModifiedBy", "REVNUM": "revision", "SAVEDATE": "modified"}


@pytest.mark.parametrize("word_", _BY_EACH_SAVE)
def test_what_each_save_changes_is_compared_under_no_field(word_: str) -> None:
    told = _told(_BY_EACH_SAVE[word_])
    for instruction in (word_, f"INFO {word_}", f"DOCPROPERTY {word_}"):
        five, more = (
            _canonical(_field(_instruction(instruction), "core", told(dose))) for dose in ("5", "6")
        )
        assert five.sha256 is not None
        assert five == more


def test_a_variable_of_the_document_is_compared() -> None:
    five, more = (
        _canonical(
            {
                **_field(_instruction("DOCVARIABLE Dose"), "app", "<p/>"),
                "word/settings.xml": f"<w:s xmlns:w='{_W}'><w:docVar w:val='{dose}'/></w:s>",
            }
        )
        for dose in ("5", "6")
    )
    assert five.sha256 not in (None, more.sha256)


#: parts named like a list of relationships that are none
_NO_LIST = {
    "led to": ("word/_rels/pic.rels", "_rels/pic.rels"),
    "led to, beside a part of that name": ("word/_rels/document.xml.rels", "x.png"),
    "of a part that is not there": ("word/_rels/gone.xml.rels", "x.png"),
    "of a list": ("word/_rels/_rels/document.xml.rels.rels", "x.png"),
    "of the list of content types": ("_rels/[Content_Types].xml.rels", "x.png"),
    "of a folder": ("word/_rels/.rels", "x.png"),
}


@pytest.mark.parametrize("which", _NO_LIST)
def test_what_is_only_named_like_a_list_of_relationships_is_compared(which: str) -> None:
    name, target = _NO_LIST[which]

    def made(dose: str) -> dict[str, str | bytes]:
        leads = ("rId1", "image", "_rels/document.xml.rels" if "beside" in which else target)
        more = ("rId9", "image", f"{dose}.png")
        if name == _RELS:
            return {**word(), _RELS: relations(leads, more)}
        return {**word(), _RELS: relations(leads), name: relations(more)}

    five, more = (_canonical(made(dose)) for dose in ("5", "6"))
    assert five.sha256 not in (None, more.sha256)


@pytest.mark.parametrize("what", _SHOWS)
def test_a_property_that_the_document_shows_is_compared(what: str) -> None:
    five, more = (_canonical(_SHOWS[what](dose)).sha256 for dose in ("5 mg", "500 mg"))
    assert five is not None
    assert five != more


_HIDES = {
    "columns-that-nothing-is-bound-to": lambda dose: _bound(_CORE_STORE, dose=dose),
    "title-that-nothing-shows": lambda dose: _field(_instruction("PAGE"), "core", _title(dose)),
    "time-of-the-save": lambda dose: _field(
        _instruction("TITLE"), "core", _title(dose).replace("title", "modified")
    ),
    "property-of-another-name": lambda dose: _field(
        _instruction("DOCPROPERTY Dose"), "custom", _custom(dose, "ContentTypeId")
    ),
    "time-of-printing-that-nothing-shows": lambda dose: _field(
        _instruction("TITLE"), "core", _told("lastPrinted")(dose)
    ),
    "property-beside-a-list-of-contents": lambda dose: _field(
        '<w:fldChar w:fldCharType="begin"/>' + _instruction("TOC")
        + '<w:fldChar w:fldCharType="separate"/><w:fldChar w:fldCharType="begin"/>'
        + _instruction("DOCPROPERTY Dose") + '<w:fldChar w:fldCharType="separate"/>'
        + '<w:fldChar w:fldCharType="end"/><w:fldChar w:fldCharType="end"/>',
        "custom", _custom(dose, "ContentTypeId"),
    ),
    "picture-of-it": lambda dose: {**word(), "docProps/thumbnail.jpeg": dose},
}  # fmt: skip


@pytest.mark.parametrize("what", _HIDES)
def test_what_the_service_writes_beside_a_document_does_not_count(what: str) -> None:
    five, more = (_canonical(_HIDES[what](dose)) for dose in ("5 mg", "500 mg"))
    assert five.sha256 is not None
    assert five == more
    assert five.left_out != ()


def test_columns_are_left_out_where_the_document_is_bound_to_data_of_its_own() -> None:
    def cover(dose: str, columns: str) -> dict[str, str | bytes]:
        return {
            **_bound("{CC-33}", dose=columns),
            "customXml/item2.xml": f"<cover xmlns='urn:cover'>{dose}</cover>",
            "customXml/itemProps2.xml": f'<d:i d:itemID="{{CC-33}}" xmlns:d="{_ITEM}"/>',
            "customXml/_rels/item2.xml.rels": relations(
                ("rId1", "customXmlProps", "itemProps2.xml")
            ),
        }

    found = [_canonical(cover(*said)).sha256 for said in itertools.product("ab", "ab")]
    assert found[0] == found[1] != found[2] == found[3]
