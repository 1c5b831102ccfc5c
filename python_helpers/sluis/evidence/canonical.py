"""Canonical JSON (RFC 8785): one value, one spelling, one digest.

Reading is as strict as writing: text that means the same but is spelled otherwise
is not canonical, so a signed text leaves no room for a second reading.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import rfc8785

from ..errors import EvidenceError

#: JSON numbers are doubles; beyond this an integer is not exact (RFC 8785, 3.2.2.3)
_LARGEST = 2**53 - 1
#: characters that UTF-16 and Unicode sort differently (RFC 8785 sorts by UTF-16)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def canonical(value: Any) -> bytes:
    """Return ``value`` as canonical JSON.

    Args:
        value: None, bool, int, float, str, list, tuple or dict with text keys;
            subclasses count as what they derive from (Ansible tags its values).

    Raises:
        EvidenceError: ``cannot-record`` for NaN, infinities, whole numbers beyond
            2**53 - 1, lone surrogates, other types, or nesting that is too deep.
    """
    quick = _quickly(value)
    if quick is not None:
        return quick
    try:
        text = rfc8785.dumps(value)
        _decode(text.decode("utf-8"))
    except (ValueError, TypeError, RecursionError) as error:
        raise EvidenceError(
            "cannot-record",
            f"A value cannot be written as canonical JSON: {error or type(error).__name__}.",
            "Use text, whole numbers below 2**53, finite numbers, lists and dictionaries.",
        ) from error
    return text


def _quickly(value: Any) -> bytes | None:
    """The canonical spelling by the standard library's encoder, where that is certain.

    Certain as in :func:`is_spelled`: no astral characters, each number checked while
    the text is read back, and what is read back equal to ``value``. That last part
    leaves out what the encoder would bend to JSON, such as a key that is no text.
    ``None`` leaves everything else, errors included, to the RFC 8785 library.
    """
    try:
        text = _encode(value)
        if _ASTRAL.search(text) or _decode(text) != value:
            return None
        return text.encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        return None


def parse_canonical(data: bytes) -> Any:
    """Return the value that canonical JSON spells.

    Raises:
        EvidenceError: ``not-json`` when it is no JSON at all, ``not-canonical``
            when it is JSON in any other spelling than RFC 8785's.
    """
    try:
        text = data.decode("utf-8")
        value = _decode(text)
    except _NotCanonicalError as error:
        raise _not_canonical(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise EvidenceError(
            "not-json",
            f"The text is not JSON: {str(error)[:200] or type(error).__name__}.",
            "Put the original file back from a copy.",
        ) from error
    if not is_spelled(value, text):
        raise _not_canonical("keys, spaces, escapes or numbers differ")
    return value


def is_spelled(value: Any, text: str) -> bool:
    """Whether ``text`` is the canonical spelling of ``value``, which was parsed from it.

    The standard library's encoder is tried first: on text without astral
    characters, and with numbers checked while parsing, its answer "equal" is right
    and ten times as quick. Any other answer is left to the RFC 8785 library.
    """
    try:
        if not _ASTRAL.search(text) and _encode(value) == text:
            return True
        return rfc8785.dumps(value) == text.encode("utf-8")
    except (ValueError, RecursionError):
        return False


def spelled_at(value: Any, text: bytes, start: int) -> bytes:
    """The canonical spelling of ``value``, which is likely to stand in ``text`` at ``start``.

    Args:
        value: was parsed from ``text``, which is canonical; so if the quick encoder's
            spelling stands there, it is the canonical one.
    """
    guess = _encode(value).encode("utf-8")
    return guess if text.startswith(guess, start) else canonical(value)


def sha256(data: bytes) -> str:
    """SHA-256 of ``data``: 64 lower-case hexadecimal characters."""
    return hashlib.sha256(data).hexdigest()


class _NotCanonicalError(ValueError):
    """A number in a spelling that RFC 8785 does not produce."""


def _float(digits: str) -> float:
    value = float(digits)
    if rfc8785.dumps(value) != digits.encode():
        raise _NotCanonicalError(f"the number {digits[:40]}")
    return value


def _int(digits: str) -> int:
    if len(digits) > 17 or digits == "-0" or abs(int(digits)) > _LARGEST:
        raise _NotCanonicalError(f"the number {digits[:40]}")
    return int(digits)


def _constant(digits: str) -> float:
    raise ValueError(f"{digits} is not a JSON number")


_decode = json.JSONDecoder(parse_float=_float, parse_int=_int, parse_constant=_constant).decode
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def _not_canonical(what: str) -> EvidenceError:
    return EvidenceError(
        "not-canonical",
        f"The text is JSON, but not in canonical spelling ({what}).",
        "Put the original file back from a copy.",
    )
