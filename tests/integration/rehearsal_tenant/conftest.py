"""Rehearsal tenants for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import start_tenant
from sluis.rehearsal.tenant.weather import Weather
from support.asking import Asking
from support.graph_facts import committed

#: one of everything the tenant can hold
RICH = Settings(
    seed=11,
    population=Population(
        users=3,
        sites=2,
        items_per_drive=60,
        folder_depth=3,
        office_share=0.3,
        versions_share=0.3,
        shared_share=0.4,
        packages=2,
        malware=1,
        retention_hidden=2,
        recycle_bin=4,
        nasty_names=True,
        without_onedrive=1,
    ),
    weather=Weather(stale_size=0.1, stale_hash=0.1, duplicates=0.2),
    page_size=40,
)


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """What is known of Graph's types and documented answers; kept with the tests."""
    return committed()


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A rich tenant, and somebody with full rights who asks it things."""
    with start_tenant(tmp_path_factory.mktemp("rich"), RICH) as tenant:
        yield Asking(tenant)
