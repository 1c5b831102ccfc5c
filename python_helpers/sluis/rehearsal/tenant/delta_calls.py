"""``root/delta``: the only complete listing, and its weather.

A first round walks all items, then tells what changed meanwhile (so an item can come
twice), then gives a deltaLink. A round from a deltaLink tells the changes since. A folder
that was renamed does not bring its descendants; one that was deleted brings only those that
had changed as well; one that was deleted and made again between two pages of a round yields
no deletion (docs-contrib#8794).
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
from sluis.rehearsal.tenant.hiding import is_hidden
from sluis.rehearsal.tenant.item_json import deleted_json, item_json
from sluis.rehearsal.tenant.item_text import DeltaText
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.paging import page_size, select
from sluis.rehearsal.tenant.stamps import read_stamp
from sluis.rehearsal.tenant.visit import Visit
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
        turn: counts empty pages at one place, so that no two links read the same.
    """

    walking: bool
    place: int
    began: int
    epoch: int
    turn: int = 0

    def text(self) -> str:
        """The token as the client sees it."""
        fields = [int(self.walking), self.place, self.began, self.epoch, self.turn]
        return base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode(
            "ascii"
        )


def read_token(text: str) -> Token | None:
    """A token that we gave; ``None`` for any other text."""
    try:
        walking, place, began, epoch, turn = json.loads(
            base64.urlsafe_b64decode(text.encode("ascii"))
        )
        return Token(bool(walking), int(place), int(began), int(epoch), int(turn))
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


def _tells(drive: Drive, change: Change, began: int, *, hidden: bool) -> bool:
    item = change.item
    if hidden and is_hidden(item):
        return False
    if not item.deleted:
        return True
    made_again = item.kind == "folder" and item.logged >= began and _successor(item) is not None
    return not made_again


def _successor(item: Item) -> Item | None:
    """The live item that has taken a deleted one's name."""
    if item.parent is None or item.parent.children is None:
        return None
    found = item.parent.children.get(fold(item.name))
    return None if found is None or found.deleted else found


def delta(visit: Visit, drive: Drive) -> Answer:
    """Answer ``GET root/delta``.

    Raises:
        ApiError: 410 with the link to begin anew; 400 for what delta does not do.
    """
    world, call = visit.world, visit.call
    if call.option("expand"):
        raise ApiError(400, "notSupported", "The request is not supported: $expand with delta.")
    sharing = _wants_sharing(visit)
    given = call.query.get("token") or call.query.get("$deltatoken") or ""
    token = _token(drive, given, call)
    if given.lower() == "latest":
        page = Page([], token, complete=True)
    else:
        if given:
            _between_pages(world, drive, given)
        size = page_size(call, world.settings.page_size, world.settings.largest_page)
        page = turn_page(drive, token, size, hidden=visit.hidden(drive.site))
    # weather belongs to the place, however often it is come to by another link
    denied = _called_deleted(world, drive)
    if denied and page.complete and not token.walking:
        more = [item for item in denied if item not in page.entries]
        page = replace(page, entries=[*page.entries, *more])
    entries = page.entries if token.walking else _placed(visit, drive, page.entries)
    struck = world.door.weather.page(drive.id, replace(token, turn=0).text(), entries)
    link = _link(call, page.following.text())
    complete = page.complete
    if struck.kind == "empty":
        # the same place again, but the link must not read the same
        link, complete = _link(call, replace(token, turn=token.turn + 1).text()), False
    elif struck.kind == "loop":
        link, complete = _link(call, given), False
    if call.selected() or sharing or denied:
        told = [
            json.dumps(
                _entry(world, call, drive, item, token, sharing=sharing, denied=denied),
                ensure_ascii=False,
            )
            for item in struck.entries
        ]
    else:
        text = drive.text
        if not isinstance(text, DeltaText):
            text = drive.text = DeltaText(world, drive)
        text.begin()
        told = [
            json.dumps(deleted_json(drive, item)) if item.deleted else text.of(item)
            for item in struck.entries
        ]
    head = json.dumps(
        {
            "@odata.context": f"{call.base}/{call.version}/$metadata#Collection(driveItem)",
            "@odata.deltaLink" if complete else "@odata.nextLink": link,
        }
    )
    body = f'{head[:-1]},"value":[{",".join(told)}]}}'
    applied = visit.prefers() & _PREFERENCES
    headers = {"Preference-Applied": ", ".join(sorted(applied))} if applied else {}
    return Answer(200, None, headers, body.encode("utf-8", "surrogatepass"))


