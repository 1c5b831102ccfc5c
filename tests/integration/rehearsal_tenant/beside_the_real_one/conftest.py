"""A tenant with something of everything beside files, for tests named after what is held of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from support.tenant_talk import Talk

POPULATION = Population(
    users=2,
    sites=1,
    drives_per_site=50,
    items_per_drive=6,
    file_size=(200, 4_000),
    office_share=0.3,
    versions_share=0.4,
    shared_share=0.3,
    groups=3,
    teams=1,
    security_groups=1,
    contacts=2,
    bookings=2,
    subsites=2,
    lists=3,
    pages=3,
    hidden_libraries=2,
)


@pytest.fixture(scope="session")
def full_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    settings = Settings(seed=21, population=POPULATION)
    with start_tenant(tmp_path_factory.mktemp("full"), settings) as tenant:
        yield tenant
        mistakes = tenant.control.counters()["requests"].get("mistake of the tenant", 0)
        assert not mistakes, tenant.log.read_text()


@pytest.fixture(scope="session")
def talk(full_tenant: Tenant) -> Talk:
    return Talk(full_tenant)


@pytest.fixture(scope="session")
def site(talk: Talk) -> str:
    return str(talk.good("/sites/rehearsal.sharepoint.example:/sites/team01")["id"])


@pytest.fixture(scope="session")
def _libraries(talk: Talk, site: str) -> list[str]:
    return [one["id"] for page in talk.pages(f"/sites/{site}/drives") for one in page["value"]]


@pytest.fixture(scope="session")
def quiet_drive(_libraries: list[str]) -> str:
    """A library that nobody changes."""
    return _libraries.pop()


@pytest.fixture
def drive(_libraries: list[str]) -> str:
    """A library of the test's own."""
    return _libraries.pop()
