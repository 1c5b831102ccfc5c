"""Lists and column values, and the recycle bin (cases B6: what was deleted, when, from where)."""

from __future__ import annotations

import dataclasses
from urllib.parse import unquote

from sluis.rehearsal.tenant.weather import Weather
from support.tenant_talk import Talk


def test_libraries_are_lists_and_there_are_others(talk: Talk, site: str, drive: str) -> None:
    listed = [one for page in talk.pages(f"/sites/{site}/lists") for one in page["value"]]
    kinds = {one["displayName"]: one["list"]["template"] for one in listed}
    assert kinds["Documents"] == "documentLibrary"
    assert kinds["Contacts"] == "genericList"
    library = talk.good(f"/drives/{drive}/list")
    assert talk.good(f"/sites/{site}/lists/{library['id']}")["id"] == library["id"]
    assert talk.good(f"/sites/{site}/lists/{library['id']}/drive")["id"] == drive
    columns = talk.good(f"/sites/{site}/lists/{library['id']}/columns")["value"]
    assert "Department" in {one["name"] for one in columns}
    assert talk.get(f"/sites/{site}/lists/none").status == 404


def test_items_of_a_plain_list_have_their_values(talk: Talk, site: str) -> None:
    where = f"/sites/{site}/lists/Contacts/items"
    plain = talk.good(where)["value"]
    assert len(plain) == 5 and all("fields" not in one for one in plain)
    full = talk.good(f"{where}?$expand=fields")["value"]
    assert full[0]["fields"]["Title"] == "Contact 01"
    assert talk.good(f"{where}/2/fields")["Title"] == "Contact 02"
    assert talk.get(f"{where}/77").status == 404


def test_a_file_has_column_values_that_can_be_changed(talk: Talk, site: str, drive: str) -> None:
    file = talk.put(drive, "with fields.txt", b"x").json()
    where = f"/drives/{drive}/items/{file['id']}/listItem"
    entry = talk.good(f"{where}?$expand=fields")
    assert entry["fields"]["FileLeafRef"] == "with fields.txt"
    changed = talk.ask("PATCH", f"{where}/fields", json_body={"Department": "Care"})
    assert changed.status == 200
    assert talk.good(f"{where}/fields")["Department"] == "Care"
    library = talk.good(f"/drives/{drive}/list")["id"]
    by_list = talk.good(f"/sites/{site}/lists/{library}/items/{entry['id']}/fields")
    assert by_list["Department"] == "Care"
    back = talk.good(f"/sites/{site}/lists/{library}/items/{entry['id']}/driveItem")
    assert back["id"] == file["id"]
    for body in ({"NoSuchColumn": 1}, {"Created": "2020-01-01"}, {"_ComplianceTag": "none"}):
        assert talk.ask("PATCH", f"{where}/fields", json_body=body).status == 400


def test_a_library_lists_its_items_with_their_values(
    talk: Talk, site: str, quiet_drive: str
) -> None:
    library = talk.good(f"/drives/{quiet_drive}/list")["id"]
    entries = [
        one
        for page in talk.pages(f"/sites/{site}/lists/{library}/items?$expand=fields")
        for one in page["value"]
    ]
    assert len(entries) == len(talk.tenant.control.items(quiet_drive))
    labelled = [one for one in entries if "_ComplianceTag" in one["fields"]]
    assert [one["fields"]["FileLeafRef"] for one in labelled] == ["Retained 01.pdf"]
    assert any(one["fields"].get("Department") for one in entries)


def test_case_B6_the_bin_says_what_was_deleted_when_and_from_where(
    talk: Talk, site: str, drive: str
) -> None:
    file = talk.put(drive, "Nasty/to the bin.txt", b"12345").json()
    url = unquote(talk.good(f"/drives/{drive}")["webUrl"])
    before = talk.good(f"/drives/{drive}")["quota"]["deleted"]
    talk.ask("DELETE", f"/drives/{drive}/items/{file['id']}")
    where = f"beta:/sites/{site}/recycleBin/items"
    first = talk.good(where)["value"][0]
    assert (first["name"], first["size"]) == ("to the bin.txt", 5)
    assert first["deletedFromLocation"] == f"sites/team01/{url.rpartition('/')[2]}/Nasty"
    assert first["deletedDateTime"] > file["createdDateTime"][:10]
    assert "content" not in first and "@microsoft.graph.downloadUrl" not in first
    assert talk.good(f"/drives/{drive}")["quota"]["deleted"] == before + 5
    entries = [one for page in talk.pages(where) for one in page["value"]]
    assert len({one["id"] for one in entries}) == len(entries)
    assert {"Deleted 0001.txt", "Deleted 0002.txt"} <= {one["name"] for one in entries}


def test_the_bin_is_in_beta_only_and_gives_nothing_back(talk: Talk, site: str) -> None:
    assert talk.get(f"/sites/{site}/recycleBin/items").status == 400
    item = talk.good(f"beta:/sites/{site}/recycleBin/items")["value"][0]["id"]
    restore = f"beta:/sites/{site}/recycleBin/items/{item}/restore"
    assert talk.ask("POST", restore).status == 400


def test_case_B6_a_purged_bin_is_empty_by_hand_and_at_the_end_date(
    talk: Talk, drive: str, site: str
) -> None:
    made = talk.put(drive, "purged.txt", b"1").json()
    talk.tenant.control.delete(drive, made["id"])
    where = f"beta:/sites/{site}/recycleBin/items?$top=1000"
    names = {one["name"] for one in talk.good(where)["value"]}
    assert "purged.txt" in names
    assert talk.tenant.control.purge_bin(drive) == 3
    assert "purged.txt" not in {one["name"] for one in talk.good(where)["value"]}
    assert talk.good(f"/drives/{drive}")["quota"]["deleted"] == 0
    control = talk.tenant.control
    control.set_weather(dataclasses.replace(Weather(), bin_ends=1.0))
    try:
        assert talk.good(where)["value"] == []
    finally:
        control.set_weather(Weather())
