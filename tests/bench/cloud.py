"""A rehearsal tenant, and the two that fetch from it: our export, and rclone.

Both are whole processes, over the same TLS from the same server. Ours is told the tenant's
address. rclone always asks graph.microsoft.com, so its calls to Graph go through a CONNECT
proxy, which runs in the bench's own process; content comes from the other origin, which is a
loopback address, and there rclone uses no proxy. What the proxy took is therefore measured
apart (``Cost.proxy``), as is what the tenant took.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import export_process
from bench.row import Took
from bench.turns import Ended, run
from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.discover import folder_of
from sluis.tenant.source import Source

#: so many units a minute that no pacer ever waits
_NO_LIMIT = {"minute_units": 100_000_000, "day_units": 10_000_000_000}


@dataclass(frozen=True)
class Cost:
    """What one run cost besides its own time.

    Args:
        tenant: processor seconds of the tenant.
        proxy: processor seconds of the bench's process, most of them the proxy's.
        units: resource units that the tenant charged.
        throttled: calls that it answered with 429.
        bytes_out: bytes of content that it sent.
        requests: calls by kind.
    """

    tenant: float
    proxy: float
    units: int
    throttled: int
    bytes_out: int
    requests: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "tenant_processor_seconds": round(self.tenant, 4),
            "proxy_processor_seconds": round(self.proxy, 4),
            "units": self.units,
            "throttled": self.throttled,
            "bytes_out": self.bytes_out,
            "requests": self.requests,
        }


@dataclass
class Seen:
    """What was looked at twenty times a second while a run was under way.

    Args:
        units: when, and units that the tenant had charged by then.
        peak_memory: most memory that the process had held when it was last looked at, bytes.
    """

    units: list[tuple[float, int]] = field(default_factory=list)
    peak_memory: int = 0

    def rate(self) -> float:
        """Units a second, from the first call that was charged to the last; 0 for less than two."""
        rises = [
            (when, units)
            for (when, units), (_, before) in zip(self.units[1:], self.units, strict=False)
            if units > before
        ]
        if len(rises) < 2:
            return 0.0
        (first, low), (last, high) = rises[0], rises[-1]
        return (high - low) / (last - first)


@dataclass(frozen=True)
class Ran:
    """One run, what it took and cost, and our export's own report."""

    took: Took
    cost: Cost
    seen: Seen
    report: dict[str, Any]
    status: int = 0
    said: str = ""


