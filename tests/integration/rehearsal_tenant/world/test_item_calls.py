"""Items by id and by path, folders, renames, moves and deletions."""

from __future__ import annotations

import re
from urllib.parse import quote

from support.tenant_talk import Talk


def _folder(talk: Talk, drive: str, name: str, **more: object) -> dict[str, object]:
    answer = talk.ask(
        "POST", f"/drives/{drive}/root/children", json_body={"name": name, "folder": {}, **more}
    )
    assert answer.status == 201, answer.body
    made: dict[str, object] = answer.json()
    return made


def test_tags_and_members_have_the_shape_of_business(talk: Talk, quiet_drive: str) -> None:
    items = [
        one for page in talk.pages(f"/drives/{quiet_drive}/root/children") for one in page["value"]
    ]
    files = [one for one in items if "file" in one]
    folders = [one for one in items if "folder" in one]
    assert files and folders
    for one in items:
        assert re.fullmatch(r'"\{[0-9A-F-]{36}\},\d+"', one["eTag"])
        assert re.fullmatch(r"01[0-9A-Z]{32}", one["id"])
        assert sum(facet in one for facet in ("file", "folder", "package")) == 1
        assert one["parentReference"]["path"] == f"/drives/{quiet_drive}/root:"
    for one in files:
        assert re.fullmatch(r'"c:\{[0-9A-F-]{36}\},\d+"', one["cTag"])
        assert ("@microsoft.graph.downloadUrl" in one) != ("malware" in one)
        assert list(one["file"].get("hashes", ["quickXorHash"])) == ["quickXorHash"]
    for one in folders:
        assert "cTag" not in one
        assert "@microsoft.graph.downloadUrl" not in one
        assert one["folder"]["childCount"] >= 0


def test_children_come_in_pages_each_once(talk: Talk, quiet_drive: str) -> None:
    nasty = talk.good(f"/drives/{quiet_drive}/root:/Nasty")
    pages = list(talk.pages(f"/drives/{quiet_drive}/items/{nasty['id']}/children?$top=7"))
    names = [one["name"] for page in pages for one in page["value"]]
    assert len(names) == len(set(names)) == nasty["folder"]["childCount"]
    assert all(len(page["value"]) == 7 for page in pages[:-1])
    assert talk.get(f"/drives/{quiet_drive}/root/children?$top=none").status == 400
    assert talk.get(f"/drives/{quiet_drive}/root/children?$skiptoken=none").status == 400


def test_select_leaves_only_what_was_asked_for(talk: Talk, quiet_drive: str) -> None:
    one = talk.good(f"/drives/{quiet_drive}/root:/Nasty?$select=id,name,size")
    assert set(one) == {"@odata.context", "id", "name", "size"}


def test_an_item_is_found_by_path_however_the_address_is_encoded(
    talk: Talk, quiet_drive: str
) -> None:
    for name in ("100%25 sure.txt", "hash#and&ampersand=1+1;semi,comma.txt", "café.txt", "😀.txt"):
        path = quote(f"Nasty/{name}")
        plain = talk.good(f"/drives/{quiet_drive}/root:/{path}")
        assert plain["name"] == name
        assert talk.good(f"/drives/{quiet_drive}/root:/{path}:")["id"] == plain["id"]
        assert talk.good(f"/drives/{quiet_drive}/root%3A%2F{path}%3A")["id"] == plain["id"]
        folder = plain["parentReference"]["id"]
        below = f"/drives/{quiet_drive}/items/{folder}:/{quote(name)}"
        assert talk.good(below)["id"] == plain["id"]
    # names are compared without case, and never by half
    assert talk.good(f"/drives/{quiet_drive}/root:/nASTY")["name"] == "Nasty"
    assert talk.get(f"/drives/{quiet_drive}/root:/Nast").status == 404


def test_the_id_of_another_drive_is_not_found(talk: Talk, drive: str, quiet_drive: str) -> None:
    item = talk.good(f"/drives/{quiet_drive}/root:/Nasty")["id"]
    assert talk.get(f"/drives/{drive}/items/{item}").status == 404
    altered = item[:-1] + ("A" if item[-1] != "A" else "B")
    assert talk.get(f"/drives/{quiet_drive}/items/{altered}").status == 404
    assert talk.get(f"/drives/{quiet_drive}/items/none").status == 404


def test_a_folder_is_made_and_a_taken_name_is_met_as_asked(talk: Talk, drive: str) -> None:
    made = _folder(talk, drive, "New Folder")
    assert made["folder"] == {"childCount": 0}
    where = f"/drives/{drive}/root/children"
    again = talk.ask("POST", where, json_body={"name": "NEW folder", "folder": {}})
    assert (again.status, again.error) == (409, "nameAlreadyExists")
    behavior = "@microsoft.graph.conflictBehavior"
    renamed = _folder(talk, drive, "New Folder", **{behavior: "rename"})
    assert renamed["name"] == "New Folder 1"
    assert _folder(talk, drive, "New Folder", **{behavior: "replace"})["id"] == made["id"]
    bad = talk.ask("POST", where, json_body={"name": "x", "folder": {}, behavior: "maybe"})
    assert bad.status == 400
    assert talk.ask("POST", where, json_body={"name": "file.txt"}).status == 400
    assert talk.ask("POST", where, body=b"{").status == 400


