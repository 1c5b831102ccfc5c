"""One XML part of an Office file, as a digest of what it says.

Attribute order, quotes, character references, the XML declaration and the encoding do not
count; every element, attribute, prefix, comment and character of text does. A document type
declaration is refused before it can declare anything (ECMA-376 part 2 forbids it), so no
entity is ever expanded and nothing outside the part is ever read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from .ooxml_own import Named, Shown

#: attributes in these namespaces name a relationship by its id, which may be renumbered
_RELATIONSHIPS = frozenset(
    {
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
)
#: VML has its own: ``o:relid``
_VML_OFFICE = "urn:schemas-microsoft-com:office:office"
#: deeper than any document; a parser's memory is no place for a joke
_DEEPEST = 2_000
#: bytes of one tag or comment; a parser keeps it in memory and goes through it again and again
_LONGEST = 16 << 20
_LONGEST_TEXT = 64 << 20  # characters
#: prefixes that mean something in one place; of each open element they are kept
_PREFIXES = 1_000


class NotXmlError(Exception):
    """The part is not XML that may be read; the text says why."""


def xml_digest(
    chunks: Iterable[bytes], relation: Callable[[str], str], shown: Shown | None = None
) -> str:
    """SHA-256 of what an XML part says.

    Args:
        chunks: the part's bytes, in order.
        relation: from a relationship's id to what it stands for; this is digested in the
            id's place.
        shown: told of bound content and of fields.

    Raises:
        NotXmlError: not well-formed, too deep, or with a document type declaration.
    """
    reading = _Reading(relation, shown or Shown())
    _parse(reading.short(chunks), reading.parser)
    return reading.digest()


def elements(chunks: Iterable[bytes]) -> list[tuple[str, Mapping[str, str]]]:
    """Every element of a small part: ``namespace name`` and its attributes.

    Raises:
        NotXmlError: as ``xml_digest``.
    """
    found: list[tuple[str, Mapping[str, str]]] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    _close_doors(parser)
    parser.StartElementHandler = lambda name, attributes: found.append((name, attributes))
    _parse(chunks, parser)
    return found


def values(chunks: Iterable[bytes]) -> dict[Named, str]:
    """What each child of the root of a list of properties says.

    A custom property is named by its attribute, and may be taken from a bookmark.

    Raises:
        NotXmlError: as ``xml_digest``.
    """
    found: dict[Named, list[str]] = {}
    open_: list[Named] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if custom := local == "property":
            local = attributes.get("name", "")
        open_.append(Named(local, custom))
        if len(open_) == 2 and "linkTarget" in attributes:
            found.setdefault(open_[1], []).append(f"from {attributes['linkTarget']}\n")

    def text(said: str) -> None:
        if len(open_) > 1:
            found.setdefault(open_[1], []).append(said)

    parser = expat.ParserCreate(namespace_separator=" ")
    _close_doors(parser)
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_.pop()
    parser.CharacterDataHandler = text
    _parse(chunks, parser)
    return {name: "".join(said) for name, said in found.items()}


def root_namespace(chunks: Iterable[bytes]) -> str:
    """The namespace of a part's root element, "" when it has none; the rest is not read.

    Raises:
        NotXmlError: as ``xml_digest``, for what comes before the root element.
    """

    def found(name: str, _: object) -> None:
        raise _FoundError(name.rpartition(" ")[0])

    parser = expat.ParserCreate(namespace_separator=" ")
    _close_doors(parser)
    parser.StartElementHandler = found
    try:
        _parse(chunks, parser)
    except _FoundError as root:
        return str(root)
    return ""


class _FoundError(Exception):
    """The answer is there; the parser need not go on."""


class _Reading:
    """Digests a parser's events; text is joined first, since a parser cuts it at will."""

    def __init__(self, relation: Callable[[str], str], shown: Shown) -> None:
        self.relation, self.shown = relation, shown
        self.element = ""
        self.hash = hashlib.sha256()
        self.text: list[str] = []
        self.scopes: list[dict[str, str]] = [{}]
        self.parser = expat.ParserCreate()
        _close_doors(self.parser)
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.text.append
        self.parser.CommentHandler = lambda text: self._put("comment", text)
        self.parser.ProcessingInstructionHandler = lambda name, text: self._put("pi", name, text)

    def digest(self) -> str:
        return self.hash.hexdigest()

    def short(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same, as long as no text in it is too long."""
        for chunk in chunks:
            if sum(map(len, self.text)) > _LONGEST_TEXT:
                raise NotXmlError("a text in it is too long")
            yield chunk

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self.scopes) > _DEEPEST:
            raise NotXmlError("its elements are nested too deep")
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        declared = {
            key.partition(":")[2]: value
            for key, value in pairs
            if key == "xmlns" or key.startswith("xmlns:")
        }
        scope = {**self.scopes[-1], **declared} if declared else self.scopes[-1]
        if len(scope) > _PREFIXES:
            raise NotXmlError("it declares too many prefixes")
        self.scopes.append(scope)
        said = sorted((key, self._meant(key, value, scope)) for key, value in pairs)
        self._put("start", name, *(one for pair in said for one in pair))
        self.element = name.rpartition(":")[2]
        self.shown.start(self.element, pairs)

    def _end(self, name: str) -> None:
        self.scopes.pop()
        self._put("end", name)
        self.element = ""

    def _meant(self, key: str, value: str, scope: Mapping[str, str]) -> str:
        prefix, colon, local = key.partition(":")
        if not colon:
            return value
        namespace = scope.get(prefix)
        if namespace in _RELATIONSHIPS or (namespace == _VML_OFFICE and local == "relid"):
            return self.relation(value)
        return value

    def _put(self, *said: str) -> None:
        if self.text:
            text = "".join(self.text)
            self.text.clear()
            self.shown.text(self.element, text)
            self._put("text", text)
        # lengths first: no two different documents can spell the same bytes
        parts = [one.encode("utf-8", "surrogatepass") for one in said]
        self.hash.update(b"%d:" % len(parts))
        for part in parts:
            self.hash.update(b"%d:" % len(part) + part)


def _close_doors(parser: expat.XMLParserType) -> None:
    def refuse(*_: object) -> Any:
        raise NotXmlError("it has a document type declaration")

    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse


def _parse(chunks: Iterable[bytes], parser: expat.XMLParserType) -> None:
    given = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            given += len(chunk)
            if given - max(0, parser.CurrentByteIndex) > _LONGEST:
                raise NotXmlError("a tag or comment in it is too long")
        parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        raise NotXmlError(f"it is not well-formed XML ({error})") from error
