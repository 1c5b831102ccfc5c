"""Which call an address means: from ``/drives/X/root:/a:/children`` to the room that answers."""

from __future__ import annotations

from sluis.rehearsal.tenant import content_calls, item_calls, site_calls
from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, ByPath, Call, Segment
from sluis.rehearsal.tenant.delta_calls import delta, is_hidden
from sluis.rehearsal.tenant.directory import Site
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.rights import Caller, demand, has_full_control
from sluis.rehearsal.tenant.world import World


def unknown(call: Call) -> ApiError:
    """The answer to an address that means nothing here."""
    names = [one if isinstance(one, str) else ":" for one in call.segments]
    return ApiError(
        400, "BadRequest", f"Resource not found for the segment '{names[-1] if names else ''}'."
    )


async def answer_call(world: World, caller: Caller, call: Call) -> Answer:
    """Answer a call of a known caller.

    Raises:
        ApiError: what the answer is when it is an error.
    """
    return await _Visit(world, caller, call).answer()


class _Visit:
    """One call on its way through the address."""

    def __init__(self, world: World, caller: Caller, call: Call) -> None:
        self.world = world
        self.caller = caller
        self.call = call

    def charge(self, kind: str) -> None:
        """Let the throttle count this call."""
        self.world.counters[kind] += 1
        verdict = self.world.door.throttle.charge(self.caller, kind)
        self.headers = verdict.headers

    async def answer(self) -> Answer:
        self.headers: dict[str, str] = {}
        answer = await self._top(list(self.call.segments))
        answer.headers.update(self.headers)
        return answer

    async def _top(self, rest: list[Segment]) -> Answer:
        head = rest.pop(0) if rest else ""
        if head == "users":
            return await self._users(rest)
        if head == "sites":
            return await self._sites(rest)
        if head == "drives" and rest:
            return await self._drive(self.world.drive(str(rest.pop(0))), rest)
        raise unknown(self.call)

    async def _users(self, rest: list[Segment]) -> Answer:
        if len(rest) < 2:
            demand(self.caller, self.world, "users.read", None)
            self.charge("list" if not rest else "get")
            if not rest:
                return site_calls.list_users(self.world, self.call)
            return site_calls.one_user(self.world, self.call, self.world.user(str(rest[0])))
        user = self.world.user(str(rest[0]))
        if rest[1] == "drive":
            if user.drive is None:
                raise ApiError(404, "ResourceNotFound", "User's mysite not found.")
            return await self._drive(user.drive, rest[2:])
        if rest[1] == "drives" and len(rest) == 2:
            self.charge("list")
            return site_calls.list_drives(
                self.world, self.call, [user.drive] if user.drive else [], f"users('{user.id}')"
            )
        raise unknown(self.call)

    async def _sites(self, rest: list[Segment]) -> Answer:
        world, call = self.world, self.call
        if not rest or rest[0] == "getAllSites":
            demand(self.caller, world, "sites.list", None)
            self.charge("list")
            return site_calls.list_sites(world, call, everything=bool(rest))
        name = str(rest.pop(0))
        if rest and isinstance(rest[0], ByPath):
            name = f"{name}:/{rest.pop(0).path}"  # type: ignore[union-attr]
        site = world.site(name)
        return await self._site(site, rest)

    async def _site(self, site: Site, rest: list[Segment]) -> Answer:
        world, call = self.world, self.call
        if not rest:
            demand(self.caller, world, "site.read", site.id)
            self.charge("get")
            return site_calls.one_site(world, call, site)
        if rest[0] == "drives" and len(rest) == 1:
            demand(self.caller, world, "files.read", site.id)
            self.charge("list")
            return site_calls.list_drives(world, call, site.drives, f"sites('{site.id}')")
        if rest[0] == "drives":
            drive = next((one for one in site.drives if one.id == rest[1]), None)
            if drive is None:
                raise item_calls.not_found()
            return await self._drive(drive, rest[2:])
        if rest[0] == "drive":
            if not site.drives:
                raise item_calls.not_found()
            return await self._drive(site.drives[0], rest[1:])
        raise unknown(call)

    async def _drive(self, drive: Drive, rest: list[Segment]) -> Answer:
        world, call = self.world, self.call
        if not rest:
            demand(self.caller, world, "files.read", drive.site)
            self.charge("get")
            return site_calls.one_drive(world, call, drive)
        head = rest.pop(0)
        if head == "root":
            return await self._item(drive, drive.root, rest)
        if head == "items" and rest:
            item = drive.find(str(rest.pop(0)))
            demand(self.caller, world, "files.read", drive.site)
            if item is None:
                raise item_calls.not_found()
            return await self._item(drive, item, rest)
        raise unknown(call)

    async def _item(self, drive: Drive, item: Item, rest: list[Segment]) -> Answer:
        world, call = self.world, self.call
        writing = call.method != "GET"
        demand(self.caller, world, "files.write" if writing else "files.read", drive.site)
        hidden = not has_full_control(self.caller, world, drive.site)
        if rest and isinstance(rest[0], ByPath):
            path = rest.pop(0).path  # type: ignore[union-attr]
            found = drive.at(path, item)
            if found is None:
                if call.method == "PUT" and rest == ["content"]:
                    self.charge("upload")
                    parent, name = item_calls.place_of(drive, item, path)
                    return await content_calls.put(world, call, drive, parent, name)
                raise item_calls.not_found()
            if call.method == "PUT" and rest == ["content"] and found.parent is not None:
                self.charge("upload")
                return await content_calls.put(world, call, drive, found.parent, found.name)
            item = found
        if hidden and is_hidden(item):
            raise item_calls.not_found()
        tail = rest[0] if rest else ""
        method = call.method
        if (method, tail) == ("GET", ""):
            self.charge("get")
            return item_calls.answer_item(world, call, drive, item)
        if (method, tail) == ("GET", "children"):
            self.charge("list")
            return item_calls.children(world, call, drive, item, hidden=hidden)
        if (method, tail) == ("GET", "delta") and item is drive.root:
            with_token = bool(call.query.get("token"))
            self.charge("delta-token" if with_token else "delta")
            return await delta(world, call, drive, hidden=hidden)
        if (method, tail) == ("GET", "content"):
            self.charge("download")
            return content_calls.fetch(world, drive, item, self.caller.client_id)
        if (method, tail) == ("PUT", "content"):
            self.charge("upload")
            return await content_calls.put_over(world, call, drive, item)
        if (method, tail) == ("POST", "children"):
            self.charge("create")
            return await item_calls.make_folder(world, call, drive, item)
        if (method, tail) == ("PATCH", ""):
            self.charge("update")
            return await item_calls.update(world, call, drive, item)
        if (method, tail) == ("DELETE", ""):
            self.charge("delete")
            return item_calls.delete(world, call, drive, item)
        raise unknown(call)
