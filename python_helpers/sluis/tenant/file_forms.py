"""What a file must look like inside, for the types that the service is known to rewrite.

Two downloads that agree prove only that the service repeats itself. Where size and hash are not
the listed ones, the bytes have to speak for themselves: an Office document is a whole ZIP with
the parts that it needs, a PDF begins and ends as one, a HEIC's boxes reach exactly to its end.
Services and proxies have also delivered nothing, or a page that says what went wrong, in place
of a file (onedrive-api-docs#1258, sp-dev-docs#5247); these two are looked for in every file.
"""

from __future__ import annotations

import os
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal
from urllib.parse import unquote

from ..graph.rewritten import OFFICE
from .ooxml_part import NotXmlError, elements, root_namespace, xml_digest
from .stored_names import ExportFolder

#: where the main part of a document lies and what its namespace is called, by how the suffix
#: begins
_PLACES = {
    "do": ("word/", "wordprocessingml"),
    "xl": ("xl/", "spreadsheetml"),
    "p": ("ppt/", "presentationml"),
}
HEIC = frozenset({"heic", "heif"})
#: of these, a page is what they are
_PAGES = frozenset(
    {
        *("html", "htm", "xhtml", "xht", "shtml", "shtm", "mht", "mhtml", "hta"),
        *("aspx", "asp", "ascx", "ashx", "master", "php", "phtml", "jsp"),
    }
)

