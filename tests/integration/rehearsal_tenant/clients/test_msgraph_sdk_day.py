"""The day of Microsoft's own SDK: list, copy twice, rename, share, versions, clean up."""

from __future__ import annotations

import asyncio

import pytest
from msgraph import GraphServiceClient
from msgraph.generated.drives.item.items.item.copy.copy_post_request_body import (
    CopyPostRequestBody,
)
from msgraph.generated.drives.item.items.item.create_link.create_link_post_request_body import (
    CreateLinkPostRequestBody,
)
from msgraph.generated.models.drive_item import DriveItem
from msgraph.generated.models.folder import Folder

from sluis.rehearsal.tenant.start import Tenant
from support.graph_sdk import sdk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:msgraph"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:kiota_abstractions"),
]


def test_tenant_14_msgraph_sdk_does_a_days_work(tenant: Tenant, drive: str) -> None:
    async def day() -> None:
        async with sdk(tenant, tenant.app) as (graph, _):
            await _lists(graph, tenant)
            await _works(graph, tenant, drive)

    before = {one["id"] for one in tenant.control.items(drive)}
    asyncio.run(day())
    assert {one["id"] for one in tenant.control.items(drive)} == before


async def _lists(graph: GraphServiceClient, tenant: Tenant) -> None:
    groups = await graph.groups.get()
    assert groups and groups.value and groups.value[0].id
    drives = await graph.groups.by_group_id(groups.value[0].id).drives.get()
    assert drives and drives.value and len(drives.value) == 1
    sites = await graph.sites.get_all_sites.get()
    assert sites and sites.value and sites.value[0].id
    lists = await graph.sites.by_site_id(sites.value[0].id).lists.get()
    assert lists and lists.value


async def _works(graph: GraphServiceClient, tenant: Tenant, drive: str) -> None:
    items = graph.drives.by_drive_id(drive).items
    day = await items.by_drive_item_id("root").children.post(DriveItem(name="Day", folder=Folder()))
    assert day and day.id
    # copy twice; the second time replaces
    place = items.by_drive_item_id("root:/Day/a.txt:")
    for content in (b"first", b"second, and longer"):
        made = await place.content.put(content)
        assert made and made.id and tenant.control.bytes_of(drive, made.id) == content
    file = items.by_drive_item_id(made.id)
    # rename, share, versions
    renamed = await file.patch(DriveItem(name="renamed.txt"))
    assert renamed and renamed.name == "renamed.txt"
    link = await file.create_link.post(CreateLinkPostRequestBody(type="view", scope="organization"))
    assert link and link.id
    permissions = await file.permissions.get()
    assert permissions and link.id in {one.id for one in permissions.value or []}
    await file.permissions.by_permission_id(link.id).delete()
    versions = await file.versions.get()
    assert versions and versions.value and len(versions.value) == 2
    await file.versions.by_drive_item_version_id(str(versions.value[1].id)).delete()
    left = await file.versions.get()
    assert left and len(left.value or []) == 1
    # a copy inside the service
    await file.copy.post(CopyPostRequestBody(name="copied.txt"))
    copied = await items.by_drive_item_id("root:/Day/copied.txt:").get()
    assert copied and copied.id and copied.size == len(b"second, and longer")
    # clean up: one past the bin, the rest into it
    await items.by_drive_item_id(copied.id).permanent_delete.post()
    await items.by_drive_item_id(day.id).delete()
