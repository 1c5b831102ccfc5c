"""Upload sessions: every rule of ``driveitem-createuploadsession``."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from sluis.rehearsal.tenant.weather import Weather
from support.tenant_talk import Reply, Talk

UNIT = 320 * 1024
CONTENT = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(25_000))
OFFICE = (".docx", ".xlsx", ".pptx")
BEHAVIOR = "@microsoft.graph.conflictBehavior"


def _open(talk: Talk, drive: str, name: str, item: Any = None, **more: Any) -> Reply:
    body = {"item": item or {}, **more}
    where = f"/drives/{drive}/root:/{quote(name)}:/createUploadSession"
    return talk.ask("POST", where, json_body=body)


def _url(talk: Talk, drive: str, name: str, item: Any = None, **more: Any) -> str:
    answer = _open(talk, drive, name, item, **more)
    assert answer.status == 200, answer.body
    return str(answer.json()["uploadUrl"])


def _chunk(
    talk: Talk, url: str, start: int, end: int, data: bytes = CONTENT, total: int | None = None
) -> Reply:
    size = len(data) if total is None else total
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return talk.ask("PUT", url, body=data[start:end], headers=headers)


def _send(talk: Talk, url: str, data: bytes = CONTENT) -> Reply:
    answer = None
    for start in range(0, len(data), UNIT):
        answer = _chunk(talk, url, start, min(start + UNIT, len(data)), data)
        if start + UNIT < len(data):
            assert answer.status == 202, answer.body
    assert answer is not None
    return answer


def test_a_file_goes_up_in_chunks_and_comes_back_equal(talk: Talk, drive: str) -> None:
    dates = {
        "createdDateTime": "2012-01-01T00:00:00Z",
        "lastModifiedDateTime": "2013-01-01T00:00:00Z",
    }
    opened = _open(talk, drive, "up.bin", {"fileSize": len(CONTENT), "fileSystemInfo": dates})
    session = opened.json()
    assert session["uploadUrl"].startswith(talk.tenant.content)
    assert session["nextExpectedRanges"] == ["0-"]
    assert session["expirationDateTime"].endswith("Z")
    first = _chunk(talk, session["uploadUrl"], 0, UNIT)
    assert first.status == 202
    assert first.json()["nextExpectedRanges"][0].startswith(f"{UNIT}-")
    assert _chunk(talk, session["uploadUrl"], UNIT, 2 * UNIT).status == 202
    last = _chunk(talk, session["uploadUrl"], 2 * UNIT, len(CONTENT))
    assert last.status == 201
    made = last.json()
    assert made["fileSystemInfo"] == dates
    assert made["size"] == len(CONTENT)
    assert talk.fetch(drive, made["id"]) == CONTENT
    listed = talk.good(f"/drives/{drive}/items/{made['id']}")
    assert listed["file"] == made["file"]
    assert len(talk.good(f"/drives/{drive}/items/{made['id']}/versions")["value"]) == 1


def test_expected_ranges_have_an_end_or_none_and_are_no_plan(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "ranges.bin")
    seen = []
    for place in (0, 1):
        seen += _chunk(talk, url, place * UNIT, (place + 1) * UNIT).json()["nextExpectedRanges"]
    assert seen == [f"{UNIT}-", f"{2 * UNIT}-{len(CONTENT) - 1}"]


def test_a_chunk_that_is_not_the_last_is_a_multiple_of_320_kib(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "uneven.bin")
    answer = _chunk(talk, url, 0, UNIT + 1)
    assert (answer.status, answer.error) == (400, "invalidRequest")
    assert talk.get(url).json()["nextExpectedRanges"][0].startswith("0-")


def test_chunks_come_in_order_and_bytes_already_held_get_416(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "order.bin")
    early = _chunk(talk, url, UNIT, 2 * UNIT)
    assert (early.status, early.error) == (416, "invalidRange")
    assert _chunk(talk, url, 0, UNIT).status == 202
    again = _chunk(talk, url, 0, UNIT)
    assert (again.status, again.error, again.inner) == (416, "invalidRange", "fragmentOverlap")
    # the session lives on, and says where to go on
    assert talk.get(url).json()["nextExpectedRanges"][0].startswith(f"{UNIT}-")
    assert _chunk(talk, url, UNIT, 2 * UNIT).status == 202


def test_headers_have_to_fit_the_body_and_each_other(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "headers.bin", {"fileSize": len(CONTENT)})
    for text in ("", "bytes 0-9", "bytes */10", "bytes 9-0/10", f"bytes 0-8/{len(CONTENT)}"):
        answer = talk.ask("PUT", url, body=CONTENT[:10], headers={"Content-Range": text})
        assert (answer.status, answer.error) == (400, "invalidRequest"), text
    # another total than was announced
    assert _chunk(talk, url, 0, UNIT, total=len(CONTENT) + 1).status == 400
    assert _chunk(talk, url, 0, UNIT).status == 202


def test_a_chunk_of_60_mib_is_too_large(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "huge chunk.bin")
    size = 60 * 1024 * 1024
    answer = talk.ask(
        "PUT",
        url,
        body=b"",
        headers={
            "Content-Range": f"bytes 0-{size - 1}/{2 * size}",
            "Content-Length": str(size),
            "Connection": "close",
        },
    )
    assert (answer.status, answer.error) == (413, "requestEntityTooLarge")


def test_a_session_can_be_looked_at_and_cancelled(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "cancelled.bin")
    _chunk(talk, url, 0, UNIT)
    assert talk.get(url).status == 200
    assert talk.ask("DELETE", url).status == 204
    for answer in (talk.get(url), _chunk(talk, url, UNIT, 2 * UNIT), talk.ask("DELETE", url)):
        assert (answer.status, answer.error) == (404, "itemNotFound")
    assert talk.get(f"/drives/{drive}/root:/cancelled.bin").status == 404


def test_a_session_ends_by_itself_and_404_means_start_again(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "slow.bin")
    _chunk(talk, url, 0, UNIT)
    talk.advance(86_401)
    assert _chunk(talk, url, UNIT, 2 * UNIT).status == 404
    assert _send(talk, _url(talk, drive, "slow.bin")).status == 201


def test_a_finished_session_is_gone(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "done.bin")
    assert _send(talk, url).status == 201
    assert talk.get(url).status == 404


def test_the_token_must_not_come_along(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "token.bin")
    headers = {"Content-Range": f"bytes 0-9/{10}", "Authorization": f"Bearer {talk.token}"}
    answer = talk.ask("PUT", url, body=CONTENT[:10], headers=headers)
    assert (answer.status, answer.error) == (401, "unauthenticated")
    assert _chunk(talk, url, 0, 10, CONTENT[:10]).status == 201


def test_a_taken_name_shows_on_the_last_chunk_only(talk: Talk, drive: str) -> None:
    there = talk.put(drive, "taken.bin", b"was here").json()
    url = _url(talk, drive, "TAKEN.bin", {BEHAVIOR: "fail"})
    assert _chunk(talk, url, 0, UNIT).status == 202
    assert _chunk(talk, url, UNIT, 2 * UNIT).status == 202
    last = _chunk(talk, url, 2 * UNIT, len(CONTENT))
    assert (last.status, last.error) == (409, "nameAlreadyExists")
    assert talk.fetch(drive, there["id"]) == b"was here"


@pytest.mark.parametrize("way", ["replace", "rename"])
def test_a_taken_name_is_met_as_the_session_asked(talk: Talk, drive: str, way: str) -> None:
    there = talk.put(drive, "taken.bin", b"was here").json()
    last = _send(talk, _url(talk, drive, "taken.bin", {BEHAVIOR: way}))
    made = last.json()
    if way == "replace":
        assert (last.status, made["id"]) == (200, there["id"])
        versions = talk.good(f"/drives/{drive}/items/{there['id']}/versions")["value"]
        assert [one["size"] for one in versions] == [len(CONTENT), 8]
    else:
        assert (last.status, made["name"]) == (201, "taken 1.bin")
        assert talk.fetch(drive, there["id"]) == b"was here"
    assert talk.fetch(drive, made["id"]) == CONTENT
    assert _open(talk, drive, "x.bin", {BEHAVIOR: "perhaps"}).status == 400


def test_a_session_on_a_file_gives_it_new_content(talk: Talk, drive: str) -> None:
    there = talk.put(drive, "by id.bin", b"was here").json()
    where = f"/drives/{drive}/items/{there['id']}/createUploadSession"
    url = talk.ask("POST", where, json_body={"item": {}}).json()["uploadUrl"]
    assert _send(talk, url).json()["id"] == there["id"]
    folder = talk.good(f"/drives/{drive}/root:/Nasty")["id"]
    below = f"/drives/{drive}/items/{folder}:/below.bin:/createUploadSession"
    url = talk.ask("POST", below, json_body={"item": {}}).json()["uploadUrl"]
    assert _send(talk, url).json()["parentReference"]["id"] == folder
    on_folder = f"/drives/{drive}/items/{folder}/createUploadSession"
    assert talk.ask("POST", on_folder, json_body={}).status == 400


def test_an_empty_file_cannot_go_by_session(talk: Talk, drive: str) -> None:
    answer = _open(talk, drive, "empty.bin", {"fileSize": 0})
    assert (answer.status, answer.error) == (400, "invalidRequest")
    url = _url(talk, drive, "empty.bin")
    for text in ("bytes 0--1/0", "bytes 0-0/0", "bytes */0"):
        assert talk.ask("PUT", url, body=b"", headers={"Content-Range": text}).status == 400


def test_what_will_not_fit_is_refused_before_the_first_byte(talk: Talk, drive: str) -> None:
    used = talk.good(f"/drives/{drive}")["quota"]["used"]
    talk.tenant.control.set_quota(drive, used + len(CONTENT) - 1)
    answer = _open(talk, drive, "big.bin", {"fileSize": len(CONTENT)})
    assert (answer.status, answer.error) == (507, "quotaLimitReached")
    # without a size it is found out on the last chunk
    last = _send(talk, _url(talk, drive, "big.bin"))
    assert (last.status, last.error) == (507, "quotaLimitReached")
    assert talk.get(f"/drives/{drive}/root:/big.bin").status == 404


def test_a_deferred_commit_waits_for_an_empty_post(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "deferred.bin", deferCommit=True)
    assert talk.ask("POST", url).status == 400
    last = _send(talk, url)
    assert (last.status, last.json()["nextExpectedRanges"]) == (202, [])
    assert talk.get(f"/drives/{drive}/root:/deferred.bin").status == 404
    done = talk.ask("POST", url)
    assert done.status == 201
    assert talk.fetch(drive, done.json()["id"]) == CONTENT


def test_a_folder_that_went_away_meanwhile_is_said(talk: Talk, drive: str) -> None:
    url = _url(talk, drive, "Nasty/late.bin")
    talk.tenant.control.delete(drive, "Nasty")
    assert _send(talk, url).status == 404


def test_office_files_come_back_otherwise_when_the_weather_is_so(talk: Talk, drive: str) -> None:
    file = next(one for one in talk.tenant.control.items(drive) if one["name"].endswith(OFFICE))
    content = talk.tenant.control.bytes_of(drive, file["id"])
    talk.tenant.control.set_weather(Weather(rewrite=("office",)))
    try:
        made = _send(talk, _url(talk, drive, "again" + file["name"][-5:]), content).json()
    finally:
        talk.tenant.control.set_weather(Weather())
    body = talk.fetch(drive, made["id"])
    assert body != content
    assert len(body) == made["size"]
