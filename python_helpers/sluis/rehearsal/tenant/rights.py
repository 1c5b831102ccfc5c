"""Who calls, and whether they may: least rights, enforced.

Application permissions are those of Microsoft Graph. ``Sites.Selected`` gives nothing by
itself: a site must grant the app a role (read, write, owner, fullcontrol). Rights add up:
``Sites.Selected`` together with ``Files.Read.All`` reads every file of the tenant
(learn.microsoft.com Q&A 5621045).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from sluis.rehearsal.tenant.api_error import ApiError

if TYPE_CHECKING:
    from sluis.rehearsal.tenant.door import Door

Role = Literal["read", "write", "owner", "fullcontrol"]

#: each role can all that the ones before it can
ROLES: tuple[Role, ...] = ("read", "write", "owner", "fullcontrol")

PERMISSIONS = frozenset(
    {
        "Sites.Read.All",
        "Sites.ReadWrite.All",
        "Sites.Manage.All",
        "Sites.FullControl.All",
        "Sites.Selected",
        "Files.Read.All",
        "Files.ReadWrite.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "GroupMember.Read.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "OrgContact.Read.All",
        "Bookings.Read.All",
        "Bookings.Manage.All",
    }
)

#: what an app with all rights has
FULL_RIGHTS: tuple[str, ...] = (
    "Sites.FullControl.All",
    "Files.ReadWrite.All",
    "User.Read.All",
    "Group.Read.All",
    "OrgContact.Read.All",
    "Bookings.Read.All",
)

_READ_SITES = frozenset(
    {"Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"}
)
_WRITE_SITES = _READ_SITES - {"Sites.Read.All"}
_READ_FILES = _READ_SITES | {"Files.Read.All", "Files.ReadWrite.All"}
_WRITE_FILES = _WRITE_SITES | {"Files.ReadWrite.All"}


@dataclass(frozen=True)
class AppSettings:
    """An app registration of the tenant.

    Attributes:
        name: display name.
        permissions: application permissions that were consented to.
        token_seconds: life of its access tokens. MSAL never reuses a token with 300
            seconds or less left, so values on both sides of that are worth a rehearsal.
        single_use_assertions: refuse a certificate assertion whose ``jti`` was seen
            before. MSAL sends one assertion again as long as it lives, and the real
            service takes it, so this is off; an assertion with a used ``jti`` and other
            content is always refused.
    """

    name: str = "Rehearsal"
    permissions: tuple[str, ...] = FULL_RIGHTS
    token_seconds: int = 3_599
    single_use_assertions: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(set(self.permissions) - PERMISSIONS)
        if unknown:
            raise ValueError(f"not a permission of the rehearsal tenant: {', '.join(unknown)}")


@dataclass(frozen=True)
class Caller:
    """An app with a valid token."""

    client_id: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Need:
    """What a call needs: one of these permissions, or this role on the site it is about."""

    any_of: frozenset[str]
    role: Role | None
    code: str = "accessDenied"
    message: str = "Access denied"


_DIRECTORY = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

#: the words that the server uses for what a call needs
NEEDS: dict[str, Need] = {
    "sites.list": Need(_READ_SITES, None),
    "site.read": Need(_READ_SITES, "read"),
    "files.read": Need(_READ_FILES, "read"),
    "files.write": Need(_WRITE_FILES, "write"),
    "lists.read": Need(_READ_SITES, "read"),
    "lists.write": Need(_WRITE_SITES, "write"),
    "permissions.read": Need(_READ_FILES, "read"),
    "permissions.write": Need(_WRITE_FILES, "owner"),
    "site.grants": Need(frozenset({"Sites.FullControl.All"}), "fullcontrol"),
    "recyclebin.read": Need(_READ_SITES, "read"),
    "users.read": Need(
        frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}), None, *_DIRECTORY
    ),
    "groups.read": Need(
        frozenset(
            {"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"}
        ),
        None,
        *_DIRECTORY,
    ),
    "contacts.read": Need(
        frozenset({"OrgContact.Read.All", "Directory.Read.All"}), None, *_DIRECTORY
    ),
    "bookings.read": Need(frozenset({"Bookings.Read.All", "Bookings.Manage.All"}), None),
}


class SiteGrants:
    """Roles that sites granted to apps: what ``Sites.Selected`` draws on."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], Role] = {}

    def grant(self, site: str, client_id: str, role: Role | None) -> None:
        """Give an app a role on a site, or take it away with ``None``.

        Raises:
            ValueError: for a role that does not exist.
        """
        if role is None:
            self._roles.pop((site, client_id), None)
            return
        if role not in ROLES:
            raise ValueError(f"not a role on a site: {role}")
        self._roles[site, client_id] = role

    def role(self, site: str, client_id: str) -> Role | None:
        """The role of an app on a site."""
        return self._roles.get((site, client_id))

    def of_site(self, site: str) -> Mapping[str, Role]:
        """All grants of a site: client id to role."""
        return {app: role for (where, app), role in self._roles.items() if where == site}


class HasDoor(Protocol):
    """What this file needs of the world: its door."""

    door: Door


class HasHeaders(Protocol):
    """What this file needs of a request: its headers, whose names compare without case."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...


async def authenticate(world: HasDoor, request: HasHeaders) -> Caller:
    """The caller of a request, by its access token.

    Raises:
        ApiError: 401 for no token, a bad, an expired or a foreign one.
    """
    return world.door.tokens.caller(request.headers.get("Authorization", ""))


def demand(caller: Caller, world: HasDoor, need: str, site: str | None) -> None:
    """Go on only if the caller has what the call needs.

    Args:
        caller: who calls.
        world: whose door keeps the grants.
        need: one of :data:`NEEDS`.
        site: id of the site that the call is about; ``None`` for the whole tenant.

    Raises:
        ApiError: 403.
        KeyError: for an unknown need, which is a mistake in the server.
    """
    needed = NEEDS[need]
    if caller.permissions & needed.any_of:
        return
    if needed.role and site and "Sites.Selected" in caller.permissions:
        role = world.door.grants.role(site, caller.client_id)
        if role and ROLES.index(role) >= ROLES.index(needed.role):
            return
    raise ApiError(403, needed.code, needed.message)


def has_full_control(caller: Caller, world: HasDoor, site: str | None) -> bool:
    """Whether the caller sees everything, retention-labelled items included.

    An app without ``Sites.FullControl.All`` was seen to miss retention-labelled files in
    delta and children without any error (microsoft-graph-docs#11561).
    """
    if "Sites.FullControl.All" in caller.permissions:
        return True
    if site is None or "Sites.Selected" not in caller.permissions:
        return False
    return world.door.grants.role(site, caller.client_id) == "fullcontrol"
