"""One switch for each trait of a bad day; where each comes from stands in ``weather.Weather``."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.weather import Weather
from sluis.rehearsal.tenant.weather_maker import WeatherMaker
from support.tenant_talk import Talk

UNIT = 320 * 1024


@contextlib.contextmanager
def _weather(talk: Talk, **traits: Any) -> Iterator[None]:
    talk.tenant.control.set_weather(Weather(**traits))
    try:
        yield
    finally:
        talk.tenant.control.set_weather(Weather())


def _files(talk: Talk, drive: str, many: int = 40) -> list[dict[str, Any]]:
    """Enough files for a share of them to be hit."""
    return [talk.put(drive, f"f{n:02d}.bin", b"%03d" % n * 500).json() for n in range(many)]


def test_tenant_13_locked_files_refuse_every_change(talk: Talk, drive: str) -> None:
    """423: microsoft-graph-explorer-v4#3435 (the body), onedrive-api-docs#912 (deleting)."""
    files = _files(talk, drive)
    with _weather(talk, locked=0.4):
        hit = set()
        for file in files:
            where = f"/drives/{drive}/items/{file['id']}"
            answer = talk.ask("PATCH", where, json_body={"description": "x"})
            if answer.status == 423:
                hit.add(file["id"])
                assert (answer.error, answer.inner) == ("notAllowed", "resourceLocked")
                for method, more in (("DELETE", ""), ("PUT", "/content")):
                    assert talk.ask(method, f"{where}{more}", body=b"y").status == 423
                by_path = f"/drives/{drive}/root:/{file['name']}:/createUploadSession"
                assert talk.ask("POST", by_path, json_body={}).status == 423
                assert talk.get(where).status == 200, "looking is allowed"
        assert 0 < len(hit) < len(files)
    one = hit.pop()
    assert talk.ask("DELETE", f"/drives/{drive}/items/{one}").status == 204


def test_tenant_13_bandwidth_is_told_with_509_and_a_wait(talk: Talk, drive: str) -> None:
    """Microsoft's page "Microsoft Graph error responses": 509, try again later."""
    file = _files(talk, drive, 1)[0]
    where = f"/drives/{drive}/items/{file['id']}/content"
    with _weather(talk, bandwidth_exceeded=1.0, most_per_key=2, retry_after=0.5):
        url = talk.get(where).headers["Location"]
        first = talk.get(url)
        assert (first.status, first.error) == (509, "bandwidthLimitExceeded")
        assert first.headers["Retry-After"] == "0.5"
        assert [talk.get(url).status for _ in range(2)] == [509, 200]
        session = f"/drives/{drive}/root:/up.bin:/createUploadSession"
        up = talk.ask("POST", session, json_body={}).json()["uploadUrl"]
        span = {"Content-Range": "bytes 0-2/3"}
        assert [talk.ask("PUT", up, body=b"abc", headers=span).status for _ in range(3)] == [
            509, 509, 201,
        ]  # fmt: skip


def _content(talk: Talk, drive: str, file: dict[str, Any]) -> tuple[bytes, str]:
    url = talk.get(f"/drives/{drive}/items/{file['id']}/content").headers["Location"]
    answer = talk.get(url)
    assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(answer.body))
    return answer.body, answer.headers["Content-Type"]