def test_rename_and_move_keep_the_id_and_move_the_etag(talk: Talk, drive: str) -> None:
    file = talk.put(drive, "before.txt", b"abc").json()
    folder = _folder(talk, drive, "Target")
    where = f"/drives/{drive}/items/{file['id']}"
    moved = talk.ask(
        "PATCH",
        where,
        json_body={"name": "after.txt", "parentReference": {"id": folder["id"]}},
    ).json()
    assert moved["id"] == file["id"]
    assert moved["cTag"] == file["cTag"]
    assert moved["eTag"] != file["eTag"]
    assert talk.good(f"/drives/{drive}/root:/Target/after.txt")["id"] == file["id"]
    assert talk.get(f"/drives/{drive}/root:/before.txt").status == 404
    assert talk.good(f"/drives/{drive}/root:/Target")["size"] == 3
    talk.put(drive, "Target/other.txt", b"")
    taken = talk.ask("PATCH", where, json_body={"name": "OTHER.txt"})
    assert (taken.status, taken.error) == (409, "nameAlreadyExists")
    # only the case of its own name may change
    assert talk.ask("PATCH", where, json_body={"name": "AFTER.txt"}).json()["name"] == "AFTER.txt"
    missing = {"parentReference": {"id": "01NONE"}}
    assert talk.ask("PATCH", where, json_body=missing).status == 404


def test_a_folder_does_not_go_into_itself_and_the_root_stays(talk: Talk, drive: str) -> None:
    outer = _folder(talk, drive, "Outer")
    inner = talk.ask(
        "POST",
        f"/drives/{drive}/items/{outer['id']}/children",
        json_body={"name": "Inner", "folder": {}},
    ).json()
    body = {"parentReference": {"id": inner["id"]}}
    assert talk.ask("PATCH", f"/drives/{drive}/items/{outer['id']}", json_body=body).status == 400
    assert talk.ask("PATCH", f"/drives/{drive}/root", json_body={"name": "x"}).status == 400
    assert talk.ask("DELETE", f"/drives/{drive}/root").status == 403


def test_dates_can_be_set_afterwards_and_that_makes_a_version(talk: Talk, drive: str) -> None:
    file = talk.put(drive, "dated.txt", b"abc").json()
    dates = {
        "createdDateTime": "2015-01-02T03:04:05Z",
        "lastModifiedDateTime": "2016-02-03T04:05:06+00:00",
    }
    where = f"/drives/{drive}/items/{file['id']}"
    made = talk.ask("PATCH", where, json_body={"fileSystemInfo": dates}).json()
    assert made["fileSystemInfo"] == {
        "createdDateTime": "2015-01-02T03:04:05Z",
        "lastModifiedDateTime": "2016-02-03T04:05:06Z",
    }
    assert made["file"] == file["file"]
    assert [one["id"] for one in talk.good(f"{where}/versions")["value"]] == ["2.0", "1.0"]
    wrong = {"fileSystemInfo": {"lastModifiedDateTime": "yesterday"}}
    assert talk.ask("PATCH", where, json_body=wrong).status == 400


def test_if_match_guards_against_a_change_in_between(talk: Talk, drive: str) -> None:
    file = talk.put(drive, "guarded.txt", b"1").json()
    where = f"/drives/{drive}/items/{file['id']}"
    talk.ask("PATCH", where, json_body={"description": "somebody else"})
    stale = {"If-Match": file["eTag"]}
    answer = talk.ask("DELETE", where, headers=stale)
    assert (answer.status, answer.error) == (412, "resourceModified")
    assert talk.ask("PATCH", where, json_body={"name": "x"}, headers=stale).status == 412
    fresh = talk.good(where)
    assert fresh["description"] == "somebody else"
    assert talk.ask("DELETE", where, headers={"If-Match": fresh["eTag"]}).status == 204
    assert talk.get(where).status == 404


def test_a_shortcut_leads_to_another_drive_and_has_no_content(talk: Talk) -> None:
    drive = talk.good("/users/user01@rehearsal.example/drive")["id"]
    shortcut = talk.good(f"/drives/{drive}/root:/Shortcut%2001")
    assert not {"file", "folder", "package"} & shortcut.keys()
    remote = shortcut["remoteItem"]
    assert remote["parentReference"]["driveId"] != drive
    target = talk.good(f"/drives/{remote['parentReference']['driveId']}/items/{remote['id']}")
    assert target["name"] == remote["name"]
    assert talk.get(f"/drives/{drive}/items/{shortcut['id']}/content").status == 400
    told, _ = talk.delta(f"/drives/{drive}/root/delta")
    assert [one["remoteItem"]["id"] for one in told if "remoteItem" in one] == [remote["id"]]


def test_a_missing_hash_appears_after_a_first_download(talk: Talk, drive: str) -> None:
    where = f"/drives/{drive}/root:/Without%20hash%2001.bin"
    assert "hashes" not in talk.good(where)["file"]
    told, _ = talk.delta(f"/drives/{drive}/root/delta")
    (entry,) = [one for one in told if one.get("name") == "Without hash 01.bin"]
    assert "hashes" not in entry["file"]
    talk.fetch(drive, entry["id"])
    assert talk.good(where)["file"]["hashes"]["quickXorHash"]


def test_a_listing_shows_what_changed_since_the_last_one(talk: Talk, drive: str) -> None:
    where = f"/drives/{drive}/root:/Nasty:/children?$top=1000"
    before = {one["name"] for one in talk.good(where)["value"]}
    talk.put(drive, "Nasty/brand new.txt", b"1")
    talk.ask("DELETE", f"/drives/{drive}/root:/Nasty/CON.txt")
    after = {one["name"] for one in talk.good(where)["value"]}
    assert after - before == {"brand new.txt"}
    assert before - after == {"CON.txt"}


def test_search_finds_by_name(talk: Talk, quiet_drive: str) -> None:
    found = talk.good(f"/drives/{quiet_drive}/root/search(q='bell')")["value"]
    assert [one["name"] for one in found] == ["bell\x07.txt"]
