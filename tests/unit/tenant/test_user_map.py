from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.tenant.tenant_manifest import ManifestLine
from sluis.tenant.user_map import (
    Invite,
    NotGiven,
    UserMap,
    find_unmapped,
    grants_in,
    translate,
)


def _user(mail: str, *roles: str, **more: Any) -> dict[str, Any]:
    identity = {"id": f"ID-{mail}", "displayName": mail.title(), "email": mail}
    return {"id": f"p-{mail}", "roles": list(roles), "grantedToV2": {"user": identity}, **more}


def _line(path: str, *permissions: dict[str, Any]) -> ManifestLine:
    return ManifestLine(path=path, type="file", item_id=path, permissions=permissions)


_MAP = UserMap.from_data(
    {"User01@old.example": "user01@rehearsal.example", "user02@old.example": None}
)


def test_rights_go_to_whom_the_map_names_and_to_nobody_else() -> None:
    invites, not_given = translate(
        [
            _user("USER01@old.example", "write"),
            _user("user02@old.example", "read"),
            _user("user03@old.example", "owner"),
        ],
        _MAP,
    )
    assert invites == (Invite("user01@rehearsal.example", "write"),)
    assert not_given == (
        NotGiven("user02@old.example", "read", "the user map gives it nothing", ""),
        NotGiven(
            "user03@old.example", "owner", "the user map does not name it", "unmapped-principal"
        ),
    )


def test_who_is_not_in_the_map_is_listed_beforehand_with_what_it_reaches() -> None:
    lines = [_line(f"f/{n}", _user("user03@old.example", "read")) for n in range(8)]
    lines.append(_line("g", _user("user01@old.example", "read"), _user("user02@old.example")))
    (only,) = find_unmapped(lines, _MAP)
    assert (only.key, only.kind, only.items) == ("user03@old.example", "user", 8)
    assert only.examples == tuple(f"f/{n}" for n in range(5))
    # a name that looks alike is no match
    assert find_unmapped([_line("x", _user("user01@older.example"))], _MAP)


def test_a_link_for_everybody_is_somebody_that_the_map_has_to_name() -> None:
    link = {"id": "1", "roles": ["read"], "link": {"scope": "anonymous", "type": "view"}}
    (unmapped,) = find_unmapped([_line("x", link)], _MAP)
    assert (unmapped.key, unmapped.kind) == ("link:anonymous", "link")
    assert not find_unmapped([_line("x", link)], UserMap({"link:anonymous": None}))


def test_a_link_for_named_people_is_a_right_of_those_people() -> None:
    people = [{"user": {"email": "user01@old.example"}}, {"user": {"email": "user03@old.example"}}]
    link = {"link": {"scope": "users", "type": "edit"}, "grantedToIdentitiesV2": people}
    invites, not_given = translate([link], _MAP)
    assert invites == (Invite("user01@rehearsal.example", "write"),)
    assert [one.principal for one in not_given] == ["user03@old.example"]


def test_inherited_rights_are_the_parents() -> None:
    for above in ({"id": "root"}, {}):
        inherited = _user("user03@old.example", "read", inheritedFrom=above)
        assert list(grants_in(inherited)) == []


def test_a_right_of_nobody_told_is_still_a_right() -> None:
    (grant,) = grants_in({"id": "P7", "roles": ["write"]})
    assert grant.principal.keys == ("permission:p7",)
    assert find_unmapped([_line("x", {"id": "P7", "roles": ["write"]})], _MAP)


