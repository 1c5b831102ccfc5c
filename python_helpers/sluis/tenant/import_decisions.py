"""What is done with each item, decided before anything is written.

The plan says where an item belongs, the target's listing what is there, the state what of
that is ours. Nothing that is not ours is ever replaced or moved; what is in the way is
decided by the signed policy, and listed. What is ours is sent again only when its source
changed and nobody else touched it in the target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..graph.rewritten import is_rewritten_name
from .import_plan import Going, ImportPlan
from .import_policy import ImportPolicy
from .import_state import Row
from .name_rules import NAME_LIMIT, PATH_LIMIT, characters_in, with_mark
from .set_aside import Aside, aside_name, is_gone
from .target_tree import Node, TargetTree
from .tenant_manifest import ManifestLine

Action = Literal[
    "make",  # a folder
    "use",  # a folder that is there
    "send",  # a file
    "replace",  # a file of ours whose source changed
    "move",  # an item of ours whose source moved
    "take over",  # a file that we sent and were killed before we could say so
    "equal",  # a file that was there and is the same
    "done",  # nothing
]


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with one item.

    Args:
        going: the item.
        action: what is done.
        target: its path in the target, below the target's folder.
        node: what is there already, when the action is about it.
        session_url: of an upload session to go on with; a secret.
    """

    going: Going
    action: Action
    target: str
    node: Node | None = None
    session_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something is in the way and the policy does not say what to do about it."""

    path: str
    target: str
    why: str


@dataclass
class Decisions:
    """All jobs, folders first and parents before what lies in them.

    Args:
        folders: jobs for folders, moves among them.
        files: jobs for files.
        conflicts: what is in the way.
        gone: rows of ours whose source the manifest does not name any more.
        aside: which of these are moved aside.
        notes: what a person should know about items of ours in the target.
        renewed: old and new source id of items that were deleted and made again at the source.
    """

    folders: list[Job] = field(default_factory=list)
    files: list[Job] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    notes: list[Conflict] = field(default_factory=list)
    renewed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes that are still to be sent."""
        sent = (one for one in self.files if one.action in ("send", "replace"))
        return sum(one.going.line.size for one in sent if one.going.line)

    def were_there(self, before: frozenset[str]) -> Iterator[ManifestLine]:
        """Folders of the source that were in the target before.

        Args:
            before: ids of everything that was.
        """
        for job in self.folders:
            if job.action == "use" and job.node and job.node.id in before and job.going.line:
                yield job.going.line


def decide(
    plan: ImportPlan,
    policy: ImportPolicy,
    tree: TargetTree,
    rows: Iterable[Row],
    *,
    base: str | None,
    room: int = PATH_LIMIT,
) -> Decisions:
    """Decide about every item.

    Args:
        plan: where each belongs.
        policy: as signed.
        tree: what is in the target now. It is changed here as the moves will change it.
        rows: what of it is ours.
        base: id of the target's folder; None when that is still to be made.
        room: characters that a path below the target's folder may have.
    """
    return _Deciding(policy, tree, {row.source_id: row for row in rows}, base, room).all(plan)


def same_time(one: str | None, other: str | None) -> bool:
    """Whether two ISO 8601 times are the same second (SharePoint keeps whole seconds)."""
    if not one or not other:
        return False
    try:
        first, second = (datetime.fromisoformat(time) for time in (one, other))
        return abs((first - second).total_seconds()) < 1
    except (ValueError, TypeError):
        return False


