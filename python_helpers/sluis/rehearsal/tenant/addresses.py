"""Which room answers an address, from the top: users, sites, drives."""

from __future__ import annotations

from collections.abc import Sequence

from sluis.rehearsal.tenant import (
    bin_calls,
    item_calls,
    list_calls,
    list_writing,
    organisation_calls,
    page_calls,
    permission_calls,
    site_calls,
)
from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.batch import run_batch
from sluis.rehearsal.tenant.call import Answer, ByPath, Call, Segment
from sluis.rehearsal.tenant.directory import Site, SiteList
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.drive_addresses import answer_drive
from sluis.rehearsal.tenant.organisation import Booking, Contact
from sluis.rehearsal.tenant.paging import select
from sluis.rehearsal.tenant.query_options import check_options
from sluis.rehearsal.tenant.rights import Caller
from sluis.rehearsal.tenant.visit import Visit
from sluis.rehearsal.tenant.world import World


async def answer_call(world: World, caller: Caller, call: Call) -> Answer:
    """Answer a call of a known caller.

    Raises:
        ApiError: what the answer is when it is an error.
    """
    if call.segments == ("$batch",) and call.method == "POST":
        world.counters["batch"] += 1
        world.door.throttle.charge(caller, "batch")

        async def serve(inner: Call) -> Answer:
            failure = world.door.weather.fails(f"{inner.method} {inner.address} {inner.query}")
            if failure is not None:
                raise failure
            return await answer_call(world, caller, inner)

        return await run_batch(call, serve, world.clock.now, world.settings.seed)
    visit = Visit(world, caller, call)
    try:
        check_options(call)
        answer = await _top(visit, list(call.segments))
    except ApiError as error:
        error.headers.update({**visit.headers, **error.headers})
        raise
    answer.headers.update(visit.headers)
    if call.method == "GET" and isinstance(answer.body, dict) and "value" not in answer.body:
        answer.body = select(call, answer.body)
    return answer


async def _top(visit: Visit, rest: list[Segment]) -> Answer:
    head = rest.pop(0) if rest else ""
    if head == "users":
        return await _users(visit, rest)
    if head == "sites":
        return await _sites(visit, rest)
    if head == "groups":
        return await _groups(visit, rest)
    if head == "contacts" and len(rest) < 2:
        return _directory(visit, visit.world.contacts, "contacts", rest)
    if head == "solutions" and rest[:1] == ["bookingBusinesses"] and len(rest) < 3:
        return _directory(visit, visit.world.bookings, "bookings", rest[1:])
    if head == "drives" and rest:
        return await answer_drive(visit, visit.world.drive(str(rest[0])), rest[1:])
    if head == "me":
        raise ApiError(
            400, "BadRequest", "/me request is only valid with delegated authentication flow."
        )
    raise visit.unknown()


async def _users(visit: Visit, rest: list[Segment]) -> Answer:
    world, call = visit.world, visit.call
    if len(rest) < 2:
        visit.enter("users.read", "get" if rest else "list", None)
        if call.method != "GET":
            raise visit.unknown()
        if not rest:
            return site_calls.list_users(world, call)
        return site_calls.one_user(call, world.user(str(rest[0])))
    user = world.user(str(rest[0]))
    site = user.drive.site if user.drive else None
    if rest[1] == "drive":
        if user.drive is None:
            visit.enter("files.read", "get", site)
            raise ApiError(404, "ResourceNotFound", "User's mysite not found.")
        return await answer_drive(visit, user.drive, rest[2:])
    if rest[1] == "drives" and len(rest) == 2 and call.method == "GET":
        visit.enter("files.read", "list", site)
        drives = [user.drive] if user.drive else []
        return site_calls.list_drives(world, call, drives, f"users('{user.id}')")
    raise visit.unknown()


