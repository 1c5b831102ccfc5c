"""Rights, throttling, weather and batches as a client meets them, over TLS."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from sluis.graph import cost
from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.throttle import Limits
from sluis.rehearsal.tenant.weather import CALM, Weather
from support.asking import Asking

APPS = (
    AppSettings(),
    AppSettings(name="Nothing", permissions=()),
    AppSettings(name="Selected", permissions=("Sites.Selected",)),
    AppSettings(name="Union", permissions=("Sites.Selected", "Files.Read.All")),
)
SETTINGS = Settings(
    population=Population(users=1, sites=2, items_per_drive=30, folder_depth=1, recycle_bin=2),
    apps=APPS,
    page_size=10,
)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with start_tenant(tmp_path_factory.mktemp("tenant"), SETTINGS) as started:
        yield started


@pytest.fixture(scope="module")
def asking(tenant: Tenant) -> Asking:
    return Asking(tenant)


@pytest.fixture
def weather(tenant: Tenant) -> Iterator[Any]:
    """Sets the weather for one test."""
    yield lambda **fields: tenant.control.set_weather(replace(CALM, **fields))
    tenant.control.set_weather(CALM)


@pytest.fixture(scope="module")
def libraries(tenant: Tenant) -> list[dict[str, Any]]:
    return [drive for drive in tenant.control.drives() if not drive["owner"]]


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# rights


def test_an_app_without_permissions_gets_403_everywhere(
    tenant: Tenant, libraries: list[dict[str, Any]]
) -> None:
    nobody = Asking(tenant, tenant.apps[1])
    site, drive = libraries[0]["site"], libraries[0]["id"]
    item = tenant.control.items(drive)[0]["id"]
    for method, path in (
        ("GET", "/sites/getAllSites"),
        ("GET", f"/sites/{site}"),
        ("GET", f"/sites/{site}/drives"),
        ("GET", f"/sites/{site}/lists"),
        ("GET", f"/beta/sites/{site}/recycleBin/items"),
        ("GET", f"/drives/{drive}"),
        ("GET", f"/drives/{drive}/root/delta"),
        ("GET", f"/drives/{drive}/items/{item}/content"),
        ("GET", f"/drives/{drive}/items/{item}/permissions"),
        ("PUT", f"/drives/{drive}/root:/x.txt:/content"),
        ("POST", f"/drives/{drive}/root:/x.txt:/createUploadSession"),
        ("PATCH", f"/drives/{drive}/items/{item}"),
        ("DELETE", f"/drives/{drive}/items/{item}"),
        ("GET", "/users/user01@rehearsal.example/drive"),
    ):
        assert code(nobody.ask(method, path)) == (403, "accessDenied"), path
    assert code(nobody.ask("GET", "/users")) == (403, "Authorization_RequestDenied")
    assert item in {one["id"] for one in tenant.control.items(drive)}


def test_a_grant_opens_one_site_and_no_other(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]]
) -> None:
    selected, union = Asking(tenant, tenant.apps[2]), Asking(tenant, tenant.apps[3])
    granted, other = libraries[0], libraries[1]

    def reads(who: Asking, library: dict[str, Any]) -> int:
        return who.ask("GET", f"/drives/{library['id']}/root/delta").status_code

    def writes(who: Asking, library: dict[str, Any]) -> int:
        path = f"/drives/{library['id']}/root:/granted.txt:/content"
        return who.ask("PUT", path, data=b"x").status_code

    assert [reads(selected, one) for one in (granted, other)] == [403, 403]
    asking.json(
        "POST",
        f"/sites/{granted['site']}/permissions",
        json={
            "roles": ["read"],
            "grantedToIdentities": [{"application": {"id": tenant.apps[2].client_id}}],
        },
    )
    assert [reads(selected, one) for one in (granted, other)] == [200, 403]
    assert writes(selected, granted) == 403
    tenant.control.grant(granted["site"], tenant.apps[2].client_id, "write")
    assert [writes(selected, one) for one in (granted, other)] == [201, 403]
    # Files.Read.All beside Sites.Selected reads everything, and writes nothing more
    assert [reads(union, one) for one in (granted, other)] == [200, 200]
    assert writes(union, granted) == 403
    tenant.control.grant(granted["site"], tenant.apps[2].client_id, None)
    assert reads(selected, granted) == 403


# batches


def test_a_batch_is_priced_and_refused_request_by_request(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]]
) -> None:
    before = tenant.control.counters()["units"]
    drive = libraries[0]["id"]
    requests_ = [
        {"id": "1", "method": "GET", "url": f"/drives/{drive}"},
        {"id": "2", "method": "GET", "url": "/drives/nowhere"},
        {"id": "3", "method": "GET", "url": f"/drives/{drive}/root/children?$top=1"},
    ]
    answers = asking.json("POST", "/$batch", json={"requests": requests_})["responses"]
    by_id = {answer["id"]: answer for answer in answers}
    assert [by_id[name]["status"] for name in "123"] == [200, 404, 200]
    assert by_id["1"]["body"]["id"] == drive
    assert len(by_id["3"]["body"]["value"]) == 1
    # a drive costs one unit, a list two, and what is not there at most one
    assert tenant.control.counters()["units"] - before in (3, 4)


def test_permissions_that_are_expanded_cost_what_permissions_cost(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]]
) -> None:
    drive = libraries[0]["id"]
    root = f"/drives/{drive}/root"
    asked = asking.json("GET", f"{root}/permissions")["value"]
    for path, units in (
        (root, 1),
        (f"{root}?$expand=permissions", 5),
        (f"{root}/children?$top=1", 2),
        (f"{root}/children?$top=1&$expand=permissions", 5),
    ):
        before = tenant.control.counters()["units"]
        answer = asking.json("GET", path)
        assert tenant.control.counters()["units"] - before == units
        # our client knows the same price list, from the same page
        assert cost.units("GET", path) == units
        entry = answer["value"][0] if "value" in answer else answer
        assert ("permissions" in entry) == ("$expand" in path)
        if path == f"{root}?$expand=permissions":
            assert entry["permissions"] == asked


@pytest.mark.parametrize("body", ["[" * 100_000, '{"requests":' + "[" * 50_000, "{", "7", "\x00"])
def test_a_body_that_is_no_json_object_is_a_400(asking: Asking, body: str) -> None:
    assert code(asking.ask("POST", "/$batch", data=body)) == (400, "BadRequest")


# throttling


def test_throttling_on_the_wire(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = replace(SETTINGS, limits=Limits(minute_units=20), apps=APPS[:1])
    with start_tenant(tmp_path_factory.mktemp("throttled"), settings) as tenant:
        asking = Asking(tenant)
        answers = [asking.ask("GET", "/sites/root") for _ in range(60)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert code(refused[0]) == (429, "activityLimitReached")
        inner = refused[0].json()["error"]["innerError"]
        assert inner["code"] == "throttledRequest"
        assert inner["innerError"]["code"] == "quota"
        wait = float(refused[0].headers["Retry-After"])
        assert 0 < wait <= 60
        assert refused[0].headers["RateLimit-Limit"] == "20"
        warned = [
            int(answer.headers["RateLimit-Remaining"])
            for answer in answers
            if answer.ok and "RateLimit-Remaining" in answer.headers
        ]
        assert warned
        assert set(warned) <= set(range(5))
        batch = {"requests": [{"id": str(n), "method": "GET", "url": "/users"} for n in range(20)]}
        tenant.control.advance_clock(60)
        inner_answers = asking.ask("POST", "/$batch", json=batch)
        assert inner_answers.status_code == 200
        statuses = [one["status"] for one in inner_answers.json()["responses"]]
        assert set(statuses) == {200, 429}
        throttled = next(one for one in inner_answers.json()["responses"] if one["status"] == 429)
        assert float(throttled["headers"]["Retry-After"]) > 0
        counted = tenant.control.counters()
        assert counted["throttled"] == len(refused) + statuses.count(429)
        assert counted["units"] == 60 + 40  # what was refused is charged as well
        tenant.control.advance_clock(60)
        assert asking.ask("GET", "/sites/root").status_code == 200


# weather


def walked(asking: Asking, drive: str) -> list[dict[str, Any]]:
    return asking.every_page(f"/drives/{drive}/root/delta")


def test_empty_pages_and_duplicates_lose_nothing(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    drive = libraries[0]["id"]
    weather(empty_pages=0.5, duplicates=0.3)
    pages = walked(asking, drive)
    assert any(not page["value"] and "@odata.nextLink" in page for page in pages)
    ids = [item["id"] for page in pages for item in page["value"]]
    assert len(ids) > len(set(ids))
    assert {one["id"] for one in tenant.control.items(drive)} <= set(ids)
    assert "@odata.deltaLink" in pages[-1]


def test_a_loop_leads_back_to_the_same_page(
    asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    weather(loops=1.0, loops_last=True)
    first = asking.json("GET", f"/drives/{libraries[0]['id']}/root/delta")
    second = asking.json("GET", first["@odata.nextLink"])
    third = asking.json("GET", second["@odata.nextLink"])
    assert third["@odata.nextLink"] == second["@odata.nextLink"]
    assert [one["id"] for one in third["value"]] == [one["id"] for one in second["value"]]


def test_the_service_is_unavailable_and_says_when_to_come_back_or_not(
    asking: Asking, weather: Any
) -> None:
    weather(unavailable=0.6, gateway_timeout=0.4, retry_after=1.5)
    answers = [asking.ask("GET", f"/sites/root?try={number}") for number in range(20)]
    assert {answer.status_code for answer in answers} == {503, 504}
    assert {answer.headers.get("Retry-After") for answer in answers} == {None, "1.5"}
    assert all("innerError" in answer.json()["error"] for answer in answers)


def content_url(asking: Asking, tenant: Tenant, drive: str) -> tuple[str, bytes]:
    item = max(tenant.control.items(drive), key=lambda one: one["size"] if "file" in one else 0)
    answer = asking.ask("GET", f"/drives/{drive}/items/{item['id']}/content")
    assert answer.status_code == 302
    return answer.headers["Location"], tenant.control.bytes_of(drive, item["id"])


def test_bodies_break_end_early_or_come_whole(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    url, content = content_url(asking, tenant, libraries[0]["id"])
    weather(cut_bodies=1.0)
    with pytest.raises(requests.exceptions.RequestException):
        asking.plain.get(url)
    weather(truncated_bodies=1.0)
    short = asking.plain.get(url, headers={"Range": "bytes=0-999"})
    assert short.status_code == 206
    assert content.startswith(short.content)
    assert len(short.content) < 1000
    weather(whole_for_range=1.0)
    whole = asking.plain.get(url, headers={"Range": "bytes=10-19"})
    assert (whole.status_code, whole.content) == (200, content)


def test_listings_are_stale_about_office_files_and_the_bytes_are_not(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    drive = libraries[0]["id"]
    made = asking.json("PUT", f"/drives/{drive}/root:/stale.docx:/content", data=b"not a package")
    weather(stale_size=1.0, stale_hash=1.0)
    listed = next(
        one for page in walked(asking, drive) for one in page["value"] if one["id"] == made["id"]
    )
    assert listed["size"] != made["size"]
    assert listed["file"]["hashes"] != made["file"]["hashes"]
    assert tenant.control.bytes_of(drive, made["id"]) == b"not a package"


def test_an_office_file_is_rewritten_and_otherwise_each_time(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    """rclone#9767."""
    drive = libraries[0]["id"]
    original = tenant.control.bytes_of(drive, a_package(tenant, drive))
    weather(rewrite=("office",))
    kept = []
    for number in range(2):
        path = f"/drives/{drive}/root:/rewritten {number}.docx:/content"
        kept.append(tenant.control.bytes_of(drive, asking.json("PUT", path, data=original)["id"]))
    assert len({original, *kept}) == 3
    with zipfile.ZipFile(io.BytesIO(original)) as before:
        document = before.read("word/document.xml")
    for content in kept:
        with zipfile.ZipFile(io.BytesIO(content)) as after:
            assert after.read("word/document.xml") == document


