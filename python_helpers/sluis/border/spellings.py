"""The ways in which programs write one and the same text: escaped, quoted or encoded.

A password that is taken out only as it was typed stays in the JSON, the shell line or the
web address in which a program repeats it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import unicodedata
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote, quote_plus

_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
#: an encoding of fewer bytes says too little to be found in other encoded text
_ENCODED_BYTES = 4


def spellings(text: str) -> frozenset[str]:
    """Every usual way of writing ``text``, the text itself included.

    Args:
        text: any text; not empty.
    """
    forms = {text, *(unicodedata.normalize(form, text) for form in _FORMS)}
    written = {spelling for form in forms for spelling in _written(form)}
    # what was escaped once is escaped again when it is quoted in a JSON text
    written |= {spelling for form in written for spelling in _as_json(form)}
    written |= {spelling for form in forms for spelling in _encoded(form)}
    return frozenset(spelling for spelling in written if spelling)


def _written(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogatepass")
    yield text
    yield from _as_json(text)
    yield repr(text)[1:-1]
    yield repr(data)[2:-1]
    yield text.encode("unicode_escape").decode()
    # what a program shows that takes the bytes for another character set
    yield data.decode("latin-1")
    yield data.decode("ascii", "surrogateescape")
    yield data.decode("ascii", "replace")
    # octal, as git and ls print it
    yield "".join(chr(byte) if byte < 128 else f"\\{byte:03o}" for byte in data)
    # quoted for a shell, for SQL and CSV, for a regular expression
    yield shlex.quote(text)
    yield text.replace("'", "'\"'\"'")
    yield text.replace("'", "'\\''")
    yield re.sub(r'(["$`\\!])', r"\\\1", text)
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)
    yield text.replace("'", "''")
    yield text.replace('"', '""')
    yield re.escape(text)
    # in a page and in an address
    yield html.escape(text)
    yield html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    for spelling in (quote(data), quote(data, safe=""), quote_plus(data)):
        yield spelling
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), spelling)


def _as_json(text: str) -> Iterator[str]:
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    yield plain
    yield plain.replace("/", "\\/")
    yield ascii_only
    yield ascii_only.replace("/", "\\/")
    yield re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), ascii_only)


def _encoded(text: str) -> Iterator[str]:
    for data in (
        text.encode("utf-8", "surrogatepass"),
        text.encode("utf-16-le", "surrogatepass"),
    ):
        if len(data) < _ENCODED_BYTES:
            continue
        yield data.hex()
        yield data.hex().upper()
        yield base64.b64encode(data).decode()
        for before in range(3):
            # within other text that was encoded with it, such as user:password
            whole = base64.b64encode(bytes(before) + data).decode().rstrip("=")
            inner = whole[(0, 2, 3)[before] : len(whole) - ((before + len(data)) % 3 > 0)]
            yield inner
            yield inner.translate(str.maketrans("+/", "-_"))
