"""What a difference between the listing and the delivered bytes means. Pure.

The service's listing can be wrong for files nobody touched: Office, PDF, HTML and HEIC
are rewritten and their size and hash lag behind (rclone#2036, abraunegg#2471,
msgraph-sdk-dotnet#2046). So a difference alone proves nothing, and neither does a type:
only a second look tells them apart, and what stays unexplained is called corrupt.
"""

from __future__ import annotations

from dataclasses import dataclass

from .tenant_manifest import Check

#: suffixes of files that the service is known to rewrite
OFFICE = frozenset(
    f"{application}{kind}"
    for application, kinds in (
        ("doc", "x m"),
        ("dot", "x m"),
        ("xls", "x m b"),
        ("xlt", "x m"),
        ("ppt", "x m"),
        ("pot", "x m"),
        ("pps", "x m"),
    )
    for kind in kinds.split()
)
_REWRITTEN = OFFICE | {"pdf", "html", "htm", "xhtml", "aspx", "heic", "heif"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What the service says of a file: bytes, quickXorHash (base64) and eTag."""

    size: int
    quickxor: str | None
    etag: str | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a download gave: bytes, quickXorHash (base64) and SHA-256 (hexadecimal)."""

    size: int
    quickxor: str
    sha256: str


def agrees(listed: Listed, got: Delivered) -> bool:
    """Whether both size and hash are those that were listed.

    An empty file needs no hash: there is only one.
    """
    if listed.size != got.size:
        return False
    return listed.quickxor == got.quickxor or (listed.quickxor is None and got.size == 0)


def classify(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    opens: bool | None,
) -> tuple[Check, str | None]:
    """Name the difference between a listing and what was delivered.

    Args:
        name: the file's name, for its suffix.
        listed: what the listing said before the first download.
        now: what the service says after the last one.
        first: the first download.
        second: another download of it, where one was made; the one that is kept.
        opens: whether an Office file is a whole ZIP with right checksums; ``None`` for
            others and where nobody looked.

    Returns:
        the classification and, unless it is ``equal``, one sentence.
    """
    kept = second or first
    if second is not None and second.sha256 != first.sha256 and listed.etag == now.etag:
        if agrees(now, second):
            return "equal", None  # the first one was damaged on its way, and is gone
        return "corrupt", "Two downloads of one version gave different bytes."
    if agrees(listed, kept):
        return "equal", None
    if listed.etag != now.etag:
        if agrees(now, kept):
            return "equal", None
        return "edited meanwhile", "It was changed while it was fetched, more than once."
    if now.quickxor is None:
        if now.size == kept.size:
            return "not verified", "The service lists no hash of it; only the size agrees."
        return "not verified", _sizes(now, kept) + " The service lists no hash of it."
    if agrees(now, kept):
        return "stale metadata", "The listing was out of date; asked again, the service agrees."
    if now.quickxor == kept.quickxor:
        # the length is part of the hash, so the bytes are right
        return "stale metadata", _sizes(now, kept) + " The hash agrees."
    return _unexplained(name, now, kept, second is not None, opens)


def _unexplained(
    name: str, now: Listed, kept: Delivered, twice: bool, opens: bool | None
) -> tuple[Check, str]:
    suffix = name.rpartition(".")[2].lower()
    if not twice:
        return "corrupt", "Its bytes are not those of the listing, and no second look was possible."
    if suffix in OFFICE:
        if opens:
            return "rewritten by the service", _sizes(now, kept) + " It opens, checksums are right."
        if opens is None:
            return "not verified", _sizes(now, kept) + " It is too large to be looked into."
        return "corrupt", "Its bytes are not those of the listing, and as a ZIP it is damaged."
    if now.size == kept.size:
        # a rewritten file nearly always has another length, a damaged one never
        if suffix not in _REWRITTEN:
            return "corrupt", "Its length is the listed one, and its bytes are not."
        why = "a hash that is out of date and damage in the service's store look the same here"
        return "not verified", f"The listed hash is not that of the bytes; {why}."
    if suffix in _REWRITTEN:
        return "rewritten by the service", _sizes(now, kept) + " Two downloads agree."
    return "stale metadata", _sizes(now, kept) + " Two downloads agree."


def _sizes(now: Listed, kept: Delivered) -> str:
    return f"{now.size} bytes listed, {kept.size} delivered."
