"""Users and sites of the tenant, and how Graph writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.stamps import stamp


@dataclass
class User:
    """Somebody in the tenant.

    Args:
        number: 1 for the first; 0 stands for the system.
        id: object id.
        name: display name.
        mail: also the user principal name.
        drive: their OneDrive; ``None`` when they never opened it.
    """

    number: int
    id: str
    name: str
    mail: str
    drive: Drive | None = None

    @cached_property
    def identity_set(self) -> dict[str, Any]:
        """The user as an ``identitySet``; not to be changed."""
        return {"user": self.identity()}

    def identity(self) -> dict[str, Any]:
        """The user as an ``identity``."""
        return {"email": self.mail, "id": self.id, "displayName": self.name}

    def as_json(self) -> dict[str, Any]:
        """The user as Graph gives it."""
        given, _, family = self.name.partition(" ")
        return {
            "businessPhones": [],
            "displayName": self.name,
            "givenName": given,
            "jobTitle": None,
            "mail": self.mail,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": family,
            "userPrincipalName": self.mail,
            "id": self.id,
        }


@dataclass
class SiteList:
    """A list of a site that is not a document library, with its items' fields.

    Args:
        id: the list's id.
        name: its title, and its name in addresses.
        created: seconds since 1970.
        items: the values of each item's columns; ``id`` among them.
        template: what it was made from, such as ``genericList`` or ``tasks``.
        hidden: the site's own pages do not show it.
        system: it has the system facet: listed only when ``$select`` names ``system``.
        columns: its own columns: name and type, such as ``("PageCount", "number")``.
        changed: when it or an item of it changed last, seconds since 1970.
        made: how many items were ever made in it.
    """

    id: str
    name: str
    created: float
    items: list[dict[str, Any]] = field(default_factory=list)
    template: str = "genericList"
    hidden: bool = False
    system: bool = False
    columns: list[tuple[str, str]] = field(default_factory=list)
    changed: float = 0.0
    made: int = 0

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A new item with these values."""
        self.made += 1
        item = {"id": str(self.made), **fields}
        self.items.append(item)
        return item


@dataclass
class Site:
    """A site: a team's, or the personal one behind a OneDrive.

    Args:
        key: what tells it from the tenant's others.
        host: its host name.
        path: its server-relative path, empty for a root site.
        title: display name.
        created: seconds since 1970.
        personal: it is the site of a OneDrive.
        parent: the site that this one lies in; ``None`` for the top of a site collection.
    """

    key: str
    host: str
    path: str
    title: str
    created: float
    seed: int
    personal: bool = False
    parent: Site | None = None
    drives: list[Drive] = field(default_factory=list)
    lists: list[SiteList] = field(default_factory=list)

    @property
    def collection(self) -> str:
        """The GUID of the site collection."""
        if self.parent is not None:
            return self.parent.collection
        return guid(self.seed, "site", self.key)

    @property
    def web(self) -> str:
        """The GUID of its web."""
        return guid(self.seed, "web", self.key)

    @property
    def id(self) -> str:
        """Host name, site collection and web."""
        return f"{self.host},{self.collection},{self.web}"

    @property
    def url(self) -> str:
        """Its web address, decoded."""
        return f"https://{self.host}/{self.path}" if self.path else f"https://{self.host}"

    def as_json(self) -> dict[str, Any]:
        """The site as Graph gives it."""
        made: dict[str, Any] = {
            "createdDateTime": stamp(self.created),
            "description": "",
            "id": self.id,
            "lastModifiedDateTime": stamp(self.created),
            "name": self.path.rpartition("/")[2],
            "webUrl": self.url,
            "displayName": self.title,
            "isPersonalSite": self.personal,
            "siteCollection": {"hostname": self.host},
        }
        if self.parent is None:
            made["root"] = {}
        return made