class Cloud:
    """A tenant with one drive that is fetched again and again.

    Args:
        folder: where copies go.
        many: files under way at once, for ours and for rclone.
        speed: how fast the tenant's clock runs; our export's runs as fast.
        budget: units that our export is told it may spend; ``None``: as many as it likes.
    """

    def __init__(
        self,
        tenant: Tenant,
        proxy: str,
        folder: Path,
        many: int,
        speed: float,
        budget: dict[str, Any] | None,
    ) -> None:
        self.tenant, self.many, self.speed = tenant, many, speed
        self._proxy, self._folder, self._budget = proxy, folder, budget or _NO_LIMIT
        drive = tenant.control.drives()[0]
        kind: Any = "onedrive" if drive["owner"] else "sharepoint"
        self.source = Source(
            kind, drive["id"], drive["name"], site_id=drive["site"], drive_id=drive["id"]
        )
        self.files = folder / "copy"

    def empty(self) -> Path:
        """The folder that copies go to, with nothing in it."""
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir(parents=True)
        return self.files

    @property
    def state(self) -> Path:
        """The state that our export keeps."""
        return folder_of(self.files, self.source) / "state.sqlite"

    def request(self, what: str = "export") -> Path:
        """A file that says to :mod:`bench.export_process` what to do."""
        app, place = self.tenant.app, urlsplit(self.tenant.authority)
        asked = {
            "what": what,
            "clock_speed": self.speed,
            "request": {
                "account": {
                    "tenant_id": self.tenant.tenant_id,
                    "client_id": app.client_id,
                    "secret_file": str(app.secret_file),
                    "authority": f"{place.scheme}://{place.netloc}",
                    "graph": self.tenant.graph,
                    "ca": str(self.tenant.ca),
                },
                "sources": [self.source.as_data()],
                "folder": str(self.files),
                # the files, as rclone fetches them; each is verified all the same
                "policy": {"versions": "none", "permissions": False, "fields": False},
                "workers": self.many,
                "concurrency": self.many,
                "budget": self._budget,
            },
        }
        target = self._folder / "request.json"
        target.write_text(json.dumps(asked))
        return target

    def ours(self, what: str = "export") -> Ran:
        """Our export of the drive, or its listing alone, as a process."""
        ran = self.measured(export_command(self.request(what)))
        return Ran(ran.took, ran.cost, ran.seen, json.loads(ran.said))

    def rclone(self, *words: str, expect: Sequence[int] = (0,)) -> Ran:
        """rclone, with the drive as its remote ``tenant:``."""
        return self.measured(self.rclone_command(*words), self.rclone_environment(), expect)

    def rclone_command(self, *words: str) -> list[str]:
        """How rclone is called: delta for its listings, as many files at once as ours."""
        many = str(self.many)
        return [
            str(Path(sys.executable).with_name("rclone")), *words, "--transfers", many,
            "--checkers", many, "--onedrive-delta", "--fast-list", "--stats", "0",
            "--log-level", "ERROR",
        ]  # fmt: skip

    def rclone_environment(self) -> dict[str, str]:
        """What leads rclone to the tenant; its secret is not on the command line."""
        drive_type = "documentLibrary" if self.source.kind == "sharepoint" else "business"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "HTTPS_PROXY": self._proxy,
            "SSL_CERT_FILE": str(self.tenant.ca),
            "RCLONE_CONFIG": str(self._folder / "rclone.conf"),
            "RCLONE_CONFIG_TENANT_TYPE": "onedrive",
            "RCLONE_CONFIG_TENANT_CLIENT_ID": self.tenant.app.client_id,
            "RCLONE_CONFIG_TENANT_CLIENT_SECRET": self.tenant.app.secret,
            "RCLONE_CONFIG_TENANT_CLIENT_CREDENTIALS": "true",
            "RCLONE_CONFIG_TENANT_TENANT": self.tenant.tenant_id,
            "RCLONE_CONFIG_TENANT_DRIVE_ID": self.source.drive_id,
            "RCLONE_CONFIG_TENANT_DRIVE_TYPE": drive_type,
        }

    def measured(
        self,
        command: list[str],
        environment: dict[str, str] | None = None,
        expect: Sequence[int] = (0,),
    ) -> Ran:
        """Run a command and say what it cost the tenant and the proxy."""
        before, processor = self.tenant.control.counters(), time.process_time()
        with self._watched() as (seen, pids):
            ended: Ended = run(command, environment=environment, expect=expect, started=pids.append)
        proxy = time.process_time() - processor
        return Ran(
            ended.took,
            self.cost_since(before, proxy),
            seen,
            {},
            ended.status,
            ended.output,
        )

    def cost_since(self, before: dict[str, Any], proxy: float = 0.0) -> Cost:
        """What the tenant counted since ``before``."""
        after = self.tenant.control.counters()
        requests = {
            kind: count - before["requests"].get(kind, 0)
            for kind, count in after["requests"].items()
        }
        return Cost(
            after["cpu_seconds"] - before["cpu_seconds"],
            proxy,
            after["units"] - before["units"],
            after["throttled"] - before["throttled"],
            after["bytes_out"] - before["bytes_out"],
            {kind: count for kind, count in requests.items() if count},
        )

    @contextlib.contextmanager
    def _watched(self) -> Iterator[tuple[Seen, list[int]]]:
        seen, ended = Seen(), threading.Event()
        pids: list[int] = []

        def watch() -> None:
            while not ended.is_set():
                units = int(self.tenant.control.counters()["units"])
                seen.units.append((time.monotonic(), units))
                for pid in pids:
                    seen.peak_memory = max(seen.peak_memory, peak_memory(pid))
                # a quick run is over in a quarter of a second
                ended.wait(0.05)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen, pids
        finally:
            ended.set()
            thread.join()


@contextlib.contextmanager
def cloud(
    folder: Path,
    settings: Settings,
    *,
    many: int = 16,
    budget: dict[str, Any] | None = None,
) -> Iterator[Cloud]:
    """A tenant, the proxy, and a folder for copies; all gone afterwards."""
    folder.mkdir(parents=True)
    try:
        with (
            start_tenant(folder / "tenant", settings) as tenant,
            cloud_proxy(tenant.graph, tenant.content) as proxy,
        ):
            yield Cloud(tenant, proxy, folder, many, settings.clock_speed, budget)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_command(request: Path) -> list[str]:
    """The command of our export."""
    return [sys.executable, str(Path(export_process.__file__)), str(request)]


def peak_memory(pid: int) -> int:
    """Most memory that a process held so far, bytes (proc(5), VmHWM); 0 when it is no more.

    ``ru_maxrss`` would not do: it begins with what the bench itself held.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def copied(folder: Path) -> tuple[int, int]:
    """Files in a folder, and their bytes."""
    sizes = [
        (Path(place) / name).stat().st_size for place, _, names in os.walk(folder) for name in names
    ]
    return len(sizes), sum(sizes)
