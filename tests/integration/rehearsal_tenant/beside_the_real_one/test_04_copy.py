"""``copy``: ``driveitem-copy.md``, and ``long-running-actions-overview`` for what follows."""

from __future__ import annotations

from typing import Any

from support.tenant_talk import Talk


def _followed(talk: Talk, answer: Any) -> dict[str, Any]:
    """What the monitor says at its end; it takes no token."""
    assert answer.status == 202 and answer.body == b""
    url = answer.headers["Location"]
    assert url.startswith(talk.tenant.content)
    first = talk.get(url)
    assert (first.status, first.json()["status"]) == (202, "inProgress")
    return dict(talk.get(url).json())


def test_tenant_04_a_folder_is_copied_with_all_that_is_in_it(talk: Talk, drive: str) -> None:
    talk.put(drive, "From/deep/a.txt", b"aaa")
    source = talk.good(f"/drives/{drive}/root:/From")
    where = f"/drives/{drive}/items/{source['id']}/copy"
    done = _followed(talk, talk.ask("POST", where, json_body={"name": "To"}))
    assert (done["status"], done["percentageComplete"]) == ("completed", 100.0)
    made = talk.good(f"/drives/{drive}/root:/To")
    assert made["id"] == done["resourceId"] != source["id"]
    copy = talk.good(f"/drives/{drive}/root:/To/deep/a.txt")
    assert talk.fetch(drive, copy["id"]) == b"aaa"
    # what is copied is another file from then on
    talk.ask("PUT", f"/drives/{drive}/items/{copy['id']}/content", body=b"changed")
    original = talk.good(f"/drives/{drive}/root:/From/deep/a.txt")
    assert talk.fetch(drive, original["id"]) == b"aaa"


def test_tenant_04_a_copy_goes_to_another_drive_byte_for_byte(
    talk: Talk, drive: str, _libraries: list[str]
) -> None:
    other = _libraries.pop()
    parent = talk.good(f"/drives/{other}/root")["id"]
    file = next(one for one in talk.tenant.control.items(drive) if "file" in one)
    body = {"parentReference": {"driveId": other, "id": parent}, "name": "came over.bin"}
    where = f"/drives/{drive}/items/{file['id']}/copy"
    done = _followed(talk, talk.ask("POST", where, json_body=body))
    made = talk.good(f"/drives/{other}/items/{done['resourceId']}")
    assert talk.fetch(other, made["id"]) == talk.tenant.control.bytes_of(drive, file["id"])
    assert made["file"]["hashes"] == file["file"]["hashes"]


def test_tenant_04_a_name_that_is_taken_is_met_as_asked(talk: Talk, drive: str) -> None:
    """``driveitem-copy.md``: fail is the default; replace and rename by query."""
    file = talk.put(drive, "a.txt", b"new").json()
    there = talk.put(drive, "b.txt", b"old").json()
    where = f"/drives/{drive}/items/{file['id']}/copy"
    taken = talk.ask("POST", where, json_body={"name": "b.txt"})
    assert (taken.status, taken.error) == (409, "nameAlreadyExists")
    renamed = f"{where}?@microsoft.graph.conflictBehavior=rename"
    made = _followed(talk, talk.ask("POST", renamed, json_body={"name": "b.txt"}))
    assert talk.good(f"/drives/{drive}/items/{made['resourceId']}")["name"] == "b 1.txt"
    replaced = f"{where}?@microsoft.graph.conflictBehavior=replace"
    made = _followed(talk, talk.ask("POST", replaced, json_body={"name": "b.txt"}))
    assert made["resourceId"] == there["id"] and talk.fetch(drive, there["id"]) == b"new"


def test_tenant_04_a_folder_does_not_go_into_itself_nor_beyond_the_quota(
    talk: Talk, drive: str
) -> None:
    talk.put(drive, "Folder/x.bin", b"x" * 5_000)
    folder = talk.good(f"/drives/{drive}/root:/Folder")["id"]
    where = f"/drives/{drive}/items/{folder}/copy"
    into = {"parentReference": {"id": folder}, "name": "y"}
    assert talk.ask("POST", where, json_body=into).status == 400
    used = talk.good(f"/drives/{drive}")["quota"]["used"]
    talk.tenant.control.set_quota(drive, used + 4_999)
    assert talk.ask("POST", where, json_body={"name": "y"}).status == 507
    assert talk.get(f"{talk.tenant.content}/monitor/none").status == 404
