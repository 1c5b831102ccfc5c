"""Plan and import as JSON in and JSON out, for an Ansible module or any other caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ..graph.clock import Clock
from .import_decisions import decide
from .import_drive import import_drive, room_below, settled_names, what_would_happen
from .import_plan import plan_import
from .import_policy import remedy_for
from .import_report import Failure, Progress, plain_json
from .import_request import ImportRequest, read_import_request
from .import_state import ImportState
from .quota_check import check_quota
from .rights_left import not_signed, on_old_folders
from .target_tree import list_target, look_at
from .tenant_manifest import read_manifest
from .tenant_request import connection
from .their_spelling import recognise

#: called with {"files", "of_files", "bytes", "of_bytes", "path"}
Tell = Callable[[dict[str, Any]], None]


def run_import(
    request: Mapping[str, Any], progress: Tell | None = None, *, clock: Clock | None = None
) -> dict[str, Any]:
    """Import one exported drive into one target drive.

    Args:
        request: see ``import_request.read_import_request``.
        progress: called after each file, from this thread.
        clock: time for the pacer; the system's when None.

    Returns:
        ``ImportReport.as_data``, with ``complete``: whether its outcome is ``done``; and
        ``spent``: requests, units, throttled, seconds_waited.

    Raises:
        InputError: the request cannot be used; nothing was done.
        SluisError: manifest, state or target cannot be used at all.
    """
    return asyncio.run(_import(read_import_request(request), progress, clock))


def plan(request: Mapping[str, Any], *, clock: Clock | None = None) -> dict[str, Any]:
    """Say what an import would do, for the scope that gets signed. Nothing is written.

    Args:
        request: as ``run_import``.
        clock: as ``run_import``.

    Returns:
        ``ImportPlan.as_data``, with ``conflicts``, ``notes``, ``gone``, ``to_send`` (files),
        ``bytes_to_send``, ``quota``, and ``refusals``: why an import would not start.

    Raises:
        InputError: the request cannot be used.
        SluisError: manifest, state or target cannot be used at all.
    """
    return asyncio.run(_plan(read_import_request(request), clock))


async def _import(
    request: ImportRequest, progress: Tell | None, clock: Clock | None
) -> dict[str, Any]:
    def tell(done: Progress) -> None:
        if progress is not None:
            progress(plain_json(asdict(done)))

    async with connection(request.connection, clock) as graph:
        with ImportState(request.state) as state:
            report = await import_drive(
                graph,
                request.manifest,
                request.export_root,
                request.target,
                request.policy,
                state,
                progress=tell,
                workers=request.workers,
            )
        spent = graph.spent
    return {
        **report.as_data(),
        "complete": report.outcome == "done",
        "spent": asdict(spent),
    }


async def _plan(request: ImportRequest, clock: Clock | None) -> dict[str, Any]:
    lines = tuple(read_manifest(request.manifest))
    async with connection(request.connection, clock) as graph:
        place = await look_at(graph, request.target.drive_id)
        tree = await list_target(graph, place)
    with ImportState(request.state) as state:
        state.bind(request.target.drive_id, request.target.folder)
        rows = tuple(state.rows())
        before = state.before()
    if before is None:
        before = frozenset(node.id for _, node in tree.below(place.root_id))
    recognise(tree, rows, request.target.folder)
    made = plan_import(
        lines,
        request.policy,
        url_length=place.url_length,
        place=request.target.folder,
        settled=settled_names(rows),
    )
    base = tree.place(request.target.folder)
    decisions = decide(
        made,
        request.policy,
        tree,
        rows,
        base=base.id if base else None,
        room=room_below(place, request.target),
    )
    there = on_old_folders(decisions.were_there(before), request.policy)
    quota = check_quota(place.quota, decisions.bytes, request.policy.reserve)
    refusals = [
        Failure("", reason, f"{what_would_happen(reason, count)}.", remedy_for(reason))
        for reason, count in (
            *made.not_agreed(request.policy).items(),
            *not_signed(there, request.policy).items(),
        )
    ]
    if decisions.conflicts:
        refusals.append(
            Failure(
                "",
                "conflicts",
                f"{len(decisions.conflicts)} are in the way.",
                remedy_for("conflicts"),
            )
        )
    if (reason := quota.refusal(request.policy.leave_out)) is not None:
        refusals.append(Failure("", reason, quota.why, remedy_for(reason)))
    sending = [job for job in decisions.files if job.action in ("send", "replace")]
    data: dict[str, Any] = plain_json(
        {
            **made.as_data(),
            "rights_left": [asdict(one) for one in (*made.rights_left, *there)],
            "conflicts": [asdict(one) for one in decisions.conflicts],
            "notes": [asdict(one) for one in decisions.notes],
            "gone": sorted(row.path for row in decisions.gone),
            "to_send": len(sending),
            "bytes_to_send": decisions.bytes,
            "quota": quota.as_data(),
            "refusals": [asdict(one) for one in refusals],
        }
    )
    return data
