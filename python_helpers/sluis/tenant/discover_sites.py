"""Every site of a tenant with its libraries, hidden ones too, its lists, pages and subsites.

``getAllSites`` lists site collections only (``site-getallsites.md``), so what lies below one is
asked for site by site. The site of a Microsoft 365 group, or of a Team, is asked for by the group
as well: what one listing leaves out another may have.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any
from urllib.parse import quote, unquote

from ..graph.answer import in_whole_characters, item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .finding import DRIVE, Finding, SitePart, each
from .listed_items import has_part, part_of
from .refused_alone import raise_unless_tenant_answers
from .source import Kind

_UNIFIED = {
    "$filter": "groupTypes/any(c:c eq 'Unified')",
    "$select": "id,displayName",
}
#: lists with the system facet come only when that is asked for (``list-list.md``)
_LIST = {"$select": "id,name,displayName,webUrl,list,system"}
_IDS = {"$select": "id", "$top": "200"}
#: the library in which a site's pages are kept
_PAGES = "webPageLibrary"


async def find_sites(graph: Graph, found: Finding, *, count: bool = False) -> None:
    """Look into every site that any listing names.

    Args:
        graph: the connection.
        found: what was found goes here.
        count: whether to count entries of lists, and pages.

    Raises:
        GraphError: nobody answers, or signing in failed.
    """
    looking = _Looking(graph, found, count)
    # app-only and over all geographies: getAllSites, not search (site-getallsites docs)
    listed = each(graph, found, "/sites/getAllSites", "sites", "the tenant")
    async with aclosing(listed) as sites:
        async for site in sites:
            await looking.site(site)
    what = "groups and their sites"
    async with aclosing(each(graph, found, "/groups", what, "the tenant", _UNIFIED)) as groups:
        async for group in groups:
            await looking.site_of_group(group)


class _Looking:
    def __init__(self, graph: Graph, found: Finding, count: bool) -> None:
        self.graph, self.found, self.count = graph, found, count
        self.seen: set[str] = set()

    async def site_of_group(self, group: dict[str, Any]) -> None:
        """The site that a group is connected to."""
        name = str(group.get("displayName") or group["id"])
        place = f"/groups/{segment(group['id'])}/sites/root"
        try:
            site = item_of(await self.graph.get(place), place)
        except GraphError as error:
            await raise_unless_tenant_answers(self.graph, error)
            why = "It has no site, or none that we may see. " if error.status == 404 else ""
            self.found.gap("site of a group", name, f"{why}{error.what}")
            return
        await self.site({"displayName": name, **site})

    async def site(self, site: dict[str, Any]) -> None:
        """A site and every site below it."""
        waiting = [site]
        while waiting:
            here = waiting.pop()
            if here["id"] in self.seen:
                continue
            self.seen.add(here["id"])
            told = here.get("displayName") or here.get("name") or here.get("webUrl") or ""
            name = in_whole_characters(told)
            personal = bool(here.get("isPersonalSite"))
            place = f"/sites/{quote(here['id'], safe=',')}"
            await self._drives(place, here["id"], name, "onedrive" if personal else "sharepoint")
            await self._lists(place, here, name)
            if not personal:
                listed = each(self.graph, self.found, f"{place}/sites", "subsites", name)
                async with aclosing(listed) as below:
                    waiting += [one async for one in below]

    async def _drives(self, place: str, site_id: str, name: str, kind: Kind) -> None:
        listed = each(
            self.graph, self.found, f"{place}/drives", "drives of a site", name, DRIVE
        )  # fmt: skip
        async with aclosing(listed) as drives:
            async for drive in drives:
                self.found.add_drive(drive, kind, site_id, name)

    async def _lists(self, place: str, site: dict[str, Any], name: str) -> None:
        url = str(site.get("webUrl") or "")
        libraries = {
            _plain(one.web_url) for one in self.found.sources.values() if one.site_id == site["id"]
        }
        hidden = 0
        listed = each(self.graph, self.found, f"{place}/lists", "lists of a site", name, _LIST)
        async with aclosing(listed) as lists:
            async for one in lists:
                facet = part_of(one, "list")
                template = str(facet.get("template") or "")
                if template == _PAGES:
                    await self._pages(place, site, name, str(one.get("webUrl") or ""))
                elif template.endswith("Library"):
                    if _plain(str(one.get("webUrl") or "")) not in libraries:
                        await self._library(f"{place}/lists/{segment(one['id'])}", site, name, one)
                elif facet.get("hidden") is True or has_part(one, "system"):
                    hidden += 1
                else:
                    await self._list(place, site, name, one)
        if hidden:
            part = SitePart("hidden lists", site["id"], name, site["id"], url, items=hidden)
            self.found.parts.append(part)

    async def _library(
        self, place: str, site: dict[str, Any], name: str, one: dict[str, Any]
    ) -> None:
        """A library that the listing of drives left out."""
        title = f"{name} / {_title(one)}"
        kind: Kind = "onedrive" if site.get("isPersonalSite") else "sharepoint"
        try:
            drive = await self.graph.get(f"{place}/drive")
            hidden = part_of(one, "list").get("hidden") is True or has_part(one, "system")
            told = {**drive, "system": {}} if hidden else drive
            self.found.add_drive(told, kind, site["id"], name)
        except GraphError as error:
            await raise_unless_tenant_answers(self.graph, error)
            self.found.gap("drive of a library", title, error.what)

    async def _pages(self, place: str, site: dict[str, Any], name: str, url: str) -> None:
        items = await self._counted(f"{place}/pages", "site pages", name)
        where = str(site.get("webUrl") or "")
        part = SitePart("site pages", site["id"], name, site["id"], where, url, items)
        self.found.parts.append(part)

    async def _list(self, place: str, site: dict[str, Any], name: str, one: dict[str, Any]) -> None:
        title = f"{name} / {_title(one)}"
        place = f"{place}/lists/{segment(one['id'])}/items"
        items = await self._counted(place, "entries of a list", title)
        where, url = (str(told.get("webUrl") or "") for told in (site, one))
        part = SitePart("list", one["id"], title, site["id"], where, url, items)
        self.found.parts.append(part)

    async def _counted(self, place: str, what: str, subject: str) -> int | None:
        """How many entries a listing has; None when nobody counted, or could."""
        if not self.count:
            return None
        before, entries = len(self.found.gaps), 0
        async with aclosing(each(self.graph, self.found, place, what, subject, _IDS)) as listed:
            async for _ in listed:
                entries += 1
        return entries if len(self.found.gaps) == before else None


def _plain(url: str) -> str:
    return unquote(url).rstrip("/").casefold()


def _title(one: dict[str, Any]) -> str:
    return in_whole_characters(one.get("displayName") or one.get("name") or one["id"])