async def _groups(visit: Visit, rest: list[Segment]) -> Answer:
    """Groups, and what a Microsoft 365 group has: a site, and its libraries."""
    world, call = visit.world, visit.call
    if len(rest) < 2:
        visit.enter("groups.read", "get" if rest else "list", None)
        if call.method != "GET":
            raise visit.unknown()
        if not rest:
            return organisation_calls.list_groups(call, world.groups)
        return organisation_calls.one_entry(call, world.groups, str(rest[0]), "groups")
    group = next((one for one in world.groups if one.id == str(rest[0]).lower()), None)
    if group is None:
        raise organisation_calls.missing(str(rest[0]))
    if group.site is None and rest[1] in ("sites", "drive", "drives"):
        visit.enter("files.read", "get", None)
        raise ApiError(404, "ResourceNotFound", "Resource is not found.")
    if group.site is not None and rest[1:3] == ["sites", "root"]:
        return await _site(visit, group.site, rest[3:])
    if group.site is not None and rest[1] in ("drive", "drives"):
        return await _site(visit, group.site, rest[1:])
    raise visit.unknown()


def _directory(
    visit: Visit, entries: Sequence[Contact] | Sequence[Booking], what: str, rest: list[Segment]
) -> Answer:
    """Shared contacts, or booking pages."""
    visit.enter(f"{what}.read", "get" if rest else "list", None)
    if visit.call.method != "GET":
        raise visit.unknown()
    context = "contacts" if what == "contacts" else "solutions/bookingBusinesses"
    if rest:
        return organisation_calls.one_entry(visit.call, entries, str(rest[0]), context)
    return organisation_calls.list_entries(visit.call, entries, context)


async def _sites(visit: Visit, rest: list[Segment]) -> Answer:
    if not rest or rest == ["getAllSites"]:
        visit.enter("sites.list", "list", None)
        return site_calls.list_sites(visit.world, visit.call, everything=bool(rest))
    name = str(rest.pop(0))
    while rest and isinstance(rest[0], ByPath):
        name = f"{name}:/{rest.pop(0).path}"  # type: ignore[union-attr]
    site = visit.world.site(name)
    if rest[:1] == ["getByPath"]:
        # a function that gives a site, and the address goes on from there
        wanted = visit.call.query.get("path", "").strip("/")
        site, rest = visit.world.site(f"{site.host}:/{wanted}"), rest[1:]
    return await _site(visit, site, rest)


async def _site(visit: Visit, site: Site, rest: list[Segment]) -> Answer:
    """A site, and what is below it."""
    tail = str(rest[0]) if rest and isinstance(rest[0], str) else ""
    if tail == "drives" and len(rest) > 1:
        drive = next((one for one in site.drives if one.id == rest[1]), None)
        if drive is None:
            raise item_calls.not_found()
        return await answer_drive(visit, drive, rest[2:])
    if tail == "drive":
        return await answer_drive(visit, _first(site), rest[1:])
    if tail == "lists":
        return await _lists(visit, site, rest[1:])
    if tail == "permissions":
        return await _grants(visit, site, rest[1:])
    if tail == "sites" and len(rest) > 1:
        below = visit.world.site(str(rest[1]))
        if below.parent is not site:
            raise ApiError(404, "itemNotFound", "Requested site could not be found")
        return await _site(visit, below, rest[2:])
    return _about_site(visit, site, tail, rest)


def _about_site(visit: Visit, site: Site, tail: str, rest: list[Segment]) -> Answer:
    world, call = visit.world, visit.call
    if call.method != "GET":
        raise visit.unknown()
    if not rest:
        visit.enter("site.read", "get", site.id)
        return site_calls.one_site(call, site)
    if rest == ["drives"]:
        visit.enter("files.read", "list", site.id)
        return site_calls.list_drives(world, call, site.drives, f"sites('{site.id}')")
    if rest == ["sites"]:
        visit.enter("site.read", "list", site.id)
        return site_calls.list_subsites(world, call, site)
    if tail == "pages":
        cast = rest[-1] == page_calls.CAST
        names = rest[1:-1] if cast else rest[1:]
        if len(names) < 2:
            visit.enter("site.read", "get" if names else "list", site.id)
            if names:
                return page_calls.one_page_of(world, call, site, str(names[0]))
            return page_calls.list_pages(world, call, site)
    if rest == ["recycleBin", "items"] and call.version == "beta":
        visit.enter("recyclebin.read", "list", site.id)
        return bin_calls.list_bin(world, call, site)
    raise visit.unknown()