def test_tenant_13_content_comes_short_time_after_time(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#1258, sp-dev-docs#5247: 200, an honest length, too few bytes."""
    files = _files(talk, drive)
    with _weather(talk, short_content=0.5):
        came = [_content(talk, drive, file)[0] for file in files]
        again = [_content(talk, drive, file)[0] for file in files]
        listed = talk.good(f"/drives/{drive}/items/{files[0]['id']}")
    assert came == again
    short = [len(body) for body in came if len(body) < 1_500]
    assert short and 0 in short and any(short) and len(short) < len(files)
    assert listed["size"] == 1_500, "the listing does not know"
    assert {len(_content(talk, drive, file)[0]) for file in files} == {1_500}


def test_tenant_13_a_short_file_is_short_in_pieces_too(talk: Talk, drive: str) -> None:
    file = talk.put(drive, "pieces.bin", b"x" * 5_000).json()
    with _weather(talk, short_content=1.0):
        url = talk.get(f"/drives/{drive}/items/{file['id']}/content").headers["Location"]
        size = len(talk.get(url).body)
        beyond = talk.get(url, Range="bytes=4999-")
        assert beyond.status == 416 and beyond.headers["Content-Range"] == f"bytes */{size}"


def test_tenant_13_an_error_page_comes_instead_of_a_file(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#1195: "Our app stored the response as if it were … file contents"."""
    files = _files(talk, drive)
    with _weather(talk, html_content=0.3):
        kinds = [_content(talk, drive, file) for file in files]
        assert kinds == [_content(talk, drive, file) for file in files]
    pages = [body for body, kind in kinds if kind.startswith("text/html")]
    assert pages and all(b"<title>Error</title>" in page for page in pages)
    assert len(pages) < len(files)


def test_tenant_13_hashes_come_late(talk: Talk, drive: str) -> None:
    """``resources/hashes.md``: updated after the item is downloaded."""
    with _weather(talk, late_hashes=0.5):
        files = _files(talk, drive)
        late = [file for file in files if "hashes" not in file["file"]]
        assert late and len(late) < len(files)
        listed = talk.delta(f"/drives/{drive}/root/delta")[0]
        assert not [one for one in listed if one["id"] == late[0]["id"] and "hashes" in one["file"]]
        _content(talk, drive, late[0])
        assert "hashes" in talk.good(f"/drives/{drive}/items/{late[0]['id']}")["file"]


def test_tenant_13_dates_are_dropped(talk: Talk, drive: str) -> None:
    """onedrive-api-docs#1379, msgraph-sdk-dotnet#1714."""
    dates = {"lastModifiedDateTime": "2009-09-09T09:09:09Z"}
    kept = []
    with _weather(talk, dropped_dates=0.5):
        for number in range(30):
            where = f"/drives/{drive}/root:/d{number}.txt:/createUploadSession"
            body = {"item": {"fileSystemInfo": dates}}
            url = talk.ask("POST", where, json_body=body).json()["uploadUrl"]
            made = talk.ask("PUT", url, body=b"x", headers={"Content-Range": "bytes 0-0/1"})
            told = made.json()["fileSystemInfo"]["lastModifiedDateTime"]
            kept.append(told == dates["lastModifiedDateTime"])
    assert any(kept) and not all(kept)


@pytest.mark.parametrize(
    ("told", "quota"),
    [("empty", {}), ("zeros", {"deleted": 0, "remaining": 0, "total": 0, "used": 0})],
)
def test_tenant_13_no_quota_is_told(talk: Talk, drive: str, told: Any, quota: Any) -> None:
    """microsoft-graph-docs#7638 (empty), onedrive-api-docs#1245 and #1353 (zeros)."""
    with _weather(talk, no_quota=told):
        assert talk.good(f"/drives/{drive}")["quota"] == quota
        # and there is room all the same
        assert talk.put(drive, f"{told}.txt", b"x").status == 201
    assert talk.good(f"/drives/{drive}")["quota"]["total"] > 0


def test_tenant_13_reads_are_redirected(talk: Talk, drive: str) -> None:
    """microsoft-graph-docs#8326: 308."""
    with _weather(talk, redirects=1.0, most_per_key=1):
        where = f"{talk.tenant.graph}/v1.0/drives/{drive}/root"
        first = talk.get(where)
        assert (first.status, first.body) == (308, b"")
        assert talk.good(first.headers["Location"])["root"] == {}


def test_tenant_13_permissions_of_some_items_are_denied(talk: Talk, drive: str) -> None:
    files = _files(talk, drive)
    with _weather(talk, permissions_denied=0.3):
        answers = [talk.get(f"/drives/{drive}/items/{one['id']}/permissions") for one in files]
        assert {answer.status for answer in answers} == {200, 403}
        denied = next(
            one
            for one, answer in zip(files, answers, strict=True)
            if not answer.body or answer.status == 403
        )
        assert talk.get(f"/drives/{drive}/items/{denied['id']}").status == 200
        shown = talk.good(f"/drives/{drive}/items/{denied['id']}?$expand=permissions")
        assert "permissions" not in shown


def test_tenant_13_rights_are_taken_away_between_pages(talk: Talk, drive: str) -> None:
    """``driveitem-delta.md``: a permission that goes away is a change of the item."""
    files = _files(talk, drive, 10)
    body = {"type": "view", "scope": "organization"}
    for file in files:
        talk.ask("POST", f"/drives/{drive}/items/{file['id']}/createLink", json_body=body)

    def shared() -> int:
        return sum(
            not one.get("inheritedFrom")
            for file in files
            for one in talk.good(f"/drives/{drive}/items/{file['id']}/permissions")["value"]
            if "link" in one
        )

    assert shared() == 10
    with _weather(talk, revoked_between_pages=0.8, most_per_key=1):
        entries, _ = talk.delta(f"/drives/{drive}/root/delta?$top=4")
    assert shared() < 10
    told = [one for one in entries if one.get("shared") == {}]
    assert told, "an item that lost its permission comes again"


def test_tenant_13_the_apps_rights_and_its_consent_end(talk: Talk, drive: str) -> None:
    """``site-delete-permission.md``; Microsoft's page on claims challenges."""
    now = 4_000_000_000.0  # the tenant's clock is far from there
    with _weather(talk, rights_end=now, consent_ends=now):
        assert talk.get(f"/drives/{drive}").status == 200
    with _weather(talk, rights_end=1.0):
        refused = talk.get(f"/drives/{drive}/root/children")
        assert (refused.status, refused.error) == (403, "accessDenied")
        assert talk.get("/users").status == 200, "people are no site"
    with _weather(talk, consent_ends=1.0):
        refused = talk.get("/users")
        assert (refused.status, refused.error) == (401, "InvalidAuthenticationToken")
        challenge = refused.headers["WWW-Authenticate"]
        assert 'error="insufficient_claims"' in challenge
        claims = re.search(r'claims="([^"]+)"', challenge)
        assert claims and "access_token" in json.loads(base64.b64decode(claims[1]))
        talk.sign_in()
        assert talk.get("/users").status == 401, "a fresh token is no better"
    assert talk.get("/users").status == 200


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    people = Population(users=1, sites=0, items_per_drive=3, encrypted=4, twins=2)
    with start_tenant(tmp_path_factory.mktemp("odd"), Settings(population=people)) as tenant:
        yield tenant


def test_tenant_13_a_label_encrypts_office_files(odd: Tenant) -> None:
    """MS-OFFCRYPTO 2.3.4.4: a compound file with a stream EncryptedPackage, and no ZIP."""
    talk, drive = Talk(odd), odd.control.drives()[0]["id"]
    files = [one for one in odd.control.items(drive) if one["name"].startswith("Labelled")]
    assert {one["name"].rpartition(".")[2] for one in files} == {"docx", "xlsx", "pptx"}
    for file in files:
        data = talk.fetch(drive, file["id"])
        assert data.startswith(bytes.fromhex("d0cf11e0a1b11ae1"))
        assert "EncryptedPackage".encode("utf-16-le") in data
        assert len(data) == file["size"] and len(data) % 512 == 0
        assert not zipfile.is_zipfile(io.BytesIO(data))


def test_tenant_13_two_files_have_one_path_and_are_two(odd: Tenant) -> None:
    """``driveitem-delta.md``: the id is the key."""
    talk, drive = Talk(odd), odd.control.drives()[0]["id"]
    for listed in (
        talk.delta(f"/drives/{drive}/root/delta")[0],
        talk.good(f"/drives/{drive}/root/children")["value"],
    ):
        twins = [one for one in listed if one["name"] == "Twice 01.txt"]
        assert [one["size"] for one in twins] == [300, 400] and len(
            {one["id"] for one in twins}
        ) == 2
    first, second = twins
    assert len(talk.fetch(drive, second["id"])) == 400
    by_path = talk.good(f"/drives/{drive}/root:/{quote('Twice 01.txt')}")
    assert by_path["id"] == first["id"]
    assert talk.ask("DELETE", f"/drives/{drive}/items/{second['id']}").status == 204
    assert talk.get(f"/drives/{drive}/items/{first['id']}").status == 200
    odd.control.rename(drive, first["id"], "Once.txt")
    names = [one["name"] for one in talk.good(f"/drives/{drive}/root/children")["value"]]
    assert "Twice 01.txt" not in names and "Once.txt" in names


def test_tenant_13_the_same_seed_meets_the_same_weather() -> None:
    weather = Weather(
        locked=0.3, short_content=0.3, html_content=0.3, late_hashes=0.3, dropped_dates=0.3,
        permissions_denied=0.3, redirects=0.3, bandwidth_exceeded=0.3,
    )  # fmt: skip

    def told(seed: int) -> list[str]:
        maker = WeatherMaker(weather, seed)
        return [
            repr(
                (
                    maker.is_locked(name),
                    maker.lie(name, "tag"),
                    maker.is_late_with_hash(name),
                    maker.drops_dates(name),
                    maker.hides_permissions(name),
                    maker.redirects(name),
                    maker.too_much(name),
                )
            )
            for name in map(str, range(200))
        ]

    assert told(1) == told(1) != told(2)
    assert len(set(told(1))) > 20


def test_tenant_13_a_calm_day_has_none_of_it() -> None:
    maker = WeatherMaker(Weather(), 1)
    for name in map(str, range(200)):
        assert not maker.is_locked(name) and maker.lie(name, "t") is None
        assert not maker.is_late_with_hash(name) and not maker.drops_dates(name)
        assert not maker.hides_permissions(name) and not maker.redirects(name)
        assert maker.too_much(name) is None
    assert not maker.rights_are_gone(1e12) and not maker.consent_is_gone(1e12)
