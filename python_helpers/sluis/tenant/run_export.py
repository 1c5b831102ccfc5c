"""Discover and export as JSON in and JSON out, for an Ansible module or any other caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..errors import SluisError
from ..graph.clock import Clock
from ..graph.errors import ThrottledError
from .discover import discover, folder_of
from .export_drive import ExportReport, export_drive
from .forecast import Spending, beside, forecast
from .tenant_request import Request, connection, read_request

#: called with {"source", "name", "stage", "items", "bytes"}
Progress = Callable[[dict[str, Any]], None]
Now = Callable[[], datetime]


def export(
    request: Mapping[str, Any],
    progress: Progress | None = None,
    *,
    now: Now | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Make a pass over every drive of a request, one after the other.

    Args:
        request: see ``tenant_request.read_request``.
        progress: called as things get done, from this thread.
        now: the calendar; the system's when None.
        clock: time for the pacer; the system's when None.

    Returns:
        ``drives``: reports (``ExportReport.as_data``) with ``folder``; ``failed``: source
        and error of each drive that could not be finished; ``not_begun``: ids of drives
        that were left because of one of those; ``plan``: the forecast; ``beside``: plan
        beside actual; ``complete``: whether every drive was finished.

    Raises:
        InputError: the request cannot be used; nothing was done.
    """
    checked = read_request(request)
    return asyncio.run(_export(checked, progress, now or _now, clock))


def discover_tenant(
    request: Mapping[str, Any],
    progress: Progress | None = None,
    *,
    now: Now | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Find all sources and workloads of a tenant; see ``export`` for the arguments.

    Returns:
        ``sources``, ``workloads``, ``could_not``, and ``plan``: a forecast over all sources.

    Raises:
        InputError: the request cannot be used.
        SluisError: the tenant cannot be looked at.
    """
    checked = read_request(request)
    return asyncio.run(_discover(checked, progress, now or _now, clock))


async def _discover(
    request: Request, progress: Progress | None, now: Now, clock: Clock | None
) -> dict[str, Any]:
    def tell(done: int, name: str) -> None:
        if progress is not None:
            progress({"source": "", "name": name, "stage": "discovery", "items": done, "bytes": 0})

    async with connection(request, clock) as graph:
        found = await discover(
            graph, request.folder if request.count else None, now=now, progress=tell
        )
    plan = forecast(found.sources, request.policy, request.means, now(), request.ends)
    return {**found.as_data(), "plan": plan.as_data()}


async def _export(
    request: Request, progress: Progress | None, now: Now, clock: Clock | None
) -> dict[str, Any]:
    began = now()
    plan = forecast(request.sources, request.policy, request.means, began, request.ends)
    by_id = {source.id: source for source in request.sources}
    waiting = [by_id[line.source_id] for line in plan.sources]
    drives: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    reports: list[ExportReport] = []
    async with connection(request, clock) as graph:
        while waiting:
            source = waiting.pop(0)

            def tell(stage: str, items: int, size: int, *, one: Any = source) -> None:
                if progress is not None:
                    progress(
                        {"source": one.id, "name": one.name, "stage": stage, "items": items,
                         "bytes": size}
                    )  # fmt: skip

            folder = folder_of(request.folder, source)
            try:
                report = await export_drive(
                    graph, source, folder, request.policy, now,
                    workers=request.workers, progress=tell,
                )  # fmt: skip
            except SluisError as error:
                failed.append({"source": source.id, "name": source.name, "error": error.as_dict()})
                if isinstance(error, ThrottledError) or error.code in _STOPS_ALL:
                    break
                continue
            reports.append(report)
            drives.append({**report.as_data(), "folder": str(folder)})
        spent = graph.spent
    used = Spending(
        spent.units,
        sum(report.fetched_bytes for report in reports),
        (now() - began).total_seconds() / 3600,
        spent.throttled,
    )
    return {
        "drives": drives,
        "failed": failed,
        "not_begun": [source.id for source in waiting],
        "plan": plan.as_data(),
        "used": asdict(used),
        "beside": beside(plan, used),
        "complete": not failed and not waiting,
    }


#: what is no fault of one drive and would meet the next one too
_STOPS_ALL = frozenset(
    {"disk-full", "export-disk", "sign-in-refused", "sign-in-failed", "graph-unauthorized"}
)


def _now() -> datetime:
    return datetime.now(UTC)
