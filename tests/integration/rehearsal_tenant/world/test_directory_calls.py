"""Users, sites and drives: who and what a client finds in a tenant."""

from __future__ import annotations

from urllib.parse import quote

from support.tenant_talk import Talk

HOST = "rehearsal.sharepoint.example"


def test_users_are_listed_in_pages_and_found_by_id_and_name(talk: Talk) -> None:
    pages = list(talk.pages("/users?$top=2"))
    assert [len(page["value"]) for page in pages] == [2, 1]
    users = [one for page in pages for one in page["value"]]
    assert {one["userPrincipalName"] for one in users} == {
        f"user0{number}@rehearsal.example" for number in (1, 2, 3)
    }
    by_id = talk.good(f"/users/{users[0]['id']}")
    by_name = talk.good(f"/users/{quote(users[0]['userPrincipalName'])}")
    assert by_id == by_name
    assert talk.get("/users/nobody@rehearsal.example").error == "Request_ResourceNotFound"


def test_a_user_has_a_onedrive_or_the_plain_404_of_who_never_opened_it(talk: Talk) -> None:
    drive = talk.good("/users/user01@rehearsal.example/drive")
    assert drive["driveType"] == "business"
    assert drive["owner"]["user"]["email"] == "user01@rehearsal.example"
    assert talk.good(f"/drives/{drive['id']}")["id"] == drive["id"]
    listed = talk.good("/users/user01@rehearsal.example/drives")["value"]
    assert [one["id"] for one in listed] == [drive["id"]]
    missing = talk.get("/users/user03@rehearsal.example/drive")
    assert (missing.status, missing.error) == (404, "ResourceNotFound")
    assert talk.good("/users/user03@rehearsal.example/drives")["value"] == []


def test_all_sites_hold_the_personal_ones_and_search_does_not(talk: Talk) -> None:
    everything = talk.good("/sites/getAllSites")["value"]
    assert sum(one["isPersonalSite"] for one in everything) == 2
    assert len(everything) == 4
    found = talk.good("/sites?search=*")["value"]
    assert not any(one["isPersonalSite"] for one in found)
    assert [one["name"] for one in talk.good("/sites?search=team")["value"]] == ["team01"]
    assert talk.good("/sites/getAllSites()")["value"] == everything


def test_a_site_is_found_by_id_by_path_and_as_root(talk: Talk, site: str) -> None:
    by_id = talk.good(f"/sites/{site}")
    assert by_id["webUrl"] == f"https://{HOST}/sites/team01"
    assert by_id["id"].split(",")[0] == HOST
    # the address can go on after the path
    drives = talk.good(f"/sites/{HOST}:/sites/team01:/drives")["value"]
    assert drives == talk.good(f"/sites/{site}/drives")["value"]
    by_function = "/sites/root/getByPath(path='/sites/team01')"
    assert talk.good(by_function)["id"] == site
    assert talk.good(f"{by_function}/drives")["value"] == drives
    assert talk.get("/sites/root/getByPath(path='/sites/none')").status == 404
    assert "root" in talk.good("/sites/root")
    assert talk.good(f"/sites/{HOST}")["id"] == talk.good("/sites/root")["id"]
    assert talk.good(f"/sites/{site}/sites")["value"] == []
    missing = talk.get(f"/sites/{HOST}:/sites/none")
    assert (missing.status, missing.error) == (404, "itemNotFound")


def test_a_drive_says_what_it_holds_and_may_hold(talk: Talk, drive: str) -> None:
    before = talk.good(f"/drives/{drive}")["quota"]
    live = talk.tenant.control.items(drive)
    assert before["used"] == sum(one["size"] for one in live if "file" in one)
    assert before["remaining"] == before["total"] - before["used"]
    assert before["deleted"] == 1_000
    talk.put(drive, "more.bin", b"x" * 5_000)
    assert talk.good(f"/drives/{drive}")["quota"]["used"] == before["used"] + 5_000
    talk.tenant.control.set_quota(drive, before["used"] + 5_001)
    assert talk.good(f"/drives/{drive}")["quota"]["state"] == "critical"
    assert talk.good(f"/drives/{drive}/root")["size"] == before["used"] + 5_000


def test_what_is_not_there_is_refused_in_graphs_shape(talk: Talk, quiet_drive: str) -> None:
    for where, status, code in (
        ("/drives/b!nothing", 404, "itemNotFound"),
        ("/me/drive", 400, "BadRequest"),
        ("/nonsense", 400, "BadRequest"),
        (f"/drives/{quiet_drive}/nonsense", 400, "BadRequest"),
        (f"/drives/{quiet_drive}/root/nonsense", 400, "BadRequest"),
        (f"{talk.tenant.graph}/v2.0/users", 400, "BadRequest"),
    ):
        answer = talk.get(where)
        assert (answer.status, answer.error) == (status, code), where
        inner = answer.json()["error"]["innerError"]
        assert {"date", "request-id", "client-request-id"} <= inner.keys()


def test_the_token_is_asked_for(talk: Talk, quiet_drive: str) -> None:
    assert talk.get(f"/drives/{quiet_drive}", Authorization="").status == 401
