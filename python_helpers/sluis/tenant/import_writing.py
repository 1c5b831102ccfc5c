"""The part of an import that writes: folders, files, rights, and the folders' dates.

Everything was decided before. What fails is listed and the rest goes on, unless it says that
something is wrong with all of it: a file that was tampered with, a target that is full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from ..counted import counted
from ..errors import SluisError
from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.errors import ThrottledError
from .file_sending import FileSending, stops_all
from .give_rights import give_rights, rights_digest
from .import_decisions import Decisions, Job, same_time
from .import_policy import ImportPolicy, Target, remedy_for
from .import_report import Failure, ImportReport, Progress, RightsGiven
from .import_state import ImportState, Row
from .rights_left import THERE_WHY, lefts, not_signed, rights_of
from .set_aside import Aside, set_aside
from .stored_names import ExportFolder
from .target_folders import make_folder, move_item, set_dates
from .target_tree import TargetTree, node_of
from .user_map import Invite

#: calls about rights in a row that were put off without end, after which none is made: on lists
#: of over 100,000 items none gets through (sp-dev-docs ``migration-perm-guidance.md``)
_MOST_PUT_OFF = 3
_SAID = {"take over": "taken over", "equal": "equal", "done": "done before"}


class ImportWriting:
    """Carries decisions out.

    Args:
        graph: the connection to the target.
        root_id: id of the target drive's root.
        target: where things go.
        policy: as signed.
        state: where it is kept how far each item is.
        report: where it is said.
        workers: items under way at once.
    """

    def __init__(
        self,
        graph: Graph,
        root_id: str,
        target: Target,
        policy: ImportPolicy,
        state: ImportState,
        report: ImportReport,
        workers: int,
    ) -> None:
        self.graph = graph
        self.root_id = root_id
        self.drive_id = target.drive_id
        self.folder = target.folder
        self.policy = policy
        self.state = state
        self.report = report
        self.workers = workers
        #: ids of folders by path below the target's folder
        self.ids: dict[str, str] = {}
        self.before = state.before() or frozenset()
        #: folders that something was put into in this run, which moves their dates
        self.touched: set[str] = set()
        self.known = {row.source_id: row for row in state.rows()}
        #: eTags of items that this run moved
        self.etags: dict[str, str | None] = {}
        #: calls about rights that were put off without end, in a row
        self.put_off = 0

    async def all(
        self,
        decisions: Decisions,
        export: ExportFolder,
        tree: TargetTree,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        """Write everything; the report says how it went.

        Args:
            decisions: what is done with each item, without conflicts.
            export: the export root.
            tree: the target as it was listed.
            progress: told after each file.
        """
        self.report.outcome = "stopped"
        if not await self._base(tree):
            return
        if not await self._try("", self._aside, decisions.aside):
            return
        await self._folders(decisions.folders)
        jobs = (*decisions.folders, *decisions.files)
        self.touched = {
            job.target.rpartition("/")[0] for job in jobs if job.action not in ("done", "use")
        }
        not_moved: set[str] = set()
        for job in decisions.files:
            if job.action in ("send", "replace"):
                continue
            before = len(self.report.reasons)
            await self._try(job.going.path, self._settle, job)
            if job.action == "move" and job.node and len(self.report.reasons) > before:
                not_moved.add(job.node.id)
        sending = FileSending(
            self.graph,
            self.drive_id,
            export,
            self.state,
            self.report,
            self.ids,
            workers=self.workers,
            progress=progress,
        )
        await sending.send(self._to_send(decisions.files, not_moved))
        if sending.stopped:
            return
        rows = {row.source_id: row for row in self.state.rows()}
        if self.policy.permissions and not await self._many(jobs, self._rights, rows):
            return
        # last: everything that goes into a folder moves its date
        dated = decisions.folders if self.policy.folder_dates else ()
        if not await self._many(dated, self._dates, rows):
            return
        self.report.outcome = "incomplete" if self.report.reasons else "done"

    def _to_send(self, jobs: list[Job], not_moved: set[str]) -> list[Job]:
        """What is sent; not over a file that changed or that could not be moved before."""
        found = []
        for job in jobs:
            node = job.node
            if job.action not in ("send", "replace") or (node and node.id in not_moved):
                continue
            if node and node.id in self.etags:
                job = replace(job, node=replace(node, etag=self.etags[node.id]))
            found.append(job)
        return found

    async def _aside(self, gone: list[Aside]) -> None:
        moved, kept = await set_aside(
            self.graph, self.drive_id, self.ids[""], self.policy, self.state, gone
        )
        if moved:
            self.report.count("set aside", moved)
        for row in kept:
            self.report.fail(
                Failure(
                    row.path,
                    "changed-in-target",
                    "Its original was removed, and somebody changed it in the target meanwhile; "
                    "it stays where it is.",
                    "Run again: it is looked at anew.",
                )
            )

    async def _base(self, tree: TargetTree) -> bool:
        """The target's folder, made where it is not there."""
        here = self.root_id
        for name in filter(None, self.folder.split("/")):
            found = tree.child(here, name)
            if found is None:
                try:
                    here, _ = await make_folder(self.graph, self.drive_id, here, name)
                except SluisError as error:
                    self._fail("", error)
                    return False
            else:
                here = found.id
        self.ids[""] = here
        return True

    async def _folders(self, jobs: list[Job]) -> None:
        """Level by level, since a folder needs its parent's id."""
        levels: dict[int, list[Job]] = {}
        for job in jobs:
            levels.setdefault(job.target.count("/"), []).append(job)
        for depth in sorted(levels):
            await asyncio.gather(
                *(self._try(job.going.path, self._one_folder, job) for job in levels[depth])
            )

    async def _one_folder(self, job: Job) -> None:
        parent, _, name = job.target.rpartition("/")
        if parent not in self.ids:
            raise SluisError(
                "nowhere-to-send",
                f"The folder above {job.going.path!r} could not be made.",
                "Look at what was said about that folder.",
            )
        if job.action == "move" and job.node:
            await move_item(self.graph, self.drive_id, job.node.id, self.ids[parent], name)
            item_id, made = job.node.id, True
        elif job.node:
            item_id, made = job.node.id, job.node.id not in self.before
        else:
            item_id, made = await make_folder(self.graph, self.drive_id, self.ids[parent], name)
            made = made or item_id not in self.before
        self.ids[job.target] = item_id
        words = {"move": "moved", "use": "folders used"}
        self.report.count(words.get(job.action, "folders made"))
        self._keep_folder(job, item_id, made)

    def _keep_folder(self, job: Job, item_id: str, made: bool) -> None:
        going = job.going
        row = Row(going.source_id, going.path, job.target, "made" if made else "there")
        old = self.known.get(going.source_id)
        invited = old.invited if old and old.target_id == item_id else None
        self.state.keep(replace(row, target_id=item_id, invited=invited))

    async def _settle(self, job: Job) -> None:
        """A file for which nothing has to be sent."""
        line, node = job.going.line, job.node
        if line is None or node is None:
            return
        if job.action == "move":
            folder, _, name = job.target.rpartition("/")
            if folder not in self.ids:
                raise SluisError(
                    "nowhere-to-send",
                    f"The folder of {job.going.path!r} could not be made, so it was not moved.",
                    "Look at what was said about the folder.",
                )
            moved = await move_item(
                self.graph, self.drive_id, node.id, self.ids[folder], name, etag=node.etag
            )
            # a move is a change of its own; what is replaced next is what it left
            self.etags[node.id] = node_of(item_of(moved, "a moved item", node.id)).etag
            self.report.count("moved")
        else:
            self.report.count(_SAID[job.action])
        old = self.known.get(job.going.source_id)
        self.state.keep(
            Row(
                job.going.source_id,
                job.going.path,
                job.target,
                "equal" if job.action == "equal" else "sent",
                line.sha256,
                line.size,
                line.modified,
                node.id,
                None,
                node.size,
                node.quickxor,
                old.invited if old and old.target_id == node.id else None,
                self.etags.get(node.id, node.etag),
                node.modified,
                line.quickxor,
            )
        )

    async def _rights(self, job: Job, rows: dict[str, Row]) -> None:
        line, row = job.going.line, rows.get(job.going.source_id)
        if line is None or not line.permissions or row is None or row.target_id is None:
            return
        invites, not_given = rights_of(line, self.policy, was_there=row.step == "there")
        # a folder may have come into its place since it was decided about
        found = [one for one in lefts(job.going.path, not_given) if one.code == "folder-was-there"]
        if not_signed(found, self.policy):
            self._fail(
                job.going.path,
                SluisError(
                    "folder-was-there",
                    f"{counted(len(found), 'right on it was', 'rights on it were')} not "
                    f"given: {THERE_WHY}.",
                    remedy_for("folder-was-there"),
                ),
            )
        if not_given:
            data = tuple(
                {"principal": one.principal, "role": one.role, "why": one.why} for one in not_given
            )
            self.report.not_given.append(RightsGiven(job.going.path, len(invites), data))
        digest = rights_digest(invites)
        if invites and row.invited != digest:
            await self._give(row.target_id, invites)
            self.state.keep(replace(row, invited=digest))
            rows[row.source_id] = replace(row, invited=digest)
            self.report.count("rights given", len(invites))

    async def _give(self, item_id: str, invites: tuple[Invite, ...]) -> None:
        """Give rights on an item, unless every such call is put off."""
        if self.put_off >= _MOST_PUT_OFF:
            raise SluisError(
                "rights-put-off",
                "Its rights were not given: the target puts off every call about rights, and "
                "answers others.",
                "Run again later; if it stays, have them given in the admin centre.",
            )
        try:
            await give_rights(self.graph, self.drive_id, item_id, invites)
        except ThrottledError:
            self.put_off += 1
            raise
        self.put_off = 0

    async def _dates(self, job: Job, rows: dict[str, Row]) -> None:
        line, row = job.going.line, rows.get(job.going.source_id)
        # a folder that was there before is not ours to date
        if line is None or row is None or row.step != "made" or row.target_id is None:
            return
        untouched = job.node is not None and job.target not in self.touched
        if untouched and job.node and same_time(job.node.modified, line.modified):
            return
        await set_dates(
            self.graph,
            self.drive_id,
            row.target_id,
            created=line.created,
            modified=line.modified,
        )
        self.report.count("folder dates")

    async def _many(
        self,
        jobs: Iterable[Job],
        work: Callable[[Job, dict[str, Row]], Awaitable[None]],
        rows: dict[str, Row],
    ) -> bool:
        """Do it for all; whether nothing came that would meet the next ones too."""
        waiting = iter(jobs)
        going_on = True

        async def worker() -> None:
            nonlocal going_on
            for job in waiting:
                going_on = await self._try(job.going.path, work, job, rows) and going_on
                if not going_on:
                    return

        await asyncio.gather(*(worker() for _ in range(self.workers)))
        return going_on

    async def _try(self, path: str, work: Callable[..., Awaitable[None]], *given: object) -> bool:
        """Do it; a failure is listed. False when it would meet the next item too."""
        try:
            await work(*given)
        except SluisError as error:
            self._fail(path, error)
            return not await stops_all(self.graph, self.drive_id, error)
        return True

    def _fail(self, path: str, error: SluisError) -> None:
        self.report.fail(Failure(path, error.code, error.what, error.remedy))
