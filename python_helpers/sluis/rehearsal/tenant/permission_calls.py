"""Calls on permissions: of an item, and of a site (``Sites.Selected``)."""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.paging import collection, select
from sluis.rehearsal.tenant.permissions import (
    LINK_SCOPES,
    LINK_TYPES,
    ROLES,
    Permission,
    for_guest,
    for_link,
    for_user,
    of_item,
)
from sluis.rehearsal.tenant.stamps import read_stamp, stamp
from sluis.rehearsal.tenant.world import World

#: above this many items in a list, calls on permissions get a 429 that never clears
_LARGEST_LIST = 100_000


def list_permissions(call: Call, drive: Drive, item: Item) -> Answer:
    """``GET permissions``: own and inherited; ApiError 429 for a list that is too large."""
    value = [select(call, permission) for permission in permissions_of(drive, item)]
    context = f"drives('{drive.id}')/items('{drive.ids.item(item.number)}')/permissions"
    return Answer(200, collection(call, context, value, None))


def permissions_of(drive: Drive, item: Item) -> list[Permission]:
    """What ``permissions`` and ``$expand=permissions`` show; ApiError 429."""
    if len(drive.items) > _LARGEST_LIST:
        # does not clear (sp-dev-docs, migration-perm-guidance)
        raise ApiError(
            429,
            "activityLimitReached",
            "The list is too large for calls on permissions.",
            ("throttledRequest",),
            {"Retry-After": "60"},
        )
    return of_item(drive, item)


def one_permission(drive: Drive, item: Item, name: str) -> Answer:
    """``GET permissions/{id}``; ApiError 404."""
    found = next((one for one in of_item(drive, item) if one["id"] == name), None)
    if found is None:
        raise _missing()
    return Answer(200, dict(found))


async def invite(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``POST invite``: give people of the tenant, or guests, a role; ApiError 400."""
    body = await call.json()
    roles, recipients = body.get("roles"), body.get("recipients")
    if not isinstance(roles, list) or len(roles) != 1 or roles[0] not in ROLES:
        raise ApiError(400, "invalidRequest", "An invitation needs one role: read, write or owner.")
    if not isinstance(recipients, list) or not recipients:
        raise ApiError(400, "invalidRequest", "An invitation needs recipients.")
    # all of them are looked at before the first is let in
    made = [_invited(world, drive, item, one, roles[0]) for one in recipients]
    until = body.get("expirationDateTime")
    if until is not None:
        ends = {"expirationDateTime": stamp(_moment(until))}
        made = [{**permission, **ends} for permission in made]
    for permission in made:
        if permission["id"] not in {one["id"] for one in item.more.permissions}:
            item.more.permissions.append(permission)
    _shared(world, drive, item)
    return Answer(200, {"value": made})


async def create_link(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``POST createLink``: 201 for a new link, 200 for one that is there; ApiError 400."""
    body = await call.json()
    kind, scope = body.get("type"), body.get("scope", "organization")
    if kind not in LINK_TYPES or scope not in LINK_SCOPES:
        raise ApiError(400, "invalidRequest", "The type or the scope of the link is not known.")
    if kind == "embed":
        # "embed links are only supported for OneDrive Personal" (driveitem-createlink.md)
        raise ApiError(400, "invalidRequest", "Links to embed are for OneDrive Personal only.")
    for there in item.more.permissions:
        link = there.get("link", {})
        if link.get("type") == kind and link.get("scope") == scope:
            return Answer(200, dict(there))
    made = for_link(drive, item, str(kind), str(scope), len(item.more.permissions))
    item.more.permissions.append(made)
    _shared(world, drive, item)
    return Answer(201, dict(made))


async def update_permission(
    world: World, call: Call, drive: Drive, item: Item, name: str
) -> Answer:
    """``PATCH permissions/{id}``: other roles; ApiError 400, 404."""
    body = await call.json()
    roles = body.get("roles")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        raise ApiError(400, "invalidRequest", "The roles are not known.")
    found = _own(item, name)
    found["roles"] = list(roles)
    _shared(world, drive, item)
    return Answer(200, dict(found))


def delete_permission(world: World, drive: Drive, item: Item, name: str) -> Answer:
    """``DELETE permissions/{id}``: only the item's own; ApiError 404."""
    item.more.permissions.remove(_own(item, name))
    _shared(world, drive, item)
    return Answer(204)


def list_grants(world: World, call: Call, site: Site) -> Answer:
    """``GET sites/{id}/permissions``: what apps may, by ``Sites.Selected``."""
    grants = world.door.grants.of_site(site.id)
    value = [_grant(app, role) for app, role in grants.items()]
    return Answer(200, collection(call, f"sites('{site.id}')/permissions", value, None))


async def add_grant(world: World, call: Call, site: Site) -> Answer:
    """``POST sites/{id}/permissions``: give an app a role on the site; ApiError 400."""
    body = await call.json()
    try:
        role = body["roles"][0]
        named = body.get("grantedToIdentitiesV2") or body["grantedToIdentities"]
        app = str(named[0]["application"]["id"])
        world.door.grants.grant(site.id, app, role)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ApiError(400, "invalidRequest", "A grant needs a role and an application.") from error
    return Answer(201, _grant(app, role))


def delete_grant(world: World, site: Site, name: str) -> Answer:
    """``DELETE sites/{id}/permissions/{id}``; ApiError 404."""
    if world.door.grants.role(site.id, name) is None:
        raise _missing()
    world.door.grants.grant(site.id, name, None)
    return Answer(204)


def _grant(app: str, role: str) -> Permission:
    identity: dict[str, Any] = {"application": {"id": app, "displayName": app}}
    return {
        "id": app,
        "roles": [role],
        "grantedToIdentities": [identity],
        "grantedToIdentitiesV2": [identity],
    }


def _invited(world: World, drive: Drive, item: Item, given: object, role: str) -> Permission:
    if not isinstance(given, dict):
        raise ApiError(400, "invalidRequest", "A recipient is no object.")
    name = str(given.get("objectId") or given.get("email") or given.get("alias") or "")
    try:
        return for_user(drive, item, world.user(name), role)
    except ApiError as error:
        if "@" in name and not name.endswith(f"@{world.settings.tenant_name}.example"):
            return for_guest(drive, item, name, role)
        raise ApiError(
            400,
            "invalidRequest",
            "One or more recipients could not be resolved.",
            ("noResolvedUsers",),
        ) from error


def _moment(given: object) -> float:
    try:
        return read_stamp(str(given))
    except (ValueError, OverflowError) as error:
        raise ApiError(400, "invalidRequest", "The expirationDateTime is not valid.") from error


def _own(item: Item, name: str) -> Permission:
    own = item.extras.permissions if item.extras else []
    found = next((one for one in own if one["id"] == name), None)
    if found is None:
        raise _missing()
    return found


def _shared(world: World, drive: Drive, item: Item) -> None:
    """A change of permissions shows in delta on the item, never on what is below it."""
    drive.note(item, world.clock.now())
    item.more.shared_at = item.logged


def _missing() -> ApiError:
    return ApiError(404, "itemNotFound", "The permission could not be found.")