class _Deciding:
    def __init__(
        self,
        policy: ImportPolicy,
        tree: TargetTree,
        rows: dict[str, Row],
        base: str | None,
        room: int,
    ) -> None:
        self.policy = policy
        self.tree = tree
        self.rows = rows
        self.base = base or _NOWHERE
        self.room = room
        self.made = Decisions()

    def all(self, plan: ImportPlan) -> Decisions:
        self._renew(plan)
        named = {one.source_id for one in (*plan.folders, *plan.files)}
        gone = [row for key, row in self.rows.items() if key not in named and is_gone(row)]
        self.made.gone = gone
        # first: something else may belong into its place now
        for row in gone if self.policy.gone == "set aside" else ():
            self._aside(row)
        held = self._held(plan)
        for going in plan.folders:
            self._folder(going, held)
        for going in plan.files:
            self._file(going)
        return self.made

    def _aside(self, row: Row) -> None:
        there = self.tree.get(row.target_id)
        if row.step != "sent" or there is None:
            return
        if not _untouched(there, row):
            why = "Its original was removed, and somebody worked on it in the target; it stays."
            self.made.notes.append(Conflict(row.path, row.target, why))
            return
        self.made.aside.append(Aside(row, aside_name(row), there.etag))
        self.tree.drop(there.id)

    def _renew(self, plan: ImportPlan) -> None:
        """Some programs save by deleting and making again: the id is new, the item is not."""
        named = {one.source_id for one in (*plan.folders, *plan.files)}
        gone = {row.path: row for key, row in self.rows.items() if key not in named}
        for goings, steps in ((plan.folders, _FOLDERS), (plan.files, _FILES)):
            for going in goings:
                row = gone.get(going.path)
                if row and going.source_id not in self.rows and row.step in steps:
                    self.rows[going.source_id] = self.rows.pop(row.source_id)
                    self.made.renewed.append((row.source_id, going.source_id))

    def _held(self, plan: ImportPlan) -> set[str]:
        """Places of folders where one of ours still stands that moved at the source.

        What goes into such a place would go along with the folder that moves away.
        """
        moving: dict[str | None, Going] = {}
        for going in plan.folders:
            row = self.rows.get(going.source_id)
            if row and row.step == "made" and row.target != going.target:
                moving[row.target_id] = going
        return {
            going.target for going in plan.folders
            if (there := self._at(going.target)) and moving.get(there.id, going) is not going
        }  # fmt: skip

    def _folder(self, going: Going, held: set[str]) -> None:
        row = self.rows.get(going.source_id)
        mine = self.tree.get(row.target_id) if row else None
        there = self._at(going.target)
        if row and mine and row.step == "made" and self._path(mine) != going.target:
            if row.target != going.target:
                self._move(self.made.folders, going, mine, there)
                return
            self._note(going, "Somebody moved or renamed this folder of ours in the target.")
        if going.target in held:
            self._conflict(
                going,
                "A folder of ours that was moved or renamed at the source still stands in its "
                "place. Move or rename that one in the target as at the source, and run again.",
            )
        elif there is None:
            self.made.folders.append(Job(going, "make", going.target))
            self._put(going.target, "folder")
        elif there.kind == "folder":
            self.made.folders.append(Job(going, "use", going.target, there))
        else:
            self._conflict(going, "A file stands where this folder belongs.")

    def _file(self, going: Going) -> None:
        row = self.rows.get(going.source_id)
        if row is None or row.step in ("made", "there"):
            self._new(going)
        elif row.step == "sending":
            self._interrupted(going, row)
        elif row.step == "equal":
            self._was_equal(going, row)
        else:
            self._ours(going, row)

    def _new(self, going: Going) -> None:
        there = self._at(going.target)
        if there is None:
            self._send(going, going.target)
        elif self.policy.conflicts == "keep both" and there.kind == "file":
            target = _beside(going, self.room)
            if self._at(target) is None and characters_in(target) <= self.room:
                self._send(going, target)
            else:
                self._conflict(going, "Its place and the marked name beside it are both taken.")
        elif self.policy.conflicts == "skip equal" and _equal(there, going):
            self.made.files.append(Job(going, "equal", going.target, there))
        elif there.kind != "file":
            self._conflict(going, "A folder or package stands where this file belongs.")
        elif self.policy.conflicts == "skip equal":
            self._conflict(going, "A file that is not equal has its name.")
        else:
            self._conflict(going, "A file has its name.")

    def _interrupted(self, going: Going, row: Row) -> None:
        """An upload was announced; a kill hid how it ended."""
        line = going.line
        same = line is not None and row.sha256 == line.sha256
        there = self.tree.get(row.target_id) or self._at(row.target)
        if there is None:
            if same and _beside_or_at(row.target, going, self.room):
                self._send(going, row.target, session_url=row.session_url)
            else:
                self._new(going)
        elif row.target_id == there.id and row.target_etag and there.etag == row.target_etag:
            # nothing happened to it: it was ours before, and still is
            target, _ = self._placed(going, row, there)
            self.made.files.append(Job(going, "replace", target, there, row.session_url))
        elif _is_ours(there, row, going):
            self._went_well(going, row, there, same)
        elif row.target_id == there.id and row.target_etag:
            self._conflict(going, "Its source changed, and so did the file of ours in the target.")
        elif row.target_id == there.id:
            # a replacement that an earlier version announced, and that did not get there
            target, _ = self._placed(going, row, there)
            self.made.files.append(Job(going, "replace", target, there, row.session_url))
        else:
            self._conflict(going, "A file that we did not send came into its place meanwhile.")

    def _went_well(self, going: Going, row: Row, there: Node, same: bool) -> None:
        target, moved = self._placed(going, row, there)
        if not same:
            self.made.files.append(Job(going, "replace", target, there))
        elif not moved:
            self.made.files.append(Job(going, "take over", target, there))

    def _was_equal(self, going: Going, row: Row) -> None:
        there = self.tree.get(row.target_id)
        if there is None or row.target != going.target:
            self._new(going)
        elif self._at(row.target) is not there:
            # it is its owner's, and so is where it lies
            self._note(going, "The file that was here and equal was moved or renamed there.")
            self._new(going)
        elif going.line is None or row.sha256 != going.line.sha256:
            self._conflict(going, "Its source changed, and the file in its place is not ours.")
        elif _equal(there, going) or (row.target_etag and there.etag == row.target_etag):
            self.made.files.append(Job(going, "equal", row.target, there))
        else:
            self._conflict(going, "The file in its place was equal, and somebody changed it.")

    def _ours(self, going: Going, row: Row) -> None:
        there = self.tree.get(row.target_id)
        if there is None:
            self._note(going, "Somebody deleted this file of ours from the target; it is resent.")
            self._new(going)
            return
        changed = going.line is None or row.sha256 != going.line.sha256
        if changed and not _untouched(there, row):
            self._conflict(going, "Its source changed, and so did the file of ours in the target.")
            return
        target, moved = self._placed(going, row, there)
        if changed:
            self.made.files.append(Job(going, "replace", target, there))
        elif not moved:
            self.made.files.append(Job(going, "done", target, there))

    def _placed(self, going: Going, row: Row, there: Node) -> tuple[str, bool]:
        """Where a file of ours belongs, and whether it is moved there because its source moved.

        Where somebody moved it in the target it stays.
        """
        target = row.target if _beside_or_at(row.target, going, self.room) else going.target
        if self._path(there) == target:
            return target, False
        if row.target != target:
            self._move(self.made.files, going, there, self._at(target))
            return target, True
        self._note(going, "Somebody moved or renamed this file of ours in the target.")
        return target, False

    def _move(self, jobs: list[Job], going: Going, mine: Node, there: Node | None) -> None:
        if there is not None and there.id != mine.id:
            self._conflict(going, "It moved at the source, and its new place is taken.")
            return
        jobs.append(Job(going, "move", going.target, mine))
        parent, _, name = going.target.rpartition("/")
        self.tree.move(mine.id, self._id(parent), name)

    def _send(self, going: Going, target: str, session_url: str | None = None) -> None:
        self.made.files.append(Job(going, "send", target, None, session_url))
        # so that nothing else is sent to the same place
        self._put(target, "file")

    def _put(self, target: str, kind: str) -> None:
        """Something will be there: until it is, it has an id to be."""
        parent, _, name = target.rpartition("/")
        self.tree.put(Node(f"{_NOWHERE} {target}", self._id(parent), name, kind))

    def _at(self, path: str) -> Node | None:
        return self.tree.at(path, self.base)

    def _id(self, path: str) -> str:
        found = self._at(path)
        return found.id if found else _NOWHERE

    def _path(self, node: Node) -> str | None:
        return self.tree.path_of(node.id, self.base)

    def _conflict(self, going: Going, why: str) -> None:
        self.made.conflicts.append(Conflict(going.path, going.target, why))

    def _note(self, going: Going, why: str) -> None:
        self.made.notes.append(Conflict(going.path, going.target, why))