#: ``whole``: of a rewritten type, and looked into · ``damaged``: not a file of its type ·
#: ``empty``: no bytes · ``page``: a web page in place of a file · ``sealed``: an Office file in a
#: container that nobody but its readers opens · ``unknown``: nothing can be said
Kind = Literal["whole", "damaged", "empty", "page", "sealed", "unknown"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a file looks like inside: see ``Kind``, and one sentence."""

    kind: Kind
    said: str = ""


#: when nobody looked
NOT_LOOKED = Form("unknown", "Nobody looked into it.")

_HEAD = 1 << 12
#: bytes at the end of a PDF in which its end mark stands (PDF readers look at the last 1,024)
_PDF_END = 1024
#: where a PDF's last list of parts lies; how it begins, as a table or as an object of its own; and
#: where the one before lies (ISO 32000-1, 7.5.4 to 7.5.8)
_LISTED_AT = re.compile(rb"startxref\s+([0-9]{1,15})\s")
_LIST = re.compile(rb"\s*(?:xref\s|[0-9]+\s+[0-9]+\s+obj\b)")
_BEFORE = re.compile(rb"/Prev\s+([0-9]{1,15})\b")
_END_OF_LIST = re.compile(rb"startxref|stream|endobj")
#: bytes of such a list that are looked at, and lists
_LISTS, _MOST_LISTS = 1 << 20, 100
#: an Office file whose parts add up to more than this is not looked into (a ZIP bomb)
_LARGEST_ZIP = 4 << 30
#: bytes of a document's list of parts or relationships
_LARGEST_LIST = 4 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOX = re.compile(rb"[ -~\xa9][ -~]{3}")
_BRANDS = (b"hei", b"hev", b"mif1", b"msf1", b"avi")
#: how a page begins, behind white space, comments and an XML declaration
_PAGE = re.compile(
    rb"(?:\s++|<!--(?>.*?-->)|<\?xml[^>]*+(?<=\?)>)*+"
    rb"<(?:!doctype\s+html|(?:html|head|body|title|meta|script|style|h1|div|table|p|br)[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_TYPES = "[content_types].xml"
_RELATIONS = "_rels/.rels"
_MAIN = "/officedocument"


def suffix_of(name: str) -> str:
    """What stands behind the last dot, in lower case."""
    return name.rpartition(".")[2].lower()


def is_page_name(name: str) -> bool:
    """Whether a file of this name is a web page."""
    return suffix_of(name) in _PAGES


def look_into(folder: ExportFolder, stored: str, name: str) -> Form:
    """Look into a stored file.

    Args:
        folder: the export root.
        stored: where the bytes lie, below it.
        name: the file's own name, for its suffix.

    Raises:
        OSError: it cannot be opened.
    """
    with os.fdopen(folder.open_file(stored), "rb") as file:
        return form_of(file, name)


def form_of(file: BinaryIO, name: str) -> Form:
    """As ``look_into``, for an open file that can seek."""
    head = file.read(_HEAD)
    if not head:
        return Form("empty", "It came without a single byte.")
    if not is_page_name(name) and _is_page(head):
        return Form("page", "What came is a web page.")
    suffix = suffix_of(name)
    if suffix in OFFICE:
        return _office(file, head, suffix)
    if suffix == "pdf":
        return _pdf(file, head)
    if suffix in HEIC:
        return _heic(file)
    return Form("unknown")


def _is_page(head: bytes) -> bool:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            head = head[2:].decode(encoding, "replace").encode("utf-8", "replace")
    return _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def _office(file: BinaryIO, head: bytes, suffix: str) -> Form:
    if head.startswith(_OLE):
        return Form("sealed", "It is sealed: encrypted, by a label or a password.")
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > _LARGEST_ZIP:
                return Form("unknown", "It is too large to be looked into.")
            if not parts or packed.testzip() is not None:
                return Form("damaged", "As a ZIP it is damaged.")
            return _document(packed, suffix)
    except NotXmlError:
        return Form("unknown", "As a ZIP it is whole, and a part that it needs cannot be read.")
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error):
        return Form("damaged", "As a ZIP it is damaged.")


def _document(packed: zipfile.ZipFile, suffix: str) -> Form:
    """Whether a whole ZIP has what such a document needs."""
    parts = {part.filename.lower(): part for part in packed.infolist()}
    lacking = Form("unknown", "As a ZIP it is whole, but no document of its type.")
    if not {_TYPES, _RELATIONS} <= parts.keys() or not _elements(packed, parts[_TYPES]):
        return lacking
    where, words = next(told for begin, told in _PLACES.items() if suffix.startswith(begin))
    for _, about in _elements(packed, parts[_RELATIONS]):
        if not about.get("Type", "").lower().endswith(_MAIN):
            continue
        main = posixpath.normpath(posixpath.join("/", about.get("Target", ""))).lstrip("/").lower()
        part = parts.get(main)
        if not main.startswith(where) or part is None or not part.file_size:
            return lacking
        if not main.endswith(".bin") and words not in root_namespace(_read(packed, part)):
            return lacking
        if not main.endswith(".bin"):
            xml_digest(_read(packed, part), lambda one: one)  # to its end
        if not _has_what_it_names(packed, parts):
            return Form("unknown", "As a ZIP it is whole, and lacks a part that it names.")
        return Form("whole", "It opens, and its parts have the right checksums.")
    return lacking


def _has_what_it_names(packed: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo]) -> bool:
    """Whether every sheet, slide and picture that a part of a document names is in it."""
    for name, part in parts.items():
        folder, _, file = name.rpartition("/")
        if not file.endswith(".rels") or posixpath.basename(folder) != "_rels":
            continue
        for _, about in _elements(packed, part):
            target = unquote(about.get("Target", "").partition("#")[0])
            # a picture that its author took out is written so by Office
            if about.get("TargetMode") == "External" or not target or target.endswith("NULL"):
                continue
            place = posixpath.join("/", posixpath.dirname(folder), target)
            if posixpath.normpath(place).lstrip("/").lower() not in parts:
                return False
    return True


def _elements(
    packed: zipfile.ZipFile, part: zipfile.ZipInfo
) -> list[tuple[str, Mapping[str, str]]]:
    if part.file_size > _LARGEST_LIST:
        raise NotXmlError("it is far too large")
    return elements(_read(packed, part))


def _read(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with packed.open(part) as member:
        while piece := member.read(1 << 18):
            yield piece


def _pdf(file: BinaryIO, head: bytes) -> Form:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _PDF_END))
    tail = file.read()
    if not head.startswith(b"%PDF-"):
        return Form("unknown", "It does not begin as a PDF does.")
    if b"%%EOF" not in tail:
        return Form("unknown", "It does not end as a PDF does.")
    lies = [int(found) for found in _LISTED_AT.findall(tail)]
    if not all(_is_list(file, at) for at in lies[-1:]):
        # something was put in or taken out before it
        return Form("unknown", "As a PDF it is broken: the list of its parts is not where it says.")
    return Form("whole", "It begins and ends as a PDF does.")


def _is_list(file: BinaryIO, at: int) -> bool:
    """Whether the list of a PDF's parts, or the one before that, is where it is said to be."""
    for _ in range(_MOST_LISTS):
        file.seek(at)
        begin = file.read(_LISTS)
        if not _LIST.match(begin):
            return False
        before = _BEFORE.search(_END_OF_LIST.split(begin, maxsplit=1)[0])
        if before is None or int(before[1]) == at:
            return True
        at = int(before[1])
    return True


def _heic(file: BinaryIO) -> Form:
    """Boxes, one behind the other, from the first byte to the last (ISO 14496-12)."""
    end = file.seek(0, os.SEEK_END)
    at = 0
    seen: list[bytes] = []
    broken = Form("unknown", "Its parts do not reach exactly to its end.")
    while at < end:
        file.seek(at)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4]), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:16])
        # a box of "size 0" reaches to whatever end there is, so it proves none
        if size < 8 or not _BOX.fullmatch(kind) or at + size > end or len(seen) > 10_000:
            return broken
        if not seen and (kind != b"ftyp" or not head[8:12].startswith(_BRANDS)):
            return Form("unknown", "It does not begin as a HEIC does.")
        seen.append(kind)
        at += size
    if b"meta" not in seen:
        return Form("unknown", "It lacks the part that says what is in it.")
    return Form("whole", "Its parts reach exactly to its end.")
