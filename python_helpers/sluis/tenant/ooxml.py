"""Whether two Office files say the same, although their bytes differ.

SharePoint writes properties of the library into Word, Excel and PowerPoint files while they
are uploaded, so bytes never compare equal afterwards; retries of one file even came back in
three sizes (rclone#9767). What is left after leaving out what the service writes is the
document itself, and that has to be equal.

Left out: ``docProps/``, ``[trash]/``, the parts of ``customXml/`` in which SharePoint keeps a
library's properties, relationships to any of these, the numbering of relationships, and how
the archive was packed. Data of the document's own in ``customXml/`` (Word's list of sources,
forms) is compared by what it says, under whatever number it stands.

Files come from tenants and are hostile: nothing is unpacked to disk, sizes are counted while
reading, no entity is expanded. What cannot be compared safely gets a reason, never a digest.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .ooxml_part import NotXmlError, elements, root_namespace, xml_digest

#: the suffixes of Office Open XML files
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xltx", "xltm", "xlam"),
        *("pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "vsdx", "vsdm"),
    )
)

_TYPES = "[content_types].xml"
_LEFT_OUT = ("docprops/", "[trash]/")
#: namespaces of the root element of what SharePoint itself keeps in ``customXml/``
_SERVICE = (
    "http://schemas.microsoft.com/office/2006/metadata/",
    "http://schemas.microsoft.com/sharepoint/",
)
_CUSTOM_DATA = re.compile(r"customxml/(?!itemprops\d*\.xml$)[^/]+")
_RELATIONSHIPS = re.compile(r"(.*/)?_rels/[^/]*\.rels")
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Limits:
    """What is still compared; anything larger gets a reason instead.

    Args:
        entries: members of the archive.
        directory: bytes of its directory.
        small: bytes of one list of relationships or content types.
        total: bytes of all members, unpacked.
        ratio: unpacked bytes over the file's bytes; an empty archive of zeroes has 1,000.
    """

    entries: int = 20_000
    directory: int = 4 << 20
    small: int = 4 << 20
    total: int = 4 << 30
    ratio: int = 300


@dataclass(frozen=True)
class Canonical:
    """What an Office file says, as a digest, or why there is none.

    Args:
        sha256: hexadecimal; equal digests mean documents with equal content.
        why_not: one phrase when there is no digest.
        left_out: the members that were not compared, sorted.
    """

    sha256: str | None
    why_not: str | None = None
    left_out: tuple[str, ...] = ()


def is_ooxml_name(name: str) -> bool:
    """Whether a file's name says that it is an Office Open XML file."""
    return posixpath.splitext(name.lower())[1] in SUFFIXES


