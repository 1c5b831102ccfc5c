"""``root/delta``: the only complete listing, and its weather.

A first round walks all items, then tells what changed meanwhile (so an item can come
twice), then gives a deltaLink. A round from a deltaLink tells the changes since. A folder
that was renamed does not bring its descendants; a folder that was deleted comes alone; one
that was deleted and made again between two pages of a round yields no deletion
(docs-contrib#8794).
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Change, Drive
from sluis.rehearsal.tenant.item_json import deleted_json, item_json
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.paging import page_size, select
from sluis.rehearsal.tenant.stamps import read_stamp
from sluis.rehearsal.tenant.world import World


@dataclass(frozen=True)
class Token:
    """Where a client is.

    Args:
        walking: in the walk over all items; otherwise in the log of changes.
        place: number of the next item, or place in the log.
        began: length of the log when the round began; -1 in a deltaLink, whose round begins
            when it is followed.
        epoch: the drive's epoch when the token was given.
    """

    walking: bool
    place: int
    began: int
    epoch: int

    def text(self) -> str:
        """The token as the client sees it."""
        fields = [int(self.walking), self.place, self.began, self.epoch]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode("ascii")


def read_token(text: str) -> Token | None:
    """A token that we gave; ``None`` for any other text."""
    try:
        walking, place, began, epoch = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        return Token(bool(walking), int(place), int(began), int(epoch))
    except (ValueError, TypeError, binascii.Error):
        return None


@dataclass(frozen=True)
class Page:
    """One page of a round."""

    entries: list[Item]
    following: Token
    complete: bool


def turn_page(drive: Drive, token: Token, size: int, *, hidden: bool) -> Page:
    """The next page of a round.

    Args:
        size: entries at most.
        hidden: leave out items that only full control sees.
    """
    entries: list[Item] = []
    place = token.place
    if token.walking:
        while place < len(drive.items) and len(entries) < size:
            item = drive.items[place]
            place += 1
            if not item.deleted and not (hidden and is_hidden(item)):
                entries.append(item)
        if place < len(drive.items):
            return Page(entries, Token(True, place, token.began, drive.epoch), complete=False)
        place = token.began
    while place < len(drive.log) and len(entries) < size:
        change = drive.log[place]
        if change.item.logged == place and _tells(drive, change, token.began, hidden=hidden):
            entries.append(change.item)
        place += 1
    complete = place >= len(drive.log)
    began = -1 if complete else token.began
    return Page(entries, Token(False, place, began, drive.epoch), complete)


def is_hidden(item: Item) -> bool:
    """Whether only an app with full control sees it."""
    return item.extras is not None and bool(item.extras.retention)


def _tells(drive: Drive, change: Change, began: int, *, hidden: bool) -> bool:
    item = change.item
    if hidden and is_hidden(item):
        return False
    if not item.deleted:
        return True
    if item.parent is not None and item.parent.deleted and item not in drive.bin:
        return False  # went along with its folder
    made_again = item.kind == "folder" and item.logged >= began and _successor(item) is not None
    return not made_again


def _successor(item: Item) -> Item | None:
    if item.parent is None or item.parent.children is None:
        return None
    return item.parent.children.get(fold(item.name))


async def delta(world: World, call: Call, drive: Drive, *, hidden: bool) -> Answer:
    """Answer ``GET root/delta``.

    Raises:
        ApiError: 410 with the link to begin anew; 400 for what delta does not do.
    """
    if "permissions" in call.query.get("$expand", ""):
        raise ApiError(400, "notSupported", "The request is not supported: $expand=permissions.")
    given = call.query.get("token") or call.query.get("$deltatoken") or ""
    token = _token(world, drive, given, call)
    if given.lower() == "latest":
        page = Page([], token, complete=True)
    else:
        size = page_size(call, world.settings.page_size, world.settings.largest_page)
        page = turn_page(drive, token, size, hidden=hidden)
    link = _link(call, page.following.text())
    wants_url = "downloadurl" in call.query.get("$select", "").lower()
    value = [select(call, _entry(world, drive, item, wants_url=wants_url)) for item in page.entries]
    body: dict[str, Any] = {
        "@odata.context": f"{call.base}/{call.version}/$metadata#Collection(driveItem)",
        "@odata.deltaLink" if page.complete else "@odata.nextLink": link,
        "value": value,
    }
    return Answer(200, body)


def _entry(world: World, drive: Drive, item: Item, *, wants_url: bool) -> dict[str, Any]:
    if item.deleted:
        return deleted_json(drive, item)
    url = world.download_url(drive, item) if wants_url and item.kind == "file" else ""
    return item_json(world, drive, item, in_delta=True, url=url)


def _token(world: World, drive: Drive, given: str, call: Call) -> Token:
    now = len(drive.log)
    if not given:
        return Token(True, 0, now, drive.epoch)
    if given.lower() == "latest":
        return Token(False, now, -1, drive.epoch)
    token = read_token(given)
    if token is None:
        since = _moment(given)
        if since is not None:
            place = bisect_left(drive.log, since, key=lambda change: change.when)
            return Token(False, place, now, drive.epoch)
        raise resync(call, "resyncChangesApplyDifferences")
    if token.epoch != drive.epoch or token.place > max(now, len(drive.items)):
        raise resync(call, drive.resync)
    return token if token.began >= 0 else replace(token, began=now)


def _moment(text: str) -> float | None:
    try:
        return read_stamp(text.replace(" ", "+"))
    except ValueError:
        return None


def resync(call: Call, kind: str) -> ApiError:
    """410: the token is no longer good, with the address of a fresh enumeration."""
    return ApiError(
        410,
        "resyncRequired",
        "Resync required. Replace any local items with the server's version (including deletes) "
        "if you're sure that the service was up to date with your local changes when you last "
        "sync'd. Upload any local changes that the server doesn't know about.",
        (kind,),
        {"Location": _link(call, "")},
    )


def _link(call: Call, token: str) -> str:
    query = {name: value for name, value in call.query.items() if name != "token"}
    if token:
        query["token"] = token
    text = f"?{urlencode(query)}" if query else ""
    return f"{call.base}{call.address.partition('(')[0]}{text}"
