"""One tenant for the tests of this folder; who changes things takes a drive of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from support.tenant_talk import Talk

POPULATION = Population(
    users=3,
    sites=1,
    drives_per_site=160,
    items_per_drive=25,
    files_per_folder=5,
    file_size=(0, 9_000),
    office_share=0.3,
    versions_share=0.3,
    shared_share=0.3,
    packages=1,
    shortcuts=1,
    without_hash=1,
    malware=1,
    retention_hidden=1,
    recycle_bin=2,
    nasty_names=True,
    without_onedrive=1,
)
APPS = (
    AppSettings("all rights"),
    AppSettings("reads only", ("Sites.Read.All",)),
)


@pytest.fixture(scope="session")
def world_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    folder: Path = tmp_path_factory.mktemp("tenant")
    settings = Settings(seed=7, population=POPULATION, apps=APPS, page_size=20)
    with start_tenant(folder, settings) as tenant:
        yield tenant
        mistakes = tenant.control.counters()["requests"].get("mistake of the tenant", 0)
        assert not mistakes, tenant.log.read_text()


@pytest.fixture(scope="session")
def talk(world_tenant: Tenant) -> Talk:
    return Talk(world_tenant)


@pytest.fixture(scope="session")
def site(talk: Talk) -> str:
    return str(talk.good("/sites/rehearsal.sharepoint.example:/sites/team01")["id"])


@pytest.fixture(scope="session")
def _libraries(talk: Talk, site: str) -> list[str]:
    drives = [one["id"] for page in talk.pages(f"/sites/{site}/drives") for one in page["value"]]
    assert len(drives) == 160
    return drives


@pytest.fixture(scope="session")
def quiet_drive(_libraries: list[str]) -> str:
    """A library that nobody changes."""
    return _libraries.pop()


@pytest.fixture
def drive(_libraries: list[str], quiet_drive: str) -> str:
    """A library of the test's own."""
    return _libraries.pop()
