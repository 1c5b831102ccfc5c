"""Microsoft's own SDK, with a rehearsal tenant at the other end."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msal
import requests
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory

from sluis.rehearsal.tenant.start import App, Tenant


class MsalCredential:
    """A TokenCredential that gets its tokens through MSAL, trusting the local CA."""

    def __init__(self, tenant: Tenant, app: App) -> None:
        session = requests.Session()
        session.verify, session.trust_env = str(tenant.ca), False
        self._app = msal.ConfidentialClientApplication(
            app.client_id,
            authority=tenant.authority,
            client_credential=app.secret,
            instance_discovery=False,
            http_client=session,
        )

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        answer = self._app.acquire_token_for_client(list(scopes))
        return AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])

    def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def sdk(tenant: Tenant, app: App) -> AsyncIterator[tuple[GraphServiceClient, Any]]:
    trust = ssl.create_default_context(cafile=str(tenant.ca))
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=30) as plain:
        client = GraphClientFactory.create_with_default_middleware(client=plain)
        provider = AzureIdentityAuthenticationProvider(
            MsalCredential(tenant, app),
            scopes=[f"{tenant.graph}/.default"],
            allowed_hosts=[tenant.graph.split("//")[1].partition(":")[0]],
        )
        adapter = GraphRequestAdapter(provider, client=client)
        adapter.base_url = f"{tenant.graph}/v1.0"
        yield GraphServiceClient(request_adapter=adapter), adapter