_FOLDERS = ("made", "there")
_FILES = ("sending", "sent", "equal")
#: the id to be of a target folder that is still to be made
_NOWHERE = "to be:"


def _beside(going: Going, room: int) -> str:
    """The marked name beside a taken one; the same each time, so a kill makes no second."""
    folder, _, name = going.target.rpartition("/")
    digits = hashlib.sha256(going.source_id.encode("utf-8", "surrogatepass")).hexdigest()
    before = characters_in(folder) + 1 if folder else 0
    name = with_mark(name, min(NAME_LIMIT, room - before), digits[:8])
    return f"{folder}/{name}" if folder else name


def _beside_or_at(target: str, going: Going, room: int) -> bool:
    return target in (going.target, _beside(going, room))


def _equal(there: Node, going: Going) -> bool:
    line = going.line
    return (
        line is not None
        and there.kind == "file"
        and there.size == line.size
        and there.quickxor is not None
        and there.quickxor == line.quickxor
        and not there.contradicts(line)
    )


def _is_ours(there: Node, row: Row, going: Going) -> bool:
    """Whether what is there is what was announced: SharePoint may have rewritten it."""
    if there.kind != "file":
        return False
    if _equal(there, going):
        return True
    if not same_time(there.modified, row.modified):
        return False
    if row.target_etag is None or is_rewritten_name(there.name):
        return True
    # over a file of ours, where others work: in one second, or with a date that was set back
    announced = going.line is not None and row.sha256 == going.line.sha256
    return there.size == row.size and (there.quickxor is None or not announced)


def _untouched(there: Node, row: Row) -> bool:
    """Whether nobody changed a file of ours since; doubt counts as a change.

    An edit moves the date, but a program that edits can set the date back, so size and hash
    have to be those of our upload too, or of the last reconciliation that found it sound. A hash
    may come late; then it is that of what we sent, or the eTag says that nothing happened. A date
    may not be kept; then it is the one that the target gave the file when it was whole.
    """
    dates = [date for date in (row.modified, row.target_modified) if date]
    dated = not row.modified or any(same_time(there.modified, date) for date in dates)
    return there.size == row.target_size and dated and _same_bytes(there, row)


def _same_bytes(there: Node, row: Row) -> bool:
    as_sent = there.quickxor is not None and there.quickxor == row.sent_quickxor
    sha256 = next((one for one in there.others if one.startswith("sha256:")), None)
    if as_sent and row.sha256 is not None and sha256 not in (None, f"sha256:{row.sha256}"):
        return False  # other bytes that have the same quickXorHash
    if there.quickxor is not None and row.target_quickxor is not None:
        return there.quickxor == row.target_quickxor
    if row.target_etag is not None and there.etag == row.target_etag:
        return True
    if there.quickxor is None:
        return row.target_quickxor is None and row.target_etag is None
    return there.quickxor == row.sent_quickxor
