"""A tenant, and the way to it for clients that believe in the real cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant

#: a script of a day's work, with what it is told on its command line
Work = Callable[..., str]


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    people = Population(users=2, sites=1, items_per_drive=8, office_share=0, groups=1)
    settings = Settings(seed=5, population=people, page_size=5)
    with start_tenant(tmp_path_factory.mktemp("tenant"), settings) as running:
        yield running
        requests = running.control.counters()["requests"]
        assert not requests.get("mistake of the tenant"), running.log.read_text()
        assert not requests.get("token sent to the content origin")


@pytest.fixture(scope="module")
def drive(tenant: Tenant) -> str:
    """The first person's OneDrive."""
    return str(next(one["id"] for one in tenant.control.drives() if one["owner"]))


@pytest.fixture
def away(tenant: Tenant, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What leads a client to the tenant under the real names."""
    with cloud_proxy(tenant.graph, tenant.content) as proxy:
        own = "127.0.10.20,127.0.10.21"
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "HTTPS_PROXY": proxy,
            "NO_PROXY": own,
            "SSL_CERT_FILE": str(tenant.ca),
            "REQUESTS_CA_BUNDLE": str(tenant.ca),
        }


@pytest.fixture
def work(tenant: Tenant, away: dict[str, str], drive: str, tmp_path: Path) -> Work:
    """Run a script of this folder, in a process of its own; what it said."""

    def run(script: str) -> str:
        words = [tenant.tenant_id, tenant.app.client_id, str(tenant.app.secret_file), drive]
        done = subprocess.run(
            [sys.executable, "-W", "error::SyntaxWarning", str(Path(__file__).with_name(script)),
             *words, str(tmp_path)],
            env=away,
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
