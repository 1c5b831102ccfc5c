"""Whether two Office files say the same, although their bytes differ.

SharePoint writes properties of the library into Word, Excel and PowerPoint files while they
are uploaded, so bytes never compare equal afterwards; retries of one file even came back in
three sizes (rclone#9767). What is left after leaving out what the service writes is the
document itself, and that has to be equal.

Left out: the properties in ``docProps/``, ``[trash]/``, the parts of ``customXml/`` in which
SharePoint keeps a library's properties, the relationships by which it leads to these, the
numbering of relationships, and how the archive was packed. Data of the document's own in
``customXml/`` (Word's list of sources, forms) is compared by what it says, under whatever number
it stands. Whatever another relationship leads to is compared wherever it lies, and so is a
property that the document shows (see ``ooxml_own``), unless each save changes it.

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

from .ooxml_own import (
    PROPERTIES,
    Shown,
    bound_id,
    is_chunk_relation,
    is_item_name,
    is_main_relation,
    is_own_relation,
    is_service_root,
    key_of,
    place_of,
)
from .ooxml_part import NotXmlError, elements, root_namespace, values, xml_digest

#: the suffixes of Office Open XML files
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xltx", "xltm", "xlam"),
        *("pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "vsdx", "vsdm"),
    )
)

_TYPES = "[content_types].xml"
_TOP = "_rels/.rels"
_RELATIONSHIPS = re.compile(r"(.*/)?_rels/([^/]*)\.rels")
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
    place: str  # where an internal one leads to, however it is spelled; "" for the others

    @property
    def meaning(self) -> str:
        return json.dumps([self.type, self.external, self.target])

    @property
    def own(self) -> bool:
        return is_own_relation(self.type, self.place)


class _Package:
    """An open archive, seen as parts with content types and relationships."""

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self.members = _members(archive, limits)
        #: what says of what the package is made, and is compared by what it says
        self.lists = frozenset(one for one in self.members if self._is_list(one))
        file.seek(0, 2)
        self.budget = min(limits.total, max(file.tell() * limits.ratio, 1 << 20))
        #: places that something leads to which is not the service's
        self.reached: set[str] = set()
        self.shown = Shown()
        #: what each part of ``customXml/`` says that is the document's own
        self.custom: dict[str, str] = {}
        #: by which ids text may be bound to each of these parts, once that is asked
        self.ids: dict[str, set[str]] = {}

    def canonical(self) -> Canonical:
        if _TYPES not in self.members:
            raise _CannotError("it is no Office Open XML file: it has no list of content types")
        types, defaults = self._content_types()
        keys = [one for one in self.members if one not in self.lists]
        top = self._follow("")
        self._check_main(top)
        for key in sorted(one for one in keys if one.startswith("customxml/")):
            if (data := self._custom_data(key)) is not None:
                self.custom[key] = data
        parts: dict[str, list[object]] = {}
        # what a part leads to may lie in a folder that is left out, and lead further
        while fresh := sorted(
            one for one in self.members if one not in parts and self._counts(one)
        ):
            for key in fresh:
                kind = types.get(key, defaults.get(posixpath.splitext(key)[1][1:], ""))
                relations = self._follow(key)
                digest = self._part_digest(key, kind, relations)
                meanings = sorted(one.meaning for one in relations if not one.own)
                parts[key] = [key, kind, digest, meanings]
        rest = [one for one in keys if one not in parts]
        beside = [self.custom[one] for one in rest if one in self.custom]
        left_out = sorted(one for one in rest if one not in self.custom)
        shown = [self._shown_in(one) for one in left_out]
        said = json.dumps(
            [
                sorted(one.meaning for one in top if not one.own),
                [parts[key] for key in sorted(parts)],
                sorted(beside),
                sorted(one for one in shown if one),
            ],
            separators=(",", ":"),
        )
        names = tuple(sorted(self.members[one].filename for one in left_out))
        return Canonical(hashlib.sha256(said.encode()).hexdigest(), None, names)

    def _check_main(self, top: list[_Relation]) -> None:
        """Make sure that what a program opens is in the archive, and will be compared."""
        places = {place_of(one) for one in self.members}
        main = {one.place for one in top if is_main_relation(one.type)}
        if len(main) > 1:
            raise _CannotError("it has more than one main part")
        if not main or not main <= places:
            raise _CannotError("its main part is not where its relationships say")

    def _is_list(self, key: str) -> bool:
        """Whether it is one of these lists.

        A name alone proves nothing: a list of relationships is one only if there is the part
        whose relationships they are.
        """
        if key in (_TYPES, _TOP):
            return True
        found = _RELATIONSHIPS.fullmatch(key)
        if not found:
            return False
        of = (found[1] or "") + found[2]
        return bool(found[2]) and of in self.members and not self._is_list(of)

    def _counts(self, key: str) -> bool:
        """Whether a part is compared as one of the document's."""
        if place_of(key) in self.reached:
            return True
        if key in self.lists:
            return False
        if key.startswith("docprops/"):
            return PROPERTIES.fullmatch(key) is None
        return not key.startswith(("[trash]/", "customxml/"))

    def _follow(self, part: str) -> list[_Relation]:
        """The relationships of a part; what they lead to is compared, unless they are own."""
        relations = self._relations(part)
        self.reached.update(one.place for one in relations if not one.own)
        self.shown.unread |= any(is_chunk_relation(one.type) for one in relations)
        return relations

    def _shown_in(self, key: str) -> str:
        """What a reader sees of a part that is left out; "" when it is nothing."""
        bound = self.shown.stores()
        if bound and not self.ids:
            items = (one for one in self.members if one.startswith("customxml/"))
            self.ids = {one: self._bound_as(one) for one in items}
        # what is bound by an id that nothing has is looked for in all of them
        lost = bool(bound.difference(*self.ids.values()))
        if key.startswith("docprops/") and key.endswith(".xml"):
            if self.shown.has_properties(lost):
                told = self.shown.values(values(self._read(key, self.limits.small)), lost)
                return json.dumps([key, sorted(told.items())]) if told else ""
            return ""
        if not key.startswith("customxml/") or is_item_name(key):
            return ""
        if lost or bound & self.ids.get(key, set()):
            return xml_digest(self._read(key, self.budget), lambda one: one)
        return ""

    def _bound_as(self, key: str) -> set[str]:
        """The ids by which text of a document may be bound to a part of ``customXml/``."""
        found: set[str] = set()
        for relation in self._relations(key):
            if relation.own and is_item_name(relation.place) and relation.place in self.members:
                root = elements(self._read(relation.place, self.limits.small))[0][1]
                found.update(bound_id(one) for name, one in root.items() if name.endswith("itemID"))
        return found

    def _content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        types: dict[str, str] = {}
        defaults: dict[str, str] = {}
        for name, attributes in elements(self._read(_TYPES, self.limits.small)):
            kind = attributes.get("ContentType", "").lower()
            if name.endswith(" Override"):
                types[key_of(attributes.get("PartName", "").lstrip("/"))] = kind
            elif name.endswith(" Default"):
                defaults[key_of(attributes.get("Extension", ""))] = kind
        return types, defaults

    def _relations(self, part: str) -> list[_Relation]:
        """The relationships of a part ("" is the package)."""
        folder, name = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if listed not in self.members:
            return []
        found = []
        for element, attributes in elements(self._read(listed, self.limits.small)):
            if not element.endswith(" Relationship"):
                continue
            external = attributes.get("TargetMode", "").lower() == "external"
            target, place = attributes.get("Target", ""), ""
            if not external:
                place = place_of(target, folder)
                target = key_of(posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
            kind = attributes.get("Type", "")
            found.append(_Relation(attributes.get("Id", ""), kind, external, target, place))
        if len({one.id for one in found}) < len(found):
            raise _CannotError("two of its relationships have the same id")
        return found

    def _part_digest(self, key: str, kind: str, relations: list[_Relation]) -> str:
        known = {one.id: one for one in relations}

        def meant(id_: str) -> str:
            relation = known.get(id_)
            if relation is None:
                return f"no such id {id_}"
            if relation.own:  # the document asks for it by name
                if (data := self.custom.get(relation.place)) is not None:
                    return f"data {data}"
                self.reached.add(relation.place)
            return relation.meaning

        if key.endswith((".xml", ".vml")) or kind.endswith(("+xml", "/xml")):
            try:
                return "xml " + xml_digest(self._read(key, self.budget), meant, self.shown)
            except NotXmlError:
                if not key.endswith(".vml"):  # Office itself writes VML that is not XML
                    raise
        return "bytes " + _sha256(self._read(key, self.budget))

    def _custom_data(self, key: str) -> str | None:
        """The digest of a part of ``customXml/``; None when the service owns it."""
        try:
            if is_service_root(key, root_namespace(self._read(key, self.budget))):
                return None
            digest = "xml " + xml_digest(self._read(key, self.budget), lambda one: one)
        except NotXmlError:
            digest = "bytes " + _sha256(self._read(key, self.budget))
        return json.dumps([digest, *(one.meaning for one in self._follow(key) if not one.own)])

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
        key = key_of(name)
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
