"""Upload sessions: what happens to a name that is taken, and to one that a session holds."""

from __future__ import annotations

import pytest

from support.tenant_talk import Reply, Talk

BEHAVIOR = "@microsoft.graph.conflictBehavior"
DAY = 86_400.0


def _open(talk: Talk, drive: str, name: str, way: str = "") -> Reply:
    item = {BEHAVIOR: way} if way else {}
    where = f"/drives/{drive}/root:/{name}:/createUploadSession"
    return talk.ask("POST", where, json_body={"item": item})


def _send(talk: Talk, url: str, data: bytes) -> Reply:
    headers = {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"}
    return talk.ask("PUT", url, body=data, headers=headers)


def test_tenant_01_a_session_that_says_nothing_replaces(talk: Talk, drive: str) -> None:
    """microsoft-graph-docs#19010, onedrive-api-docs#54: the default is replace, not fail."""
    there = talk.put(drive, "twice.txt", b"first").json()
    done = _send(talk, _open(talk, drive, "twice.txt").json()["uploadUrl"], b"second")
    assert (done.status, done.json()["id"]) == (200, there["id"])
    assert talk.fetch(drive, there["id"]) == b"second"


def test_tenant_01_a_session_that_says_fail_fails(talk: Talk, drive: str) -> None:
    """microsoft-graph-docs#19010: "explicitly passing fail results in a HTTP 409 Conflict"."""
    there = talk.put(drive, "once.txt", b"first").json()
    done = _send(talk, _open(talk, drive, "once.txt", "fail").json()["uploadUrl"], b"second")
    assert (done.status, done.error) == (409, "nameAlreadyExists")
    assert talk.fetch(drive, there["id"]) == b"first"


@pytest.mark.parametrize("way", ["", "replace", "fail"])
def test_tenant_07_an_open_session_holds_the_name(talk: Talk, drive: str, way: str) -> None:
    """onedrive-api-docs#747; the text is that of microsoft-graph-docs#17631."""
    first = _open(talk, drive, "held.bin")
    second = _open(talk, drive, "HELD.bin", way)
    assert (second.status, second.error) == (409, "nameAlreadyExists")
    assert "currently being uploaded" in second.json()["error"]["message"]
    assert _open(talk, drive, "other.bin").status == 200
    assert talk.ask("DELETE", first.json()["uploadUrl"]).status == 204
    assert _open(talk, drive, "held.bin", way).status == 200


def test_tenant_07_rename_makes_way_and_a_finished_session_lets_go(talk: Talk, drive: str) -> None:
    first = _open(talk, drive, "busy.bin").json()["uploadUrl"]
    second = _open(talk, drive, "busy.bin", "rename")
    assert second.status == 200
    assert _send(talk, first, b"one").json()["name"] == "busy.bin"
    assert _send(talk, second.json()["uploadUrl"], b"two").json()["name"] == "busy 1.bin"
    assert _open(talk, drive, "busy.bin").status == 200


def test_tenant_07_a_session_that_expires_lets_go(talk: Talk, drive: str) -> None:
    _open(talk, drive, "left.bin")
    assert _open(talk, drive, "left.bin").status == 409
    talk.advance(DAY + 1)
    assert _open(talk, drive, "left.bin").status == 200


def test_tenant_07_a_session_on_the_file_itself_holds_its_name(talk: Talk, drive: str) -> None:
    made = talk.put(drive, "mine.txt", b"x").json()
    where = f"/drives/{drive}/items/{made['id']}/createUploadSession"
    assert talk.ask("POST", where, json_body={}).status == 200
    assert talk.ask("POST", where, json_body={}).status == 409
    assert _open(talk, drive, "mine.txt").status == 409