def a_package(tenant: Tenant, drive: str) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("[Content_Types].xml", "<Types></Types>")
        package.writestr("word/document.xml", "<w>hello</w>")
    return tenant.control.add_file(drive, "original.docx", out.getvalue())


def test_somebody_deletes_renames_and_makes_again_between_two_pages(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    drive = libraries[1]["id"]
    before = {one["id"]: one["name"] for one in tenant.control.items(drive)}
    weather(deleted_between_pages=1.0, most_per_key=1)
    walked(asking, drive)
    left = {one["id"] for one in tenant.control.items(drive)}
    assert set(before) - left
    weather(renamed_between_pages=1.0, most_per_key=1)
    walked(asking, drive)
    after = {one["id"]: one["name"] for one in tenant.control.items(drive)}
    assert any(before[one] != after[one] for one in after if one in before)
    weather(recreated_between_pages=1.0, most_per_key=1)
    walked(asking, drive)
    assert {one["id"] for one in tenant.control.items(drive)} - set(before)


def test_case_B6_the_recycle_bin_ends_on_its_day(
    tenant: Tenant, asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    path = f"/beta/sites/{libraries[0]['site']}/recycleBin/items"
    assert asking.json("GET", path)["value"]
    weather(bin_ends=1.0)
    assert asking.json("GET", path)["value"] == []


def test_the_quota_is_reached(
    asking: Asking, libraries: list[dict[str, Any]], weather: Any
) -> None:
    weather(quota_bytes=1)
    path = f"/drives/{libraries[0]['id']}/root:/too much.bin:/content"
    assert code(asking.ask("PUT", path, data=b"x" * 1000)) == (507, "quotaLimitReached")


def test_weather_is_not_needed_for_anything(asking: Asking, weather: Any) -> None:
    """A default tenant is calm: this is what every other test relies on."""
    assert Weather() == CALM
    assert all(asking.ask("GET", "/sites/root").ok for _ in range(50))
