"""Which parts of an Office file the service keeps for itself, and which of them a reader sees.

Left out is only what is known to be the service's: a part with one of its names that nothing
leads to but a relationship of its own kind, and that no text of the document is taken from.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

#: folders of the service, and how the relationships end that lead into them
_OWN_RELATIONS = {
    "docprops/": frozenset(
        {
            *("core-properties", "thumbnail"),
            *("extended-properties", "extendedproperties"),
            *("custom-properties", "customproperties"),
        }
    ),
    "customxml/": frozenset({"customxml", "customxmlprops"}),
}
#: namespaces of the root element of what SharePoint itself keeps in ``customXml/``
_SERVICE = (
    "http://schemas.microsoft.com/office/2006/metadata/",
    "http://schemas.microsoft.com/sharepoint/",
)
#: and of what says by which id a part of ``customXml/`` is bound
_ITEM = frozenset(
    {
        "http://schemas.openxmlformats.org/officeDocument/2006/customXml",
        "http://purl.oclc.org/ooxml/officeDocument/customXml",
    }
)
PROPERTIES = re.compile(r"docprops/(?:core|app|custom|thumbnail)\d*\.[a-z]+")
_ITEM_PROPERTIES = re.compile(r"customxml/itemprops\d*\.xml")
_MAIN = ("/officedocument", "/visio/2010/relationships/document")

#: the ids by which text of a document is bound to its built-in properties
_STORES = frozenset(
    {"6c3c8bc8-f283-45ae-878a-bab7291924a1", "6668398d-a668-4e3e-a5eb-62b293d839f1"}
)
#: words of fields, and functions of Visio, that show one property each
_FIELDS = {
    "TITLE": "title",
    "SUBJECT": "subject",
    "AUTHOR": "creator",
    "CREATOR": "creator",
    "KEYWORDS": "keywords",
    "COMMENTS": "description",
    "DESCRIPTION": "description",
    "CREATEDATE": "created",
    "DOCCREATION": "created",
    "PRINTDATE": "lastprinted",
    "DOCLASTPRINT": "lastprinted",
    "TEMPLATE": "template",
    "EDITTIME": "totaltime",
    "NUMPAGES": "pages",
    "NUMWORDS": "words",
    "NUMCHARS": "characters",
    "CATEGORY": "category",
    "MANAGER": "manager",
    "COMPANY": "company",
    "HYPERLINKBASE": "hyperlinkbase",
}
#: words of fields that show any property, by a name that may be spelled in many ways
_ANY_FIELD = re.compile("DOCPROPERTY|INFO")
#: built-in properties that each save changes by itself, whether or not a field shows them
#: (``LASTSAVEDBY``, ``REVNUM``, ``SAVEDATE``)
_SAVED = frozenset({"lastmodifiedby", "revision", "modified"})
#: functions in a formula of Visio
_FUNCTION = re.compile(r"(?<![A-Z])([A-Z]+)\(")
#: a part with text of its own, into which Word puts properties of this document
_CHUNK = "/afchunk"
#: characters of instructions that are kept; a document with more may show anything
_MOST_SAID = 1 << 20
#: elements that say what is shown, besides those with the text of an instruction
_TELLING = frozenset({"dataBinding", "fldSimple", "fldChar", "Cell"})
_INSTRUCTIONS = frozenset({"instrText", "delInstrText"})
_DEEPEST = 1_000  # fields in each other
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Named(NamedTuple):
    """The name of a property.

    Args:
        name: as it is written.
        custom: whether somebody gave it; otherwise it is built in.
    """

    name: str
    custom: bool


def key_of(name: str) -> str:
    """Part names are told apart without regard to ASCII case (ECMA-376 part 2)."""
    return name.translate(_ASCII_LOWER)


def place_of(target: str, folder: str = "") -> str:
    """Where a target leads to, however it is spelled; of a member, its own place."""
    path = unquote(target.partition("#")[0].partition("?")[0]).replace("\\", "/").strip()
    return key_of(posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/"))


def is_own_relation(kind: str, place: str) -> bool:
    """Whether a relationship of this type to this place is one that the service writes."""
    end = key_of(kind).rpartition("/")[2]
    return any(place.startswith(one) and end in ends for one, ends in _OWN_RELATIONS.items())


def is_main_relation(kind: str) -> bool:
    """Whether it leads to the part that a program opens."""
    return key_of(kind).endswith(_MAIN)


def is_service_root(key: str, namespace: str) -> bool:
    """Whether a part of ``customXml/`` is the service's, by its root element's namespace."""
    if _ITEM_PROPERTIES.fullmatch(key):
        return namespace in _ITEM
    return namespace.startswith(_SERVICE)


def is_item_name(key: str) -> bool:
    """Whether it is a part that says by which id another one is bound."""
    return _ITEM_PROPERTIES.fullmatch(key) is not None


def bound_id(text: str) -> str:
    """An id of ``customXml/`` as it is compared."""
    return text.strip("{} ").lower()


def is_chunk_relation(kind: str) -> bool:
    """Whether it leads to another document that Word shows as text of this one."""
    return key_of(kind).endswith(_CHUNK)


@dataclass
class Shown:
    """What text of a document is taken from other places, as its parts say."""

    #: ids of the parts that content controls are bound to
    bound: set[str] = field(default_factory=set)
    #: whether there is text in it that is not looked into, and may show anything
    unread: bool = False
    #: what formulas of Visio show
    _functions: set[str] = field(default_factory=set)
    _said: list[str] = field(default_factory=list)
    _length: int = 0
    #: of each field that is open, the outer one first: whether its instruction goes on
    _open: list[bool] = field(default_factory=list)
    _nested: bool = False

    def start(self, name: str, attributes: list[tuple[str, str]]) -> None:
        """An element begins."""
        if name not in _TELLING:  # nearly all of them
            return
        told = {key.rpartition(":")[2]: value for key, value in attributes}
        if name == "dataBinding":
            self.bound.add(bound_id(told.get("storeItemID", "")))
        elif name == "fldSimple":
            self._nested = self._nested or any(self._open)
            self._instruct(told.get("instr", ""))
        elif name == "Cell":
            self._functions.update(_FIELDS.keys() & _FUNCTION.findall(told.get("F", "").upper()))
        else:
            self._step(told.get("fldCharType", ""))

    def text(self, element: str, said: str) -> None:
        """Text; between the beginning of a field and its result all of it instructs."""
        if element in _INSTRUCTIONS or any(self._open):
            self._instruct(said)

    def _step(self, kind: str) -> None:
        if kind == "begin":
            # where one field makes the name for another, it may be any
            self._nested = self._nested or any(self._open)
            if len(self._open) >= _DEEPEST:
                self.unread = True
            else:
                self._open.append(True)
        elif kind == "separate" and self._open:
            self._open[-1] = False
        elif kind == "end" and self._open:
            self._open.pop()

    def _instruct(self, text: str) -> None:
        """Text of a field's instruction; a word may be cut into several of these."""
        self._length += len(text)
        if self._length > _MOST_SAID:
            self.unread = True
            self._said.clear()
        else:
            self._said.append(text)

    def stores(self) -> set[str]:
        """What is bound, without the built-in properties."""
        return self.bound - _STORES

    def has_properties(self, lost: bool) -> bool:
        """Whether it may show properties of the file; see ``values``."""
        return bool(lost or self.unread or self.bound & _STORES or self._said or self._functions)

    def values(self, told: Mapping[Named, str], lost: bool) -> dict[str, str]:
        """Those properties that the document shows, of all that a part of ``docProps/`` has.

        Args:
            told: the properties by their names.
            lost: text is bound by an id that nothing has, so to what the program finds.
        """
        said = _bare("".join(self._said))
        words = said.upper()
        shown = {_FIELDS[one] for one in self._functions}
        shown |= {name for word, name in _FIELDS.items() if word in words}
        every = lost or self.unread or bool(self.bound & _STORES or _ANY_FIELD.search(words))
        custom = "DOCPROPERTY" in words
        any_custom = self.unread or (custom and self._nested)

        def is_shown(one: Named) -> bool:
            if one.custom:
                return any_custom or (custom and _bare(one.name) in said)
            name = one.name.lower()
            return name in shown or (every and name not in _SAVED)

        return {f"{one.custom} {one.name}": value for one, value in told.items() if is_shown(one)}


def _bare(text: str) -> str:
    """Text without what may be spelled otherwise in a field: case, spaces, quotes, backslashes."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(one for one in plain if one.isalnum())
