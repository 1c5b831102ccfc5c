"""Exports of a rehearsal tenant: connect, pass, and hold the result against the tenant itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sluis.graph.account import Account, Cloud
from sluis.graph.connect import Graph, open_graph
from sluis.graph.retry import Patience
from sluis.rehearsal.tenant.start import App, Tenant
from sluis.tenant.discover import folder_of
from sluis.tenant.export_drive import ExportReport, export_drive
from sluis.tenant.forecast import Policy
from sluis.tenant.source import Source
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest

T = TypeVar("T")
FILES_ONLY = Policy("none", permissions=False, fields=False)


def account(tenant: Tenant, app: App | None = None) -> Account:
    """The account of an app of the tenant, the first one by default."""
    app = app or tenant.app
    place = urlsplit(tenant.authority)
    return Account(
        tenant.tenant_id,
        app.client_id,
        secret=app.secret,
        cloud=Cloud(f"{place.scheme}://{place.netloc}", tenant.graph),
        ca=tenant.ca,
    )


def with_graph(tenant: Tenant, story: Callable[[Graph], Awaitable[T]], app: App | None = None) -> T:
    """Run a story with a connection that waits little between its tries."""

    async def whole() -> T:
        patience = Patience(tries=12, first=0.01, longest=0.05)
        async with open_graph(account(tenant, app), patience=patience) as graph:
            return await story(graph)

    return asyncio.run(whole())


def source_of(tenant: Tenant, number: int = 0) -> Source:
    """One of the tenant's drives as a source."""
    drive = tenant.control.drives()[number]
    kind: Any = "onedrive" if drive["owner"] else "sharepoint"
    name = drive["name"]
    return Source(kind, drive["id"], name, site_id=drive["site"], drive_id=drive["id"])


def make_pass(
    tenant: Tenant,
    folder: Path,
    source: Source | None = None,
    policy: Policy = FILES_ONLY,
    app: App | None = None,
    ahead: timedelta = timedelta(0),
) -> ExportReport:
    """One pass over a drive; ``ahead`` is how far our clock is before the tenant's."""
    chosen = source or source_of(tenant)

    async def story(graph: Graph) -> ExportReport:
        return await export_drive(
            graph, chosen, folder_of(folder, chosen), policy, lambda: datetime.now(UTC) + ahead
        )

    return with_graph(tenant, story, app)


def lines_of(folder: Path, source: Source, number: int = 1) -> dict[str, ManifestLine]:
    """The lines of a pass, by path."""
    place = folder_of(folder, source) / "passes" / f"{number:04d}" / "manifest.gz"
    lines = list(read_manifest(place))
    found = {line.path: line for line in lines}
    assert len(found) == len(lines), "two lines have one path"
    return found


def hold_against_the_tenant(
    tenant: Tenant, folder: Path, source: Source, number: int = 1
) -> dict[str, ManifestLine]:
    """Check that a manifest is the drive: every item, every path, every byte."""
    lines = lines_of(folder, source, number)
    items = {item["path"]: item for item in tenant.control.items(source.drive_id)}
    assert sorted(lines) == sorted(items)
    root = folder_of(folder, source)
    for path, line in lines.items():
        assert line.item_id == items[path]["id"]
        if line.type != "file":
            assert line.stored is None
            continue
        if line.state != "had":
            assert line.why
            continue
        assert line.stored is not None
        data = (root / line.stored).read_bytes()
        assert data == tenant.control.bytes_of(source.drive_id, line.item_id), path
        assert hashlib.sha256(data).hexdigest() == line.sha256
        assert len(data) == line.size
    return lines
