"""Permissions: own, inherited, links, guests, and grants of a site."""

from __future__ import annotations

from typing import Any

from support.tenant_talk import Talk


def _file(talk: Talk, drive: str) -> str:
    return f"/drives/{drive}/items/{talk.put(drive, 'shared.txt', b'x').json()['id']}"


def _own(talk: Talk, where: str) -> list[dict[str, Any]]:
    listed = talk.good(f"{where}/permissions")["value"]
    return [one for one in listed if "inheritedFrom" not in one]


def test_a_file_inherits_from_the_root_and_says_so(talk: Talk, drive: str) -> None:
    listed = talk.good(f"{_file(talk, drive)}/permissions")["value"]
    assert [one["roles"] for one in listed] == [["owner"], ["write"], ["read"]]
    root = talk.good(f"/drives/{drive}/root")["id"]
    assert all(one["inheritedFrom"]["id"] == root for one in listed)
    assert all("siteGroup" in one["grantedToV2"] for one in listed)
    assert all("inheritedFrom" not in one for one in _own(talk, f"/drives/{drive}/root"))
    assert len(_own(talk, f"/drives/{drive}/root")) == 3


def test_what_a_onedrive_inherits_does_not_say_from_where(talk: Talk) -> None:
    own = next(one["id"] for one in talk.tenant.control.drives() if one["owner"])
    file = _file(talk, own)
    (listed,) = talk.good(f"{file}/permissions")["value"]
    # as was seen in microsoft-graph-devx-api#223: empty, and inherited all the same
    assert (listed["roles"], listed["inheritedFrom"]) == (["owner"], {})
    assert [one["roles"] for one in _own(talk, f"/drives/{own}/root")] == [["owner"]]
    assert _own(talk, file) == []


def test_people_and_guests_are_invited_in_one_role(talk: Talk, drive: str) -> None:
    where = _file(talk, drive)
    recipients = [{"email": "user02@rehearsal.example"}, {"email": "someone@partner.example"}]
    body = {"recipients": recipients, "roles": ["write"], "requireSignIn": True}
    made = talk.ask("POST", f"{where}/invite", json_body=body)
    assert made.status == 200
    member, guest = made.json()["value"]
    assert member["grantedToV2"]["user"]["email"] == "user02@rehearsal.example"
    assert guest["invitation"] == {"email": "someone@partner.example", "signInRequired": True}
    assert _own(talk, where) == [member, guest]
    assert talk.good(f"{where}/permissions/{guest['id']}") == guest
    # asked again, nothing doubles; the other way of the address does the same
    again = talk.ask("POST", f"{where}/permissions", json_body=body)
    assert again.status == 200 and len(_own(talk, where)) == 2


def test_nobody_is_let_in_when_one_of_them_is_unknown(talk: Talk, drive: str) -> None:
    where = _file(talk, drive)
    recipients = [{"email": "user02@rehearsal.example"}, {"email": "none@rehearsal.example"}]
    body: dict[str, Any] = {"recipients": recipients, "roles": ["read"]}
    answer = talk.ask("POST", f"{where}/invite", json_body=body)
    assert (answer.status, answer.inner) == (400, "noResolvedUsers")
    assert _own(talk, where) == []
    body = {"recipients": recipients[:1], "roles": ["everything"]}
    assert talk.ask("POST", f"{where}/invite", json_body=body).status == 400
    assert talk.ask("POST", f"{where}/invite", json_body={"roles": ["read"]}).status == 400


def test_links_are_made_once_for_each_kind(talk: Talk, drive: str) -> None:
    where = _file(talk, drive)
    body = {"type": "view", "scope": "anonymous"}
    first = talk.ask("POST", f"{where}/createLink", json_body=body)
    assert first.status == 201
    assert first.json()["link"]["scope"] == "anonymous"
    assert first.json()["link"]["webUrl"].startswith("https://")
    second = talk.ask("POST", f"{where}/createLink", json_body=body)
    assert (second.status, second.json()) == (200, first.json())
    wrong = {"type": "view", "scope": "everyone"}
    assert talk.ask("POST", f"{where}/createLink", json_body=wrong).status == 400


def test_roles_change_and_permissions_go_and_inherited_ones_do_neither(
    talk: Talk, drive: str
) -> None:
    where = _file(talk, drive)
    body = {"recipients": [{"email": "user02@rehearsal.example"}], "roles": ["write"]}
    made = talk.ask("POST", f"{where}/invite", json_body=body).json()["value"][0]
    one = f"{where}/permissions/{made['id']}"
    assert talk.ask("PATCH", one, json_body={"roles": ["read"]}).json()["roles"] == ["read"]
    assert talk.ask("PATCH", one, json_body={"roles": ["all"]}).status == 400
    assert talk.ask("DELETE", one).status == 204
    assert _own(talk, where) == []
    inherited = talk.good(f"{where}/permissions")["value"][0]["id"]
    assert talk.ask("DELETE", f"{where}/permissions/{inherited}").status == 404


def test_a_folders_permission_reaches_what_is_in_it(talk: Talk, drive: str) -> None:
    folder = f"/drives/{drive}/root:/Nasty:"
    body = {"recipients": [{"email": "user02@rehearsal.example"}], "roles": ["read"]}
    made = talk.ask("POST", f"{folder}/invite", json_body=body).json()["value"][0]
    below = talk.good(f"/drives/{drive}/root:/Nasty/CON.txt:/permissions")["value"]
    (found,) = [one for one in below if one["id"] == made["id"]]
    assert found["inheritedFrom"]["path"].endswith("/root:/Nasty")


def test_the_population_has_every_kind_and_some_that_inherit_nothing(talk: Talk, site: str) -> None:
    kinds = set()
    alone = 0
    drives = talk.good(f"/sites/{site}/drives")["value"][:6]
    for drive in drives:
        for one in talk.tenant.control.items(drive["id"]):
            if "shared" not in one:
                continue
            listed = talk.good(f"/drives/{drive['id']}/items/{one['id']}/permissions")["value"]
            own = [each for each in listed if "inheritedFrom" not in each]
            assert own
            alone += own == listed
            for each in own:
                link = each.get("link", {}).get("scope")
                kinds.add(link or ("guest" if "invitation" in each else "user"))
    assert kinds == {"anonymous", "organization", "guest", "user"}
    assert alone


def test_a_site_grants_an_app_a_role(talk: Talk, site: str) -> None:
    app = "11111111-2222-3333-4444-555555555555"
    identity = {"application": {"id": app, "displayName": "Mover"}}
    body = {"roles": ["write"], "grantedToIdentities": [identity]}
    made = talk.ask("POST", f"/sites/{site}/permissions", json_body=body)
    assert made.status == 201
    listed = talk.good(f"/sites/{site}/permissions")["value"]
    assert [one["roles"] for one in listed if one["id"] == app] == [["write"]]
    assert talk.ask("DELETE", f"/sites/{site}/permissions/{app}").status == 204
    assert talk.ask("DELETE", f"/sites/{site}/permissions/{app}").status == 404
    assert talk.ask("POST", f"/sites/{site}/permissions", json_body={"roles": []}).status == 400
