"""Other changes of the same client that reach the same data.

Each change has copies of its own, made before it. When another change works on the same asset
after that, they are no longer what was there: putting one of them back would take away what the
other change did, and both records would still be whole. So a step is refused while another
change is at work on an asset of this one, and after one was, until the copies are made anew.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from sluis.errors import SluisError
from sluis.evidence.files import make_folder
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.plans import closed_at
from sluis.evidence.predicates import Plan, Reason, Snapshot, Step
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


def other_change_reasons(run: Run, dossier: OpenDossier, evidence: Evidence) -> list[Reason]:
    """What other changes of this client make impossible for this one.

    Args:
        run: the current run.
        dossier: its dossier.
        evidence: what that holds.
    """
    if evidence.scope is None:
        return []
    mine, copied = _data(evidence.scope), _copied(evidence.view, evidence.scope)
    since = min(copied.values(), default=None)
    found = []
    for change, folder in _others(run):
        if not _may_matter(folder, since):
            continue
        try:
            view, scope = _read(folder, dossier, run.client, change)
        except SluisError as error:
            found.append(_unreadable(change, str(error)))
            continue
        if scope is None:
            continue
        both = _shared(mine, _data(scope))
        if not both:
            continue
        if view.problems:
            found.append(_unreadable(change, view.problems[0].sentence))
        elif _at_work(view) and run_going_on(folder) is not None:
            found.append(_under_way(change, both))
        else:
            steps = [item.recorded_at for item in view.of(Step) if item.body.state == "started"]
            last = max(steps, default=None)
            late = {
                data: asset
                for data, asset in both.items()
                if last is not None and data in copied and copied[data] <= last
            }
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


def _read(
    folder: Path, dossier: OpenDossier, client: str, change: str
) -> tuple[View, ScopeDocument | None]:
    view = Ledger(folder, dossier.anchors, client, change).read(now())
    plan = view.latest(Plan)
    if plan is None:
        return view, None
    return view, ScopeDocument.from_bytes(ObjectStore(folder).get(plan.body.scope_object))


def _where(asset: Asset) -> _Data:
    # what is fetched from elsewhere is the same data whichever worker fetches it
    return None if asset.is_exported else asset.host, asset.location


def _shared(mine: dict[_Data, str], others: Iterable[_Data]) -> dict[_Data, str]:
    """What of ours is data of others as well, lies in a folder of theirs, or holds one."""
    theirs = set(others)
    around = {folder for one in theirs for folder in _folders(one)}
    return {
        one: asset
        for one, asset in mine.items()
        if one in theirs or one in around or not theirs.isdisjoint(_folders(one))
    }


def _folders(one: _Data) -> set[_Data]:
    """Every folder that data of files lies in."""
    host, place = one
    if not place.startswith("/"):
        return set()
    return {(host, str(parent)) for parent in PurePosixPath(place).parents}


def _data(scope: ScopeDocument) -> dict[_Data, str]:
    return {_where(asset): asset.id for asset in scope.assets}


def _copied(view: View, scope: ScopeDocument) -> dict[_Data, datetime]:
    """When the newest copy of each asset was begun, by our own clock."""
    found = {}
    for asset in scope.assets:
        snapshot = view.latest(
            Snapshot,
            lambda item, one=asset.id: (  # type: ignore[misc]
                item.body.asset == one and item.body.purpose != "broken state"
            ),
        )
        if snapshot is not None:
            body = snapshot.body
            took = max(body.finished_at - body.started_at, timedelta())
            begun = snapshot.recorded_at - took
            # somebody else's backup was made long before we heard of it
            adopted = body.purpose == "adopted"
            found[_where(asset)] = min(begun, body.started_at) if adopted else begun
    return found


def _at_work(view: View) -> bool:
    closed = closed_at(view)
    return any(item.number > closed for item in view.of(Step))


def _under_way(change: str, both: dict[_Data, str]) -> Reason:
    return Reason(
        code="other-change-under-way",
        about=change,
        sentence=f"{change} is at work on the same data: {_named(both)}.",
        remedy="Wait until it has ended. Then prepare this change again: its copies are older.",
    )


def _changed_since(change: str, late: dict[_Data, str]) -> Reason:
    return Reason(
        code="changed-since-copy",
        about=change,
        sentence=f"{change} worked on the same data after the copy was made: {_named(late)}. "
        "Putting that copy back would take away what it did.",
        remedy="Run prepare again and have the new plan signed. If this change has begun, look at "
        "the data first, and put back what is right as a change of its own.",
    )


def _unreadable(change: str, why: str) -> Reason:
    return Reason(
        code="other-change-unreadable",
        about=change,
        sentence=f"Nobody can tell what {change} did since the copies were made: {why}"[:1000],
        remedy=f"Look at it with: sluis verify dossiers/…/{change}",
    )


def _named(assets: dict[_Data, str]) -> str:
    return ", ".join(sorted(set(assets.values())))