def _placed(visit: Visit, drive: Drive, entries: list[Item]) -> list[Item]:
    """Changed items, with the folders above them and the root in front.

    "By design … we always return all of the items in the hierarchy above the modified items"
    (onedrive-api-docs#295). ``deltaExcludeParent`` leaves the folders out, and not the root
    (microsoft-graph-explorer-v4#4052).
    """
    above: dict[int, Item] = {}
    if entries:
        above[drive.root.number] = drive.root
    if "deltaexcludeparent" not in visit.prefers():
        for item in entries:
            above |= {one.number: one for one in item.ancestors() if not one.deleted}
    for item in entries:
        above.pop(item.number, None)
    return [*above.values(), *entries]


#: what delta lets a client prefer
_PREFERENCES = frozenset(
    {
        "deltaexcludeparent",
        "hierarchicalsharing",
        "deltashowsharingchanges",
        "deltashowremovedasdeleted",
        "deltatraversepermissiongaps",
    }
)


def _wants_sharing(visit: Visit) -> bool:
    """``deltashowsharingchanges`` is taken only with its two companions (driveitem-delta)."""
    prefers = visit.prefers()
    if "deltashowsharingchanges" not in prefers:
        return False
    if not {"deltashowremovedasdeleted", "deltatraversepermissiongaps"} <= prefers:
        raise ApiError(
            400,
            "invalidRequest",
            "deltashowsharingchanges needs deltashowremovedasdeleted and "
            "deltatraversepermissiongaps.",
        )
    return True


def _between_pages(world: World, drive: Drive, given: str) -> None:
    """What somebody does in the drive while the client turns the page."""
    deed = world.door.weather.between_pages(drive.id, given)
    if deed is None:
        return
    kinds = ("folder",) if deed.kind == "recreate" else ("file",)
    fitting = [item for item in drive.live() if item.parent is not None and item.kind in kinds]
    if deed.kind == "revoke":
        fitting = [item for item in fitting if item.extras and item.extras.permissions]
    if not fitting:
        return
    victim, now = fitting[int(deed.pick * len(fitting))], world.clock.now()
    parent, name = victim.parent, victim.name
    if parent is None:
        return
    if deed.kind == "revoke":
        victim.more.permissions.pop()
        drive.note(victim, now)
        victim.more.shared_at = victim.logged
        return
    if deed.kind == "rename":
        drive.move(victim, parent, drive.free_name(parent, f"Renamed {name}"), now, 0)
        return
    drive.delete(victim, now)
    if deed.kind == "recreate":
        drive.add(parent, name, "folder", now=now)


def _called_deleted(world: World, drive: Drive) -> list[Item]:
    """Items that are there and that the weather has every listing call deleted."""
    weather = world.door.weather
    if not weather.weather.called_deleted:
        return []
    return [
        item
        for item in drive.live()
        if item.parent is not None and weather.calls_deleted(drive.ids.item(item.number))
    ]


def _entry(
    world: World,
    call: Call,
    drive: Drive,
    item: Item,
    token: Token,
    *,
    sharing: bool,
    denied: list[Item],
) -> dict[str, Any]:
    """An entry with only what ``$select`` names, and with what sharing changes tell."""
    if item.deleted or item in denied:
        return select(call, deleted_json(drive, item))
    extras = item.extras
    url = ""
    if "downloadurl" in call.option("select").lower():
        clean = not (extras and extras.malware)
        url = world.download_url(drive, item) if clean and item.kind == "file" else ""
    made = item_json(world, drive, item, in_delta=True, url=url)
    if "folder" in made:
        made["folder"]["childCount"] -= sum(one.parent is item for one in denied)
    entry = select(call, made)
    if sharing and extras and extras.shared_at >= max(token.place, 0):
        entry["@microsoft.graph.sharedChanged"] = "True"
    return entry


def _token(drive: Drive, given: str, call: Call) -> Token:
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
    """410: the token is no longer good, with the address of a fresh enumeration.

    Args:
        kind: ``resyncChangesApplyDifferences`` or ``…UploadDifferences``, told inside
            ``resyncRequired``; or a code that clients met instead, such as
            ``SyncStateNotFound`` (onedrive-api-docs#1311), told outright.
    """
    headers = {"Location": _link(call, "")}
    if not kind.startswith("resyncChanges"):
        return ApiError(410, kind, "The sync state is not known.", headers=headers)
    return ApiError(
        410,
        "resyncRequired",
        "Resync required. Replace any local items with the server's version (including deletes) "
        "if you're sure that the service was up to date with your local changes when you last "
        "sync'd. Upload any local changes that the server doesn't know about.",
        (kind,),
        headers,
    )


def _link(call: Call, token: str) -> str:
    query = {name: value for name, value in call.query.items() if name != "token"}
    if token:
        query["token"] = token
    text = f"?{urlencode(query)}" if query else ""
    return f"{call.base}{call.address.partition('(')[0]}{text}"
