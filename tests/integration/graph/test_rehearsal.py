"""The Graph room against a rehearsal tenant: another hand's idea of the same service."""

from __future__ import annotations

import asyncio
import hashlib
import random
from datetime import UTC, datetime

import pytest

from sluis.graph import upload as upload_module
from sluis.graph.account import Account, Cloud
from sluis.graph.batch import BatchRequest
from sluis.graph.clock import SystemClock
from sluis.graph.connect import open_graph
from sluis.graph.delta import delta
from sluis.graph.download import download
from sluis.graph.errors import GraphError, ResyncError
from sluis.graph.pacer import Pacer
from sluis.graph.quickxor import QuickXor
from sluis.graph.upload import upload
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import start_tenant
from sluis.rehearsal.tenant.throttle import Limits
from sluis.rehearsal.tenant.weather import CALM, STORM

SELECT = ("id", "name", "size", "file", "malware", "content.downloadUrl")
URL = "@microsoft.graph.downloadUrl"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory):
    population = Population(users=1, sites=1, items_per_drive=60, file_size=(0, 40_000), malware=1)
    settings = Settings(seed=11, population=population)
    with start_tenant(tmp_path_factory.mktemp("tenant"), settings) as started:
        yield started


@pytest.fixture(autouse=True)
def _calm(tenant):
    yield
    tenant.control.set_weather(CALM)


def account(tenant, **more):
    proof = more or {"secret": tenant.app.secret}
    cloud = Cloud(tenant.graph, tenant.graph)
    return Account(tenant.tenant_id, tenant.app.client_id, cloud=cloud, ca=tenant.ca, **proof)


def run(tenant, story, **more):
    async def whole():
        async with open_graph(more.pop("account", None) or account(tenant), **more) as graph:
            return await story(graph)

    return asyncio.run(whole())


async def own_drive(graph):
    user = (await graph.get("/users"))["value"][0]["id"]
    return (await graph.get(f"/users/{user}/drive"))["id"]


async def listing(graph, drive):
    """All items by id, and the link of the next pass."""
    items, link = {}, None
    async for page in delta(graph, drive, select=SELECT):
        items |= {one["id"]: one for one in page.items}
        link = page.link
        if page.complete:
            return items, link
    raise AssertionError("no end")


def test_secret_and_certificate_both_sign_in(tenant):
    async def story(graph):
        return await own_drive(graph)

    by_certificate = account(tenant, certificate=tenant.app.certificate)
    assert run(tenant, story) == run(tenant, story, account=by_certificate)


def test_every_file_arrives_whole_in_a_storm(tenant, tmp_path):
    tenant.control.set_weather(STORM)

    async def story(graph):
        drive = await own_drive(graph)
        items, _ = await listing(graph, drive)
        files = [one for one in items.values() if "file" in one and "malware" not in one]

        async def one(item):
            target = tmp_path / hashlib.sha256(item["id"].encode()).hexdigest()
            url = item.get(URL)
            return (
                item,
                await download(graph, drive, item["id"], target, size=item["size"], url=url),
                target,
            )

        done = await asyncio.gather(*(one(item) for item in files))
        return drive, done, graph.spent

    drive, done, spent = run(tenant, story, clock=SystemClock(speed=50))
    assert len(done) >= 60
    assert spent.requests > len(done) * 1.2  # it did storm
    for item, got, target in done:
        true = tenant.control.bytes_of(drive, item["id"])
        assert target.read_bytes() == true
        assert got.sha256 == hashlib.sha256(true).hexdigest()
        assert got.quickxor == QuickXor(true).base64()
        assert got.size == len(true)


def test_malware_is_not_handed_out(tenant, tmp_path):
    async def story(graph):
        drive = await own_drive(graph)
        items, _ = await listing(graph, drive)
        (bad,) = (one for one in items.values() if "malware" in one)
        with pytest.raises(GraphError, match="malware"):
            await download(graph, drive, bad["id"], tmp_path / "m", size=bad["size"])

    run(tenant, story)
    assert not list(tmp_path.iterdir())


def test_a_second_pass_brings_what_changed(tenant):
    async def story(graph):
        drive = await own_drive(graph)
        _, link = await listing(graph, drive)
        made = tenant.control.add_file(drive, "new folder/new.txt", b"new")
        changed = [one async for page in delta(graph, drive, link) for one in page.items]
        return made, changed

    _, changed = run(tenant, story)
    assert "new.txt" in {one.get("name") for one in changed}
    assert len(changed) < 10


