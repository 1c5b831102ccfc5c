"""Who may do what with an item: its own permissions, and those it inherits."""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.directory import User
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.items import Item

Permission = dict[str, Any]

#: scopes and types of sharing links that the service knows
LINK_TYPES = ("view", "edit", "embed")
LINK_SCOPES = ("anonymous", "organization", "users")
ROLES = ("read", "write", "owner")


def of_item(drive: Drive, item: Item) -> list[Permission]:
    """All permissions that hold for an item, its own first; inherited ones say from where.

    In a OneDrive what comes from its root has an empty ``inheritedFrom``, as was seen in
    microsoft-graph-devx-api#223: so only one without the member is the item's own.
    """
    found: list[Permission] = list(item.extras.permissions) if item.extras else []
    seen = {permission["id"] for permission in found}
    at = item
    while at.parent is not None and not (at.extras and at.extras.breaks):
        at = at.parent
        for permission in at.extras.permissions if at.extras else ():
            if permission["id"] not in seen:
                seen.add(permission["id"])
                untold = drive.owner is not None and at is drive.root
                found.append(
                    {**permission, "inheritedFrom": {} if untold else _reference(drive, at)}
                )
    return found


def for_group(drive: Drive, title: str, role: str, number: int) -> Permission:
    """The permission of a group of the site, such as its members."""
    identity = {"displayName": title, "id": str(number), "loginName": title}
    return {
        "id": guid(0, drive.id, "group", title),
        "roles": [role],
        "grantedToV2": {"siteGroup": identity},
        "grantedTo": {"user": {"displayName": title}},
    }


def for_user(drive: Drive, item: Item, user: User, role: str) -> Permission:
    """A permission that was given to one user."""
    return {
        "id": guid(0, drive.id, item.number, user.id, role),
        "roles": [role],
        "grantedToV2": {
            "user": user.identity(),
            "siteUser": {
                "displayName": user.name,
                "email": user.mail,
                "id": str(user.number + 10),
                "loginName": f"i:0#.f|membership|{user.mail}",
            },
        },
        "grantedTo": {"user": user.identity()},
    }


def for_guest(drive: Drive, item: Item, mail: str, role: str) -> Permission:
    """A permission that was given to somebody outside the tenant, by invitation."""
    return {
        "id": guid(0, drive.id, item.number, mail, role),
        "roles": [role],
        "grantedToIdentitiesV2": [{"user": {"email": mail, "displayName": mail}}],
        "invitation": {"email": mail, "signInRequired": True},
    }


def for_link(drive: Drive, item: Item, kind: str, scope: str, number: int) -> Permission:
    """A sharing link."""
    mark = guid(0, drive.id, item.number, "link", number)
    host = drive.url.split("/", 3)[2]
    return {
        "id": mark,
        "roles": ["write" if kind == "edit" else "read"],
        "shareId": f"u!{mark.replace('-', '')}",
        "hasPassword": False,
        "grantedToIdentitiesV2": [],
        "link": {
            "type": kind,
            "scope": scope,
            "preventsDownload": False,
            "webUrl": f"https://{host}/:{'f' if item.kind == 'folder' else 'u'}:/s/{mark[:22]}",
        },
    }


def _reference(drive: Drive, item: Item) -> dict[str, Any]:
    above = item.path()
    place = f"/drives/{drive.id}/root:"
    return {
        "driveId": drive.id,
        "id": drive.ids.item(item.number),
        "path": f"{place}/{above}" if above else place,
    }
