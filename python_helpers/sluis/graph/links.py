"""Where a request goes: paths, links of the service, and which of them may carry our token."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from .errors import GraphError

_PORTS = {"https": 443, "http": 80}


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
            go there.
    """
    if place.startswith("/"):
        url = f"{graph}/v1.0{place}"
    elif place.startswith("beta:/"):
        url = f"{graph}/beta{place[5:]}"
    elif origin(place) == origin(graph):
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


def relative(url: str) -> str:
    """The part of a URL that says what is asked: path and query, without the version."""
    parts = urlsplit(url)
    path = parts.path
    for version in ("/v1.0", "/beta"):
        if path.startswith(version + "/"):
            path = path[len(version) :]
            break
    return f"{path}?{parts.query}" if parts.query else path