async def _lists(visit: Visit, site: Site, rest: list[Segment]) -> Answer:
    world, call = visit.world, visit.call
    writing = call.method != "GET"
    kind = "update" if writing else "list" if len(rest) in (0, 2) else "get"
    visit.enter("lists.write" if writing else "lists.read", kind, site.id)
    if not rest:
        if call.method == "POST":
            return await list_writing.make_list(world, call, site)
        if writing:
            raise visit.unknown()
        return list_calls.list_lists(world, call, site)
    found = list_calls.find_list(site, str(rest[0]))
    tail = [str(one) for one in rest[1:]]
    hidden = visit.hidden(site.id)
    if writing and isinstance(found, SiteList):
        return await _write_list(visit, site, found, tail)
    if writing:
        if tail[:1] == ["items"] and tail[2:] == ["fields"] and isinstance(found, Drive):
            _, item = list_calls.one_list_item(world, call, found, tail[1])
            if item is not None and call.method == "PATCH":
                return await list_calls.update_fields(world, call, found, item)
        raise visit.unknown()
    if not tail:
        return list_calls.one_list(world, site, found)
    if tail == ["columns"]:
        return list_calls.columns(call, found)
    if tail == ["items"]:
        return list_calls.list_items(world, call, site, found, hidden=hidden)
    if tail == ["drive"] and isinstance(found, Drive):
        return site_calls.one_drive(world, call, found)
    if tail[0] == "items" and len(tail) in (2, 3):
        entry, item = list_calls.one_list_item(world, call, found, tail[1])
        if hidden and item is not None and item.extras and item.extras.retention:
            raise item_calls.not_found()
        if len(tail) == 2:
            return Answer(200, entry)
        if tail[2] == "fields":
            return Answer(200, entry["fields"])
        if tail[2] == "driveItem" and item is not None and isinstance(found, Drive):
            return item_calls.answer_item(world, call, found, item)
    raise visit.unknown()


async def _write_list(visit: Visit, site: Site, found: SiteList, tail: list[str]) -> Answer:
    """A change of a list that is no library."""
    world, call = visit.world, visit.call
    if not tail and call.method == "DELETE":
        return list_writing.delete_list(site, found)
    if tail == ["items"] and call.method == "POST":
        return await list_writing.make_item(world, call, found)
    if tail[:1] == ["items"] and len(tail) == 2 and call.method == "DELETE":
        return list_writing.delete_item(world, found, tail[1])
    if tail[:1] == ["items"] and tail[2:] == ["fields"] and call.method == "PATCH":
        return await list_writing.update_item(world, call, found, tail[1])
    raise visit.unknown()


async def _grants(visit: Visit, site: Site, rest: list[Segment]) -> Answer:
    world, call = visit.world, visit.call
    visit.enter("site.grants", "permissions", site.id)
    if call.method == "GET" and not rest:
        return permission_calls.list_grants(world, call, site)
    if call.method == "POST" and not rest:
        return await permission_calls.add_grant(world, call, site)
    if call.method == "DELETE" and len(rest) == 1:
        return permission_calls.delete_grant(world, site, str(rest[0]))
    raise visit.unknown()


def _first(site: Site) -> Drive:
    """The library that a site shows first; never one that it hides."""
    for drive in site.drives:
        if drive.template == "documentLibrary" and not drive.system:
            return drive
    raise item_calls.not_found()
