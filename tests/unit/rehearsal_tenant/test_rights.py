"""Least rights: who may do what, and that an app without a permission really gets 403."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.rights import (
    NEEDS,
    AppSettings,
    Caller,
    HasDoor,
    SiteGrants,
    demand,
    has_full_control,
)

SITE, OTHER = "host,1,1", "host,2,2"


@dataclass
class _Door:
    grants: SiteGrants = field(default_factory=SiteGrants)


@dataclass
class _World:
    door: _Door = field(default_factory=_Door)


def may(permissions: str, need: str, site: str | None = SITE, *, role: Any = None) -> bool:
    world = _World()
    world.door.grants.grant(SITE, "app", role)
    caller = Caller("app", frozenset(permissions.split()))
    try:
        demand(caller, cast("HasDoor", world), need, site)
    except ApiError as error:
        assert error.status == 403
        assert error.code in ("accessDenied", "Authorization_RequestDenied")
        return False
    return True


#: what no permission on sites or files gives
ORGANISATION = {"users.read", "groups.read", "contacts.read", "bookings.read"}


@pytest.mark.parametrize("need", sorted(NEEDS))
def test_an_app_without_permissions_may_nothing(need: str) -> None:
    assert not may("", need)
    assert not may("", need, None)
    # a role on a site does nothing for an app that lacks Sites.Selected
    assert not may("", need, role="fullcontrol")


@pytest.mark.parametrize(
    ("permission", "can"),
    [
        ("Files.Read.All", {"files.read", "permissions.read"}),
        (
            "Files.ReadWrite.All",
            {"files.read", "files.write", "permissions.read", "permissions.write"},
        ),
        (
            "Sites.Read.All",
            {
                "sites.list",
                "site.read",
                "files.read",
                "lists.read",
                "permissions.read",
                "recyclebin.read",
            },
        ),
        ("Sites.ReadWrite.All", set(NEEDS) - ORGANISATION - {"site.grants"}),
        ("Sites.FullControl.All", set(NEEDS) - ORGANISATION),
        ("User.Read.All", {"users.read"}),
        ("Directory.Read.All", {"users.read", "groups.read", "contacts.read"}),
        ("GroupMember.Read.All", {"groups.read"}),
        ("Bookings.Read.All", {"bookings.read"}),
        ("Sites.Selected", set()),
    ],
)
def test_a_permission_gives_what_it_says(permission: str, can: set[str]) -> None:
    assert {need for need in NEEDS if may(permission, need)} == can


@pytest.mark.parametrize(
    ("role", "can"),
    [
        ("read", {"site.read", "files.read", "lists.read", "permissions.read", "recyclebin.read"}),
        (
            "write",
            {
                "site.read",
                "files.read",
                "files.write",
                "lists.read",
                "lists.write",
                "permissions.read",
                "recyclebin.read",
            },
        ),
        ("owner", set(NEEDS) - ORGANISATION - {"sites.list", "site.grants"}),
        ("fullcontrol", set(NEEDS) - ORGANISATION - {"sites.list"}),
    ],
)
def test_a_site_grant_gives_its_role_on_that_site_only(role: str, can: set[str]) -> None:
    assert {need for need in NEEDS if may("Sites.Selected", need, role=role)} == can
    assert not any(may("Sites.Selected", need, OTHER, role=role) for need in NEEDS)
    assert not any(may("Sites.Selected", need, None, role=role) for need in NEEDS)


def test_rights_add_up() -> None:
    """learn.microsoft.com Q&A 5621045: the union makes a narrow app tenant-wide."""
    assert not may("Sites.Selected", "files.read", OTHER, role="write")
    assert may("Sites.Selected Files.Read.All", "files.read", OTHER, role="write")
    assert not may("Sites.Selected Files.Read.All", "files.write", OTHER, role="write")
    assert may("Sites.Selected Files.Read.All", "files.write", SITE, role="write")


def test_a_grant_can_be_taken_away() -> None:
    grants = SiteGrants()
    grants.grant(SITE, "app", "write")
    assert grants.of_site(SITE) == {"app": "write"}
    grants.grant(SITE, "app", None)
    assert grants.role(SITE, "app") is None
    with pytest.raises(ValueError, match="not a role"):
        grants.grant(SITE, "app", cast("Any", "admin"))


def test_only_full_control_sees_what_is_retained() -> None:
    world = cast("HasDoor", _World())
    world.door.grants.grant(SITE, "app", "fullcontrol")
    assert has_full_control(Caller("app", frozenset({"Sites.FullControl.All"})), world, OTHER)
    assert has_full_control(Caller("app", frozenset({"Sites.Selected"})), world, SITE)
    assert not has_full_control(Caller("app", frozenset({"Sites.Selected"})), world, OTHER)
    assert not has_full_control(Caller("app", frozenset({"Sites.ReadWrite.All"})), world, SITE)


def test_a_permission_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"Sites\.Everything"):
        AppSettings(permissions=("Sites.Everything",))


def test_an_unknown_need_is_a_mistake_and_no_permission() -> None:
    with pytest.raises(KeyError):
        may("Sites.FullControl.All", "something")
