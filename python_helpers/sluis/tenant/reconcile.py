"""Every item of the target beside the manifest, one by one.

Nothing is assumed because an import said so: the target is listed anew, every file is
downloaded again unless the signed policy lets the service's hash stand for it, and what is in
the target and in no manifest is named as well. Anything but ``equal`` and ``rewritten by the
service`` stops the hand-over.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .asked_by_path import why_another
from .compare_content import Verdict, compare_content, is_equal_by_hash
from .folder_links import folder_links, is_worth_listing
from .import_drive import settled_names
from .import_plan import Going, ImportPlan, LeftOut, plan_import
from .import_policy import ImportPolicy, Target
from .import_report import Progress
from .import_state import ImportState, Row
from .many_at_once import many_at_once
from .name_rules import target_key
from .reconcile_rights import PlaceRights, compare_rights, rights_of_place
from .reconcile_state import ReconcileState
from .reconciliation import SOUND, Category, Line, Reconciliation, RightMissing, Trust
from .refused_alone import raise_unless_alone
from .rights_left import RightLeft, lefts, rights_of
from .sealed_files import MAY_NOT_OPEN
from .set_aside import FOLDER_ID
from .stored_names import ExportFolder
from .target_tree import Node, TargetTree, list_target, look_at, node_of
from .tenant_manifest import ManifestLine, read_manifest
from .their_spelling import recognise
from .user_map import Invite, grants_in


async def reconcile(
    graph: Graph,
    manifest: Path,
    export_root: Path,
    target: Target,
    policy: ImportPolicy,
    state: ImportState,
    scratch: Path,
    *,
    trust: Trust = "every byte",
    progress: Callable[[Progress], None] | None = None,
    workers: int,
) -> Reconciliation:
    """Compare a target with a manifest.

    Args:
        graph: the connection to the target tenant.
        manifest: the source's manifest.
        export_root: the folder that its ``stored`` paths are below.
        target: where it went.
        policy: as the client signed it.
        state: of the import; says what was in the target before, and under which names
            things went.
        scratch: a private folder for downloads and for what was found so far.
        trust: ``every byte``, or ``the service's hash`` where size and hash are the manifest's.
        progress: told after each file.
        workers: files under way at once.

    Raises:
        EvidenceError: the manifest or a state cannot be used.
        GraphError: the target cannot be listed, is away, or lets us in no more.
    """
    lines = tuple(read_manifest(manifest))
    state.bind(target.drive_id, target.folder)
    rows = {row.source_id: row for row in state.rows()}
    place = await look_at(graph, target.drive_id)
    tree = await list_target(graph, place)
    recognise(tree, rows.values(), target.folder)
    plan = plan_import(
        lines,
        policy,
        url_length=place.url_length,
        place=target.folder,
        settled=settled_names(rows.values()),
    )
    with manifest.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    result = Reconciliation(target.drive_id, target.folder, digest, trust)
    about = f"{target.drive_id} {target.folder} {digest} {trust}"
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        ExportFolder(export_root) as export,
        ReconcileState(scratch / "reconcile.sqlite", about) as found,
    ):
        run = _Run(graph, target, tree, export, found, scratch, result, state)
        await run.all(plan, policy, rows, workers, progress)
        _left_out(result, plan, policy)
        run.extras(state.before() or frozenset(), _gone(plan, rows), policy)
        found.finish()
    result.lines.sort(key=lambda line: (line.path, line.category))
    return result


@dataclass(frozen=True, slots=True)
class _Pair:
    """An item that should be there, and what is."""

    going: Going
    target: str
    node: Node | None
    row: Row | None
    #: where it lies instead, when it is ours and somebody moved it in the target
    moved: str = ""


class _Run:
    def __init__(
        self,
        graph: Graph,
        target: Target,
        tree: TargetTree,
        export: ExportFolder,
        found: ReconcileState,
        scratch: Path,
        result: Reconciliation,
        state: ImportState,
    ) -> None:
        self.state = state
        self.graph = graph
        self.target = target
        self.tree = tree
        base = tree.place(target.folder)
        self.base = base.id if base and base.kind == "folder" else None
        #: as the target spells it
        self.folder = tree.path_of(self.base) if self.base else target.folder
        self.export = export
        self.found = found
        self.scratch = scratch
        self.result = result
        #: ids of what a line is about
        self.seen: set[str] = set()

    async def all(
        self,
        plan: ImportPlan,
        policy: ImportPolicy,
        rows: dict[str, Row],
        workers: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        tell = progress or (lambda _: None)
        pairs = [self._pair(going, rows) for going in (*plan.folders, *plan.files)]
        total = Progress(0, len(plan.files), 0, plan.bytes, "")

        async def work(turn: tuple[int, _Pair, str | None]) -> None:
            nonlocal total
            number, pair, url = turn
            line, node = await self._one(pair, number, url)
            self.result.lines.append(line)
            # what was asked for has rights as well as what was listed
            pairs[number] = replace(pair, node=node)
            if line.type == "file" and pair.going.line:
                total = Progress(
                    total.files + 1,
                    total.of_files,
                    total.bytes + pair.going.line.size,
                    total.of_bytes,
                    pair.going.path,
                )
                tell(total)

        await many_at_once(self._in_turn(pairs), work, workers)
        await self._rights(pairs, policy)

    async def _in_turn(
        self, pairs: list[_Pair]
    ) -> AsyncGenerator[tuple[int, _Pair, str | None], None]:
        """Every pair with its number, and with the URL of its content where one listing told it."""
        folders: dict[str, dict[str, int]] = {}
        for number, pair in enumerate(pairs):
            node = pair.node
            if node is not None and self._is_fetched(node, pair.going.line):
                folders.setdefault(node.parent, {}).setdefault(node.id, number)
            if node is None or folders.get(node.parent, {}).get(node.id) != number:
                yield number, pair, None
        drive = f"/drives/{segment(self.target.drive_id)}"
        for folder, wanted in folders.items():
            if is_worth_listing(len(wanted), self.tree.count_in(folder)):
                children = f"{drive}/items/{segment(folder)}/children"
                async with aclosing(folder_links(self.graph, drive, children)) as pages:
                    async for links in pages:
                        for link in links:
                            told = wanted.pop(link.item_id, None)
                            if told is not None:
                                yield told, pairs[told], link.url
            for number in wanted.values():
                yield number, pairs[number], None

    def _is_fetched(self, node: Node, line: ManifestLine | None) -> bool:
        """Whether its bytes are to be compared."""
        if line is None or line.type != "file" or node.kind != "file":
            return False
        known = self.found.found(node, line)
        return known is None and not is_equal_by_hash(node, line, self.result.trust)

    def extras(self, before: frozenset[str], gone: Mapping[str, Row], policy: ImportPolicy) -> None:
        """What is in the target and in no line."""
        for path, node in self._below():
            if node.id in self.seen:
                continue
            if node.id in before:
                self.result.there_before += 1
                continue
            row = gone.get(node.id)
            category, why = _what_is_extra(node, row, policy)
            was = row.path if row and row.path else path
            self.result.lines.append(Line(was, path, node.kind, category, "the listing", why))
        for node in self.tree.strays():
            if node.id in self.seen:
                continue
            if node.id in before:
                self.result.there_before += 1
                continue
            why = "The target lists it in no folder that it lists, and nobody knows what it is."
            name = node.name or node.id
            self.result.lines.append(Line(name, "", node.kind, "extra", "the listing", why))

    def _below(self) -> Iterator[tuple[str, Node]]:
        return self.tree.below(self.base) if self.base else iter(())

    def _pair(self, going: Going, rows: dict[str, Row]) -> _Pair:
        row = rows.get(going.source_id)
        # "keep both" gave it another name than the plan's; the state knows which
        target = row.target if row and row.path == going.path else going.target
        node = self.tree.at(target, self.base) if self.base else None
        mine = self.tree.get(row.target_id) if row and row.step in _OURS else None
        if mine is None or (node and node.id == mine.id):
            return _Pair(going, target, node, row)
        # by its id it is known wherever it lies, and what stands in its place is another one
        path = self.tree.path_of(mine.id, self.base)
        if path is not None and target_key(path) == target_key(target):
            return _Pair(going, target, mine, row)
        elsewhere = path if path is not None else f"/{self.tree.path_of(mine.id) or mine.name}"
        return _Pair(going, target, mine, row, elsewhere)

    async def _one(
        self, pair: _Pair, number: int, url: str | None = None
    ) -> tuple[Line, Node | None]:
        """The line of one item, and what is there: it may be in no listing."""
        node, kind = pair.node, _kind(pair.going)
        if node is None and kind == "file":
            try:
                node, why = await self._ask(pair.target)
            except GraphError as error:
                drive = f"/drives/{segment(self.target.drive_id)}"
                await raise_unless_alone(self.graph, drive, error)
                why = f"asking for it failed: {error.what}"
            if why is not None:
                path, why = pair.going.path, f"The listing does not have it, and {why}"
                return Line(path, pair.target, kind, "missing", "not verified", why), None
        return await self._line(replace(pair, node=node), number, url), node

    async def _line(self, pair: _Pair, number: int, url: str | None) -> Line:
        going, node, kind = pair.going, pair.node, _kind(pair.going)
        notes: tuple[str, ...] = ()
        if going.line and going.line.rights_why:
            notes = ("Who could reach it at the source is not known; here it is as its folder.",)
        grants = (
            (one for right in going.line.permissions for one in grants_in(right))
            if going.line
            else ()
        )
        if any(one.principal.kind == "nobody" for one in grants):
            notes += (_NOBODY,)
        if going.line and going.line.sealed:
            notes += (MAY_NOT_OPEN,)
        if node is None:
            why = "It is not in the target."
            return Line(going.path, pair.target, kind, "missing", "the listing", why)
        self.seen.add(node.id)
        if node.kind != kind:
            why = f"In its place stands a {node.kind}."
            return Line(going.path, pair.target, kind, "differs", "the listing", why)
        if node.name != pair.target.rpartition("/")[2] and not pair.moved:
            notes += (f"In the target its name is spelled {node.name!r}.",)
        if pair.moved and (kind == "folder" or going.line is None):
            return Line(
                going.path, pair.moved, kind, "differs", "the listing", _moved(pair),
                notes + _folder_notes(going.line),
            )  # fmt: skip
        if kind == "folder" or going.line is None:
            return Line(
                going.path, pair.target, kind, "equal", "the listing",
                notes=notes + _folder_notes(going.line),
            )  # fmt: skip
        verdict = await self._content(node, going.line, number, url)
        if pair.row and pair.row.target_id == node.id and verdict.category in SOUND:
            # what SharePoint made of it later than the upload is known to be sound now, so a
            # later pass need not take it for somebody's edit
            known = replace(
                pair.row, target_size=node.size, target_quickxor=node.quickxor,
                target_etag=node.etag, target_modified=node.modified,
            )  # fmt: skip
            self.state.keep(known)
        if pair.moved:
            said = verdict.why
            if verdict.category in SOUND:
                said = "What is in it is as it was exported."
            return Line(
                going.path, pair.moved, kind, "differs", verdict.basis,
                f"{_moved(pair)} {said}", notes + verdict.notes,
            )  # fmt: skip
        return Line(
            going.path, pair.target, kind, verdict.category, verdict.basis, verdict.why,
            notes + verdict.notes,
        )  # fmt: skip

    async def _content(
        self, node: Node, line: ManifestLine, number: int, url: str | None
    ) -> Verdict:
        known = self.found.found(node, line)
        if known is not None:
            self.result.reused += 1
            return known
        verdict = await compare_content(
            self.graph,
            self.target.drive_id,
            node,
            line,
            self.export,
            self.scratch / f"{number}.tmp",
            self.result.trust,
            url,
        )
        self.found.keep(node, line, verdict)
        return verdict

    async def _ask(self, path: str) -> tuple[Node | None, str | None]:
        """Ask for an item that the listing does not have: listings have left items out.

        What is told may be another item; then there is a reason why it is not taken.
        """
        full = "/".join(filter(None, (self.folder, path)))
        place = "/".join(segment(name) for name in full.split("/"))
        try:
            asked = f"/drives/{segment(self.target.drive_id)}/root:/{place}"
            item = item_of(await self.graph.get(asked), asked)
        except GraphError as error:
            if error.status == 404:
                return None, None
            raise
        node = node_of(item)
        another = why_another(item, node, self.tree, self.base, path)
        if node.id in self.seen:
            another = "it is another one, which has a line of its own"
        return node, another and f"its path gives something else: {another}."

    async def _rights(self, pairs: list[_Pair], policy: ImportPolicy) -> None:
        of_place: PlaceRights | None = None
        for pair in pairs:
            line, node = pair.going.line, pair.node
            was_there = pair.row is not None and pair.row.step == "there"
            ours = pair.row is not None and not was_there
            invites: tuple[Invite, ...] = ()
            if line is not None:
                invites, not_given = rights_of(line, policy, was_there=was_there)
                self._not_given(lefts(line.path, not_given), policy)
            if node is None or not (invites or (node.shared and ours)):
                continue
            self.result.rights_looked_at += 1
            if of_place is None:
                base = self.base or self.tree.root_id
                of_place = await rights_of_place(self.graph, self.target.drive_id, base)
            missing, surplus = await compare_rights(
                self.graph, self.target.drive_id, node.id, pair.going.path, invites, of_place
            )
            self.result.rights_missing += missing
            # what was there before has rights of its own
            self.result.rights_surplus += surplus if ours else ()

    def _not_given(self, found: Iterable[RightLeft], policy: ImportPolicy) -> None:
        """A right that does not go over is listed apart when that was signed, else missing."""
        for one in found:
            if one.code in policy.leave_out:
                self.result.rights_left.append(one)
            else:
                why = f"It is not given, and nobody signed for that: {one.why}."
                self.result.rights_missing.append(
                    RightMissing(one.path, one.principal, one.role, why)
                )


def _gone(plan: ImportPlan, rows: Mapping[str, Row]) -> dict[str, Row]:
    """What of ours the manifest does not name any more, by its id in the target."""
    named = {going.source_id for going in (*plan.folders, *plan.files)}
    return {row.target_id: row for key, row in rows.items() if key not in named and row.target_id}


def _what_is_extra(node: Node, row: Row | None, policy: ImportPolicy) -> tuple[Category, str]:
    if row is None:
        why = "It is in the target, and neither the manifest nor the time before names it."
        return "extra", why
    if row.source_id == FOLDER_ID:
        return "removed at the source", "The folder for what was removed at the source."
    if policy.gone == "keep" or (policy.gone == "set aside" and node.kind == "folder"):
        return "removed at the source", "Its original was removed; it stays here, as signed."
    if policy.gone == "set aside" and row.step == "aside":
        return "removed at the source", "Its original was removed; it was set aside, as signed."
    return "extra", "It is ours, and its original was removed before the last pass."


_NOBODY = "At the source it has a link that names nobody, and so gives nobody anything."
#: steps of items that the import itself put into the target
_OURS = ("sending", "sent", "made")


def _kind(going: Going) -> Literal["file", "folder"]:
    return "file" if going.line and going.line.type == "file" else "folder"


def _moved(pair: _Pair) -> str:
    if pair.row and pair.row.path != pair.going.path:
        return f"It moved at the source, and here it is still at {pair.moved!r}: apply again."
    return (
        f"It is there, and somebody moved or renamed it in the target: it is at {pair.moved!r} now."
        " Move it back, and apply again."
    )


def _folder_notes(line: ManifestLine | None) -> tuple[str, ...]:
    if line is None or line.type != "package":
        return ()
    # sp-dev-docs docs/apis/onenote-migration-service.md
    return ("A OneNote notebook is a plain folder in the target until CSOM sets its type.",)


def _left_out(result: Reconciliation, plan: ImportPlan, policy: ImportPolicy) -> None:
    """What stays behind by signed rule is listed apart; anything else is missing."""
    agreed: list[LeftOut] = []
    for one in plan.left_out:
        if one.code in policy.leave_out:
            agreed.append(one)
        else:
            why = f"It stayed behind, and nobody signed for that: {one.why}"
            result.lines.append(Line(one.path, "", "file", "missing", "the listing", why))
    result.left_out = tuple(agreed)
