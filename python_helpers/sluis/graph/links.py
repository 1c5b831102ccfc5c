"""Where a request goes: paths, links of the service, and which of them may carry our token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from .answer import malformed
from .errors import GraphError

_PORTS = {"https": 443, "http": 80}
#: never in a URL; some programs take them out without a word, others send them
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def segment(name: str) -> str:
    """One path segment, percent-encoded: a name from a tenant cannot change the path."""
    return quote(name, safe="")


def address(graph: str, place: str, params: Mapping[str, str] | None = None) -> str:
    """The full URL of a call.

    Args:
        graph: Graph's origin.
        place: ``/drives/…`` (v1.0), ``beta:/sites/…``, or a full link that Graph gave.
        params: query options, not yet encoded.

    Raises:
        GraphError: ``foreign-link`` when a full link leads to another origin: our token must not
            go there. ``page-malformed`` when it is no URL that can be asked for.
    """
    if place.startswith("/"):
        url = f"{graph}/v1.0{place}"
    elif place.startswith("beta:/"):
        url = f"{graph}/beta{place[5:]}"
    elif origin(place) == origin(graph):
        if not can_be_sent(place):
            raise malformed("an earlier call", "has a link that no request can be made of")
        url = place
    else:
        raise GraphError(
            "foreign-link",
            "A link of the service leads away from Graph; it was not followed.",
            "Nothing was sent. If the address of Graph is right, report this to Microsoft.",
        )
    if params:
        url += ("&" if "?" in url else "?") + urlencode(params, quote_via=quote, safe="$,()'")
    return url


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL; equal ones are the same origin."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def can_be_sent(url: str) -> bool:
    """Whether a URL holds no control character, and no name and password of its own."""
    return not _CONTROL.search(url) and "@" not in urlsplit(url).netloc


def joined(base: str, told: str) -> str:
    """The URL that a ``Location`` names; empty when it names none."""
    try:
        return urljoin(base, told)
    except ValueError:
        return ""


def drive_of(place: str) -> str | None:
    """The drive that a path or a link names, without regard to case; None when it names none.

    Both forms of a key are Graph's: ``/drives/ID/…`` and ``/drives('ID')/…``.
    """
    try:
        path = urlsplit(place).path if "://" in place else place.partition("?")[0]
    except ValueError:
        return None
    _, found, rest = path.partition("/drives")
    if not found or rest[:1] not in ("/", "("):
        return None
    key = unquote(rest[1:].partition("/")[0])
    if rest[0] == "(":
        key = key.partition(")")[0].strip("'")
    return key.casefold() or None


def relative(url: str) -> str:
    """The part of a URL that says what is asked: path and query, without the version."""
    parts = urlsplit(url)
    path = parts.path
    for version in ("/v1.0", "/beta"):
        if path.startswith(version + "/"):
            path = path[len(version) :]
            break
    return f"{path}?{parts.query}" if parts.query else path
