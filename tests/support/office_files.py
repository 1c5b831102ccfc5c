"""Office files made by hand, and what SharePoint makes of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_METADATA = "http://schemas.microsoft.com/office/2006/metadata"


def packed(
    members: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED, year: int = 1980
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            archive.writestr(info, data, compress_type=method)
    return out.getvalue()


def relations(*listed: tuple[str, str, str], external: tuple[str, ...] = ()) -> str:
    """``(id, short type, target)`` each."""
    entries = "".join(
        f'<Relationship Id="{one}" Type="{_OFFICE}/{kind}" Target="{target}"'
        + (' TargetMode="External"' if one in external else "")
        + "/>"
        for one, kind, target in listed
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def types(**overrides: str) -> str:
    more = "".join(
        f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items()
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/x-rels+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="png" ContentType="image/png"/>{more}</Types>'
    )


def document(text: str = "The file of the client", picture: str = "rId1") -> str:
    return (
        f'<?xml version="1.0"?><w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}"><w:body>'
        f'<w:p w:id="1" w:style="plain"><w:t>{text}</w:t></w:p>'
        f'<w:drawing><blip r:embed="{picture}"/></w:drawing></w:body></w:document>'
    )


def word(
    text: str = "The file of the client", picture: bytes = b"PNG one"
) -> dict[str, str | bytes]:
    """A Word document as its author sent it."""
    return {
        "[Content_Types].xml": types(**{"word/document.xml": "x/main+xml"}),
        "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml")),
        "word/document.xml": document(text),
        "word/_rels/document.xml.rels": relations(
            ("rId1", "image", "media/image1.png"), ("rId2", "image", "media/image2.png")
        ),
        "word/media/image1.png": picture,
        "word/media/image2.png": b"PNG two",
    }


def promoted(members: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The same document after SharePoint wrote a library's properties into it."""
    text = str(members["word/document.xml"])
    text = text.replace('<?xml version="1.0"?>', "<?xml version='1.0' encoding='UTF-8'?>\n")
    text = text.replace('r:embed="rId1"', 'r:embed="rId7"')
    text = text.replace('w:id="1" w:style="plain"', "w:style='plain'  w:id='1'")
    kept = {name: data for name, data in members.items() if "/media/" in name}
    return {
        "docProps/core.xml": "<p>promoted</p>",
        "docProps/custom.xml": "<p>ContentTypeId</p>",
        "customXml/item1.xml": f'<p:properties xmlns:p="{_METADATA}/properties"/>',
        "customXml/itemProps1.xml": f'<d:datastoreItem d:itemID="{{GUID}}" xmlns:d="{_CUSTOM}"/>',
        "customXml/_rels/item1.xml.rels": relations(("rId1", "customXmlProps", "itemProps1.xml")),
        "[trash]/0000.dat": b"\xff" * 300,
        **kept,
        "word/_rels/document.xml.rels": relations(
            ("rId9", "customXml", "../customXml/item1.xml"),
            ("rId3", "image", "media/image2.png"),
            ("rId7", "image", "/word/media/image1.png"),
        ),
        "word/document.xml": text,
        "_rels/.rels": relations(
            ("rId4", "custom-properties", "docProps/custom.xml"),
            ("rId5", "officeDocument", "word/document.xml"),
        ),
        "[Content_Types].xml": types(
            **{"docProps/custom.xml": "x/custom+xml", "word/document.xml": "x/main+xml"}
        ),
    }