@pytest.mark.parametrize(
    ("identity", "keys"),
    [
        ({"siteGroup": {"displayName": "Team Owners", "id": "5"}}, ("site-group:team owners",)),
        ({"user": {"id": "AB-1", "displayName": "X"}}, ("id:ab-1",)),
        ({"group": {"id": "G", "email": "Team@old.example"}}, ("team@old.example", "id:g")),
        ({"application": {"id": "A"}}, ("id:a",)),
        ({"siteUser": {"loginName": "i:0#.f|membership|u@old.example"}}, ("u@old.example",)),
        ({"user": {"displayName": "Somebody"}}, ("user:somebody",)),
    ],
)
def test_a_principal_can_be_named_by_what_is_known_of_it(
    identity: dict[str, Any], keys: tuple[str, ...]
) -> None:
    (grant,) = grants_in({"roles": ["sp.owner"], "grantedToV2": identity})
    assert grant.principal.keys == keys
    assert grant.role == "owner"


def test_of_several_rights_the_strongest_is_given_once() -> None:
    permissions = [
        _user("user01@old.example", "read"),
        _user("user01@old.example", "write", expirationDateTime="2027-01-01T00:00:00Z"),
        _user("user01@old.example", "write", expirationDateTime="2028-01-01T00:00:00Z"),
    ]
    assert translate(permissions, _MAP)[0] == (
        Invite("user01@rehearsal.example", "write", "2028-01-01T00:00:00Z"),
    )


def test_a_weaker_right_that_lasts_longer_is_not_lost_in_silence() -> None:
    """For ever to read and until a date to write became nothing after that date."""
    who, end = "user01@old.example", "2027-01-01T00:00:00Z"
    permissions = [_user(who, "read"), _user(who, "write", expirationDateTime=end)]
    invites, (not_given,) = translate(permissions, _MAP)
    assert invites == (Invite("user01@rehearsal.example", "write", end),)
    assert (not_given.principal, not_given.role) == (who, "read")
    assert not_given.code == "right-not-givable"
    assert "lasts longer" in not_given.why


@pytest.mark.parametrize(
    "weaker",
    [
        {"expirationDateTime": "2026-12-31T23:00:00-01:00"},
        {"expirationDateTime": "2026-12-01T00:00:00Z"},
        {"link": {"type": "view", "scope": "users", "preventsDownload": True},
         "expirationDateTime": "2026-12-01T00:00:00Z"},
    ],
    ids=["the same moment", "sooner", "narrower as well"],
)  # fmt: skip
def test_what_a_stronger_right_has_in_it_is_not_missed(weaker: dict[str, Any]) -> None:
    who, end = "user01@old.example", "2027-01-01T00:00:00Z"
    permissions = [
        _user(who, "write", expirationDateTime=end), {**_user(who, "read"), **weaker}
    ]  # fmt: skip
    assert translate(permissions, _MAP) == (
        (Invite("user01@rehearsal.example", "write", end),), (),
    )  # fmt: skip


def test_of_two_ends_the_later_moment_holds_however_it_is_written() -> None:
    early, late = "2027-01-01T03:00:00+03:00", "2027-01-01T01:00:00Z"
    for ends in ((early, late), (late, early)):
        permissions = [_user("user01@old.example", "read", expirationDateTime=end) for end in ends]
        invites, not_given = translate(permissions, _MAP)
        assert [one.until for one in invites] == [late]
        assert not_given == ()


def test_an_end_that_cannot_be_read_is_no_end_to_be_given() -> None:
    right = _user("user01@old.example", "read", expirationDateTime="soon")
    invites, (not_given,) = translate([right], _MAP)
    assert invites == ()
    assert not_given.why == "when it ends could not be read"