def test_a_link_of_nowhere_is_a_resync(tenant):
    async def story(graph):
        drive = await own_drive(graph)
        _, link = await listing(graph, drive)
        with pytest.raises((ResyncError, GraphError)) as told:
            async for _ in delta(graph, drive, link[:-4] + "AAAA"):
                pass
        return told.value

    error = run(tenant, story)
    assert isinstance(error, ResyncError) or error.status == 400


@pytest.mark.parametrize("size", [0, 1, 70_000, 5 * 327_680 + 17])
def test_what_is_sent_is_what_arrives_with_its_dates(tenant, tmp_path, monkeypatch, size):
    monkeypatch.setattr(upload_module, "CHUNK", 2 * 327_680)
    source = tmp_path / "source"
    source.write_bytes(random.Random(size).randbytes(size))
    moment = datetime(2019, 6, 30, 12, 30, 15, tzinfo=UTC)

    async def story(graph):
        drive = await own_drive(graph)
        root = (await graph.get(f"/drives/{drive}/root"))["id"]
        sent = {"modified": moment, "created": moment, "conflict": "fail"}
        name = f"verslag {size} (é).bin"
        item = await upload(graph, drive, root, name, source, **sent)
        with pytest.raises(GraphError, match="name-taken"):
            await upload(graph, drive, root, name, source, **sent)
        other = await upload(graph, drive, root, name, source, **{**sent, "conflict": "rename"})
        return drive, name, item, other

    drive, name, item, other = run(tenant, story)
    assert (item["name"], item["size"]) == (name, size)
    assert other["name"] != name
    assert tenant.control.bytes_of(drive, item["id"]) == source.read_bytes()
    for key in ("createdDateTime", "lastModifiedDateTime"):
        assert item["fileSystemInfo"][key].startswith("2019-06-30T12:30:15")


def test_no_room_in_the_target_is_told(tenant, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(bytes(5 << 20))

    async def story(graph):
        site = (await graph.get("/sites/getAllSites"))["value"][-1]["id"]
        drive = (await graph.get(f"/sites/{site}/drives"))["value"][0]["id"]
        tenant.control.set_quota(drive, 1)
        root = (await graph.get(f"/drives/{drive}/root"))["id"]
        dates = {"modified": None, "created": None}
        with pytest.raises(GraphError, match="quota"):
            await upload(graph, drive, root, "big", source, conflict="fail", **dates)

    run(tenant, story)


def test_batches_come_back_in_order(tenant):
    async def story(graph):
        drive = await own_drive(graph)
        items, _ = await listing(graph, drive)
        ids = list(items)[:45]
        paths = [f"/drives/{drive}/items/{one}?$select=id" for one in ids]
        answers = await graph.batch([*paths, BatchRequest(f"/drives/{drive}/items/none")])
        assert [one.body["id"] for one in answers[:-1]] == ids
        assert answers[-1].status == 404
        return graph.spent

    spent = run(tenant, story)
    assert spent.units < 60


def test_two_minutes_of_throttling_bring_no_429_and_both_sides_count_alike(tmp_path):
    """At twenty times the speed; the share of the budget is held in virtual time, in test_pacer."""
    population = Population(users=1, sites=0, items_per_drive=40, file_size=(100, 2_000))
    limits = Limits(licences=1_000, charge_pre_authenticated=True)
    settings = Settings(population=population, limits=limits, clock_speed=20.0)
    with start_tenant(tmp_path / "tenant", settings) as tenant:
        pacer = Pacer(1_250, 1_200_000, SystemClock(speed=20.0))

        async def story(graph):
            drive = await own_drive(graph)
            items, _ = await listing(graph, drive)
            files = [one for one in items.values() if "file" in one]
            left = iter(range(1_800))

            async def worker():
                for number in left:
                    item = files[number % len(files)]
                    if number % 2:
                        await graph.get(f"/drives/{drive}/items/{item['id']}")
                        continue
                    target = tmp_path / f"f{number}"
                    size, url = item["size"], item[URL]
                    await download(graph, drive, item["id"], target, size=size, url=url)

            await asyncio.gather(*(worker() for _ in range(16)))
            return graph.spent

        spent = run(tenant, story, pacer=pacer)
        counted = tenant.control.counters()
    assert counted["throttled"] == spent.throttled == 0
    assert counted["units"] == spent.units
