"""One exported drive (or folder) into one target drive.

Nothing is written before everything is decided: names, who is who, what is in the way, room.
Then folders, then files, then rights and the folders' dates. Killed anywhere, a second call
with the same state goes on and sends nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..counted import counted
from ..graph.connect import Graph
from .import_decisions import Decisions, decide
from .import_plan import ImportPlan, plan_import
from .import_policy import LEAVE_OUT, ImportPolicy, Target, remedy_for
from .import_report import Failure, ImportReport, Progress
from .import_state import ImportState, Row
from .import_writing import ImportWriting
from .name_rules import PATH_LIMIT, characters_in
from .quota_check import check_quota
from .rights_left import not_signed, on_old_folders
from .set_aside import is_gone
from .stored_names import ExportFolder
from .target_tree import Place, list_target, look_at
from .tenant_manifest import read_manifest
from .their_spelling import recognise


async def import_drive(
    graph: Graph,
    manifest: Path,
    export_root: Path,
    target: Target,
    policy: ImportPolicy,
    state: ImportState,
    *,
    progress: Callable[[Progress], None] | None = None,
    workers: int = 8,
) -> ImportReport:
    """Bring over what a manifest names.

    Args:
        graph: the connection to the target tenant.
        manifest: the source's manifest.
        export_root: the folder that its ``stored`` paths are below.
        target: where it goes.
        policy: as the client signed it.
        state: of this import; used again after a kill and for later passes.
        progress: told after each file.
        workers: files under way at once.

    Returns:
        what was done. Its ``outcome`` is ``done`` only when everything that was to go is there.

    Raises:
        EvidenceError: the manifest or the state cannot be used.
        GraphError: the target cannot be looked at at all.
    """
    lines = tuple(read_manifest(manifest))
    state.bind(target.drive_id, target.folder)
    report = ImportReport(
        "refused", target.drive_id, target.folder, _sha256(manifest), policy.as_data()
    )
    place = await look_at(graph, target.drive_id)
    plan = plan_import(
        lines,
        policy,
        url_length=place.url_length,
        place=target.folder,
        settled=settled_names(state.rows()),
    )
    _say_plan(report, plan)
    if not _agreed(report, plan, policy):
        return report
    tree = await list_target(graph, place)
    recognise(tree, state.rows(), target.folder)
    if state.before() is None:
        state.keep_before(node.id for _, node in tree.below(place.root_id))
    base = tree.place(target.folder)
    decisions = decide(
        plan,
        policy,
        tree,
        state.rows(),
        base=base.id if base else None,
        room=room_below(place, target),
    )
    _say_decisions(report, decisions)
    there = on_old_folders(decisions.were_there(state.before() or frozenset()), policy)
    report.rights_left += there
    _refuse(report, not_signed(there, policy))
    if decisions.conflicts:
        report.fail(_in_the_way(len(decisions.conflicts)))
    if report.reasons:
        return report
    report.quota = check_quota(place.quota, decisions.bytes, policy.reserve)
    if (reason := report.quota.refusal(policy.leave_out)) is not None:
        report.fail(
            Failure("", reason, f"{report.quota.why} Nothing was written.", remedy_for(reason))
        )
        return report
    for old, new in decisions.renewed:
        state.renew(old, new)
    with ExportFolder(export_root) as export:
        writing = ImportWriting(graph, place.root_id, target, policy, state, report, workers)
        await writing.all(decisions, export, tree, progress)
    return report


def settled_names(rows: Iterable[Row]) -> dict[str, str]:
    """Original path to name in the target, of what is there or on its way already."""
    return {
        row.path: row.target.rpartition("/")[2]
        for row in rows
        if row.step != "aside" and is_gone(row)
    }


def room_below(place: Place, target: Target) -> int:
    """Characters that a path below the target's folder may have."""
    folder = characters_in(target.folder) + 1 if target.folder else 0
    return PATH_LIMIT - place.url_length - 1 - folder


_OF_WHAT = {
    "unmapped-principal": ("principal would lose its rights", "principals would lose their rights"),
    "narrower-rights": ("item could be seen by more people", "items could be seen by more people"),
    "rights-not-had": (
        "item would be as open as its folder",
        "items would be as open as their folders",
    ),
    "right-not-givable": ("right would not be given", "rights would not be given"),
    "folder-was-there": ("right would not be given", "rights would not be given"),
}
_STAYS = ("item would stay behind", "items would stay behind")


def what_would_happen(reason: str, count: int) -> str:
    """What comes of so many that nobody signed for, without a full stop.

    Args:
        reason: out of ``LEAVE_OUT``.
        count: of items, people or rights.
    """
    return counted(count, *_OF_WHAT.get(reason, _STAYS))


def _say_plan(report: ImportReport, plan: ImportPlan) -> None:
    report.renamed = plan.renamed
    report.left_out = plan.left_out
    report.unmapped = plan.unmapped
    report.not_carried = plan.not_carried
    report.may_be_narrower = plan.may_be_narrower
    report.rights_not_had = plan.rights_not_had
    report.rights_left = plan.rights_left


def _agreed(report: ImportReport, plan: ImportPlan, policy: ImportPolicy) -> bool:
    _refuse(report, plan.not_agreed(policy))
    return not report.reasons


def _refuse(report: ImportReport, not_agreed: Mapping[str, int]) -> None:
    for reason, count in sorted(not_agreed.items()):
        what = what_would_happen(reason, count)
        report.fail(
            Failure(
                "",
                reason,
                f"{what} because {LEAVE_OUT[reason]}, and nobody signed for that.",
                "Settle it in the scope, or have it signed as it is.",
            )
        )


def _say_decisions(report: ImportReport, decisions: Decisions) -> None:
    report.conflicts = decisions.conflicts
    report.notes = decisions.notes
    report.gone = sorted(row.path for row in decisions.gone)


def _in_the_way(count: int) -> Failure:
    return Failure(
        "",
        "conflicts",
        f"{counted(count, 'item')} would meet something in the target that is not theirs; "
        "nothing was written.",
        "Let the client decide about each, or sign another policy for conflicts.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