@pytest.mark.parametrize(
    "link",
    [
        {"link": {"scope": "users", "type": "view"}, "grantedToIdentitiesV2": []},
        {"link": {"scope": "users", "type": "edit"}, "grantedToIdentitiesV2": [],
         "grantedToIdentities": []},
        {"link": {"scope": "existingAccess", "type": "view"}},
    ],
    ids=["nobody", "nobody twice", "existing access"],
)  # fmt: skip
def test_a_link_that_names_nobody_is_mapped_by_nobody(link: dict[str, Any]) -> None:
    permission = {"id": "L1", "roles": ["read"], **link}
    assert find_unmapped([_line("x", permission)], UserMap()) == ()
    invites, (not_given,) = translate([permission], UserMap())
    assert invites == ()
    assert (not_given.code, not_given.principal) == ("", "link:nobody")
    assert "gives nobody anything" in not_given.why


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"grantedToIdentitiesV2": [{}]},
        {"grantedToIdentitiesV2": [], "invitation": {"signInRequired": True}},
    ],
    ids=["not told", "told as nothing that we know", "invited"],
)
def test_a_link_for_people_who_are_not_told_is_no_link_for_nobody(more: dict[str, Any]) -> None:
    permission = {"id": "L1", "roles": ["read"], "link": {"scope": "users", "type": "view"}, **more}
    (unmapped,) = find_unmapped([_line("x", permission)], UserMap())
    assert unmapped.key == "permission:l1"


def test_a_role_that_graph_cannot_give_is_listed() -> None:
    _, not_given = translate([_user("user01@old.example", "sp.approve")], _MAP)
    assert not_given == (NotGiven("user01@old.example", "approve", "Graph cannot give this role"),)


@pytest.mark.parametrize(
    ("bounds", "role", "why"),
    [
        ({"link": {"type": "view", "preventsDownload": True}}, "read", "nobody download"),
        ({"link": {"type": "view"}, "roles": ["sp.restrictedView"]}, "read", "nobody download"),
        ({"link": {"type": "blocksDownload"}}, "write", "nobody download"),
        ({"link": {"type": "createOnly"}}, "write", "only lets people add files"),
        ({"link": {"type": "edit"}, "hasPassword": True}, "write", "asks for a password"),
        ({"link": {"type": "review"}}, "write", "a kind that cannot be given"),
        ({"expirationDateTime": 20270101}, "write", "when it ends could not be read"),
    ],
)
def test_a_right_that_is_narrower_than_its_role_is_not_given_as_that_role(
    bounds: dict[str, Any], role: str, why: str
) -> None:
    roles = ["read"] if role == "read" else ["write"]
    right = {**_user("user01@old.example", *roles), **bounds}
    if "link" in right:
        right["link"] = {"scope": "users", **right["link"]}
    invites, (not_given,) = translate([right], _MAP)
    assert invites == ()
    assert (not_given.principal, not_given.role) == ("user01@old.example", role)
    assert why in not_given.why


def test_a_link_that_does_what_its_role_says_is_given() -> None:
    link = {"scope": "users", "type": "view", "preventsDownload": False}
    right = {**_user("user01@old.example", "read"), "link": link, "hasPassword": False}
    assert translate([right], _MAP) == ((Invite("user01@rehearsal.example", "read"),), ())


@pytest.mark.parametrize(
    "data", [{"a@x.example": "nobody"}, {"": None}, {"a@x.example": 5}, {"A@x": None, "a@x": None}]
)
def test_a_map_that_leaves_a_doubt_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refusal:
        UserMap.from_data(data)
    assert refusal.value.code == "bad-user-map"


_KEYS = st.sampled_from(
    (
        *("roles", "grantedToV2", "grantedTo", "grantedToIdentitiesV2", "user", "group"),
        *("siteGroup", "link", "scope", "type", "email", "id", "displayName", "invitation"),
    )
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
)


@given(st.dictionaries(_KEYS, _JSON, max_size=6))
def test_whatever_the_service_says_no_right_is_dropped_in_silence(permission: Any) -> None:
    line = _line("x", permission)
    grants = list(grants_in(permission))
    assert grants
    # a link that names nobody is said, and nobody has to map it
    assert bool(find_unmapped([line], UserMap())) == any(
        one.principal.kind != "nobody" for one in grants
    )
    invites, not_given = translate([permission], UserMap())
    assert not invites
    assert not_given


def test_a_link_of_a_type_that_is_no_word_is_still_a_right():
    found = list(grants_in({"roles": None, "link": {"type": []}}))
    assert len(found) == 1
    assert found[0].role == "not told"
