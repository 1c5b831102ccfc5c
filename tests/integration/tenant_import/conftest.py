from __future__ import annotations

import dataclasses

import pytest

from sluis.rehearsal.tenant.weather import CALM
from support.two_tenants import migration


@pytest.fixture(scope="session")
def tenants(tmp_path_factory):
    """Two rehearsal tenants with nothing in them; one pair for all tests of a worker."""
    with migration(tmp_path_factory.mktemp("tenants")) as one:
        yield one


@pytest.fixture
def move(tenants, tmp_path):
    """The two tenants with empty drives, and a folder of its own for what lies between."""
    pair = ((tenants.source, tenants.from_drive), (tenants.target, tenants.to_drive))
    for tenant, drive in pair:
        tenant.control.set_weather(CALM)
        for item in tenant.control.items(drive):
            if "/" not in item["path"]:
                tenant.control.delete(drive, item["id"])
    tenants.target.control.set_quota(tenants.to_drive, 10**12)
    return dataclasses.replace(tenants, folder=tmp_path)
