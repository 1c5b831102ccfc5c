"""Draws the weather, at named moments.

Each draw follows from the seed, the moment, what it is about and how often that was asked
before. It does not depend on the order in which parallel requests come in, so a rehearsal
with the same seed meets the same weather.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.rewriting import is_rewritten, rewritten
from sluis.rehearsal.tenant.weather import Weather

Entry = TypeVar("Entry")

#: how many different things are remembered for "how often before"
_REMEMBERED = 200_000
#: names whose listed size or hash was seen to be wrong (rclone#2036, abraunegg#2471)
_STALE_SUFFIXES = (".docx", ".xlsx", ".pptx", ".pdf", ".html", ".htm", ".heic")


@dataclass(frozen=True)
class PageWeather(Generic[Entry]):
    """What becomes of a page.

    Attributes:
        kind: ``plain``; ``empty``: send no entries and a nextLink to the same place, which
            must not read the same as this one (put ``number`` in it); ``loop``: send
            the entries and, as nextLink, the very link of this request.
        entries: what to send.
        number: how often this page was asked for.
    """

    kind: Literal["plain", "empty", "loop"]
    entries: list[Entry]
    number: int


@dataclass(frozen=True)
class BodyWeather:
    """What becomes of a body.

    Attributes:
        whole: answer a range request with 200 and everything.
        send: how many bytes to send of those that are due; ``None``: all of them.
        honest: the Content-Length says how many are due, so a client can notice (the
            connection breaks); otherwise it says how many are sent.
    """

    whole: bool = False
    send: int | None = None
    honest: bool = True


@dataclass(frozen=True)
class Stale:
    """What a listing gets wrong about an item: bytes to add to its size, and its hash."""

    size: int
    wrong_hash: bool


#: what comes instead of a file's content, time after time
Lie = Literal["empty", "short", "page"]

DeedKind = Literal["delete", "rename", "recreate", "revoke"]


@dataclass(frozen=True)
class Deed:
    """Something that somebody does between two pages.

    Attributes:
        kind: what.
        pick: where in the drive's list of fitting items to find the victim, 0 up to 1.
    """

    kind: DeedKind
    pick: float


class WeatherMaker:
    """Says at named moments what the weather does.

    Args:
        weather: how often what happens; may be exchanged at any time.
        seed: the tenant's seed.
    """

    def __init__(self, weather: Weather, seed: int) -> None:
        self.weather = weather
        self._seed = seed
        self._asked: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._struck: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._rewrites = 0

    def fails(self, request: str) -> ApiError | None:
        """Whether a request fails before anything is done.

        Args:
            request: what tells it from others: method, path and query.
        """
        weather = self.weather
        both = weather.unavailable + weather.gateway_timeout
        if not both or not self._strikes("fails", request, both):
            return None
        draw = self._draw("which failure", request, self._times("fails", request))
        headers = {}
        if self._draw("retry-after", request, self._times("fails", request)) < (
            weather.retry_after_share
        ):
            headers["Retry-After"] = f"{weather.retry_after:g}"
        if draw * both < weather.unavailable:
            return ApiError(
                503,
                "serviceNotAvailable",
                "The service is temporarily unavailable.",
                inner=("serviceUnavailable",),
                headers=headers,
            )
        return ApiError(504, "UnknownError", "The server timed out.", headers=headers)

    def page(self, drive: str, link: str, entries: Sequence[Entry]) -> PageWeather[Entry]:
        """What becomes of a page of a listing.

        Args:
            drive: the drive that is listed.
            link: what tells this page from others: its token.
            entries: what should be on it.
        """
        weather = self.weather
        key = f"{drive} {link}"
        number = self._count("page", key) if weather.empty_pages or weather.loops else 0
        if weather.empty_pages and self._strikes("empty", key, weather.empty_pages):
            return PageWeather("empty", [], number)
        sent = list(entries)
        if weather.duplicates:
            sent += [
                entry
                for place, entry in enumerate(entries)
                if self._draw("duplicate", key, place) < weather.duplicates
            ]
        if weather.loops and (
            self._draw("loop", key, 0) < weather.loops
            if weather.loops_last
            else self._strikes("loop", key, weather.loops)
        ):
            return PageWeather("loop", sent, number)
        return PageWeather("plain", sent, number)

    def between_pages(self, drive: str, link: str) -> Deed | None:
        """What somebody does in the drive just before a page that is not the first.

        Args:
            drive: the drive that is listed.
            link: the page's token.
        """
        weather, key = self.weather, f"{drive} {link}"
        shares: tuple[tuple[DeedKind, float], ...] = (
            ("delete", weather.deleted_between_pages),
            ("rename", weather.renamed_between_pages),
            ("recreate", weather.recreated_between_pages),
            ("revoke", weather.revoked_between_pages),
        )
        for kind, share in shares:
            if share and self._strikes(f"deed {kind}", key, share):
                return Deed(kind, self._draw("victim", key, self._times(f"deed {kind}", key)))
        return None

    def body(self, request: str, length: int, ranged: bool) -> BodyWeather:
        """What becomes of the body of a download.

        Args:
            request: what tells it from others: item and range.
            length: bytes that are due.
            ranged: whether only a range was asked for.
        """
        weather = self.weather
        whole = bool(
            ranged
            and weather.whole_for_range
            and self._strikes("whole", request, weather.whole_for_range)
        )
        if length > 1:
            for kind, share in (("cut", weather.cut_bodies), ("short", weather.truncated_bodies)):
                if share and self._strikes(kind, request, share):
                    part = self._draw("where", request, self._times(kind, request))
                    return BodyWeather(whole, int(part * length), honest=kind == "cut")
        return BodyWeather(whole)

    def stale(self, item: str, tag: str, name: str) -> Stale | None:
        """What a listing gets wrong about an unmodified file; lasts until it changes.

        Args:
            item: its id.
            tag: its eTag.
            name: its name; only some kinds of files are hit.
        """
        weather = self.weather
        if not (weather.stale_size or weather.stale_hash):
            return None
        if not name.lower().endswith(_STALE_SUFFIXES):
            return None
        size = 0
        if self._draw("stale size", f"{item} {tag}", 0) < weather.stale_size:
            size = 1 + int(self._draw("stale bytes", f"{item} {tag}", 0) * 9_000)
        wrong = self._draw("stale hash", f"{item} {tag}", 0) < weather.stale_hash
        return Stale(size, wrong) if size or wrong else None

    def rewrites(self, name: str, content: bytes) -> bytes:
        """What the service makes of an uploaded file: other bytes at every upload.

        Args:
            name: its name.
            content: what was uploaded.
        """
        if not is_rewritten(name, self.weather.rewrite):
            return content
        self._rewrites += 1
        nonce = hashlib.sha256(f"{self._seed} rewrite {self._rewrites}".encode()).digest()
        return rewritten(name, content, nonce)

    def rewrites_name(self, name: str) -> bool:
        """Whether a file of this name would be rewritten: only then are its bytes needed."""
        return is_rewritten(name, self.weather.rewrite)

    def bin_is_purged(self, now: float) -> bool:
        """Whether the day has come on which the recycle bins are emptied for good."""
        return self.weather.bin_ends is not None and now >= self.weather.bin_ends

    def quota(self, quota: int) -> int:
        """Bytes that a drive may hold, of the ``quota`` that it has."""
        return quota if self.weather.quota_bytes is None else min(quota, self.weather.quota_bytes)

    def redirects(self, request: str) -> bool:
        """Whether a read is sent round once more."""
        share = self.weather.redirects
        return bool(share) and self._strikes("redirect", request, share)

    def too_much(self, request: str) -> ApiError | None:
        """Whether a request that carries bytes is one too many for the bandwidth."""
        share = self.weather.bandwidth_exceeded
        if not share or not self._strikes("bandwidth", request, share):
            return None
        return ApiError(
            509,
            "bandwidthLimitExceeded",
            "Your app has been throttled for exceeding the maximum bandwidth cap.",
            headers={"Retry-After": f"{self.weather.retry_after:g}"},
        )

    def lie(self, item: str, tag: str) -> tuple[Lie, float] | None:
        """What comes instead of a file's content, and how much; lasts until it changes.

        Args:
            item: its id.
            tag: its eTag.
        """
        weather, key = self.weather, f"{item} {tag}"
        if self._always("short content", key, weather.short_content):
            part = self._draw("how short", key, 0)
            return ("empty", 0.0) if part < 0.5 else ("short", 2 * part - 1)
        if self._always("page for content", key, weather.html_content):
            return "page", 0.0
        return None

    def calls_deleted(self, item: str) -> bool:
        """Whether listings call this item deleted, as long as this weather lasts."""
        return self._always("called deleted", item, self.weather.called_deleted)

    def is_locked(self, item: str) -> bool:
        """Whether somebody has this file open, as long as this weather lasts."""
        return self._always("locked", item, self.weather.locked)

    def hides_permissions(self, item: str) -> bool:
        """Whether nobody may see who may do what with this item."""
        return self._always("permissions", item, self.weather.permissions_denied)

    def is_late_with_hash(self, upload: str) -> bool:
        """Whether the hash of an upload is not listed yet."""
        return self._always("late hash", upload, self.weather.late_hashes)

    def drops_dates(self, upload: str) -> bool:
        """Whether the dates that came with an upload are not kept."""
        return self._always("dropped dates", upload, self.weather.dropped_dates)

    def rights_are_gone(self, now: float) -> bool:
        """Whether the app's rights on sites were taken away."""
        return self.weather.rights_end is not None and now >= self.weather.rights_end

    def consent_is_gone(self, now: float) -> bool:
        """Whether the consent to the app was withdrawn."""
        return self.weather.consent_ends is not None and now >= self.weather.consent_ends

    def _always(self, moment: str, key: str, share: float) -> bool:
        """Draw once for ever."""
        return bool(share) and self._draw(moment, key, 0) < share

    def _strikes(self, moment: str, key: str, share: float) -> bool:
        """Draw anew at every asking, and strike the same key only so often."""
        times = self._count(moment, key)
        if self._draw(moment, key, times) >= share:
            return False
        struck = self._struck.get((moment, key), 0)
        if struck >= self.weather.most_per_key:
            return False
        _remember(self._struck, (moment, key), struck + 1)
        return True

    def _count(self, moment: str, key: str) -> int:
        times = self._asked.get((moment, key), 0) + 1
        _remember(self._asked, (moment, key), times)
        return times

    def _times(self, moment: str, key: str) -> int:
        return self._asked.get((moment, key), 0)

    def _draw(self, moment: str, key: str, times: int) -> float:
        text = f"{self._seed}\0{moment}\0{key}\0{times}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


def _remember(memory: OrderedDict[tuple[str, str], int], key: tuple[str, str], value: int) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
