"""What the service does to uploaded Office, PDF and HTML files: property promotion.

Three uploads of one unchanged 25,257-byte xlsx came back as 34,038, 34,039 and 34,040
bytes (rclone#9767). The document in them stays what it was: the service adds property
parts (``docProps/custom.xml``, ``customXml/``), leaves a ``[trash]`` part and packs anew.
"""

from __future__ import annotations

import io
import uuid
import zipfile

_OFFICE = (".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm")
_SUFFIXES: dict[str, tuple[str, ...]] = {
    "office": _OFFICE,
    "pdf": (".pdf",),
    "html": (".html", ".htm"),
}

#: the main part of each kind of package
_MAIN_PARTS = {
    "word/document.xml": "word/_rels/document.xml.rels",
    "xl/workbook.xml": "xl/_rels/workbook.xml.rels",
    "ppt/presentation.xml": "ppt/_rels/presentation.xml.rels",
}
#: a package that unpacks to more than this is left alone, bytes
_LARGEST_PACKAGE = 256 * 1024 * 1024

_HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
_DOCUMENT_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def is_rewritten(name: str, kinds: tuple[str, ...]) -> bool:
    """Whether a file of this name is of one of these kinds (``office``, ``pdf``, ``html``)."""
    return any(name.lower().endswith(_SUFFIXES[kind]) for kind in kinds)


def rewritten(name: str, content: bytes, nonce: bytes) -> bytes:
    """The file as the service keeps it.

    Args:
        name: its name, which decides how it is rewritten.
        content: what was uploaded. A file that is not what its name says stays as it is.
        nonce: 32 bytes; another nonce gives other bytes.
    """
    suffix = name.lower()
    if suffix.endswith(_OFFICE):
        return _package(content, nonce)
    if suffix.endswith(_SUFFIXES["pdf"]):
        return _pdf(content, nonce)
    if suffix.endswith(_SUFFIXES["html"]):
        return _html(content, nonce)
    return content


def _package(content: bytes, nonce: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(part.file_size for part in package.infolist()) > _LARGEST_PACKAGE:
                return content
            parts = {part.filename: package.read(part) for part in package.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return content
    if "[Content_Types].xml" not in parts:
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for part, data in _promoted(parts, nonce).items():
            info = zipfile.ZipInfo(part, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, data)
    return out.getvalue()


def _promoted(parts: dict[str, bytes], nonce: bytes) -> dict[str, bytes]:
    number = next(
        number for number in range(1, len(parts) + 2) if f"customXml/item{number}.xml" not in parts
    )
    guid = "{" + str(uuid.UUID(bytes=nonce[:16])).upper() + "}"
    content_type_id = "0x0101" + nonce[:16].hex().upper()
    made = dict(parts)
    made["[Content_Types].xml"] = _before(
        parts["[Content_Types].xml"],
        b"</Types>",
        _override("docProps/custom.xml", "officedocument.custom-properties+xml", parts)
        + _override(f"customXml/itemProps{number}.xml", "officedocument.customXmlProperties+xml")
        + _default(b"dat", parts["[Content_Types].xml"]),
    )
    made["docProps/custom.xml"] = _custom_properties(content_type_id)
    made["_rels/.rels"] = _related(
        parts.get("_rels/.rels"),
        "custom-properties",
        "docProps/custom.xml",
        nonce,
    )
    made[f"customXml/item{number}.xml"] = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<ct:contentTypeSchema ct:_="" ma:_="" ma:contentTypeName="Document" '
        f'ma:contentTypeID="{content_type_id}" '
        'xmlns:ct="http://schemas.microsoft.com/office/2006/metadata/contentType" '
        'xmlns:ma="http://schemas.microsoft.com/office/2006/metadata/properties/metaAttributes"/>'
    ).encode()
    made[f"customXml/itemProps{number}.xml"] = (
        _HEAD
        + f'<ds:datastoreItem ds:itemID="{guid}" '
        'xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml"/>'.encode()
    )
    made[f"customXml/_rels/item{number}.xml.rels"] = _related(
        None, "customXmlProps", f"itemProps{number}.xml", nonce
    )
    for main, relations in _MAIN_PARTS.items():
        if main in parts:
            made[relations] = _related(
                parts.get(relations), "customXml", f"../customXml/item{number}.xml", nonce
            )
    made["[trash]/0000.dat"] = nonce * (1 + nonce[0] % 4) + nonce[: nonce[1] % 32]
    return made


def _custom_properties(content_type_id: str) -> bytes:
    return (
        _HEAD
        + (
            '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
            'custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/'
            'docPropsVTypes"><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" '
            f'name="ContentTypeId"><vt:lpwstr>{content_type_id}</vt:lpwstr></property></Properties>'
        ).encode()
    )


def _override(part: str, kind: str, there: dict[str, bytes] | None = None) -> bytes:
    if there is not None and part in there:
        return b""
    return (
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-{kind}"/>'
    ).encode()


def _default(suffix: bytes, content_types: bytes) -> bytes:
    if b'Extension="' + suffix + b'"' in content_types:
        return b""
    return b'<Default Extension="' + suffix + b'" ContentType="application/octet-stream"/>'


def _related(relations: bytes | None, kind: str, target: str, nonce: bytes) -> bytes:
    """Relations with one more to ``target``, unless they have it."""
    if relations is None:
        relations = _HEAD + _RELATIONS + b"</Relationships>"
    if f'Target="{target}"'.encode() in relations:
        return relations
    more = (
        f'<Relationship Id="rId{nonce[:4].hex()}" Type="{_DOCUMENT_RELATION}/{kind}" '
        f'Target="{target}"/>'
    )
    return _before(relations, b"</Relationships>", more.encode())


def _before(text: bytes, end: bytes, more: bytes) -> bytes:
    head, found, tail = text.rpartition(end)
    return head + more + found + tail if found else text


def _pdf(content: bytes, nonce: bytes) -> bytes:
    """What comes after the end mark does not change what a reader shows."""
    if not content.startswith(b"%PDF-"):
        return content
    return content.rstrip(b"\r\n") + b"\n%" + nonce.hex()[: 32 + nonce[0] % 32].encode() + b"\n"


def _html(content: bytes, nonce: bytes) -> bytes:
    place = content.lower().find(b"</head>")
    if place < 0:
        return content
    note = (
        "<!--[if gte mso 9]><xml><mso:CustomDocumentProperties><mso:ContentTypeId>0x0101"
        f"{nonce[:16].hex().upper()}</mso:ContentTypeId></mso:CustomDocumentProperties></xml>"
        "<![endif]-->"
    )
    return content[:place] + note.encode() + content[place:]
