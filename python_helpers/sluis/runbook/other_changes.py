"""Other changes of the same client that reach the same data.

Each change has copies of its own, made before it. When another change works on the same asset
after that, they are no longer what was there: putting one of them back would take away what the
other change did, and both records would still be whole. So a step is refused while another
change is at work on an asset of this one, and after one was, until the copies are made anew.
Prepare makes them anew for that reason alone, also when the data look untouched.

One machine may be in the inventory under two names, a folder may be reached through a link, and a
database from two hosts. So data are compared by what the copies say of themselves as well: machine
id and host key, the real place, a database server's own number.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from pydantic import ValidationError

from sluis.errors import EvidenceError, SluisError
from sluis.evidence.anchors import Anchors
from sluis.evidence.files import make_folder
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.plans import closed_at, is_closed
from sluis.evidence.predicates import Plan, Reason, Snapshot, Step
from sluis.evidence.statements import Statement
from sluis.evidence.witness import HEADS
from sluis.gate.demand import Evidence
from sluis.gate.reached import reached
from sluis.plan.model import PlanDocument
from sluis.runbook.lock import run_going_on
from sluis.runbook.read_before import read_again
from sluis.scope.model import Asset, ScopeDocument

#: two clocks of one machine: a file's time and ours
_SLACK = timedelta(minutes=5)
_STARTING = ".starting.lock"
_LONGEST_WAIT = 60.0

#: another change worked on our data after our copy of it was made
CHANGED_SINCE = "changed-since-copy"

#: what is the same data: where it is, and what it is called there
_Data = tuple[str | None, str]
_Copy = Statement[Snapshot]


class OneChange(Protocol):
    """A change and where its evidence lies."""

    @property
    def client(self) -> str:
        """Client id."""

    @property
    def change(self) -> str:
        """Change id."""

    @property
    def dossier(self) -> Path:
        """The folder with its evidence."""


@dataclass(frozen=True)
class _Met:
    """Another change that is in the way of ours, and on which of our assets."""

    change: str
    folder: Path
    what: Literal["under way", "changed since", "unreadable"]
    assets: frozenset[str]
    why: str = ""


@dataclass(frozen=True)
class _Work:
    """What another change has on record: all its data, and when a step last worked on each."""

    view: View
    data: frozenset[_Data] = frozenset()
    last: Mapping[_Data, datetime] = field(default_factory=dict)


def other_change_reasons(one: OneChange, anchors: Anchors, evidence: Evidence) -> list[Reason]:
    """What other changes of this client make impossible for this one.

    A change that was handed over does nothing any more, so nothing is in its way.

    Args:
        one: the change.
        anchors: whose keys are believed.
        evidence: what its dossier holds.
    """
    if evidence.scope is None or is_closed(evidence.view, evidence.plan_object):
        return []
    return [_reason_of(met) for met in _met(one, anchors, evidence.view, evidence.scope)]


def worked_on_by_others(
    one: OneChange, anchors: Anchors, view: View, scope: ScopeDocument
) -> dict[str, str]:
    """Our assets of which the newest copy may no longer be what is there, and whose work that is.

    Args:
        one: the change.
        anchors: whose keys are believed.
        view: its ledger.
        scope: its scope.

    Returns:
        For each asset the change that worked on it since, is at work on it, or cannot be read.
    """
    return {asset: met.change for met in _met(one, anchors, view, scope) for asset in met.assets}


def _met(one: OneChange, anchors: Anchors, view: View, scope: ScopeDocument) -> Iterator[_Met]:
    copies = _copies(view, scope)
    mine = _data(scope, copies)
    begun = {asset: _begun(copy) for asset, copy in copies.items()}
    for change, folder in others_of(one):
        try:
            work = _read(folder, anchors, one.client, change)
        except SluisError as error:
            yield from _not_read(folder, change, mine, begun, str(error))
            continue
        problems = work.view.problems
        if problems and work.view.latest(Plan) is None:
            yield from _not_read(folder, change, mine, begun, problems[0].sentence)
        both = _shared(mine, work.data)
        if not both:
            continue
        if problems:
            shared = {asset: mine[asset] for asset in both}
            yield from _not_read(folder, change, shared, begun, problems[0].sentence)
        elif _at_work(work.view) and run_going_on(folder) is not None:
            yield _Met(change, folder, "under way", both)
        else:
            late = {
                asset
                for asset in both & begun.keys()
                if _shared(
                    {asset: mine[asset]},
                    {data for data, last in work.last.items() if begun[asset] <= last},
                )
            }
            if late:
                yield _Met(change, folder, "changed since", frozenset(late))


def _not_read(
    folder: Path,
    change: str,
    mine: Mapping[str, set[_Data]],
    begun: Mapping[str, datetime],
    why: str,
) -> Iterator[_Met]:
    """A record that says nothing may hold anything, unless it was written before our copies."""
    oldest = min(begun.values(), default=None)
    older = {one for one in mine if not _untouched(folder, change, begun.get(one, oldest))}
    if older:
        yield _Met(change, folder, "unreadable", frozenset(older), why)


def _reason_of(met: _Met) -> Reason:
    if met.what == "under way":
        return _under_way(met.change, met.assets)
    if met.what == "changed since":
        return _changed_since(met.change, met.assets)
    return _unreadable(met.change, met.folder, met.why)


@contextmanager
def one_start_at_a_time(one: OneChange) -> Iterator[None]:
    """Keep other changes of this client from starting a step between our look and our start.

    Raises:
        SluisError: ``start-is-held``: another process holds it for too long.
    """
    folder = one.dossier.parent
    make_folder(folder)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder / _STARTING, flags, 0o600)
    try:
        until = time.monotonic() + _LONGEST_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise SluisError(
                        "start-is-held",
                        f"Another process has held {folder.name}/{_STARTING} for a minute, so it "
                        "cannot be told whether another change is starting a step.",
                        f"See which with: fuser {folder / _STARTING}",
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def others_of(one: OneChange) -> Iterator[tuple[str, Path]]:
    """The client's other changes and their dossiers.

    One whose dossier is gone while its witness is not is among them: its folder is not there.

    Args:
        one: the change that is none of them.
    """
    around = one.dossier.parent
    names = {item.name for item in _listed(around) if item.is_dir()}
    names |= {Path(item.name).stem for item in _listed(around / HEADS) if item.name[-5:] == ".json"}
    for name in sorted(names - {one.change}):
        if not name.startswith("."):
            yield name, around / name


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []


def _untouched(folder: Path, change: str, since: datetime | None) -> bool:
    """Whether nothing of a dossier was written since our oldest copy was begun.

    Only by what nobody can set back: ``touch`` sets the other times to any moment.
    """
    if since is None:
        return False
    parts = [folder, folder.parent / HEADS / f"{change}.json"]
    for name in ("statements", "objects"):
        parts += [folder / name, *(folder / name).rglob("*")]
    try:
        newest = max(part.lstat().st_ctime for part in parts)
    except OSError:
        return False
    return newest < (since - _SLACK).timestamp()


def _read(folder: Path, anchors: Anchors, client: str, change: str) -> _Work:
    """What another change has on record, and the data that it works on or has worked on.

    It may have been prepared anew with another scope; what it did under an earlier plan is done.
    """
    view = read_again(folder, Ledger(folder, anchors, client, change))
    newest = view.latest(Plan)
    if newest is None:
        return _Work(view)
    worked = {item.body.plan_object for item in view.of(Step)}
    plans = [newest, *(item for item in view.of(Plan) if item.body.plan_object in worked)]
    objects = ObjectStore(folder)
    scopes = {
        digest: ScopeDocument.from_bytes(objects.get(digest))
        for digest in sorted({plan.body.scope_object for plan in plans})
    }
    data = {digest: _data(scope, _copies(view, scope)) for digest, scope in scopes.items()}
    last: dict[_Data, datetime] = {}
    documents: dict[str, PlanDocument | None] = {}
    for step in view.of(Step):
        if not _works(step.body):
            continue
        plan_object = step.body.plan_object
        if plan_object not in documents:
            documents[plan_object] = _plan(objects, plan_object)
        under = {item.body.scope_object for item in plans if item.body.plan_object == plan_object}
        for digest in under or scopes:
            for asset in _reached(documents[plan_object], step.body, data[digest]):
                for one in data[digest][asset]:
                    last[one] = max(last.get(one, step.recorded_at), step.recorded_at)
    known = [places for by_asset in data.values() for places in by_asset.values()]
    return _Work(view, frozenset().union(*known), last)


def _works(step: Step) -> bool:
    """Whether a statement says that a host may have been worked on until then.

    Somebody who judges that a step counts as done may have done it by hand.
    """
    return step.state != "judged" or step.judgement == "counts as done"


def _plan(objects: ObjectStore, digest: str) -> PlanDocument | None:
    try:
        return PlanDocument.model_validate_json(objects.get(digest))
    except (EvidenceError, ValidationError):
        return None  # nobody can tell what its steps reach


def _reached(plan: PlanDocument | None, step: Step, data: Mapping[str, set[_Data]]) -> set[str]:
    """The assets that a step worked on: all of them, unless its signed plan tells which."""
    planned = plan.find(step.step, step.host) if plan is not None else None
    if plan is None or planned is None or planned.call_sha256() != step.call_sha256:
        return set(data)
    assets = reached(plan, planned)
    return set(assets) if assets is not None and assets <= data.keys() else set(data)


def _data(scope: ScopeDocument, copies: Mapping[str, _Copy]) -> dict[str, set[_Data]]:
    """Each asset under everything by which it may be known."""
    return {
        asset.id: {
            (where, place)
            for where in _machines(asset, copies.get(asset.id))
            for place in _places(asset, copies.get(asset.id))
        }
        for asset in scope.assets
    }


def _machines(asset: Asset, copy: _Copy | None) -> Iterator[str | None]:
    if asset.is_exported:
        # what is fetched from elsewhere is the same data whichever worker fetches it
        yield None
        return
    yield asset.host
    if copy is None:
        return
    machine = copy.body.machine
    if machine.system_identifier and not asset.location.startswith("/"):
        yield f"server {machine.system_identifier}"
    if machine.machine_id:
        # machines made from one image may have one id, and seldom one key as well
        yield from (f"machine {machine.machine_id} {key}" for key in machine.host_keys)


def _places(asset: Asset, copy: _Copy | None) -> set[str]:
    real = None if copy is None or asset.is_exported else copy.body.place
    return {asset.location, real or asset.location}


def _shared(mine: Mapping[str, set[_Data]], others: Iterable[_Data]) -> frozenset[str]:
    """Our assets that are data of others as well, lie in a folder of theirs, or hold one."""
    theirs = set(others)
    around = {folder for one in theirs for folder in _folders(one)}
    return frozenset(
        asset
        for asset, places in mine.items()
        for one in places
        if one in theirs or one in around or not theirs.isdisjoint(_folders(one))
    )


def _folders(one: _Data) -> set[_Data]:
    """Every folder that data of files lies in."""
    where, place = one
    if not place.startswith("/"):
        return set()
    return {(where, str(parent)) for parent in PurePosixPath(place).parents}


def _copies(view: View, scope: ScopeDocument) -> dict[str, _Copy]:
    """The newest copy of each asset that has one."""
    found = {}
    for asset in scope.assets:
        copy = view.latest(
            Snapshot,
            lambda item, one=asset.id: (  # type: ignore[misc]
                item.body.asset == one and item.body.purpose != "broken state"
            ),
        )
        if copy is not None:
            found[asset.id] = copy
    return found


def _begun(copy: _Copy) -> datetime:
    """When a copy was begun, by our own clock."""
    body = copy.body
    begun = copy.recorded_at - max(body.finished_at - body.started_at, timedelta())
    # somebody else's backup was made long before we heard of it
    return min(begun, body.started_at) if body.purpose == "adopted" else begun


def _at_work(view: View) -> bool:
    closed = closed_at(view)
    return any(item.number > closed for item in view.of(Step))


def _under_way(change: str, both: frozenset[str]) -> Reason:
    return Reason(
        code="other-change-under-way",
        about=change,
        sentence=f"{change} is at work on the same data: {_named(both)}.",
        remedy="Wait until it has ended. Then prepare this change again: its copies are older.",
    )


def _changed_since(change: str, late: frozenset[str]) -> Reason:
    return Reason(
        code=CHANGED_SINCE,
        about=change,
        sentence=f"{change} worked on the same data after the copy was made: {_named(late)}. "
        "Putting that copy back would take away what it did.",
        remedy="Run prepare again and have the new plan signed. If this change has begun, look at "
        "the data first, and put back what is right as a change of its own.",
    )


def _unreadable(change: str, folder: Path, why: str) -> Reason:
    return Reason(
        code="other-change-unreadable",
        about=change,
        sentence=f"Nobody can tell what {change} did since the copies were made: {why}"[:1000],
        remedy=f"Look at it with: sluis verify {shlex.quote(str(folder))}"
        if folder.is_dir()
        else f"Put its dossier {folder} back. If that was moved away for good, move "
        f"{HEADS}/{change}.json beside it along.",
    )


def _named(assets: frozenset[str]) -> str:
    return ", ".join(sorted(assets))
