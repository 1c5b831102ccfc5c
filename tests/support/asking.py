"""Asking a rehearsal tenant things over the wire, with nothing of our own Graph room."""

from __future__ import annotations

from typing import Any

import requests

from sluis.rehearsal.tenant.start import App, Tenant


class Asking:
    """An app that asks: its session trusts the tenant's CA and carries its token.

    Args:
        tenant: whom to ask.
        app: who asks; the first app of the tenant by default.
    """

    def __init__(self, tenant: Tenant, app: App | None = None) -> None:
        self.tenant = tenant
        self.app = app or tenant.app
        self.plain = requests.Session()
        self.plain.verify, self.plain.trust_env = str(tenant.ca), False
        self.token = ""
        self.renew()

    def renew(self) -> None:
        """Get a fresh token."""
        answer = self.plain.post(
            f"{self.tenant.authority}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self.app.client_id,
                "client_secret": self.app.secret,
                "scope": f"{self.tenant.graph}/.default",
            },
        )
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """One call to Graph.

        Args:
            method: such as GET.
            path: below the version, such as ``/users``; or ``/beta/…``; or a whole link.
            more: as ``requests`` takes it.
        """
        if path.startswith("https://"):
            address = path
        else:
            version = "" if path.startswith("/beta/") else "/v1.0"
            address = f"{self.tenant.graph}{version}{path}"
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.plain.request(
            method, address, headers=headers, allow_redirects=False, timeout=60, **more
        )

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of a call that must succeed."""
        answer = self.ask(method, path, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def every_page(self, path: str) -> list[dict[str, Any]]:
        """The pages of a collection, to its end."""
        pages = [self.json("GET", path)]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.json("GET", pages[-1]["@odata.nextLink"]))
            assert len(pages) < 1_000
        return pages
