"""Calls on users, sites and drives."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site, User
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.item_json import drive_type, identity_set
from sluis.rehearsal.tenant.paging import collection, one_page, select, selects
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World


def list_users(world: World, call: Call) -> Answer:
    """``GET users``; 100 a page."""
    page, link = one_page(call, world.users, 100, 999)
    value = [select(call, user.as_json()) for user in page]
    return Answer(200, collection(call, "users", value, link))


def one_user(call: Call, user: User) -> Answer:
    """``GET users/{id}``."""
    return Answer(200, _entity(call, "users/$entity", user.as_json()))


def list_sites(world: World, call: Call, *, everything: bool) -> Answer:
    """``GET sites/getAllSites``, or ``GET sites?search=``.

    The first lists site collections only (``site-getallsites.md``). Search finds sites inside
    others as well (microsoft-graph-docs#16710), and no personal ones.
    """
    sites = [site for site in world.sites if site.parent is None]
    if not everything:
        wanted = call.query.get("search", "").strip("*").lower()
        sites = [
            site
            for site in world.sites
            if not site.personal and wanted in f"{site.title} {site.path}".lower()
        ]
    page, link = one_page(call, sites, 200, 999)
    value = [select(call, site.as_json()) for site in page]
    return Answer(200, collection(call, "sites", value, link))


def one_site(call: Call, site: Site) -> Answer:
    """``GET sites/{id}``."""
    return Answer(200, _entity(call, "sites/$entity", site.as_json()))


def list_subsites(world: World, call: Call, site: Site) -> Answer:
    """``GET sites/{id}/sites``: those directly in this one (``site-list-subsites.md``)."""
    below = [one for one in world.sites if one.parent is site]
    page, link = one_page(call, below, 200, 999)
    value = [select(call, one.as_json()) for one in page]
    return Answer(200, collection(call, f"sites('{site.id}')/sites", value, link))


def list_drives(world: World, call: Call, drives: list[Drive], context: str) -> Answer:
    """``GET …/drives``: document libraries.

    Those with the system facet only when ``$select`` names it (``drive-list.md``).
    """
    shown = [drive for drive in drives if drive.template == "documentLibrary"]
    if not selects(call, "system"):
        shown = [drive for drive in shown if not drive.system]
    page, link = one_page(call, shown, 200, 999)
    value = [select(call, drive_json(world, drive)) for drive in page]
    return Answer(200, collection(call, f"{context}/drives", value, link))


def one_drive(world: World, call: Call, drive: Drive) -> Answer:
    """``GET drives/{id}``."""
    return Answer(200, _entity(call, "drives/$entity", drive_json(world, drive)))


def drive_json(world: World, drive: Drive) -> dict[str, Any]:
    """A drive as Graph gives it, quota and owner included."""
    modified = drive.log[-1].when if drive.log else drive.created
    owner: dict[str, Any]
    if drive.owner is None:
        owner = {"group": {"displayName": f"{drive.name} Owners", "id": drive.list_id}}
    else:
        owner = identity_set(world, drive.owner)
    return {
        **({"system": {}} if drive.system else {}),
        "createdDateTime": stamp(drive.created),
        "description": "",
        "id": drive.id,
        "lastModifiedDateTime": stamp(modified),
        "name": drive.name,
        "webUrl": quote(drive.url, safe="/:"),
        "driveType": drive_type(drive),
        "createdBy": identity_set(world, drive.owner or 0),
        "lastModifiedBy": identity_set(world, drive.owner or 0),
        "owner": owner,
        "quota": _quota(world, drive),
    }


def _quota(world: World, drive: Drive) -> dict[str, Any]:
    """What a drive tells of its room, which may be nothing."""
    weather = world.door.weather
    if weather.weather.no_quota == "empty":
        return {}
    if weather.weather.no_quota == "zeros":
        return {"deleted": 0, "remaining": 0, "total": 0, "used": 0}
    quota = weather.quota(drive.quota)
    return {
        "deleted": drive.binned,
        "remaining": max(0, quota - drive.used),
        "state": _quota_state(drive.used, quota),
        "total": quota,
        "used": drive.used,
    }


def _quota_state(used: int, quota: int) -> str:
    if used >= quota:
        return "exceeded"
    share = used / quota
    return "critical" if share > 0.99 else "nearing" if share > 0.9 else "normal"


def _entity(call: Call, context: str, entry: dict[str, Any]) -> dict[str, Any]:
    made = {"@odata.context": f"{call.base}/{call.version}/$metadata#{context}"}
    return {**made, **select(call, entry)}
