"""Making lists, and making, changing and deleting their items.

Sources: ``list-create.md`` (201; without a template it is a ``genericList`` with a Title),
``listitem-create.md`` (201), ``listitem-update.md``, ``listitem-delete.md`` (204).
"""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site, SiteList
from sluis.rehearsal.tenant.drive import Drive, name_taken
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.list_calls import READ_ONLY, columns_of, one_list, one_list_item
from sluis.rehearsal.tenant.world import World

#: what a list may be made from (``resources/listinfo.md`` and the templates of SharePoint)
TEMPLATES = frozenset(
    {
        "announcements",
        "contacts",
        "documentLibrary",
        "events",
        "genericList",
        "genericTasks",
        "links",
        "survey",
        "tasks",
    }
)
#: column types that can be made here
_KINDS = frozenset({"boolean", "choice", "dateTime", "number", "text"})


async def make_list(world: World, call: Call, site: Site) -> Answer:
    """``POST sites/{id}/lists``: 201; ApiError 400, 409."""
    body = await call.json()
    name, info = body.get("displayName"), body.get("list") or {}
    if not isinstance(name, str) or not name.strip() or not isinstance(info, dict):
        raise ApiError(400, "invalidRequest", "A list needs a displayName.")
    template = info.get("template") or "genericList"
    if template not in TEMPLATES:
        raise ApiError(400, "invalidRequest", f"The template '{template}' is not known.")
    columns = _columns(body.get("columns"))
    taken = {drive.name for drive in site.drives} | {one.name for one in site.lists}
    if name.casefold() in {one.casefold() for one in taken}:
        raise name_taken()
    now = world.clock.now()
    made: Drive | SiteList
    if template == "documentLibrary":
        made = Drive(
            world.settings.seed,
            f"{site.key}/{name}",
            name,
            f"{site.url}/{name}",
            site.id,
            None,
            now,
            world.settings.population.quota,
        )
        world.enter_drive(site, made)
    else:
        number = len(site.lists)
        made = SiteList(guid(site.seed, site.key, "list", number, name), name, now)
        made.template, made.columns = template, columns
        site.lists.append(made)
    return Answer(201, one_list(world, site, made).body)


def delete_list(site: Site, found: SiteList) -> Answer:
    """``DELETE lists/{id}``: 204."""
    site.lists.remove(found)
    return Answer(204)


async def make_item(world: World, call: Call, found: SiteList) -> Answer:
    """``POST lists/{id}/items``: 201; ApiError 400 for a column that is not there."""
    item = found.add(await _fields(call, found, "fields"))
    found.changed = world.clock.now()
    made, _ = one_list_item(world, call, found, item["id"])
    return Answer(201, made)


async def update_item(world: World, call: Call, found: SiteList, name: str) -> Answer:
    """``PATCH items/{id}/fields``; ApiError 400, 404."""
    item = _item(found, name)
    item.update(await _fields(call, found, None))
    found.changed = world.clock.now()
    return Answer(200, dict(item))


def delete_item(world: World, found: SiteList, name: str) -> Answer:
    """``DELETE items/{id}``: 204; ApiError 404."""
    found.items.remove(_item(found, name))
    found.changed = world.clock.now()
    return Answer(204)


def _item(found: SiteList, name: str) -> dict[str, Any]:
    item = next((one for one in found.items if one["id"] == name), None)
    if item is None:
        raise ApiError(404, "itemNotFound", "Item not found")
    return item


async def _fields(call: Call, found: SiteList, member: str | None) -> dict[str, Any]:
    body = await call.json()
    given = body if member is None else body.get(member, {})
    if not isinstance(given, dict):
        raise ApiError(400, "invalidRequest", "The fields of an item are an object.")
    known = {name for name, _, _ in columns_of(found)}
    for name in given:
        if name in READ_ONLY:
            raise ApiError(400, "invalidRequest", f"Field '{name}' is read-only")
        if name not in known:
            raise ApiError(400, "invalidRequest", f"Field '{name}' is not recognized")
    return given


def _columns(given: object) -> list[tuple[str, str]]:
    """Name and type of each column that a new list is to have; ApiError 400."""
    if given is None:
        return []
    found: list[tuple[str, str]] = []
    for one in given if isinstance(given, list) else [None]:
        kinds = _KINDS.intersection(one) if isinstance(one, dict) else frozenset()
        if not isinstance(one, dict) or not one.get("name") or len(kinds) != 1:
            raise ApiError(400, "invalidRequest", "A column needs a name and one type.")
        found.append((str(one["name"]), next(iter(kinds))))
    return found
