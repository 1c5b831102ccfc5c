"""Clients that believe in the real cloud reach the tenant, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msal
import pytest
import requests

from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant

SIMPLE = Population(items_per_drive=8, folder_depth=1, office_share=0, shared_share=0)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with start_tenant(tmp_path_factory.mktemp("tenant"), Settings(population=SIMPLE)) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(tenant: Tenant) -> Iterator[str]:
    with cloud_proxy(tenant.graph, tenant.content) as address:
        yield address


@pytest.fixture
def session(tenant: Tenant, proxy: str) -> requests.Session:
    made = requests.Session()
    made.verify, made.trust_env, made.proxies = str(tenant.ca), False, {"https": proxy}
    return made


def test_the_real_names_lead_to_the_tenant(tenant: Tenant, session: requests.Session) -> None:
    app = msal.ConfidentialClientApplication(
        tenant.app.client_id,
        authority=f"https://login.microsoftonline.com/{tenant.tenant_id}",
        client_credential=tenant.app.secret,
        instance_discovery=False,
        http_client=session,
    )
    token = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    answer = session.get(
        "https://graph.microsoft.com/v1.0/sites/root",
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    assert answer.json()["webUrl"] == "https://rehearsal.sharepoint.example"


@pytest.mark.parametrize(
    "address",
    ["https://example.org/", "https://graph.microsoft.com:444/", "https://127.0.0.1:22/"],
)
def test_any_other_destination_is_refused(session: requests.Session, address: str) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        session.get(address, timeout=5)


def test_plain_requests_are_refused(proxy: str) -> None:
    answer = requests.get(f"{proxy}/v1.0/sites/root", timeout=5)
    assert answer.status_code == 403


def test_rclone_lists_and_fetches_a_drive(tenant: Tenant, proxy: str, tmp_path: Path) -> None:
    """rclone cannot be told another address than graph.microsoft.com."""
    drive = next(one for one in tenant.control.drives() if one["owner"])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HTTPS_PROXY": proxy,
        "SSL_CERT_FILE": str(tenant.ca),
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_REHEARSAL_TYPE": "onedrive",
        "RCLONE_CONFIG_REHEARSAL_CLIENT_ID": tenant.app.client_id,
        "RCLONE_CONFIG_REHEARSAL_CLIENT_SECRET": tenant.app.secret,
        "RCLONE_CONFIG_REHEARSAL_CLIENT_CREDENTIALS": "true",
        "RCLONE_CONFIG_REHEARSAL_TENANT": tenant.tenant_id,
        "RCLONE_CONFIG_REHEARSAL_DRIVE_ID": drive["id"],
        "RCLONE_CONFIG_REHEARSAL_DRIVE_TYPE": "business",
    }
    rclone = Path(sys.executable).parent / "rclone"
    out = tmp_path / "out"
    done = subprocess.run(
        [rclone, "copy", "rehearsal:", out, "--retries", "1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    files = [item for item in tenant.control.items(drive["id"]) if "file" in item]
    assert len(files) == 8
    for item in files:
        content = tenant.control.bytes_of(drive["id"], item["id"])
        assert (out / item["path"]).read_bytes() == content
