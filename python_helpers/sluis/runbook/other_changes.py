"""Other changes of the same client that reach the same data.

Each change has copies of its own, made before it. When another change works on the same asset
after that, they are no longer what was there: putting one of them back would take away what the
other change did, and both records would still be whole. So a step is refused while another
change is at work on an asset of this one, and after one was, until the copies are made anew.

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
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from sluis.errors import SluisError
from sluis.evidence.files import make_folder
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.plans import closed_at
from sluis.evidence.predicates import Plan, Reason, Snapshot, Step
from sluis.evidence.statements import Statement
from sluis.gate.demand import Evidence
from sluis.runbook.lock import run_going_on
from sluis.runbook.run import OpenDossier, Run, now
from sluis.scope.model import Asset, ScopeDocument

#: two clocks of one machine: a file's time and ours
_SLACK = timedelta(minutes=5)
_STARTING = ".starting.lock"
_LONGEST_WAIT = 60.0

#: what is the same data: where it is, and what it is called there
_Data = tuple[str | None, str]
_Copy = Statement[Snapshot]


def other_change_reasons(run: Run, dossier: OpenDossier, evidence: Evidence) -> list[Reason]:
    """What other changes of this client make impossible for this one.

    Args:
        run: the current run.
        dossier: its dossier.
        evidence: what that holds.
    """
    if evidence.scope is None:
        return []
    copies = _copies(evidence.view, evidence.scope)
    mine = _data(evidence.scope, copies)
    begun = {asset: _begun(copy) for asset, copy in copies.items()}
    since = min(begun.values(), default=None)
    found = []
    for change, folder in _others(run):
        if not _may_matter(folder, since):
            continue
        try:
            view, theirs = _read(folder, dossier, run.client, change)
        except SluisError as error:
            found.append(_unreadable(change, folder, str(error)))
            continue
        both = _shared(mine, theirs)
        if not both:
            continue
        if view.problems:
            found.append(_unreadable(change, folder, view.problems[0].sentence))
        elif _at_work(view) and run_going_on(folder) is not None:
            found.append(_under_way(change, both))
        else:
            steps = [item.recorded_at for item in view.of(Step) if item.body.state == "started"]
            last = max(steps, default=None)
            late = {one for one in both if last is not None and one in begun and begun[one] <= last}
            if late:
                found.append(_changed_since(change, late))
    return found


@contextmanager
def one_start_at_a_time(run: Run) -> Iterator[None]:
    """Keep other changes of this client from starting a step between our look and our start.

    Raises:
        SluisError: ``start-is-held``: another process holds it for too long.
    """
    folder = run.dossier.parent
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


def _others(run: Run) -> Iterator[tuple[str, Path]]:
    try:
        names = sorted(item.name for item in os.scandir(run.dossier.parent) if item.is_dir())
    except FileNotFoundError:
        return
    for name in names:
        if name != run.change:
            yield name, run.dossier.parent / name


def _may_matter(folder: Path, since: datetime | None) -> bool:
    """Whether anything was recorded there since our oldest copy was begun."""
    try:
        changed = (folder / "statements").stat().st_mtime
    except OSError:
        return False
    return since is None or changed >= (since - _SLACK).timestamp()


def _read(folder: Path, dossier: OpenDossier, client: str, change: str) -> tuple[View, set[_Data]]:
    """What another change has on record, and all data that it works on or has worked on.

    It may have been prepared anew with another scope; what it did under an earlier plan is done.
    """
    view = Ledger(folder, dossier.anchors, client, change).read(now())
    newest = view.latest(Plan)
    if newest is None:
        return view, set()
    worked = {item.body.plan_object for item in view.of(Step)}
    plans = [newest, *(item for item in view.of(Plan) if item.body.plan_object in worked)]
    objects = ObjectStore(folder)
    scopes = [
        ScopeDocument.from_bytes(objects.get(digest))
        for digest in sorted({plan.body.scope_object for plan in plans})
    ]
    return view, {one for scope in scopes for one in _data(scope, _copies(view, scope))}


def _data(scope: ScopeDocument, copies: Mapping[str, _Copy]) -> dict[_Data, str]:
    """Each asset's id under everything by which it may be known."""
    return {
        (where, place): asset.id
        for asset in scope.assets
        for where in _machines(asset, copies.get(asset.id))
        for place in _places(asset, copies.get(asset.id))
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


def _shared(mine: dict[_Data, str], others: Iterable[_Data]) -> set[str]:
    """Our assets that are data of others as well, lie in a folder of theirs, or hold one."""
    theirs = set(others)
    around = {folder for one in theirs for folder in _folders(one)}
    return {
        asset
        for one, asset in mine.items()
        if one in theirs or one in around or not theirs.isdisjoint(_folders(one))
    }


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


def _under_way(change: str, both: set[str]) -> Reason:
    return Reason(
        code="other-change-under-way",
        about=change,
        sentence=f"{change} is at work on the same data: {_named(both)}.",
        remedy="Wait until it has ended. Then prepare this change again: its copies are older.",
    )


def _changed_since(change: str, late: set[str]) -> Reason:
    return Reason(
        code="changed-since-copy",
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
        remedy=f"Look at it with: sluis verify {shlex.quote(str(folder))}",
    )


def _named(assets: set[str]) -> str:
    return ", ".join(sorted(assets))