def canonical_ooxml(path: Path, limits: Limits | None = None) -> Canonical:
    """The digest of an Office file's content.

    Args:
        path: the file. Never written to, nothing is unpacked.
        limits: what is still compared.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with path.open("rb") as file:
        return canonical_ooxml_of(file, limits)


def canonical_ooxml_of(file: BinaryIO, limits: Limits | None = None) -> Canonical:
    """As ``canonical_ooxml``, for an open file that can seek."""
    limits = limits or Limits()
    try:
        _check_directory(file, limits)
        with zipfile.ZipFile(file) as archive:
            return _Package(archive, file, limits).canonical()
    except _CannotError as error:
        return Canonical(None, str(error))
    except NotXmlError as error:
        return Canonical(None, f"a part cannot be read: {error}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        return Canonical(None, f"the archive is damaged: {error}")
    except RuntimeError as error:  # what zipfile raises for encrypted members
        return Canonical(None, f"the archive cannot be read: {error}")


class _CannotError(Exception):
    """The file cannot be compared; the text says why."""


@dataclass(frozen=True)
class _Relation:
    id: str
    type: str
    external: bool
    target: str  # of an internal one: the name of the part, as a key

    @property
    def meaning(self) -> str:
        return json.dumps([self.type, self.external, self.target])


class _Package:
    """An open archive, seen as parts with content types and relationships."""

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self.members = _members(archive, limits)
        file.seek(0, 2)
        self.budget = min(limits.total, max(file.tell() * limits.ratio, 1 << 20))

    def canonical(self) -> Canonical:
        if _TYPES not in self.members:
            raise _CannotError("it is no Office Open XML file: it has no list of content types")
        types, defaults = self._content_types()
        custom: list[str] = []
        left_out: list[str] = []
        parts: list[list[object]] = []
        for key in sorted(self.members):
            if key == _TYPES or _RELATIONSHIPS.fullmatch(key):
                continue
            if key.startswith(_LEFT_OUT):
                left_out.append(self.members[key].filename)
            elif key.startswith("customxml/"):
                data = self._custom_data(key)
                if data is None:
                    left_out.append(self.members[key].filename)
                else:
                    custom.append(data)
            else:
                kind = types.get(key, defaults.get(posixpath.splitext(key)[1][1:], ""))
                relations = self._relations(key)
                digest = self._part_digest(key, kind, relations)
                parts.append([key, kind, digest, sorted(one.meaning for one in relations)])
        top = sorted(one.meaning for one in self._relations(""))
        said = json.dumps([top, parts, sorted(custom)], separators=(",", ":"))
        return Canonical(hashlib.sha256(said.encode()).hexdigest(), None, tuple(sorted(left_out)))

    def _content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        types: dict[str, str] = {}
        defaults: dict[str, str] = {}
        for name, attributes in elements(self._read(_TYPES, self.limits.small)):
            kind = attributes.get("ContentType", "").lower()
            if name.endswith(" Override"):
                types[_key(attributes.get("PartName", "").lstrip("/"))] = kind
            elif name.endswith(" Default"):
                defaults[_key(attributes.get("Extension", ""))] = kind
        return types, defaults

    def _relations(self, part: str) -> list[_Relation]:
        """The relationships of a part ("" is the package), without those that are left out."""
        folder, name = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if listed not in self.members:
            return []
        found = []
        for element, attributes in elements(self._read(listed, self.limits.small)):
            if not element.endswith(" Relationship"):
                continue
            external = attributes.get("TargetMode", "").lower() == "external"
            target = attributes.get("Target", "")
            if not external:
                target = _key(posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
                if target.startswith((*_LEFT_OUT, "customxml/")):
                    continue
            found.append(
                _Relation(attributes.get("Id", ""), attributes.get("Type", ""), external, target)
            )
        return found

    def _part_digest(self, key: str, kind: str, relations: list[_Relation]) -> str:
        meanings = {one.id: one.meaning for one in relations}
        if key.endswith((".xml", ".vml")) or kind.endswith(("+xml", "/xml")):
            try:
                return "xml " + xml_digest(
                    self._read(key, self.budget), lambda one: meanings.get(one, f"no such id {one}")
                )
            except NotXmlError:
                if not key.endswith(".vml"):  # Office itself writes VML that is not XML
                    raise
        return "bytes " + _sha256(self._read(key, self.budget))

    def _custom_data(self, key: str) -> str | None:
        """The digest of a part of ``customXml/``; None when the service owns it."""
        if not _CUSTOM_DATA.fullmatch(key):
            return None
        try:
            if not root_namespace(self._read(key, self.budget)).startswith(_SERVICE):
                return "xml " + xml_digest(self._read(key, self.budget), lambda one: one)
        except NotXmlError:
            return "bytes " + _sha256(self._read(key, self.budget))
        return None

    def _read(self, key: str, largest: int) -> Iterator[bytes]:
        """A member's bytes; what was read counts against the budget of the whole file."""
        with self.archive.open(self.members[key]) as member:
            while chunk := member.read(_CHUNK):
                largest -= len(chunk)
                self.budget -= len(chunk)
                if largest < 0 or self.budget < 0:
                    raise _CannotError("it unpacks to far more than it should")
                yield chunk


def _members(archive: zipfile.ZipFile, limits: Limits) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise _CannotError(f"it has more than {limits.entries} members")
    for info in infos:
        name = info.orig_filename
        parts = name.rstrip("/").split("/")
        if "\\" in name or "\0" in name or ":" in name or {"", ".", ".."} & set(parts):
            raise _CannotError("a member's name leads outside the archive")
        if info.flag_bits & 0x1:
            raise _CannotError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _CannotError("a member is packed in a way that Office does not use")
        if name.endswith("/"):
            if info.file_size:
                raise _CannotError("a folder in it has content")
            continue
        key = _key(name)
        if key in members:
            raise _CannotError("two members have the same name")
        members[key] = info
    return members


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Look at the size of the directory before the library reads it into memory."""
    file.seek(0, 2)
    size = file.tell()
    start = max(0, size - 22 - 65_535 - 20)
    file.seek(start)
    tail = file.read()
    # the same order in which zipfile looks for it
    end = len(tail) - 22
    if end < 0 or tail[end : end + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) - end < 22:
        file.seek(0)
        if file.read(4) == b"\xd0\xcf\x11\xe0":
            raise _CannotError("it is encrypted, or in the binary format from before 2007")
        raise _CannotError("it is no archive")
    if tail[max(0, end - 20) : end].startswith(b"PK\6\7"):
        raise _CannotError("its directory is written for archives above 4 GiB")
    if int.from_bytes(tail[end + 12 : end + 16], "little") > limits.directory:
        raise _CannotError("its directory is too large")
    file.seek(0)


def _sha256(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _key(name: str) -> str:
    """Part names are told apart without regard to ASCII case (ECMA-376 part 2)."""
    return name.translate(_ASCII_LOWER)
