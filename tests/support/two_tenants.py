"""Two rehearsal tenants, an export of the one, and the way to the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sluis.graph.account import Account, Cloud
from sluis.graph.connect import open_graph
from sluis.graph.retry import Patience
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.export_drive import export_drive
from sluis.tenant.forecast import Policy
from sluis.tenant.import_drive import import_drive
from sluis.tenant.import_policy import ImportPolicy, Target
from sluis.tenant.import_state import ImportState
from sluis.tenant.reconcile import reconcile
from sluis.tenant.source import Source
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest

#: nobody in it, nothing in it
EMPTY = Population(
    users=2, sites=1, items_per_drive=0, folder_depth=0, shared_share=0.0, versions_share=0.0
)


@dataclass
class Migration:
    """A source drive, a target drive, and folders for what lies between them."""

    source: Tenant
    target: Tenant
    from_drive: str
    to_drive: str
    folder: Path

    def export(self) -> Path:
        """One pass over the source drive; the path of its manifest."""
        source = Source("sharepoint", self.from_drive, "Documents", drive_id=self.from_drive)

        async def whole() -> Path:
            async with open_graph(account(self.source), patience=PATIENCE) as graph:
                report = await export_drive(
                    graph, source, self.root, Policy(fields=False), lambda: datetime.now(UTC)
                )
            self.report = report
            return self.root / report.manifest

        self.manifest = asyncio.run(whole())
        return self.manifest

    @property
    def root(self) -> Path:
        return self.folder / "export"

    @property
    def state(self) -> Path:
        return self.folder / "import.sqlite"

    def every_line(self) -> list[ManifestLine]:
        return list(read_manifest(self.manifest))

    def lines_by_id(self) -> dict[str, ManifestLine]:
        return {line.item_id: line for line in self.every_line()}

    def lines(self) -> dict[str, ManifestLine]:
        return {line.path: line for line in read_manifest(self.manifest)}

    def bring_over(self, policy=None, folder="", **more):  # type: ignore[no-untyped-def]
        """The import, once."""
        target = Target(self.to_drive, folder)

        async def whole():  # type: ignore[no-untyped-def]
            async with open_graph(account(self.target), patience=PATIENCE) as graph:
                with ImportState(self.state) as state:
                    return await import_drive(
                        graph, self.manifest, self.root, target,
                        policy or ImportPolicy(permissions=False), state, **more,
                    )  # fmt: skip

        return asyncio.run(whole())

    def reconcile(self, policy=None, folder="", **more):  # type: ignore[no-untyped-def]
        """The reconciliation, once."""
        target = Target(self.to_drive, folder)

        async def whole():  # type: ignore[no-untyped-def]
            async with open_graph(account(self.target), patience=PATIENCE) as graph:
                with ImportState(self.state) as state:
                    return await reconcile(
                        graph, self.manifest, self.root, target,
                        policy or ImportPolicy(permissions=False), state,
                        self.folder / "scratch", **{"workers": 8, **more},
                    )  # fmt: skip

        return asyncio.run(whole())

    def there(self) -> dict[str, dict]:  # type: ignore[type-arg]
        """Items of the target by path."""
        return {item["path"]: item for item in self.target.control.items(self.to_drive)}

    def bytes_there(self, path: str) -> bytes:
        return self.target.control.bytes_of(self.to_drive, path)


#: tries often and hardly waits: the weather is made, not real
PATIENCE = Patience(tries=8, first=0.01, longest=0.05)


def account(tenant: Tenant) -> Account:
    parts = urlsplit(tenant.authority)
    cloud = Cloud(f"{parts.scheme}://{parts.netloc}", tenant.graph)
    return Account(
        tenant.tenant_id, tenant.app.client_id, secret=tenant.app.secret, cloud=cloud, ca=tenant.ca
    )


def library(tenant: Tenant) -> str:
    """The id of the first team site's library."""
    found = [one for one in tenant.control.drives() if not one["owner"]]
    return str(found[-1]["id"])


@contextlib.contextmanager
def migration(
    folder: Path, source: Settings | None = None, target: Settings | None = None
) -> Iterator[Migration]:
    settings = source or Settings(seed=11, population=EMPTY)
    other = target or Settings(seed=12, population=EMPTY, tenant_name="newhome")
    with start_tenant(folder / "old", settings) as old, start_tenant(folder / "new", other) as new:
        yield Migration(old, new, library(old), library(new), folder)
