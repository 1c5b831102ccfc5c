"""Talks to a rehearsal tenant over plain HTTP, without a line of the graph room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from sluis.rehearsal.tenant.start import App, Tenant


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's code."""
        return str(self.json()["error"]["code"])

    @property
    def inner(self) -> str:
        """The code nested in the error."""
        return str(self.json()["error"]["innerError"].get("code"))


class Talk:
    """A client with the rights of one app."""

    def __init__(self, tenant: Tenant, app: App | None = None) -> None:
        self.tenant = tenant
        self._app = app or tenant.app
        self._pool = urllib3.PoolManager(ca_certs=str(tenant.ca), retries=False, timeout=60)
        self.token = ""
        self.sign_in()

    def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._app.client_id,
            "client_secret": self._app.secret,
            "scope": f"{self.tenant.graph}/.default",
        }
        answer = self._pool.request(
            "POST",
            f"{self.tenant.authority}/oauth2/v2.0/token",
            body=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.token = json.loads(answer.data)["access_token"]

    def advance(self, seconds: float) -> None:
        self.tenant.control.advance_clock(seconds)
        self.sign_in()

    def ask(
        self,
        method: str,
        where: str,
        *,
        json_body: Any = None,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """``/x`` is v1.0, ``beta:/x`` is beta; a whole URL goes as it is.

        The token goes along to Graph's own origin only.
        """
        url = where
        if where.startswith("/"):
            url = f"{self.tenant.graph}/v1.0{where}"
        elif where.startswith("beta:"):
            url = f"{self.tenant.graph}/beta{where[5:]}"
        sent = dict(headers or {})
        if url.startswith(self.tenant.graph):
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        answer = self._pool.request(method, url, body=body, headers=sent, redirect=False)
        return Reply(answer.status, answer.headers, answer.data)

    def get(self, where: str, **headers: str) -> Reply:
        return self.ask("GET", where, headers=headers)

    def good(self, where: str) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.get(where)
        assert answer.status == 200, (where, answer.status, answer.body)
        return answer.json()

    def pages(self, where: str) -> Iterator[dict[str, Any]]:
        """Pages up to the one without a nextLink."""
        link: str | None = where
        while link:
            page = self.good(link)
            yield page
            link = page.get("@odata.nextLink")

    def delta(self, where: str) -> tuple[list[dict[str, Any]], str]:
        """All entries of a round, and the deltaLink."""
        entries: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        for page in self.pages(where):
            entries += page["value"]
        return entries, page["@odata.deltaLink"]

    def put(self, drive: str, path: str, content: bytes, query: str = "") -> Reply:
        return self.ask("PUT", f"/drives/{drive}/root:/{quote(path)}:/content{query}", body=content)

    def fetch(self, drive: str, item: str) -> bytes:
        """A file's bytes by way of the redirect."""
        answer = self.get(f"/drives/{drive}/items/{item}/content")
        assert answer.status == 302, answer.body
        found = self.get(answer.headers["Location"])
        assert found.status == 200, found.body
        return found.body
