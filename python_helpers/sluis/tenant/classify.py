"""What a difference between the listing and the delivered bytes means. Pure.

The service's listing can be wrong for files nobody touched: Office, PDF, HTML and HEIC
are rewritten and their size and hash lag behind (rclone#2036, abraunegg#2471,
msgraph-sdk-dotnet#2046). So a difference alone proves nothing, and neither does a type, and
two downloads that agree prove only that the service repeats itself: what was delivered has to
agree with what the service says, or with another copy of the file that did. A document that is
whole may be somebody else's. Everything else stays in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..counted import counted
from ..graph.rewritten import OFFICE
from .file_forms import HEIC, Form, suffix_of
from .other_hashes import hashes_in
from .tenant_manifest import Check

_EDITED: tuple[Check, str] = (
    "edited meanwhile",
    "It was changed while it was fetched, more than once.",
)
_WHOSE = (
    "The service may have rewritten it, or delivered another one: nothing else tells which it is."
)
#: beyond a half and the double of what was listed, bytes that a rewritten file may have more
_MORE = 64 << 10


@dataclass(frozen=True, slots=True)
class Listed:
    """What the service says of a file: bytes, hash, eTag, times of change.

    The hash is each that is listed, in one text as ``other_hashes`` writes it.
    """

    size: int
    quickxor: str | None
    etag: str | None
    times: str | None = None
    #: whether it says that newer content is still being written
    pending: bool = False
    #: whether it says how large it is; where not, ``size`` is 0 and means nothing
    sized: bool = True


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a download gave: bytes, quickXorHash (base64) and SHA-256 (hexadecimal).

    ``others`` are more hashes of it, where the service listed one of their kinds.
    """

    size: int
    quickxor: str
    sha256: str
    others: frozenset[str] = frozenset()


def agrees(listed: Listed, got: Delivered) -> bool:
    """Whether both size and hash are those that were listed.

    An empty file needs no hash: there is only one. Where no size is listed, a hash that goes
    over the length as well speaks for both.
    """
    if not listed.sized:
        return has_hash(listed, got) and not (listed.quickxor or "").startswith("crc32:")
    if listed.size != got.size:
        return False
    return has_hash(listed, got) or (listed.quickxor is None and got.size == 0)


def has_hash(listed: Listed, got: Delivered) -> bool:
    """Whether a hash was listed, and each that was is one of what was delivered."""
    told = hashes_in(listed.quickxor)
    return bool(told) and {got.quickxor, f"sha256:{got.sha256}", *got.others}.issuperset(told)


def classify(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    form: Form,
    *,
    older: bool = False,
    same: bool = False,
) -> tuple[Check, str | None]:
    """Name the difference between a listing and what was delivered.

    Args:
        name: the file's name, for its suffix.
        listed: what the listing said before the first download.
        now: what the service says after the last one.
        first: the first download.
        second: another download of it, where one was made; the one that is kept.
        form: what the kept one looks like inside.
        older: whether the kept one is known as the content of an earlier version.
        same: whether the kept one says what a copy of this version says that was right.

    Returns:
        the classification and, unless it is ``equal``, one sentence.
    """
    check, note = _classified(name, listed, now, first, second, form, older, same)
    if now.pending and check not in ("corrupt", "not verified"):
        return "edited meanwhile", "The service says that newer content is still being written."
    return check, note


