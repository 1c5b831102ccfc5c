"""Our export as a process of its own: ``python export_process.py FILE``.

FILE is JSON: ``what`` (``export``, or ``list`` for the listing alone), ``clock_speed``, and
``request`` as ``sluis.tenant.run_export.export`` takes it. What was done goes to the standard
output as JSON, with ``peak_memory`` in bytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluis.graph.clock import SystemClock
from sluis.tenant.discover import folder_of
from sluis.tenant.enumerate import enumerate_drive
from sluis.tenant.run_export import export
from sluis.tenant.state import DriveState
from sluis.tenant.tenant_request import Request, connection, read_request


def main() -> int:
    """Do what the file says; 0 when all of it was done."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    clock = SystemClock(asked["clock_speed"])
    if asked["what"] == "list":
        done = asyncio.run(_list(read_request(asked["request"]), clock))
    else:
        stages = _Stages()
        done = export(asked["request"], stages.told, clock=clock)
        done["stages"] = stages.seconds()
    print(json.dumps({**done, "peak_memory": _peak_memory()}))
    return 0 if done["complete"] else 1


class _Stages:
    """How long each stage of an export took, from its first word to the next one's."""

    def __init__(self) -> None:
        self._began: list[tuple[str, float]] = []

    def told(self, news: dict[str, Any]) -> None:
        if not self._began or self._began[-1][0] != news["stage"]:
            self._began.append((news["stage"], time.perf_counter()))

    def seconds(self) -> dict[str, float]:
        found: dict[str, float] = {}
        ends = [*[began for _, began in self._began[1:]], time.perf_counter()]
        for (stage, began), end in zip(self._began, ends, strict=True):
            found[stage] = round(found.get(stage, 0.0) + end - began, 3)
        return found


async def _list(request: Request, clock: SystemClock) -> dict[str, Any]:
    """The listing that begins every pass, with its checks, into the state on disk."""
    (source,) = request.sources
    folder = folder_of(request.folder, source)
    folder.mkdir(parents=True)
    async with connection(request, clock) as graph:
        with DriveState(folder / "state.sqlite", source.id) as state:
            state.begin_pass(datetime.now(UTC).isoformat(timespec="seconds"))
            found = await enumerate_drive(graph, source, state)
    return {"complete": True, "items": found.counted.files + found.counted.folders}


def _peak_memory() -> int:
    """Most memory that this process held at once, bytes (proc(5), VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not say how much memory this process held")


if __name__ == "__main__":
    sys.exit(main())
