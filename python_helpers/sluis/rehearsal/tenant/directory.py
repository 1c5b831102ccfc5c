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
    """A list of a site that is not a document library, with its items' fields."""

    id: str
    name: str
    created: float
    items: list[dict[str, Any]] = field(default_factory=list)


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
    """

    key: str
    host: str
    path: str
    title: str
    created: float
    seed: int
    personal: bool = False
    drives: list[Drive] = field(default_factory=list)
    lists: list[SiteList] = field(default_factory=list)

    @property
    def collection(self) -> str:
        """The GUID of the site collection."""
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
        if not self.path:
            made["root"] = {}
        return made