def _classified(
    name: str,
    listed: Listed,
    now: Listed,
    first: Delivered,
    second: Delivered | None,
    form: Form,
    older: bool,
    same: bool,
) -> tuple[Check, str | None]:
    kept = second or first
    if second is not None and second.sha256 != first.sha256 and listed.etag == now.etag:
        if agrees(now, second):
            return "equal", None  # the first one was damaged on its way, and is gone
        return "corrupt", "Two downloads of one version gave different bytes."
    # only what is said now counts: a service that lags delivers what it said before
    if agrees(now, kept):
        if agrees(listed, kept) or listed.etag != now.etag:
            return "equal", None
        if now.quickxor is None:  # it is empty by now, and there was more
            return _instead(now, kept, form) or _unhashed(listed, now, kept)
        return "stale metadata", "The listing was out of date; asked again, the service agrees."
    older = older or agrees(listed, kept)
    if listed.etag != now.etag:
        found = _instead(now, kept, form)
        return found or (_of_before(now, kept) if older else _EDITED)
    if now.quickxor is None:
        return _instead(now, kept, form) or _unhashed(listed, now, kept)
    if has_hash(now, kept) and not now.quickxor.startswith("crc32:"):
        # the length is part of the hash, so the bytes are right
        return "stale metadata", _sizes(now, kept) + " The hash agrees."
    if found := _instead(now, kept, form):
        return found
    if older and form.kind != "damaged":
        return _of_before(now, kept)
    if second is None:
        return "not verified", _sizes(now, kept) + " No second look was possible."
    return _unexplained(name, now, kept, form, same)


def is_plausible(listed: int, delivered: int) -> bool:
    """Whether a rewritten file of so many listed bytes may have so many."""
    return listed // 2 <= delivered <= 2 * listed + _MORE


def _instead(now: Listed, kept: Delivered, form: Form) -> tuple[Check, str] | None:
    """Nothing, or a page, in place of a file that is listed otherwise."""
    if form.kind == "empty" and now.size:
        return "corrupt", _sizes(now, kept)
    if form.kind == "page" and (now.size != kept.size or now.quickxor is not None):
        return "corrupt", _sizes(now, kept) + " What came is a web page, not the file."
    return None


def _of_before(now: Listed, kept: Delivered) -> tuple[Check, str]:
    """The bytes of another version than the one that the service speaks of."""
    return "not verified", (
        f"{_sizes(now, kept)} What came is an earlier version of it, byte for byte; the service"
        " says by now that the file is another one."
    )


def _unhashed(listed: Listed, now: Listed, kept: Delivered) -> tuple[Check, str]:
    if not now.sized:
        return "not verified", _sizes(now, kept) + " It lists no hash of it either."
    if now.size == kept.size and (kept.size or not listed.size):
        return "not verified", "The service lists no hash of it; only the size agrees."
    return "not verified", _sizes(listed, kept) + " The service lists no hash of it."


def _unexplained(
    name: str, now: Listed, kept: Delivered, form: Form, same: bool
) -> tuple[Check, str]:
    suffix = suffix_of(name)
    said = f"{_sizes(now, kept)} {form.said}".rstrip()
    if form.kind == "damaged":
        return "corrupt", said
    if same and form.kind != "empty" and is_plausible(now.size, kept.size):
        return "rewritten by the service", f"{said} It says what was had of it, and was right."
    is_office = suffix in OFFICE
    if now.size == kept.size and not is_office:
        # a rewritten file nearly always has another length, a damaged one never
        if suffix not in HEIC | _SOMETIMES_STALE:
            return "corrupt", "Its length is the listed one, and its bytes are not."
        why = "a hash that is out of date and damage in the service's store look the same here"
        return "not verified", f"The listed hash is not that of the bytes; {why}."
    if suffix == "pdf" and kept.size < now.size:
        # every edit of a PDF is put behind the one before, so what is cut off there is a whole PDF
        return "not verified", f"{said} What was put into it last may be missing."
    if form.kind == "whole" and is_plausible(now.size, kept.size):
        # whole, and as long as it may be: so is every other document of that length
        return "not verified", f"{said} {_WHOSE}"
    return "not verified", said


#: files of which the listed hash alone was seen to be out of date; Office and HEIC aside
_SOMETIMES_STALE = frozenset({"pdf", "html", "htm", "xhtml", "aspx"})


def _sizes(now: Listed, kept: Delivered) -> str:
    if not now.sized:
        return (
            "The service does not say how large it is; "
            f"{counted(kept.size, 'byte was', 'bytes were')} delivered."
        )
    return f"{counted(now.size, 'byte')} listed, {kept.size:,} delivered."
