"""Groups, shared contacts and booking pages of the tenant, and how Graph writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sluis.rehearsal.tenant.directory import Site
from sluis.rehearsal.tenant.stamps import stamp


@dataclass(frozen=True)
class Group:
    """A group.

    Args:
        id: object id.
        name: display name.
        mail: its address; empty for a security group.
        created: seconds since 1970.
        site: the site that a Microsoft 365 group is connected to; ``None`` for a security group.
        team: the group has a Team.
    """

    id: str
    name: str
    mail: str
    created: float
    site: Site | None = None
    team: bool = False

    def as_json(self) -> dict[str, Any]:
        """The group as Graph gives it (``resources/group.md``)."""
        unified = self.site is not None
        return {
            "id": self.id,
            "createdDateTime": stamp(self.created),
            "description": None,
            "displayName": self.name,
            "groupTypes": ["Unified"] if unified else [],
            "mail": self.mail or None,
            "mailEnabled": unified,
            "mailNickname": self.name.replace(" ", ""),
            "resourceProvisioningOptions": ["Team"] if self.team else [],
            "securityEnabled": not unified,
            "visibility": "Private" if unified else None,
        }


@dataclass(frozen=True)
class Contact:
    """A contact that the organisation shares (``orgContact``)."""

    id: str
    name: str
    mail: str

    def as_json(self) -> dict[str, Any]:
        """The contact as Graph gives it (``resources/orgcontact.md``)."""
        given, _, family = self.name.partition(" ")
        return {
            "id": self.id,
            "companyName": None,
            "displayName": self.name,
            "givenName": given,
            "mail": self.mail,
            "mailNickname": self.name.replace(" ", ""),
            "proxyAddresses": [f"SMTP:{self.mail}"],
            "surname": family,
        }


@dataclass(frozen=True)
class Booking:
    """A page on which customers book; its id is its mail address."""

    id: str
    name: str

    def as_json(self) -> dict[str, Any]:
        """The page as a listing gives it (``bookingbusiness-list.md``: id and name only)."""
        return {"id": self.id, "displayName": self.name}
