"""Folders that a PUT makes, and smaller things in which the rehearsal was too kind."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support.tenant_talk import Talk


def test_tenant_09_a_put_makes_the_folders_on_its_way(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#83: by path, and by path below an item."""
    made = talk.put(drive, "multi/level/upsert.txt", b"x")
    assert made.status == 201
    folder = talk.good(f"/drives/{drive}/root:/multi")
    assert "folder" in folder
    below = f"/drives/{drive}/items/{folder['id']}:/other/again.txt:/content"
    assert talk.ask("PUT", below, body=b"y").status == 201
    assert talk.good(f"/drives/{drive}/root:/multi/other/again.txt")["size"] == 1


def test_tenant_09_it_makes_none_for_a_name_that_is_not_taken(talk: Talk, drive: str) -> None:
    assert talk.put(drive, "new/bad|name.txt", b"x").status == 400
    assert talk.get(f"/drives/{drive}/root:/new").status == 404
    assert talk.put(drive, "bad|folder/x.txt", b"x").status == 400
    talk.put(drive, "a file", b"x")
    assert talk.put(drive, "a file/x.txt", b"x").status == 400


def test_tenant_09_a_session_makes_none(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#364: "the parent folder must exist before you call createSession"."""
    where = f"/drives/{drive}/root:/not/there.txt:/createUploadSession"
    assert talk.ask("POST", where, json_body={}).status == 404


def test_tenant_10_another_format_is_not_the_original(talk: Talk, drive: str) -> None:
    """``driveitem-get-content-format.md``: the answer is a PDF; here it is a plain no."""
    made = talk.put(drive, "letter.docx", b"x").json()
    answer = talk.get(f"/drives/{drive}/items/{made['id']}/content?format=pdf")
    assert (answer.status, answer.error) == (501, "notImplemented")


def test_tenant_10_what_was_shared_once_keeps_an_empty_facet(talk: Talk, drive: str) -> None:
    """microsoft-graph-docs#4499: "used to be shared … still have non-null shared facet"."""
    made = talk.put(drive, "shared.txt", b"x").json()
    where = f"/drives/{drive}/items/{made['id']}"
    body = {"type": "view", "scope": "organization"}
    link = talk.ask("POST", f"{where}/createLink", json_body=body).json()
    assert talk.good(where)["shared"] == {"scope": "organization"}
    _, token = talk.delta(f"/drives/{drive}/root/delta?token=latest")
    assert talk.ask("DELETE", f"{where}/permissions/{link['id']}").status == 204
    assert talk.good(where)["shared"] == {}
    (told,) = [one for one in talk.delta(token)[0] if one["id"] == made["id"]]
    assert told["shared"] == {}


def test_tenant_10_delta_brings_the_folders_above_and_the_root(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#295, by design; and what ``deltaExcludeParent`` leaves
    (microsoft-graph-explorer-v4#4052).
    """
    made = talk.put(drive, "above/below/x.txt", b"x").json()
    _, link = talk.delta(f"/drives/{drive}/root/delta?token=latest")
    talk.tenant.control.write(drive, made["id"], b"changed")
    names = [one["name"] for one in talk.delta(link)[0]]
    assert names == ["root", "above", "below", "x.txt"]
    less = talk.get(link, Prefer="deltaExcludeParent").json()["value"]
    assert [one["name"] for one in less] == ["root", "x.txt"]
    nothing = talk.good(talk.delta(link)[1])
    assert nothing["value"] == []


@pytest.mark.parametrize("name", ["report.", "folder..", "a. ."])
def test_tenant_10_a_name_does_not_end_with_a_dot(talk: Talk, drive: str, name: str) -> None:
    """skilion/onedrive#315: 400; rclone's page on OneDrive lists the dot among what must not end
    a name.
    """
    answer = talk.put(drive, name, b"x")
    assert (answer.status, answer.inner) == (400, "invalidName")
    body = {"name": name, "folder": {}}
    where = f"/drives/{drive}/root/children"
    assert talk.ask("POST", where, json_body=body).status == 400


def test_tenant_10_a_link_to_embed_is_for_personal_drives(talk: Talk, drive: str) -> None:
    """``driveitem-createlink.md``: "embed links are only supported for OneDrive Personal"."""
    made = talk.put(drive, "e.txt", b"x").json()
    where = f"/drives/{drive}/items/{made['id']}/createLink"
    answer = talk.ask("POST", where, json_body={"type": "embed", "scope": "anonymous"})
    assert (answer.status, answer.error) == (400, "invalidRequest")


def test_tenant_10_a_session_names_the_file_as_its_path_does(talk: Talk, drive: str) -> None:
    """``driveitem-createuploadsession.md``: the path must contain the name in the body."""
    where = f"/drives/{drive}/root:/one.txt:/createUploadSession"
    assert talk.ask("POST", where, json_body={"item": {"name": "two.txt"}}).status == 400
    assert talk.ask("POST", where, json_body={"item": {"name": "one.txt"}}).status == 200


def test_tenant_11_a_download_url_takes_head_and_no_token(talk: Talk, drive: str) -> None:
    """``driveitem-get-content.md``: the URL needs no Authorization header, and must not get one."""
    made = talk.put(drive, "head.txt", b"0123456789").json()
    url = talk.get(f"/drives/{drive}/items/{made['id']}/content").headers["Location"]
    head = talk.ask("HEAD", url)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "10", b"")
    assert head.headers["Accept-Ranges"] == "bytes"
    refused = talk.ask("GET", url, headers={"Authorization": f"Bearer {talk.token}"})
    assert (refused.status, refused.error) == (401, "unauthenticated")
    assert talk.get(url).body == b"0123456789"


def test_tenant_12_ids_are_taken_as_they_are(talk: Talk, drive: str) -> None:
    """``resources/driveitem.md``: ids are opaque; another case is another id."""
    made = talk.put(drive, "id.txt", b"x").json()
    assert talk.get(f"/drives/{drive}/items/{made['id']}").status == 200
    assert talk.get(f"/drives/{drive}/items/{quote(made['id'].lower())}").status == 404
