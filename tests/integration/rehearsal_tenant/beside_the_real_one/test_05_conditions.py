"""``if-match`` and ``if-none-match``: 412 and 304."""

from __future__ import annotations

import pytest

from support.tenant_talk import Talk


@pytest.mark.parametrize("by", ["path", "id"])
@pytest.mark.parametrize("tag", ["eTag", "cTag"])
def test_tenant_05_a_session_is_made_only_over_what_the_client_knows(
    talk: Talk, drive: str, by: str, tag: str
) -> None:
    """``driveitem-createuploadsession.md``: eTag or cTag, else 412."""
    seen = talk.put(drive, "known.txt", b"one").json()
    address = "root:/known.txt:" if by == "path" else f"items/{seen['id']}"
    where = f"/drives/{drive}/{address}/createUploadSession"
    talk.tenant.control.write(drive, seen["id"], b"a colleague's edit")
    old = talk.ask("POST", where, json_body={}, headers={"If-Match": seen[tag]})
    assert (old.status, old.error) == (412, "resourceModified")
    now = talk.good(f"/drives/{drive}/items/{seen['id']}")
    assert talk.ask("POST", where, json_body={}, headers={"If-Match": now[tag]}).status == 200


def test_tenant_05_if_none_match_refuses_what_is_there(talk: Talk, drive: str) -> None:
    """The same page: 412 when the tag that is given is the item's."""
    seen = talk.put(drive, "there.txt", b"one").json()
    where = f"/drives/{drive}/root:/there.txt:/createUploadSession"
    for given in (seen["eTag"], "*"):
        answer = talk.ask("POST", where, json_body={}, headers={"If-None-Match": given})
        assert answer.status == 412, given
    none = f"/drives/{drive}/root:/not there.txt:/content".replace(" ", "%20")
    assert talk.ask("PUT", none, body=b"x", headers={"If-None-Match": "*"}).status == 201
    assert talk.ask("PUT", none, body=b"y", headers={"If-None-Match": "*"}).status == 412


def test_tenant_05_what_the_client_has_already_is_304(talk: Talk, drive: str) -> None:
    """``driveitem-get.md``, ``driveitem-list-children.md``."""
    seen = talk.put(drive, "cached.txt", b"one").json()
    where = f"/drives/{drive}/items/{seen['id']}"
    for place in (where, f"{where}/content"):
        for tag in (seen["eTag"], seen["cTag"]):
            answer = talk.ask("GET", place, headers={"If-None-Match": tag})
            assert (answer.status, answer.body) == (304, b"")
    root = talk.good(f"/drives/{drive}/root")
    children = f"/drives/{drive}/root/children"
    assert talk.ask("GET", children, headers={"If-None-Match": root["eTag"]}).status == 304
    talk.tenant.control.write(drive, seen["id"], b"two")
    assert talk.ask("GET", where, headers={"If-None-Match": seen["eTag"]}).status == 200
