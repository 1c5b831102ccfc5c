"""Reconciliation as JSON in and JSON out, for an Ansible module or any other caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..graph.clock import Clock
from .import_report import Progress, plain_json
from .import_request import ImportRequest, path_in, read_import_request, wrong_request
from .import_state import ImportState
from .reconcile import reconcile
from .reconciliation import Trust, write_lines
from .tenant_request import connection

#: called with {"files", "of_files", "bytes", "of_bytes", "path"}
Tell = Callable[[dict[str, Any]], None]

_TRUST: dict[str, Trust] = {
    "every byte": "every byte",
    "the service's hash": "the service's hash",
}


def run_reconcile(
    request: Mapping[str, Any], progress: Tell | None = None, *, clock: Clock | None = None
) -> dict[str, Any]:
    """Compare a target with a manifest, item by item.

    Args:
        request: as ``import_request.read_import_request``, with ``scratch``: a private folder
            for downloads; ``trust``: ``every byte`` (the default) or ``the service's hash``;
            and ``lines``: where all lines are written, as compressed JSON lines.
        progress: called after each file, from this thread.
        clock: time for the pacer; the system's when None.

    Returns:
        ``Reconciliation.as_data``, with ``lines_file`` and ``lines_sha256`` of the file with
        all lines; and ``spent``. Only with ``sound`` true may the hand-over go on.

    Raises:
        InputError: the request cannot be used; nothing was done.
        SluisError: manifest, state or target cannot be used at all.
    """
    checked = read_import_request(request, frozenset({"scratch", "trust", "lines"}))
    trust = _TRUST.get(str(request.get("trust", "every byte")))
    if trust is None:
        raise wrong_request(f"trust must be one of: {', '.join(_TRUST)}")
    scratch, lines = path_in(request, "scratch"), path_in(request, "lines")
    return asyncio.run(_reconcile(checked, scratch, lines, trust, progress, clock))


async def _reconcile(
    request: ImportRequest,
    scratch: Path,
    lines: Path,
    trust: Trust,
    progress: Tell | None,
    clock: Clock | None,
) -> dict[str, Any]:
    def tell(done: Progress) -> None:
        if progress is not None:
            progress(plain_json(asdict(done)))

    async with connection(request.connection, clock) as graph:
        with ImportState(request.state) as state:
            found = await reconcile(
                graph,
                request.manifest,
                request.export_root,
                request.target,
                request.policy,
                state,
                scratch,
                trust=trust,
                progress=tell,
                workers=request.workers,
            )
        spent = graph.spent
    digest = write_lines(lines, found.lines)
    return {
        **found.as_data(),
        "lines_file": str(lines),
        "lines_sha256": digest,
        "spent": asdict(spent),
    }
